//! Dangerous statements in migrations: found, refused in production, allowed by the file.

use crate::harness::Project;

const DROP: &str = "create table t (a int);\n\nalter table cases\n  drop column title;\n";

#[test]
fn the_shipped_migrations_raise_no_alarm_even_one_by_one() {
    Project::lexiflow()
        .lexi("run migrate-lint --all")
        .succeeds()
        .stdout("")
        .tells("nothing dangerous was found");
}

#[test]
fn findings_are_told_with_place_and_safe_way_and_fail_the_task() {
    let project = Project::lexiflow();
    project.write("migrations/20990101000000_x.up.sql", DROP);
    let file = "migrations/20990101000000_x.up.sql";

    project
        .lexi(&format!("run migrate-lint ./{file}"))
        .exits(1)
        .says(&format!(
            "{file}:3: drop-column: the data of `cases.title` are lost"
        ))
        .says("\n    alter table cases drop column title\n    safe: ")
        .tells("1 dangerous statement");
    let found = project
        .lexi("--json run migrate-lint --all")
        .exits(1)
        .json();
    assert_eq!(found[0]["rule"], "drop-column");
    assert_eq!(found[0]["line"], 3);
    assert_eq!(found[0]["file"], file);

    project.write(file, &format!("-- lexi:allow drop-column\n{DROP}"));
    let _none = project.lexi("run migrate-lint --all").succeeds();
    project.write(file, &format!("-- lexi:allow drop-colum\n{DROP}"));
    project
        .lexi("run migrate-lint --all")
        .exits(1)
        .tells(&format!("{file}:1: there is no rule `drop-colum` to allow"))
        .tells("did you mean `drop-column`?");
    project
        .lexi("run migrate-lint migrations/nope.sql")
        .exits(1)
        .tells("`migrations/nope.sql` is not a file that applies a migration");
}

#[test]
fn the_section_that_applies_is_looked_at_with_the_lines_of_its_file() {
    let text =
        "-- migrate:up\ncreate table t (a int);\ntruncate cases;\n-- migrate:down\ndrop table t;\n";
    let project = Project::lexiflow().file("migrations/20990101000000_x.sql", text);

    let found = project
        .lexi("--json run migrate-lint --all")
        .exits(1)
        .json();

    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        (&found[0]["line"], &found[0]["rule"]),
        (&3.into(), &"truncate".into())
    );
}

mod services {
    use super::*;

    #[test]
    fn production_refuses_before_anything_runs_and_dev_warns_in_one_line() {
        let project = Project::lexiflow()
            .postgres()
            .env("REDIS_PASSWORD", "a long password")
            .env("JWT_SECRET", "a long password")
            .env("SESSION_SECRET", "a long password");
        let prod = |words: &str| project.lexi(&format!("--profile prod {words}"));
        let _made = prod("run db-init").succeeds();
        project.write(
            "migrations/20990101000000_fine.up.sql",
            "create table fine (a int);",
        );
        project.write("migrations/20990102000000_x.up.sql", DROP);

        prod("run migrate")
            .exits(1)
            .tells("1 dangerous statement in pending migrations; none was applied")
            .tells("migrations/20990102000000_x.up.sql:3: drop-column")
            .tells("-- lexi:allow RULE");
        prod("run migrate-status")
            .succeeds()
            .says("20990101000000  fine")
            .says("pending");
        prod("run migrate --dry-run")
            .succeeds()
            .says("drop column title");
        let _older = prod("run migrate --to 20990101000000").succeeds();

        let warned = project.lexi("run migrate").succeeds();
        let lines = warned.err.lines().filter(|line| line.contains("dangerous"));
        assert_eq!(lines.count(), 1, "{}", warned.err);
        let again = project.lexi("run migrate").succeeds();
        again.hides("dangerous").tells("no migration is pending");
    }

    #[test]
    fn production_takes_what_the_file_allows() {
        let project = Project::new().postgres().body(
            r#"db::exec("create table cases (title text)");
               fs::make_dir("migrations");
               fs::write("migrations/1_x.up.sql", "-- lexi:allow drop-column\nalter table cases drop title;");
               ensure(migrate::lint().is_empty(), "it is allowed");
               ensure(migrate::up().len() == 1, "and applied");"#,
        );
        let _applied = project.lexi("--profile prod run t").succeeds();
    }
}
