//! The main job, end to end: LexiFlow on real servers, from nothing to a restored backup.

/// Tests that need servers.
mod services {
    use std::collections::BTreeMap;
    use std::process::Command;

    use crate::harness::{Project, psql_as};

    /// A running LexiFlow; its servers end with it.
    struct LexiFlow {
        project: Project,
    }

    impl Drop for LexiFlow {
        fn drop(&mut self) {
            for profile in ["dev", "test"] {
                let _down = self.project.lexi(&format!("--profile {profile} run down"));
            }
        }
    }

    impl LexiFlow {
        #[track_caller]
        fn started() -> Self {
            let flow = Self {
                project: Project::lexiflow(),
            };
            let _started = flow.project.lexi("run quick-start --yes").succeeds();
            flow
        }

        /// The port where the dev profile's database really is.
        fn port(&self) -> u16 {
            let status = self.project.lexi("run status --json").succeeds().json();
            let services = status.as_array().cloned().unwrap_or_default();
            let postgres = services
                .iter()
                .find(|service| service["service"] == "postgres")
                .unwrap();
            u16::try_from(postgres["port"].as_u64().unwrap()).unwrap()
        }

        fn ask(&self, database: &str, sql: &str) -> String {
            psql_as(
                self.port(),
                "lexiflow_user",
                "devpassword123",
                database,
                sql,
            )
        }

        /// Every table with its number of rows and a hash of what is in them.
        fn content(&self, database: &str) -> BTreeMap<String, String> {
            let tables = self.ask(
                database,
                "select format('%I.%I', schemaname, tablename) from pg_tables \
                 where schemaname not in ('pg_catalog', 'information_schema') order by 1",
            );
            let hash = |table: &str| {
                self.ask(
                    database,
                    &format!("select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t"),
                )
            };
            tables
                .lines()
                .map(|table| (table.to_owned(), hash(table)))
                .collect()
        }

        fn backups(&self) -> Vec<String> {
            let files = std::fs::read_dir(self.project.path("backups")).unwrap();
            let mut names: Vec<String> = files
                .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
                .collect();
            names.retain(|name| name.ends_with(".sql.gz"));
            names.sort();
            names
        }
    }

    #[test]
    fn quick_start_makes_a_backup_that_plain_tools_restore_to_the_same_content() {
        let flow = LexiFlow::started();
        let backups = flow.backups();
        assert_eq!(backups.len(), 1, "{backups:?}");
        let source = flow.content("lexiflow_dev");
        assert!(source.len() > 40, "{} tables", source.len());
        assert!(
            source["public.users"].starts_with("50 "),
            "{}",
            source["public.users"]
        );

        let _made = flow.ask("postgres", "create database copy template template0");
        let pipe = format!(
            "gunzip -c backups/{} | /usr/lib/postgresql/15/bin/psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p {} -U lexiflow_user copy",
            backups[0],
            flow.port()
        );
        let out = Command::new("sh")
            .args(["-c", &format!("set -e; {pipe}")])
            .current_dir(flow.project.root())
            .env("PGPASSWORD", "devpassword123")
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );

