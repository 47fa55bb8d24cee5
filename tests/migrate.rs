//! Migrations as a person meets them: the shipped tasks on a real server.

mod services {
    use crate::harness::{HUNG, Outcome, Project, psql_as};

    /// LexiFlow's tasks with migrations of our own on an empty database.
    fn project(files: &[(&str, &str)]) -> Project {
        let project = Project::lexiflow()
            .postgres()
            .env("MIGRATE_SNAPSHOT", "false");
        std::fs::remove_dir_all(project.path("migrations")).unwrap();
        std::fs::create_dir(project.path("migrations")).unwrap();
        for (name, text) in files {
            project.write(&format!("migrations/{name}"), text);
        }
        project
    }

    /// Where its database is.
    fn place(project: &Project) -> (u16, String) {
        let value = |name: &str| {
            let command = project.command(&[]);
            let mut all = command.get_envs();
            let found = all
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| value);
            found.unwrap().to_str().unwrap().to_owned()
        };
        (value("DB_PORT").parse().unwrap(), value("DB_DATABASE"))
    }

    fn ask(project: &Project, sql: &str) -> String {
        let (port, database) = place(project);
        psql_as(port, "tester", "tester-password", &database, sql)
    }

    const PAIR: [(&str, &str); 3] = [
        ("1_a.up.sql", "create table a (id int);\n"),
        ("1_a.down.sql", "drop table a;\n"),
        ("2_b.sql", "create table b (id int);\n"),
    ];

    #[test]
    fn a_dry_run_prints_sql_and_another_one_tries_it_out() {
        let project = project(&PAIR);

        project
            .lexi("run migrate --dry-run")
            .succeeds()
            .says("-- 1_a\ncreate table a (id int);\n")
            .says("-- 2_b\n")
            .tells("would apply 2 migrations");
        project
            .lexi("run migrate --dry-run=execute")
            .succeeds()
            .tells("tried out 1_a")
            .tells("tried 2 migrations out; nothing was changed");
        project.write(
            "migrations/3_c.sql",
            "-- lexi:no-transaction\nvacuum a;\nselect nope;",
        );
        project
            .lexi("run migrate --dry-run=execute")
            .exits(1)
            .tells("rehearsal failed, nothing was changed: migrations/3_c.sql:3: column \"nope\" does not exist (42703)");
        project.lexi("run migrate --dry-run=nonsense").exits(2);

        assert_eq!(
            ask(
                &project,
                "select to_regclass('a') is null and to_regnamespace('lexi') is null"
            ),
            "t"
        );
    }

    #[test]
    fn status_tells_every_state_by_its_code() {
        let project = project(&PAIR);
        let _pending = project
            .lexi("run migrate-status")
            .succeeds()
            .says("pending");
        project
            .lexi("run migrate-status --exit-code")
            .exits(1)
            .tells("2 migrations are pending");
        let _done = project
            .lexi("run migrate")
            .succeeds()
            .tells("applied 2 migrations");
        let _clean = project.lexi("run migrate-status --exit-code").succeeds();

        project.write(
            "migrations/2_b.sql",
            "-- What for.\ncreate table b (id int);\n",
        );
        project.lexi("run migrate-status").exits(1).says("edited");
        project
            .lexi("run migrate")
            .exits(1)
            .tells("lexi run migrate-repair 2");
        project
            .lexi("run migrate-repair")
            .exits(2)
            .tells("2_b is edited");
        project
            .lexi("run migrate-repair 2 --verdict next")
            .exits(1)
            .tells("says nothing about it");
        let _settled = project
            .lexi("run migrate-repair 2 --verdict applied")
            .succeeds();
        let _nothing = project
            .lexi("run migrate-repair")
            .succeeds()
            .tells("there is nothing to repair");

        project.write(
            "migrations/3_c.sql",
            "-- lexi:no-transaction\ncreate unique index concurrently a_id on a (id);",
        );
        let _rows = ask(&project, "insert into a values (1), (1)");
        project
            .lexi("run migrate")
            .exits(1)
            .tells("migrations/3_c.sql:2: could not create unique index \"a_id\" (23505); invalid index public.a_id is left behind");
        project
            .lexi("run migrate-status")
            .exits(1)
            .says("0 of 1 statements ran")
            .tells("index public.a_id on a is invalid");
        let _rows = ask(&project, "truncate a");
        project
            .lexi("run migrate")
            .succeeds()
            .tells("dropped index public.a_id, which was left half-built");
        let _clean = project.lexi("run migrate-status --exit-code").succeeds();
    }

    #[test]
    fn taking_back_asks_for_the_name_and_goes_as_far_as_it_is_told() {
        let project = project(&[PAIR[0], PAIR[1]]);
        let _done = project.lexi("run migrate").succeeds();
        let (_, name) = place(&project);

        let plan = project.lexi("run migrate-revert --to 0 --dry-run");
        let _plan = plan.succeeds().says("drop table a;");
        project
            .lexi("run migrate-revert --to 0 --yes")
            .exits(2)
            .tells(&name);
        assert_eq!(ask(&project, "select to_regclass('a') is null"), "f");
        let _back = project
            .lexi(&format!("run migrate-revert --to 0 --confirm {name}"))
            .succeeds();

        assert_eq!(ask(&project, "select to_regclass('a') is null"), "t");
    }

    #[test]
    fn a_history_of_dbmate_is_taken_over_and_a_hand_made_database_declared() {
        let project = project(&[(
            "20260101000000_a.sql",
            "-- migrate:up\ncreate table a ();\n-- migrate:down\ndrop table a;\n",
        )]);
        let _made = ask(
            &project,
            "create table a (); create table schema_migrations (version varchar(128) primary key); \
             insert into schema_migrations values ('20260101000000')",
        );

        project
            .lexi("run migrate")
            .exits(1)
            .tells("lexi run migrate-status --adopt");
        project
            .lexi("run migrate-status --adopt --exit-code")
            .succeeds()
            .tells("took 1 migrations over from schema_migrations of dbmate");

        project.write("migrations/20260102000000_b.sql", "create table a ();");
        project.lexi("run migrate-baseline 20260102000000").exits(2);
        let _declared = project
            .lexi("run migrate-baseline 20260102000000 --yes")
            .succeeds();
        let _clean = project
            .lexi("run migrate")
            .succeeds()
            .tells("no migration is pending");
    }

    #[test]
    fn production_is_backed_up_before_it_is_migrated() {
        let project = project(&PAIR).env("LEXI_PROFILE", "prod");
        let backups = |project: &Project| {
            let entries = std::fs::read_dir(project.path("backups"))
                .into_iter()
                .flatten();
            entries
                .filter(|e| {
                    e.as_ref()
                        .unwrap()
                        .file_name()
                        .to_string_lossy()
                        .ends_with(".sql.gz")
                })
                .count()
        };

        let _first = project.lexi("run migrate").succeeds();
        assert_eq!(backups(&project), 0, "there was nothing to back up");
        project.write("migrations/3_c.sql", "create table c ();");
        project
            .lexi("run migrate")
            .succeeds()
            .tells("backup backups/");
        assert_eq!(backups(&project), 1);
        let _nothing = project.lexi("run migrate").succeeds();
        assert_eq!(backups(&project), 1, "nothing was pending");
    }

    #[test]
    fn the_applications_own_migrations_run_under_the_same_lock() {
        let project = project(&[]);
        let (port, name) = place(&project);
        let locks = "select count(*) from pg_locks where locktype = 'advisory' and granted \
            and database = (select oid from pg_database where datname = current_database())";
        let psql = "PGPASSWORD=$DB_PASSWORD /usr/lib/postgresql/15/bin/psql -XAtq -h $DB_HOST -p $DB_PORT -U $DB_USERNAME -d $DB_DATABASE";
        let config = format!(
            "name = \"sample\"\n[migrate]\ndriver = \"command\"\ndir = \"migrations\"\n\
             command = '''{psql} -c \"{locks}\" && basename $PWD'''\nrevert = \"exit 3\"\n"
        );
        project.write("lexi.toml", &config);

        let done = project
            .lexi("run migrate")
            .succeeds()
            .says("2\nmigrations\n");
        let _told = done.tells(&format!("database {name} on 127.0.0.1:{port}"));
        project
            .lexi("run migrate --dry-run")
            .succeeds()
            .says("basename");
        project
            .lexi(&format!("run migrate-revert --confirm {name}"))
            .exits(3);
        project
            .lexi("run migrate-status")
            .exits(2)
            .tells("[migrate] in lexi.toml has no status");

        project.write("lexi.toml", "[migrate]\ndriver = \"command\"\n");
        project
            .lexi("run migrate")
            .exits(2)
            .tells("has driver `command` and no command");
    }

    /// Two, then ten, each from a folder of its own, as from ten machines.
    #[test]
    fn runs_at_once_apply_every_file_once() {
        for count in [2, 10] {
            let index = "-- lexi:no-transaction\ncreate index concurrently a_id on a (id);\ncreate index concurrently a_id2 on a (id);";
            let files = [
                (
                    "1_a.sql",
                    "create table a (id int); insert into a select generate_series(1, 1000);",
                ),
                ("2_b.sql", index),
                (
                    "3_c.sql",
                    "create table c (id int); insert into c select count(*) from a;",
                ),
            ];
            let first = project(&files);
            let (port, name) = place(&first);
            let others = (1..count).map(|_| {
                project(&files)
                    .env("DB_PORT", &port.to_string())
                    .env("DB_DATABASE", &name)
            });
            let all: Vec<Project> = std::iter::once(first).chain(others).collect();

            let started: Vec<_> = all.iter().map(|p| p.start(&["run", "migrate"])).collect();
            let done: Vec<Outcome> = started
                .into_iter()
                .zip(&all)
                .map(|(child, p)| Outcome::wait(child, HUNG, p.root(), &["run", "migrate"]))
                .collect();

            let applied: usize = done
                .iter()
                .map(|o| o.err.matches("applied 1_a").count())
                .sum();
            let _all_succeed: Vec<_> = done.into_iter().map(Outcome::succeeds).collect();
            assert_eq!(applied, 1);
            assert_eq!(ask(&all[0], "select count(*) from c"), "1");
            let valid = "select count(*) filter (where indisvalid) || '/' || count(*) from pg_index where indrelid = 'a'::regclass";
            assert_eq!(ask(&all[0], valid), "2/2");
        }
    }
}
