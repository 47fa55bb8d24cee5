//! The property of `migrate::generate`: after random edits of a schema it is complete, or names the rest; never a wrong "complete".

mod services {
    use std::path::{Path, PathBuf};

    use crate::edits::{BASE, edits};
    use crate::harness::dump::{in_any_column_order, run_file, schema, try_all};
    use crate::harness::{Project, postgres_port, psql};
    use crate::soak::{Random, rounds, seed};

    const TASK: &str = r#"
        let made = migrate::generate("change");
        if !made.complete { throw #{ kind: "refused", message: `left: ${made.rest}`, exit_status: 3 }; }
        made.files
    "#;

    /// A project whose one migration makes the base schema, and its databases.
    struct Place {
        project: Project,
        port: u16,
        live: String,
        base: String,
        check: String,
    }

    impl Place {
        fn new(name: &str) -> Self {
            let port = postgres_port();
            let own = |what: &str| format!("{name}_{}_{what}", std::process::id());
            let (live, base, check) = (own("live"), own("base"), own("check"));
            let project = Project::new()
                .postgres()
                .env("DB_DATABASE", &live)
                .body(TASK)
                .file("migrations/1_base.up.sql", BASE);
            let place = Self {
                project,
                port,
                live,
                base,
                check,
            };
            psql(
                port,
                "postgres",
                "do $$ begin create role reader; exception when duplicate_object or unique_violation then null; end $$",
            );
            psql(
                port,
                "postgres",
                &format!("create database {} template template0", place.live),
            );
            let _made = place
                .project
                .body_of("u", "migrate::up();")
                .lexi("run u")
                .succeeds();
            psql(
                port,
                "postgres",
                &format!("create database {} template {}", place.base, place.live),
            );
            place
        }

        /// Makes a database anew as the migrations make it.
        fn renew(&self, database: &str) {
            psql(
                self.port,
                "postgres",
                &format!("drop database if exists {database} with (force)"),
            );
            psql(
                self.port,
                "postgres",
                &format!("create database {database} template {}", self.base),
            );
        }

        /// The files that were generated, the way forth first; they are taken away.
        fn generated(&self) -> Vec<PathBuf> {
            let files = std::fs::read_dir(self.project.path("migrations")).unwrap();
            let mut files: Vec<PathBuf> = files
                .map(|file| file.unwrap().path())
                .filter(|path| !path.ends_with("1_base.up.sql"))
                .collect();
            files.sort();
            files.reverse();
            files
        }
    }

    impl Place {
        /// What is wrong with two files that are said to be complete: they are run by hand and the dumps compared.
        fn disproof(&self, files: &[PathBuf], before: &str, wanted: &str) -> Option<String> {
            self.renew(&self.check);
            if let Err(said) = run_file(self.port, &self.check, &files[0]) {
                return Some(said);
            }
            if schema(self.port, &self.check) != wanted {
                return Some("the way forth ends elsewhere".to_owned());
            }
            if let Err(said) = run_file(self.port, &self.check, &files[1]) {
                return Some(said);
            }
            let now = in_any_column_order(&schema(self.port, &self.check));
            (now != in_any_column_order(before)).then(|| "the way back ends elsewhere".to_owned())
        }
    }

    fn read(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    /// What a round came to.
    #[derive(Debug, PartialEq, Eq)]
    enum Verdict {
        Same,
        Complete,
        Rest(String),
        /// Something was called complete that is not, or the run failed.
        Wrong(String),
    }

    fn round(place: &Place, statements: &[String]) -> Verdict {
        place.renew(&place.live);
        for file in place.generated() {
            std::fs::remove_file(file).unwrap();
        }
        try_all(place.port, &place.live, statements);
        let (before, wanted) = (
            schema(place.port, &place.base),
            schema(place.port, &place.live),
        );

        let outcome = place.project.lexi("run t");

        let files = place.generated();
        let story = || {
            let texts: Vec<String> = files.iter().map(|file| read(file)).collect();
            format!(
                "edits:\n{}\n\n{}\n{}",
                statements.join(";\n"),
                outcome.err,
                texts.join("\n=====\n")
            )
        };
        match outcome.code {
            Some(0) if files.is_empty() && before == wanted => Verdict::Same,
            Some(0) if files.is_empty() => {
                Verdict::Wrong(format!("no difference was found\n{}", story()))
            }
            Some(0) => match place.disproof(&files, &before, &wanted) {
                None => Verdict::Complete,
                Some(why) => Verdict::Wrong(format!("{why}\n{}", story())),
            },
            Some(3) if outcome.err.contains("left: [") => Verdict::Rest(story()),
            _ => Verdict::Wrong(story()),
        }
    }

    #[test]
    fn random_edits_are_generated_whole_or_the_rest_is_named() {
        let place = Place::new("edits");
        let (mut complete, mut same, mut rest, mut wrong) = (0, 0, 0, 0);
        let first = seed();
        for number in 0..rounds(10, 500) {
            let seed = first + number as u64;
            let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let count = 5 + usize::try_from(random.below(25)).unwrap();
            match round(&place, &edits(&mut random, count)) {
                Verdict::Same => same += 1,
                Verdict::Complete => complete += 1,
                Verdict::Rest(story) => {
                    rest += 1;
                    println!("seed {seed} left a rest\n{story}\n");
                }
                Verdict::Wrong(story) => {
                    wrong += 1;
                    println!("seed {seed} IS WRONG\n{story}\n");
                }
            }
        }
        println!(
            "{complete} complete, {rest} with a named rest, {same} without a difference, {wrong} wrong"
        );
        assert_eq!(wrong, 0, "see above");
        assert!(complete > rest, "{complete} complete, {rest} with a rest");
    }
}
