//! Restores as a person runs them, and what is left when one is killed.

/// Tests that need servers.
pub(crate) mod services {
    use std::process::Child;
    use std::time::{Duration, Instant};

    use crate::harness::{HUNG, Outcome, Project, psql};
    use crate::soak::{Random, rounds, seed, wait_until};

    const TASKS: &str = r#"//! Sample

task("make", #{ about: "Back up" }, || backup::create());
task("back", #{
    about: "Restore",
    params: #{
        file: #{ kind: "positional", about: "Which" },
        safety: #{ type: "bool", value: false, about: "Back up first" },
    },
}, |file, safety| backup::restore(file, #{ safety_backup: safety }));
task("clear", #{ about: "Clear up" }, || backup::clean());
"#;

    /// A project with a database that restores take a while for.
    pub(crate) struct Victim {
        pub(crate) project: Project,
        /// Where the server itself listens.
        port: u16,
        /// The database.
        pub(crate) name: String,
        /// The file that is restored.
        file: String,
        /// What is in it.
        pub(crate) saved: String,
    }

    impl Victim {
        #[track_caller]
        fn new(rows: usize) -> Self {
            let project = Project::new().postgres();
            let (port, _) = project.database();
            Self::of(project, port, rows)
        }

        /// Fills the database that a project's settings name, on the server at `port`.
        #[track_caller]
        pub(crate) fn of(project: Project, port: u16, rows: usize) -> Self {
            let (_, name) = project.database();
            let victim = Self {
                project: project.task("t.rhai", TASKS),
                port,
                name,
                file: String::new(),
                saved: String::new(),
            };
            victim.ask(&format!(
                "create table cases (id int primary key, text text); \
                insert into cases select g, repeat(md5(g::text), 5) from generate_series(1, {rows}) g; \
                create index on cases (text); create table state (value text); insert into state values ('saved'); \
                select lo_from_bytea(1, decode(repeat('00ff', 9000), 'hex'))"
            ));
            let made = victim.project.lexi("run make --json").succeeds().json();
            let saved = victim.content();
            Self {
                file: made["file"].as_str().unwrap().to_owned(),
                saved,
                ..victim
            }
        }

        pub(crate) fn ask(&self, sql: &str) -> String {
            psql(self.port, &self.name, sql)
        }

        fn server(&self, sql: &str) -> String {
            psql(self.port, "postgres", sql)
        }

        pub(crate) fn content(&self) -> String {
            content(self.port, &self.name)
        }

        /// The databases beside the live one in a role.
        pub(crate) fn beside(&self, word: &str) -> Vec<String> {
            let sql = format!(
                "select datname from pg_database where datname like '{}\\_{word}\\_%' order by 1",
                self.name
            );
            self.server(&sql).lines().map(str::to_owned).collect()
        }

        pub(crate) fn restore(&self, safety: bool) -> Child {
            let mut args = vec!["run", "back", &self.file, "--confirm", &self.name];
            if safety {
                args.push("--safety");
            }
            self.project.start(&args)
        }

        /// Waits until the server has noticed that the client is gone: what it had been told to do it does to its end.
        pub(crate) fn settled(&self) {
            let sql = format!(
                "select count(*) from pg_stat_activity where application_name like 'lexi%' and pid <> pg_backend_pid() \
                and (datname like '{0}%' or query like '%{0}%' or state = 'active' and query like '%pg_terminate_backend(pid)%')",
                self.name
            );
            wait_until("the server has noticed", || self.server(&sql) == "0");
        }

        /// What must not be there after the next run.
        #[track_caller]
        pub(crate) fn has_no_leftovers(&self, what: &str) {
            assert_eq!(self.beside("restore"), [""; 0], "{what}");
            for folder in ["backups", ".lexi/tmp"] {
                let files = std::fs::read_dir(self.project.path(folder));
                let names = files
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|file| file.file_name());
                let left: Vec<_> = names
                    .filter(|name| {
                        let name = name.to_string_lossy();
                        name.ends_with(".partial")
                            || name.ends_with(".deleting")
                            || name.starts_with("pgpass")
                    })
                    .collect();
                assert!(left.is_empty(), "{what}: {left:?} in {folder}");
            }
        }

        /// After a kill the live database is the one before, or the restored one with the one before beside it.
        #[track_caller]
        pub(crate) fn is_one_or_the_other(&self, before: &str, what: &str) -> bool {
            let now = self.content();
            let old = self.beside("old");
            if now == *before {
                assert_eq!(old, [""; 0], "{what}");
                return false;
            }
            assert_eq!(now, self.saved, "{what}: neither the one nor the other");
            assert_eq!(old.len(), 1, "{what}");
            self.server(&format!("alter database {} allow_connections true", old[0]));
            assert_eq!(
                content(self.port, &old[0]),
                before,
                "{what}: the replaced one"
            );
            true
        }

        pub(crate) fn drop_old(&self) {
            for old in self.beside("old") {
                self.server(&format!("drop database {old} with (force)"));
            }
        }
    }

    fn content(port: u16, database: &str) -> String {
        psql(
            port,
            database,
            "select md5(string_agg(md5(t::text), '' order by id)) || (select string_agg(value, ',') from state) \
            || (select md5(string_agg(data, '' order by pageno)) from pg_largeobject) from cases t",
        )
    }

    /// kill -9 of `lexi` at a random moment: while it verifies, backs up, fills, checks or swaps.
    #[test]
    fn a_killed_restore_leaves_the_live_database_whole_and_nothing_behind() {
        let mut random = Random(seed());
        let victim = Victim::new(rounds(3_000, 20_000));
        let start = Instant::now();
        let _full =
            Outcome::wait(victim.restore(true), HUNG, victim.project.root(), &["back"]).succeeds();
        let length = u64::try_from(start.elapsed().as_millis()).unwrap();
        victim.drop_old();
        let (mut ended, mut swapped, mut beside) = (0, 0, 0);
        for round in 0..rounds(12, 200) {
            victim.ask(&format!("update state set value = 'live {round}'"));
            let before = victim.content();
            let has_safety = random.below(2) == 0;
            let mut child = victim.restore(has_safety);
            let what = format!("round {round}, safety backup: {has_safety}");
            if random.below(3) == 0 {
                // The moments around the making of the new database, which are short.
                wait_until("a database is made", || {
                    !victim.beside("restore").is_empty() || child.try_wait().unwrap().is_some()
                });
                std::thread::sleep(Duration::from_millis(random.below(40)));
            } else {
                std::thread::sleep(Duration::from_millis(random.below(length)));
            }
            ended += usize::from(child.try_wait().unwrap().is_some());
            child.kill().unwrap();
            child.wait().unwrap();

            victim.settled();
            beside += victim.beside("restore").len();
            swapped += usize::from(victim.is_one_or_the_other(&before, &what));
            victim.drop_old();

            if has_safety || random.below(2) == 0 {
                let args = [
                    "run",
                    "back",
                    &victim.file,
                    "--safety",
                    "--confirm",
                    &victim.name,
                ];
                let _next = victim.project.run(&args).succeeds();
                assert_eq!(victim.content(), victim.saved, "{what}");
                victim.drop_old();
            } else {
                let _next = victim.project.lexi("run clear").succeeds();
            }
            victim.has_no_leftovers(&what);
        }
        eprintln!(
            "{} kills over {length} ms: {beside} left a database beside, {swapped} came after the swap, {ended} after the end; \
            0 changes to the live database, 0 leftovers after the next run",
            rounds(12, 200)
        );
    }

    #[test]
    fn a_backup_with_redis_comes_back_whole_or_says_how_the_rest_does() {
        let redis = crate::harness::free_port().to_string();
        let project = Project::lexiflow().postgres().env("REDIS_PORT", &redis);
        let (port, name) = project.database();
        let ask = |sql: &str| psql(port, &name, sql);
        ask("create table a (b int); insert into a values (1)");
        project.body_of("key", "print(redis::get(\"k\"));");
        project.body_of("set", "redis::set(\"k\", env::get(\"VALUE\"));");
        project.body_of(
            "only-redis",
            "stack::up(#{ redis: lexiflow::services().redis });",
        );
        let text = project.read("tasks/only-redis.rhai");
        project.write(
            "tasks/only-redis.rhai",
            &text.replace(
                "//! Sample\n",
                "//! Sample\n\nimport \"lib/stack\" as lexiflow;\n",
            ),
        );
        let set = |value: &str| {
            let mut command = project.command(&["run", "set"]);
            let child = command.env("VALUE", value).spawn().unwrap();
            let _set = Outcome::wait(child, HUNG, project.root(), &["run", "set"]).succeeds();
        };
        let restore = |file: &str, more: &[&str]| {
            let args = [
                &["run", "restore", file, "--no-checks", "--confirm", &name],
                more,
            ]
            .concat();
            project.run(&args)
        };
        let _up = project.lexi("run only-redis").succeeds();
        set("saved");
        let plain = project.lexi("run backup --json").succeeds().json();
        let whole = project
            .lexi("run backup --with-redis --json")
            .succeeds()
            .json();
        let (plain, whole) = (
            plain["file"].as_str().unwrap(),
            whole["file"].as_str().unwrap(),
        );
        set("live");
        ask("insert into a values (2)");

        // One without data of Redis is refused before anything is touched.
        let _refused = restore(plain, &["--with-redis"])
            .exits(1)
            .tells("holds no data of Redis; the live database was not touched");
        assert_eq!(ask("select count(*) from a"), "2");

        let way = format!("lexi run restore-redis backups/{whole}");
        let _told = restore(whole, &[]).succeeds().tells(&way);
        assert_eq!(ask("select count(*) from a"), "1");
        let _kept = project.lexi("run key").succeeds().stdout("live\n");

        let args = ["run", "restore-redis", whole, "--dry-run"];
        let _plan = project
            .run(&args)
            .succeeds()
            .tells("1 key, which replace all");
        let _asked = project
            .run(&args[..3])
            .exits(2)
            .tells("must be confirmed by name");
        let _none = project
            .run(&["run", "restore-redis", plain])
            .exits(1)
            .tells("holds no data of Redis");
        let _kept = project.lexi("run key").succeeds().stdout("live\n");

        let _both = restore(whole, &["--with-redis"])
            .succeeds()
            .tells("redis has 1 key again");
        let _back = project.lexi("run key").succeeds().stdout("saved\n");
        let _down = project.lexi("run down").succeeds();
    }

    #[test]
    fn what_is_kept_is_listed_and_rolled_back() {
        let project = Project::lexiflow().postgres();
        let (port, name) = project.database();
        let ask = |sql: &str| psql(port, &name, sql);
        ask("create table a (b int); insert into a values (1)");
        let _made = project.lexi("run backup").succeeds();
        ask("insert into a values (2)");

        let _plan = project
            .lexi("run restore latest --no-checks --dry-run")
            .succeeds()
            .tells("1 rows in 1 table");
        assert_eq!(ask("select count(*) from a"), "2");
        let _done = project
            .run(&[
                "run",
                "restore",
                "latest",
                "--no-checks",
                "--keep-old",
                "2h",
                "--confirm",
                &name,
            ])
            .succeeds()
            .tells("the live database was backed up first: backups/")
            .tells("restored 1 rows in 1 table");
        assert_eq!(ask("select count(*) from a"), "1");
        let _listed = project
            .lexi("run restore --list")
            .succeeds()
            .tells("kept until 20")
            .tells(&format!("{name}_old_"));
        let _refused = project.lexi("run restore --rollback").exits(2);
        let _back = project
            .run(&["run", "restore", "--rollback", "--confirm", &name])
            .succeeds()
            .tells("is the live database again");
        assert_eq!(ask("select count(*) from a"), "2");
    }
}