        assert_eq!(flow.content("copy"), source);
    }

    #[test]
    fn a_second_quick_start_changes_no_data() {
        let flow = LexiFlow::started();
        let before = flow.content("lexiflow_dev");

        let _again = flow.project.lexi("run quick-start --yes").succeeds();

        let mut after = flow.content("lexiflow_dev");
        after.retain(|table, _| table != "lexi.migrations");
        for (table, content) in after {
            assert_eq!(Some(&content), before.get(&table), "{table}");
        }
    }

    #[test]
    fn restore_brings_back_what_was_lost_and_wants_the_name_of_the_database() {
        let flow = LexiFlow::started();
        let before = flow.content("lexiflow_dev");
        let _lost = flow.ask(
            "lexiflow_dev",
            "delete from time_entries where invoice_id is null",
        );
        assert_ne!(flow.content("lexiflow_dev"), before);

        let _refused = flow
            .project
            .lexi("run restore latest --yes")
            .exits(2)
            .tells("--confirm lexiflow_dev");
        let first = flow.backups().remove(0);
        let _restored = flow
            .project
            .run(&[
                "run",
                "restore",
                &format!("backups/{first}"),
                "--yes",
                "--confirm",
                "lexiflow_dev",
            ])
            .succeeds();

        assert_eq!(flow.content("lexiflow_dev"), before);
    }

    #[test]
    fn down_keeps_the_data_and_up_adopts_what_runs() {
        let flow = LexiFlow::started();
        let users = "select count(*) from users";
        let _down = flow.project.lexi("run down").succeeds();

        let _up = flow.project.lexi("run up").succeeds();
        assert_eq!(flow.ask("lexiflow_dev", users), "50");
        let pid = flow.ask("lexiflow_dev", "select pg_postmaster_start_time()");
        let _again = flow.project.lexi("run up").succeeds();

        assert_eq!(
            flow.ask("lexiflow_dev", "select pg_postmaster_start_time()"),
            pid
        );
    }

    #[test]
    fn clean_asks_backs_up_and_then_removes_the_data() {
        let flow = LexiFlow::started();
        let before = flow.backups().len();

        flow.project.lexi("run clean").exits(2).tells("rows");
        assert_eq!(flow.ask("lexiflow_dev", "select count(*) from users"), "50");
        let _clean = flow.project.lexi("run clean --yes").succeeds();

        assert_eq!(flow.backups().len(), before + 1);
        flow.project.lexi("run ps").tells("nothing was started yet");
        let again = flow.project.lexi("run clean --yes").succeeds();
        again.tells("there is nothing to remove");
    }

    #[test]
    fn production_names_all_that_is_missing_or_weak_and_starts_nothing() {
        let project = Project::lexiflow();
        for words in [
            "run prod",
            "--profile prod run up",
            "--profile prod run rebuild",
        ] {
            project
                .lexi(words)
                .exits(1)
                .tells("DB_DATABASE is not set")
                .tells("JWT_SECRET is not set")
                .tells("DB_SSL is not true")
                .tells("things are missing or weak");
        }
        project.write(
            ".env.prod",
            "DB_DATABASE=a\nDB_USERNAME=b\nDB_PASSWORD=devpassword123\nREDIS_PASSWORD=short\n\
             JWT_SECRET=dev_jwt_secret_change_me\nSESSION_SECRET=uB7xQ2mK9sWv4LzTXYZ\nDB_SYNCHRONIZE=true\n\
             DB_SSL=true\n",
        );
        project
            .lexi("run prod")
            .exits(1)
            .tells("DB_PASSWORD is one that everybody knows")
            .tells("REDIS_PASSWORD is shorter than 16")
            .tells("JWT_SECRET is one that everybody knows")
            .tells("DB_SYNCHRONIZE lets the application change the schema")
            .tells("DB_SSL is true and there is no certificate with a key (.lexi/tls/server.crt): lexi run setup")
            .tells("5 things are missing or weak")
            .hides("uB7xQ2mK9sWv4LzTXYZ");
        assert!(!project.path(".lexi/native/prod").exists());
    }

    /// Settings of production with which it may start.
    const PRODUCTION: &str = "DB_DATABASE=a\nDB_USERNAME=b\nDB_PASSWORD=uB7xQ2mK9sWv4LzTDB\n\
        REDIS_PASSWORD=uB7xQ2mK9sWv4LzTRD\nJWT_SECRET=uB7xQ2mK9sWv4LzTJW\nSESSION_SECRET=uB7xQ2mK9sWv4LzTSE\n\
        DB_SSL=true\n";

    #[test]
    fn production_lets_neither_other_machines_nor_everybody_in() {
        let project = Project::lexiflow();
        let certificate = project.path(".lexi/tls");
        std::fs::create_dir_all(&certificate).unwrap();
        for name in ["server.crt", "server.key"] {
            std::fs::write(certificate.join(name), "").unwrap();
        }
        project.write(".env.prod", PRODUCTION);
        let list = project.read("tasks/lib/stack.rhai");
        let config = project.read("lexi.toml");
        let cases = [
            (
                "shm_size: \"256mb\",",
                "shm_size: \"256mb\", ports: [\"0.0.0.0:5432:5432\"],",
                "service postgres can be reached from other machines: port 5432 on 0.0.0.0: publish it on 127.0.0.1",
            ),
            (
                "shm_size: \"256mb\",",
                "shm_size: \"256mb\", environment: #{ POSTGRES_HOST_AUTH_METHOD: \"trust\" },",
                "service postgres is PostgreSQL that lets everybody in without a password (trust): leave out",
            ),
            (
                "volumes: [\"lexiflow-redis-prod-data:/data\"],",
                "volumes: [\"lexiflow-redis-prod-data:/data\"], environment: #{ REDIS_PASSWORD: \"\" },",
                "service redis is Redis without a password: set REDIS_PASSWORD",
            ),
        ];
        for (text, changed, told) in cases {
            let (before, after) = list.split_once("fn prod()").unwrap();
            assert!(after.contains(text), "{text}");
            let after = after.replacen(text, changed, 1);
            project.write("tasks/lib/stack.rhai", &format!("{before}fn prod(){after}"));
            project
                .lexi("--profile prod run up")
                .exits(1)
                .tells(told)
                .tells("profile prod must not start: 1 things are missing or weak");
        }
        project.write("tasks/lib/stack.rhai", &list);
        project.write("lexi.toml", &format!("bind = \"0.0.0.0\"\n{config}"));
        project
            .lexi("--profile prod run up")
            .exits(1)
            .tells("service app can be reached from other machines: port 3000 on 0.0.0.0")
            .tells("service redis can be reached from other machines: port 6379 on 0.0.0.0");
        assert!(!project.path(".lexi/native/prod").exists());
    }

    #[test]
    fn dev_and_test_run_side_by_side_and_only_test_is_cleaned() {
        let flow = LexiFlow::started();
        let before = flow.content("lexiflow_dev");
        let _test = flow.project.lexi("--profile test run up").succeeds();
        let _made = flow
            .project
            .lexi("--profile test run db-init-seed")
            .succeeds();
        let _down = flow.project.lexi("--profile test run down").succeeds();

        let _clean = flow.project.lexi("--profile test run up").succeeds();
        let status = flow
            .project
            .lexi("--profile test run migrate-status --json");

        let _any = status.hides("\"state\": \"applied\"");
        assert_eq!(flow.content("lexiflow_dev"), before);
    }
}
