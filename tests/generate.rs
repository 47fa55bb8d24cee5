//! Migrations that are generated from a difference, and the snapshot of the schema.

mod services {
    use crate::harness::{Outcome, Project, postgres_port, psql};
    use crate::soak::wait_until;

    const GENERATE: &str = r#"let made = migrate::generate("change"); print(made);"#;

    /// A project with a database that has the table `a` by a migration.
    fn small() -> Project {
        let project = Project::new()
            .postgres()
            .file("migrations/1_a.up.sql", "create table a (id int);")
            .file("migrations/1_a.down.sql", "drop table a;");
        let _applied = project
            .body_of("u", "migrate::up();")
            .lexi("run u")
            .succeeds();
        project
    }

    /// Runs a body in a project, after these statements.
    #[track_caller]
    fn after(project: &Project, sql: &str, body: &str) -> Outcome {
        project
            .body_of("t", &format!("db::batch(`{sql}`);\n{body}"))
            .lexi("run t")
    }

    #[test]
    fn without_a_difference_nothing_is_written() {
        let project = small();

        let _same = after(
            &project,
            "",
            r#"let made = migrate::generate("change");
               ensure(made.files == [] && made.complete && made.up == "", `${made}`);"#,
        )
        .succeeds();

        assert_eq!(
            std::fs::read_dir(project.path("migrations"))
                .unwrap()
                .count(),
            2
        );
    }

    #[test]
    fn a_history_that_differs_from_the_files_is_refused() {
        let project = small();
        project.write("migrations/2_b.up.sql", "create table b (id int);");
        let _pending = after(&project, "", GENERATE)
            .exits(1)
            .tells("migration 2 `b` is pending");

        project.write("migrations/1_a.up.sql", "create table a (id bigint);");
        std::fs::remove_file(project.path("migrations/2_b.up.sql")).unwrap();
        let _edited = after(&project, "", GENERATE)
            .exits(1)
            .tells("migration 1 `a` was edited");
    }

    #[test]
    fn production_is_refused() {
        let project = small().env("LEXI_PROFILE", "prod");

        let _refused = after(&project, "", GENERATE)
            .exits(1)
            .tells("profile prod is not a place to generate migrations from");
    }

    #[test]
    fn a_rest_stands_in_the_file_and_the_history_does_not_have_it() {
        let project = small();

        let _made = after(
            &project,
            "alter table a add b text; create aggregate total (int) (sfunc = int4pl, stype = int);",
            r#"let made = migrate::generate("change");
               ensure(!made.complete && !made.recorded && made.rest[0].contains("CREATE AGGREGATE public.total"), `${made.rest}`);
               ensure(made.up.contains("NOT COMPLETE") && made.up.contains("ADD COLUMN b text"), made.up);
               ensure(migrate::status()[1].state == "pending", "it is not recorded");"#,
        )
        .succeeds();
    }

    #[test]
    fn a_table_that_becomes_a_parent_is_not_dropped() {
        let project = small();

        let _made = after(
            &project,
            "create table child () inherits (a); create table b (id int)",
            r#"let made = migrate::generate("change");
               ensure(!made.complete && made.rest.some(|line| line.contains("CREATE TABLE public.child")), `${made.rest}`);
               ensure(!made.up.contains("DROP") && made.up.contains("CREATE TABLE public.b"), made.up);"#,
        )
        .succeeds();
    }

