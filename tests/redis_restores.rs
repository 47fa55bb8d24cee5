//! Bringing Redis' data back, and what is left when that is killed.

/// Tests that need servers.
mod services {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use crate::harness::{HUNG, Outcome, Project, free_port};
    use crate::soak::{Random, rounds, seed};

    const TASKS: &str = r#"//! Sample

import "std/services/redis" as service;
import "lib/redis-data" as redis_data;

fn redis_service() { service::service(#{ appendonly: env::get("KEEPS_LOG"), save: [3600, 1] }) }

task("go", #{ about: "Up" }, || {
    stack::up(#{ redis: redis_service() });
    redis_data::settle(#{ redis: redis_service() });
});
task("fill", #{ about: "Write keys", params: #{ value: #{ kind: "positional" } } }, |value| {
    redis::command(["FLUSHALL"]);
    redis::command(["EVAL", "for i = 1, 20000 do redis.call('set', 'key' .. i, ARGV[1]) end", "0", value]);
    // What a server without a log has in memory alone is gone after a crash, as ever.
    redis::command(["SAVE"]);
});
task("make", #{ about: "Make a backup" }, || {
    db::exec("create table if not exists papers (id int)");
    backup::create(#{ with_redis: true }).redis_keys
});
task("bring-back", #{ about: "Bring the data back" }, || { redis_data::restore("latest", #{ redis: redis_service() }) });
task("again", #{ about: "Start anew" }, || { stack::restart(#{ redis: redis_service() }); redis::wait(); });
task("end", #{ about: "Down" }, || { stack::down(#{ volumes: true }); });
task("read", #{ about: "Show what is there" }, || {
    let script = "local seen = {} for i = 1, 20000 do local v = redis.call('get', 'key' .. i) or 'none' seen[v] = (seen[v] or 0) + 1 end local out = {} for v, n in pairs(seen) do out[#out + 1] = v .. ' ' .. n end return table.concat(out, ', ')";
    print(redis::command(["EVAL", script, "0"]));
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
        fn start(keeps_log: &str) -> Self {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tasks/lib/redis-data.rhai");
            let project = Project::new()
                .postgres()
                .env("REDIS_PORT", &free_port().to_string())
                .env("REDIS_PASSWORD", "redis password")
                .env("KEEPS_LOG", keeps_log)
                .file(
                    "tasks/lib/redis-data.rhai",
                    &std::fs::read_to_string(source).unwrap(),
                )
                .task("r.rhai", TASKS);
            let stack = Self { project };
            let _up = stack.project.lexi("run go").succeeds();
            stack
        }

        /// What the keys hold: `VALUE COUNT` when it is one thing alone.
        fn content(&self) -> String {
            let read = self.project.lexi("run read").succeeds();
            read.out.trim().to_owned()
        }

        /// What a restore leaves in the folder of the data only while it goes on.
        fn leftovers(&self) -> Vec<String> {
            let folders = walk(&self.project.path(".lexi"));
            folders
                .into_iter()
                .filter(|name| name.starts_with("lexi-restore-"))
                .collect()
        }
    }

    /// The names of all there is below a folder.
    fn walk(folder: &Path) -> Vec<String> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            names.push(entry.file_name().to_string_lossy().into_owned());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                names.extend(walk(&entry.path()));
            }
        }
        names
    }

    /// kill -9 of `lexi` at a random moment: a normal start finds the old data or the new, whole.
    fn survives_kills(keeps_log: &str, kills: usize) -> String {
        let stack = Stack::start(keeps_log);
        let _filled = stack.project.lexi("run fill saved").succeeds();
        let _made = stack.project.lexi("run make").succeeds();
        let start = Instant::now();
        let _full = stack.project.lexi("run bring-back").succeeds();
        let length = u64::try_from(start.elapsed().as_millis()).unwrap();
        let mut random = Random(seed());
        let (mut old, mut new) = (0, 0);
        for round in 0..kills {
            let live = format!("live{round}");
            let _filled = stack.project.run(&["run", "fill", &live]).succeeds();
            let mut child = stack.project.start(&["run", "bring-back"]);
            std::thread::sleep(Duration::from_millis(random.below(length)));
            child.kill().unwrap();
            let _killed = Outcome::wait(child, HUNG, stack.project.root(), &["run", "bring-back"]);

            let up = stack.project.lexi("run go");
            let log = || stack.project.read(".lexi/native/dev/redis/log");
            assert_eq!(up.code, Some(0), "round {round}: {}\n{}", up.err, log());
            let content = stack.content();
            let _again = stack.project.lexi("run again").succeeds();

            assert_eq!(
                stack.content(),
                content,
                "round {round}: another start finds something else"
            );
            if content == format!("{live} 20000") {
                old += 1;
            } else {
                assert_eq!(content, "saved 20000", "round {round}");
                new += 1;
            }
            let _next = stack.project.lexi("run bring-back").succeeds();
            assert_eq!(stack.content(), "saved 20000", "round {round}");
            assert_eq!(stack.leftovers(), [""; 0], "round {round}");
        }
        format!(
            "{kills} kills over {length} ms: {old} kept the old data, {new} have the new; 0 leftovers after the next run"
        )
    }

    #[test]
    fn a_killed_restore_leaves_the_old_data_or_the_new() {
        eprintln!("{}", survives_kills("yes", rounds(4, 60)));
    }

    #[test]
    fn a_killed_restore_leaves_the_old_data_or_the_new_without_a_log_too() {
        eprintln!("{}", survives_kills("no", rounds(2, 60)));
    }
}
