//! Resetting and initialising a database: who is asked what, in each profile, with and without a terminal.

mod services {
    use crate::harness::{Project, postgres_port, psql};

    const MIGRATION: &str = "create table marks (id int primary key);\n";

    /// LexiFlow's tasks over a small database that holds one mark.
    struct Small {
        project: Project,
        database: String,
    }

    impl Small {
        fn new() -> Self {
            let project = Project::lexiflow().postgres();
            for folder in ["migrations", "seeds", "sql"] {
                std::fs::remove_dir_all(project.path(folder)).unwrap();
            }
            project.write("migrations/1_marks.up.sql", MIGRATION);
            project.write("seeds/common/010_marks.csv", "id\n2\n");
            for profile in ["dev", "test"] {
                project.write(&format!("seeds/{profile}/010_marks.csv"), "id\n3\n4\n");
            }
            let database = project.variable("DB_DATABASE");
            let _made = project.lexi("run db-init").succeeds();
            Self { project, database }
        }

        fn marks(&self) -> String {
            self.ask("select coalesce(string_agg(id::text, ' ' order by id), 'none') from marks")
        }

        fn ask(&self, sql: &str) -> String {
            psql(postgres_port(), &self.database, sql)
        }

        fn backups(&self) -> usize {
            let files = std::fs::read_dir(self.project.path("backups"))
                .into_iter()
                .flatten();
            files
                .filter(|file| {
                    file.as_ref()
                        .unwrap()
                        .file_name()
                        .to_string_lossy()
                        .ends_with(".sql.gz")
                })
                .count()
        }

        /// Runs with a terminal whose person types this, and gives the exit code.
        fn on_terminal(&self, words: &str, typed: &str) -> i32 {
            let words: Vec<&str> = words.split_whitespace().collect();
            let mut terminal = self.project.terminal(&words, (40, 120));
            terminal.shows("is dropped and made anew");
            terminal.types(&format!("{typed}\r"));
            terminal.ends()
        }
    }

    /// What a command must do to the data.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Ends {
        /// It is refused with this code, and all is as it was.
        Refused(i32),
        /// The data is gone, after a backup.
        Reset,
        /// The same, and the profile's seeds are there.
        Seeded,
    }

    #[track_caller]
    fn check(profile: &str, words: &str, typed: Option<&str>, ends: Ends) {
        let small = Small::new();
        small.ask("insert into marks values (1)");
        let words = words.replace("NAME", &small.database);
        let words = format!("--profile {profile} run {words}");
        let typed = typed.map(|typed| typed.replace("NAME", &small.database));

        let ended = match &typed {
            None => small.project.lexi(&words).code.unwrap(),
            Some(typed) => small.on_terminal(&words, typed),
        };

        let (code, marks, backups) = match ends {
            Ends::Refused(code) => (code, "1", 0),
            Ends::Reset => (0, "none", 1),
            Ends::Seeded if profile == "prod" => (0, "2", 1),
            Ends::Seeded => (0, "2 3 4", 1),
        };
        let found = (ended, small.marks(), small.backups());
        assert_eq!(
            found,
            (code, marks.to_owned(), backups),
            "{words} {typed:?}"
        );
    }

    #[test]
    fn outside_production_a_reset_wants_a_yes_and_a_forced_one_wants_nothing() {
        for profile in ["dev", "test"] {
            check(profile, "db-reset", None, Ends::Refused(2));
            check(profile, "db-reset --yes", None, Ends::Reset);
            check(profile, "db-reset", Some("no"), Ends::Refused(1));
            check(profile, "db-reset", Some("yes"), Ends::Reset);
            check(profile, "db-reset-force", None, Ends::Seeded);
        }
    }

    #[test]
    fn production_wants_the_name_of_the_database_whatever_else_is_said() {
        check("prod", "db-reset", None, Ends::Refused(2));
        check("prod", "db-reset --yes", None, Ends::Refused(2));
        check(
            "prod",
            "db-reset --yes --confirm other",
            None,
            Ends::Refused(2),
        );
        check("prod", "db-reset --yes --confirm NAME", None, Ends::Reset);
        check("prod", "db-reset", Some("yes"), Ends::Refused(1));
        check("prod", "db-reset", Some("NAME"), Ends::Reset);
        check("prod", "db-reset-force", None, Ends::Refused(2));
        check("prod", "db-reset-force --yes", None, Ends::Refused(2));
        check(
            "prod",
            "db-reset-force --yes --confirm NAME",
            None,
            Ends::Seeded,
        );
    }

    #[test]
    fn a_database_that_is_not_there_is_made_migrated_and_seeded_and_a_second_run_changes_nothing() {
        for (profile, marks) in [("dev", "2 3 4"), ("test", "2 3 4"), ("prod", "2")] {
            let mut small = Small::new();
            let name = format!("{}_{profile}", small.database);
            small.project = small.project.env("DB_DATABASE", &name);
            small.database.clone_from(&name);

            let init = small
                .project
                .lexi(&format!("--profile {profile} run db-init"))
                .succeeds();
            let _made = init
                .tells(&format!("made database {name}"))
                .tells("applied 1 migrations");
            assert_eq!(small.marks(), "none");
            for _ in 0..2 {
                let _seeded = small
                    .project
                    .lexi(&format!("--profile {profile} run db-init-seed"))
                    .succeeds();
                assert_eq!(small.marks(), marks);
            }
        }
    }
}
