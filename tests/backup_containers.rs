//! Backups of servers in containers.

/// Tests that need an engine and the images of tests/images.
mod services {
    use std::process::{Child, Command};

    use crate::harness::{HUNG, Outcome, Project, Signal, free_port, send};
    use crate::soak::wait_until;

    const TASKS: &str = r#"//! Sample

import "std/services/postgres" as postgres;
import "std/services/redis" as redis_service;
import "lib/redis-data" as redis_data;

fn services() {
    #{
        postgres: postgres::service(#{ fsync: "off" }) + #{ volumes: [`${env::get("STACK")}-pg:/var/lib/postgresql/data`] },
        redis: redis_service::service(#{ appendonly: "yes", save: [60, 1] }) + #{ volumes: [`${env::get("STACK")}-redis:/data`] },
    }
}

task("go", #{ about: "Up" }, || {
    stack::up(services());
    db::exec("create table papers (id int, body text)");
    db::exec("insert into papers select g, md5(g::text) || E'\r\n' from generate_series(1, 500) g");
    redis::set("a", "1");
});
task("end", #{ about: "Down" }, || { stack::down(#{ volumes: true }); });
task("make", #{ about: "Make a backup" }, || { backup::create(#{ with_redis: true, roles: true, verify: "restore" }) });
task("dump", #{ about: "Make a backup of the database alone" }, || { backup::create() });
task("restore", #{
    about: "Restore",
    params: #{ file: #{ kind: "positional", value: "latest" }, rollback: #{ type: "bool", value: false } },
}, |file, rollback| { if rollback { backup::rollback() } else { backup::restore(file) } });
task("lose", #{ about: "Lose rows" }, || { db::exec("delete from papers where id > 100"); });
task("rows", #{ about: "Count the rows" }, || { print(db::value("select count(*) || ' ' || md5(string_agg(body, ',' order by id)) from papers")); });
task("bring-back", #{ about: "Bring Redis' data back" }, || { redis_data::restore("latest", services()) });
task("set", #{ about: "Set a key", params: #{ value: #{ kind: "positional" } } }, |value| { redis::set("a", value); redis::set("b", value); });
task("get", #{ about: "Show the keys" }, || { print(`${redis::get("a")} ${redis::get("b")} ${redis::command(["CONFIG", "GET", "appendonly"]).appendonly}`); });
task("again", #{ about: "Start anew" }, || { stack::restart(services()); redis::wait(); });
task("hold", #{ about: "Keep the table locked" }, || {
    db::transaction(|tx| {
        tx.exec("lock table papers in access exclusive mode");
        fs::write("holding", "yes");
        process::run("sh", ["-c", "while [ -e holding ]; do sleep 0.05; done"]);
    });
});
"#;

    struct Stack {
        project: Project,
    }

    impl Drop for Stack {
        fn drop(&mut self) {
            let _ended = self.project.lexi("run end --yes");
        }
    }

    impl Stack {
        fn new() -> Self {
            let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            let library =
                std::fs::read_to_string(source.join("tasks/lib/redis-data.rhai")).unwrap();
            let project = Project::new()
                .docker()
                .file("tasks/lib/redis-data.rhai", &library)
                .task("t.rhai", TASKS)
                .env("DB_PORT", &free_port().to_string())
                .env("REDIS_PORT", &free_port().to_string())
                .env("DB_DATABASE", "sample")
                .env("DB_USERNAME", "clerk")
                .env("DB_PASSWORD", "clerk's password")
                .env("REDIS_PASSWORD", "redis password");
            let stack = Self { project };
            let _up = stack.project.lexi("run go").succeeds();
            stack
        }

        fn container(&self) -> String {
            let project = self.project.read("lexi.toml");
            let name = project.split('"').nth(1).unwrap();
            let label = format!("label=com.docker.compose.project={name}-dev");
            let words = [
                "ps",
                "-q",
                "--filter",
                &label,
                "--filter",
                "label=com.docker.compose.service=postgres",
            ];
            docker(&words)
        }

        fn names(&self) -> Vec<String> {
            let files = std::fs::read_dir(self.project.path("backups"))
                .unwrap()
                .flatten();
            let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
            names.filter(|name| name != ".lock").collect()
        }

        /// Whether a dump runs in the container.
        fn dumps(&self) -> bool {
            let container = self.container();
            docker(&["top", &container, "-eo", "pid,args"]).contains("pg_dump --format")
        }

        /// A backup that stands still, and what makes it.
        fn standing_still(&self) -> (Child, Child) {
            let holder = self.project.start(&["run", "hold"]);
            wait_until("the table is locked", || {
                self.project.path("holding").exists()
            });
            let making = self.project.start(&["run", "dump"]);
            wait_until("the dump has begun", || self.dumps());
            (making, holder)
        }

        /// A restore that waits with its safety backup, since the table is locked; first what holds the lock.
        fn restore_standing_still(&self) -> (Child, Child) {
            let holder = self.project.start(&["run", "hold"]);
            wait_until("the table is locked", || {
                self.project.path("holding").exists()
            });
            let args = ["run", "restore", "--confirm", "sample"];
            let restoring = self.project.start(&args);
            wait_until("the safety backup has begun", || self.dumps());
            (holder, restoring)
        }

        /// The server is the first process of its container: what it inherits and does not know it takes for one of its own,
        /// and starts anew when that ended by a signal.
        fn server_was_not_disturbed(&self) {
            let logs = Command::new("docker")
                .args(["logs", &self.container()])
                .output()
                .unwrap();
            let text = [logs.stdout, logs.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            assert!(!text.contains("was terminated by signal"), "{text}");
        }

        fn wait(&self, child: Child) -> Outcome {
            Outcome::wait(child, HUNG, self.project.root(), &["run", "dump"])
        }

        fn release(&self, holder: Child) -> Outcome {
            std::fs::remove_file(self.project.path("holding")).unwrap();
            self.wait(holder)
        }
    }

    fn docker(words: &[&str]) -> String {
        let output = Command::new("docker").args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    #[test]
    fn the_containers_own_pg_dump_is_used_and_its_dump_is_proven() {
        let stack = Stack::new();

        let made = stack.project.lexi("run make --json").succeeds().json();

        assert_eq!(made["tool_service"], "postgres", "{made}");
        assert_eq!(
            (&made["state"], &made["rows"]),
            (&"restored".into(), &500.into())
        );
        assert_eq!(made["redis_keys"], 1);
        // A terminal would have made one line of each two.
        let path = stack.project.path(made["path"].as_str().unwrap());
        let text = Command::new("gunzip")
            .arg("-c")
            .arg(&path)
            .output()
            .unwrap()
            .stdout;
        let text = String::from_utf8(text).unwrap();
        assert!(
            text.contains("\\r\\n\n") && !text.contains('\r'),
            "line ends are as they were"
        );
        assert!(
            !text.contains("pg_dump: "),
            "only standard output is the dump"
        );
        stack.server_was_not_disturbed();
    }

    #[test]
    fn a_restore_and_its_rollback_work_on_a_server_in_a_container() {
        let stack = Stack::new();
        let rows = || stack.project.lexi("run rows").succeeds().out;
        let all = rows();
        let _made = stack.project.lexi("run dump").succeeds();
        let _lost = stack.project.lexi("run lose").succeeds();
        let few = rows();
        assert!(
            all.starts_with("500 ") && few.starts_with("100 "),
            "{all} {few}"
        );

        let _refused = stack.project.lexi("run restore").exits(2);
        assert_eq!(rows(), few);
        let restored = stack
            .project
            .lexi("run restore --confirm sample --json")
            .succeeds()
            .json();
        assert_eq!(rows(), all);
        assert_eq!(restored["rows"], 500);
        let safety = restored["safety_backup"].as_str().unwrap();
        let manifest = stack.project.read(&safety.replace(".sql.gz", ".json"));
        assert!(
            manifest.contains("\"tool_service\": \"postgres\""),
            "{manifest}"
        );

        let _back = stack
            .project
            .lexi("run restore --rollback --confirm sample")
            .succeeds();
        assert_eq!(rows(), few);
        let _forth = stack
            .project
            .lexi("run restore --rollback --confirm sample")
            .succeeds();
        assert_eq!(rows(), all);
        stack.server_was_not_disturbed();
    }

    /// The engine itself ends the server in the middle: the live database is as it was when it runs again.
    #[test]
    fn a_container_that_is_killed_while_it_is_restored_keeps_the_live_database() {
        let stack = Stack::new();
        let _made = stack.project.lexi("run dump").succeeds();
        let _lost = stack.project.lexi("run lose").succeeds();
        let few = stack.project.lexi("run rows").succeeds().out;
        let (holder, restoring) = stack.restore_standing_still();

        docker(&["kill", &stack.container()]);

        let _failed = stack
            .wait(restoring)
            .exits(1)
            .tells("the live database was not touched");
        let _lost = stack.release(holder);
        let _up = stack.project.lexi("run again").succeeds();
        assert_eq!(stack.project.lexi("run rows").succeeds().out, few);
        let _next = stack
            .project
            .lexi("run restore --confirm sample")
            .succeeds();
        assert!(
            stack
                .project
                .lexi("run rows")
                .succeeds()
                .out
                .starts_with("500 ")
        );
    }

    #[test]
    fn redis_in_a_container_gets_its_data_back_in_spite_of_its_log() {
        let stack = Stack::new();
        let _made = stack.project.lexi("run make").succeeds();
        let _set = stack.project.lexi("run set changed").succeeds();

        let back = stack.project.lexi("run bring-back").succeeds();
        assert!(!back.err.contains("postgres"), "{}", back.err);

        let _got = stack.project.lexi("run get").succeeds().stdout("1  yes\n");
        let _again = stack.project.lexi("run again").succeeds();
        let _got = stack.project.lexi("run get").succeeds().stdout("1  yes\n");
    }

    #[test]
    fn a_container_that_is_killed_meanwhile_gives_no_backup() {
        let stack = Stack::new();
        let (making, holder) = stack.standing_still();

        docker(&["kill", &stack.container()]);

        let _failed = stack.wait(making).exits(1);
        assert_eq!(stack.names(), [""; 0]);
        let _lost = stack.release(holder);
    }

    #[test]
    fn a_dump_in_a_container_ends_with_whoever_wanted_it() {
        let stack = Stack::new();
        for signal in [Signal::KILL, Signal::INT] {
            let (making, holder) = stack.standing_still();

            assert!(send(signal, i32::try_from(making.id()).unwrap()));

            let _ended = stack.wait(making);
            wait_until("no dump runs in the container", || !stack.dumps());
            let _held = stack.release(holder).succeeds();
            stack.server_was_not_disturbed();
        }
        let _made = stack.project.lexi("run dump").succeeds();
        assert_eq!(stack.names().len(), 3, "{:?}", stack.names());
    }
}