    #[test]
    fn rows_survive_the_way_forth_and_back() {
        let project = Project::new().postgres().file(
            "migrations/1_a.up.sql",
            "create type mood as enum ('good', 'bad', 'odd');
             create table a (id int primary key, m mood not null default 'good', n varchar(5), all_moods mood[]);
             create index on a (m) where m = 'good';
             create view v as select id, m from a;
             create table b (a int references a);",
        );
        let _made = project
            .body_of(
                "t",
                r#"migrate::up();
                   db::batch(`alter table a alter n type text; alter table b drop constraint b_a_fkey; drop view v;
                       alter table a alter id type bigint; alter table b alter a type bigint; drop index a_m_idx;
                       alter table a alter m drop default; alter type mood rename to o;
                       create type mood as enum ('good', 'fine', 'bad');
                       alter table a alter m type mood using m::text::mood, alter all_moods type mood[] using all_moods::text::mood[];
                       drop type o; create index on a (m) where m = 'good'; alter table a alter m set default 'fine';
                       create view v as select id, m from a; alter table b add foreign key (a) references a`);
                   let made = migrate::generate("change");
                   ensure(made.complete && made.recorded, `${made.rest} ${made.up}`);
                   fs::write("up.sql", made.up);
                   fs::write("down.sql", made.down);"#,
            )
            .lexi("run t")
            .succeeds();

        let _kept = after(
            &project,
            "drop schema public cascade; create schema public; drop schema lexi cascade;",
            r#"migrate::up(#{ to: 1 });
               db::batch("insert into a values (1, 'bad', 'x', '{bad,good}'), (2, 'good', null, null); insert into b values (2)");
               db::batch(fs::read("up.sql"));
               let rows = db::query("select id, m::text as m, n, all_moods::text as x from a order by id");
               ensure(rows == [#{ id: 1, m: "bad", n: "x", x: "{bad,good}" }, #{ id: 2, m: "good", n: (), x: () }], `${rows}`);
               ensure(db::value("select a from b") == 2, "the reference is there");
               db::batch(fs::read("down.sql"));
               ensure(db::value("select all_moods::text from a where id = 1") == "{bad,good}", "and back");"#,
        )
        .succeeds();
    }

    #[test]
    fn databases_of_a_killed_run_are_dropped_by_the_next_and_those_of_a_living_one_are_not() {
        let project = small();
        let ask = |sql: &str| psql(postgres_port(), "postgres", sql);
        let _changed = after(&project, "alter table a add b text", "").succeeds();
        project.write(
            "sql/init/1_slow.sql",
            "select pg_sleep(60) where current_database() like 'lexi_scratch%';",
        );
        project.body_of("t", GENERATE);
        let mut child = project.start(&["run", "t"]);
        let name = format!("lexi_scratch_{}_current", child.id());
        let count = format!("select count(*) from pg_database where datname = '{name}'");
        let sleeps = format!(
            "select count(*) from pg_stat_activity where datname = '{name}' and query like '%pg_sleep%'"
        );
        wait_until("it is in the middle of it", || ask(&sleeps) == "1");

        std::fs::remove_file(project.path("sql/init/1_slow.sql")).unwrap();
        let from_file =
            r#"migrate::generate("change", #{ dry_run: true, from: "migrations/1_a.up.sql" });"#;
        let _other = after(&project, "", from_file).succeeds();
        assert_eq!(ask(&count), "1", "the run is alive");
        child.kill().unwrap();
        child.wait().unwrap();
        let _next = after(
            &project,
            "",
            r#"ensure(migrate::generate("change").complete, "whole");"#,
        )
        .succeeds();

        assert_eq!(ask(&count), "0");
    }

    #[test]
    fn a_file_with_the_wanted_schema_may_be_a_dump() {
        let project = small();

        let _made = after(
            &project,
            "create table b (id int generated always as identity, note text default 'x')",
            r#"migrate::snapshot(#{ file: "wanted.sql" });
               db::exec("drop table b");
               let made = migrate::generate("make_b", #{ from: "wanted.sql" });
               ensure(made.complete && !made.recorded, `${made.rest}`);
               migrate::up();
               migrate::snapshot(#{ file: "now.sql" });
               ensure(fs::read("now.sql") == fs::read("wanted.sql"), "the schema is the wanted one");"#,
        )
        .succeeds();
    }

    #[test]
    fn the_snapshot_is_the_same_bytes_on_two_runs_and_two_databases() {
        let snapshot = |project: &Project| {
            let sql = "create function f() returns int language sql as 'select 1'";
            let _written = after(project, sql, "migrate::snapshot();").succeeds();
            project.read("migrations/schema.sql")
        };
        let (one, other) = (small(), small());

        let first = snapshot(&one);

        let again = r#"ensure(!migrate::snapshot().changed, "nothing is new");"#;
        let _again = after(&one, "", again).succeeds();
        assert_eq!(first, snapshot(&other));
        assert!(
            !first.contains("15.") && !first.contains("lexi.migrations"),
            "{first}"
        );
    }

    #[test]
    fn the_snapshot_of_lexiflow_is_current() {
        let project = Project::lexiflow().postgres();
        let committed = project.read("migrations/schema.sql");

        let _made = project.lexi("run db-init").succeeds();

        assert!(
            project.read("migrations/schema.sql") == committed,
            "migrations/schema.sql is not what the migrations make: run `lexi run migrate` and commit it"
        );
    }

    #[test]
    fn the_snapshot_is_left_out_where_it_is_not_wanted() {
        let project = Project::lexiflow()
            .postgres()
            .env("MIGRATE_SNAPSHOT", "false");
        std::fs::remove_file(project.path("migrations/schema.sql")).unwrap();

        let _made = project.lexi("run db-init").succeeds();

        assert!(!project.path("migrations/schema.sql").exists());
    }
}
