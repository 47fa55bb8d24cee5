//! What `sql/init` makes of an empty database: the same for each user, each profile and each run.

use std::path::Path;

use crate::harness::Project;

#[test]
fn no_file_of_sql_names_a_database_or_a_user() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    for part in ["init", "checks"] {
        for file in std::fs::read_dir(folder.join(part)).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(!text.contains("lexiflow_"), "{text}");
        }
    }
}

#[test]
fn each_profile_preloads_pg_stat_statements() {
    let project = Project::lexiflow().task(
        "settings.rhai",
        r#"import "lib/stack" as lexiflow;
           task("settings", #{}, || print(lexiflow::services().postgres.command));"#,
    );
    for profile in ["dev", "prod", "test"] {
        let words = format!("--profile {profile} run settings");
        project
            .lexi(&words)
            .succeeds()
            .says("shared_preload_libraries=pg_stat_statements");
    }
}

mod services {
    use std::process::Command;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::harness::{postgres_port, psql, psql_as};

    /// A database with an owner of its own, who is no superuser.
    struct Owned {
        owner: String,
        database: String,
    }

    impl Owned {
        fn new() -> Self {
            static NUMBER: AtomicUsize = AtomicUsize::new(0);
            let number = NUMBER.fetch_add(1, Ordering::SeqCst);
            let owner = format!("owner_{}_{number}", std::process::id());
            let database = format!("of_{owner}");
            ask("postgres", &format!("create role {owner} login"));
            ask(
                "postgres",
                &format!("create database {database} owner {owner} template template0"),
            );
            Self { owner, database }
        }

        /// LexiFlow with this database, for this user.
        fn project(&self, user: &str) -> Project {
            Project::lexiflow()
                .postgres()
                .env("DB_DATABASE", &self.database)
                .env("DB_USERNAME", user)
        }

        fn ask_as_owner(&self, sql: &str) -> String {
            psql_as(postgres_port(), &self.owner, "", &self.database, sql)
        }
    }

    fn ask(database: &str, sql: &str) -> String {
        psql(postgres_port(), database, sql)
    }

    /// The schema as a dump, the settings, and when each row of the catalogs was written. Functions and comments are
    /// written anew by every run, with the same content.
    fn state(database: &str) -> Vec<String> {
        let dump = Command::new("/usr/lib/postgresql/15/bin/pg_dump")
            .args(["-h", "127.0.0.1", "-U", "tester", "-d", database, "-p"])
            .arg(postgres_port().to_string())
            .output()
            .unwrap();
        assert!(dump.status.success());
        let dump = String::from_utf8(dump.stdout).unwrap();
        let is_random =
            |line: &&str| line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
        let mut state: Vec<String> = dump
            .lines()
            .filter(|line| !is_random(line))
            .map(str::to_owned)
            .collect();
        state.push(ask(
            database,
            "select name, setting, source from pg_settings order by 1",
        ));
        for catalog in [
            "pg_class",
            "pg_type",
            "pg_enum",
            "pg_namespace",
            "pg_extension",
            "pg_ts_config",
            "pg_ts_config_map",
            "pg_default_acl",
            "pg_trigger",
        ] {
            // Statistics and vacuum write rows of pg_class in place.
            let sql = format!(
                "select '{catalog}', count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from {catalog} where xmin::text::bigint > 2"
            );
            state.push(ask(database, &sql));
        }
        state
    }

    #[test]
    fn three_runs_change_nothing_after_the_first() {
        for user in ["tester", "the owner"] {
            let owned = Owned::new();
            let user = if user == "tester" { user } else { &owned.owner };
            let project = owned.project(user);
            let _first = project.lexi("run db-init").succeeds();
            let first = state(&owned.database);

            for _ in 0..2 {
                let again = project.lexi("run db-init").succeeds();
                again.tells("no migration is pending");
                let now = state(&owned.database);
                let other = now.iter().zip(&first).find(|(now, first)| now != first);
                assert_eq!(other, None, "as {user}");
                assert_eq!(now.len(), first.len(), "as {user}");
            }
        }
    }

    #[test]
    fn an_owner_without_superuser_is_told_what_is_missing_and_how_to_get_it() {
        let owned = Owned::new();
        let project = owned.project(&owned.owner);

        let told = project.lexi("run db-init").succeeds();

        let mut told = told;
        for extension in ["pg_stat_statements", "pgstattuple"] {
            told = told
                .tells(&format!(
                    "extension `{extension}` was not created: user `{}` is not a superuser",
                    owned.owner
                ))
                .tells(&format!(
                    "run as one in database `{}`: CREATE EXTENSION IF NOT EXISTS {extension}",
                    owned.database
                ));
        }
        let extensions = "select string_agg(extname, ' ' order by extname) from pg_extension where extname <> 'plpgsql'";
        assert_eq!(
            owned.ask_as_owner(extensions),
            "btree_gin btree_gist citext fuzzystrmatch pg_trgm pgcrypto unaccent uuid-ossp"
        );

        ask(
            &owned.database,
            "create extension pg_stat_statements with schema public; create extension pgstattuple with schema public",
        );
        let _silent = project
            .lexi("run db-init")
            .succeeds()
            .hides("was not created");
        assert_eq!(
            owned.ask_as_owner(extensions),
            "btree_gin btree_gist citext fuzzystrmatch pg_stat_statements pg_trgm pgcrypto pgstattuple unaccent uuid-ossp"
        );
    }

    #[test]
    fn the_application_may_use_what_another_user_makes() {
        let owned = Owned::new();
        ask(
            &owned.database,
            "create table public.older (a int); create sequence public.older_seq",
        );
        let project = owned
            .project("tester")
            .task("init.rhai", r#"task("init", #{}, || migrate::init());"#);
        let _init = project.lexi("run init").succeeds();

        for schema in ["public", "audit", "temp", "archive"] {
            ask(
                &owned.database,
                &format!(
                    "create table {schema}.newer (a int); create sequence {schema}.newer_seq; \
                     create type {schema}.newer_kind as enum ('a'); \
                     create function {schema}.newer_fn() returns int language sql as 'select 7'; \
                     revoke all on function {schema}.newer_fn() from public"
                ),
            );
            let used = owned.ask_as_owner(&format!(
                "insert into {schema}.newer values (1); update {schema}.newer set a = 2; truncate {schema}.newer; \
                 create table {schema}.own (kind {schema}.newer_kind); \
                 select nextval('{schema}.newer_seq') + {schema}.newer_fn()"
            ));
            assert_eq!(used, "8", "{schema}");
        }
        owned.ask_as_owner("insert into older values (1); select nextval('older_seq')");
        assert_eq!(
            owned.ask_as_owner("show search_path"),
            "public, audit, temp"
        );
    }

    #[test]
    fn types_search_and_functions_are_those_of_lexiflow() {
        let owned = Owned::new();
        let _init = owned.project("tester").lexi("run db-init").succeeds();
        let cases = [
            ("select array_length(enum_range(null::user_role), 1)", "14"),
            (
                "select enum_range(null::case_status)",
                "{draft,active,pending,closed,archived,cancelled}",
            ),
            (
                "select enum_range(null::case_priority)",
                "{low,medium,high,urgent,critical}",
            ),
            (
                "select array_length(enum_range(null::document_type), 1)",
                "11",
            ),
            (
                "select to_tsvector('legal_english', 'Résumés of Señor Núñez') @@ to_tsquery('legal_english', 'resume & nunez')",
                "t",
            ),
            (
                "select imm_unaccent('Crème Brûlée'), provolatile from pg_proc where proname = 'imm_unaccent'",
                "Creme Brulee|i",
            ),
            (
                "select length(generate_random_string(400)), generate_random_string(400) ~ '^[A-Za-z0-9]+$'",
                "400|t",
            ),
            (
                "select count(distinct c) from regexp_split_to_table(generate_random_string(20000), '') c",
                "62",
            ),
            (
                "select generate_random_string(0) || coalesce(generate_random_string(null), '')",
                "",
            ),
            (
                "insert into tags (name, kind) values ('x', 'risk'); update tags set name = 'y', updated_at = 'epoch' where name = 'x' returning updated_at > 'today'::date - 1",
                "t",
            ),
        ];
        for (sql, expected) in cases {
            assert_eq!(ask(&owned.database, sql), expected, "{sql}");
        }
    }

    #[test]
    fn runs_at_the_same_moment_end_as_one_does() {
        let owned = Owned::new();
        let alone = Owned::new();
        let _one = alone.project("tester").lexi("run db-init").succeeds();
        let projects: Vec<Project> = (0..4).map(|_| owned.project("tester")).collect();

        let running: Vec<_> = projects
            .iter()
            .map(|project| project.start(&["run", "db-init"]))
            .collect();
        for child in running {
            let out = child.wait_with_output().unwrap();
            assert!(
                out.status.success(),
                "{}",
                String::from_utf8_lossy(&out.stderr)
            );
        }

        let counts = "select count(*), (select count(*) from lexi.migrations) from pg_class";
        assert_eq!(ask(&owned.database, counts), ask(&alone.database, counts));
    }
}
