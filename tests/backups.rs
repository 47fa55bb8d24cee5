//! Backups as their users make them, and what is left when something goes wrong meanwhile.

/// Tests that need servers.
pub(crate) mod services {
    use std::os::unix::process::CommandExt;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use crate::harness::{HUNG, LEXI, Outcome, Project, Signal, psql, send};
    use crate::soak::{Random, carrying, rounds, seed, wait_until};

    const TASKS: &str = r#"//! Sample

task("fill", #{ about: "Write rows", params: #{ rows: #{ type: "int", value: 4000 } } }, |rows| {
    db::exec("create table if not exists papers (id int, body text)");
    db::exec("insert into papers select g, (select string_agg(md5(g::text || n::text), '') from generate_series(1, 60) n) from generate_series(1, $1) g", [rows]);
});
task("field", #{ about: "Write one long field", params: #{ megabytes: #{ type: "int", value: 1 }, kind: #{ value: "text" } } }, |megabytes, kind| {
    db::exec("drop table if exists long_text");
    db::exec("drop table if exists long_bytea");
    db::exec(`create table long_${kind} (body ${kind})`);
    let value = if kind == "text" { "repeat('the party of the first part; ', $1 * 1000000 / 30)" } else { "decode(repeat('00ff0a5c2e', $1 * 1000000 / 5), 'hex')" };
    db::exec(`insert into long_${kind} select ${value}`, [megabytes]);
});
task("make", #{ about: "Make a backup", params: #{ dir: #{ value: "backups" } } }, |dir| {
    let made = backup::create(#{ dir: dir });
    if "skipped" in made { print(`skipped: ${made.why}`); }
});
task("read", #{ about: "Verify each that passes for good" }, || {
    let good = backup::list().filter(|one| one.state in ["verified", "restored"]);
    for one in good { backup::verify(one.file); }
    print(good.len());
});
task("hold", #{ about: "Keep a table locked until the input ends" }, || {
    db::transaction(|tx| {
        tx.exec("lock table papers in access exclusive mode");
        fs::write("holding", "yes");
        process::run("sh", ["-c", "while [ -e holding ]; do sleep 0.05; done"]);
    });
});
"#;

    pub(crate) struct Bench {
        pub(crate) project: Project,
    }

    impl Bench {
        fn new() -> Self {
            Self::of(Project::new().postgres())
        }

        /// A bench in a project that names a database.
        pub(crate) fn of(project: Project) -> Self {
            let project = project.task("t.rhai", TASKS);
            Self { project }
        }

        fn filled(rows: u32) -> Self {
            Self::new().with(rows)
        }

        /// Fills the database.
        #[track_caller]
        pub(crate) fn with(self, rows: u32) -> Self {
            let bench = self;
            let _filled = bench
                .project
                .lexi(&format!("run fill --rows {rows}"))
                .succeeds();
            bench
        }

        /// What no run may leave: hidden files, dumps without all that belongs to them, files with passwords.
        pub(crate) fn leftovers(&self) -> Vec<String> {
            leftovers(
                &self.project.path("backups"),
                &self.project.path(".lexi/tmp"),
            )
        }

        pub(crate) fn names(&self) -> Vec<String> {
            names(&self.project.path("backups"))
        }

        /// The programs that dump this database.
        pub(crate) fn dumps(&self) -> Vec<String> {
            carrying(&format!("PGDATABASE={}", self.database()))
        }

        fn database(&self) -> String {
            let command = self.project.command(&[]);
            let mut found = command
                .get_envs()
                .filter(|(name, _)| *name == "DB_DATABASE");
            let value = found.next().and_then(|(_, value)| value).unwrap();
            value.to_string_lossy().into_owned()
        }

        /// How many backups pass for good; each of them is read to its end.
        pub(crate) fn good(&self) -> usize {
            let read = self.project.lexi("run read").succeeds();
            read.out.trim().parse().unwrap()
        }

        /// A backup that stands still, since a table is locked; the second process holds the lock.
        fn standing_still(&self) -> (Child, Child) {
            let holder = self.project.start(&["run", "hold"]);
            wait_until("the table is locked", || {
                self.project.path("holding").exists()
            });
            let making = self.project.start(&["run", "make"]);
            wait_until("the dump has begun", || !self.dumps().is_empty());
            (making, holder)
        }

        fn release(&self, holder: Child) {
            std::fs::remove_file(self.project.path("holding")).unwrap();
            let held = Outcome::wait(holder, HUNG, self.project.root(), &["run", "hold"]);
            let _ended = held.succeeds();
        }

        fn wait(&self, child: Child) -> Outcome {
            Outcome::wait(child, HUNG, self.project.root(), &["run", "make"])
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = files
            .map(|file| file.file_name().to_string_lossy().into_owned())
            .filter(|name| name != ".lock")
            .collect();
        names.sort();
        names
    }

    fn leftovers(backups: &Path, scratch: &Path) -> Vec<String> {
        let all = names(backups);
        let is_whole = |name: &String| {
            let stem = name.split('.').next().unwrap_or_default();
            let parts = ["json", "sql.gz", "sql.gz.sha256"];
            !name.starts_with('.')
                && parts
                    .iter()
                    .all(|part| all.contains(&format!("{stem}.{part}")))
        };
        let odd = all.iter().filter(|name| !is_whole(name)).cloned();
        let passwords = names(scratch)
            .into_iter()
            .filter(|name| name.starts_with("pgpass"));
        odd.chain(passwords).collect()
    }

    #[test]
    fn a_backup_killed_at_any_moment_leaves_nothing_that_passes_for_good_and_is_not() {
        let bench = Bench::filled(3_000);
        let start = Instant::now();
        let _made = bench.project.lexi("run make").succeeds();
        let usual = u64::try_from(start.elapsed().as_millis()).unwrap();
        let mut random = Random(seed());
        let (mut made, mut killed) = (1, 0);
        for round in 0..rounds(6, 200) {
            let mut child = bench.project.start(&["run", "make"]);
            std::thread::sleep(Duration::from_millis(random.below(usual * 5 / 4)));
            let is_killed = send(Signal::KILL, i32::try_from(child.id()).unwrap());
            let was_done = child.wait().unwrap().success();
            killed += usize::from(is_killed && !was_done);
            made += usize::from(was_done);

            let good = bench.good();
            assert!(good >= made, "round {round}: {good} of {made}");

            // The next run clears away what was left, and finishes what only lacked its name.
            let _next = bench.project.lexi("run make").succeeds();
            let good = bench.good();
            assert!(good > made, "round {round}: {good} after {made}");
            assert_eq!(bench.leftovers(), [""; 0], "round {round}");
            wait_until("no dump runs on", || bench.dumps().is_empty());
            made = keep_two(&bench.project.path("backups"));
        }
        assert!(killed > 0, "none was killed in time");
        println!("{killed} killed before their end, usual time {usual} ms");
    }

    /// Removes all but the two newest backups, so that reading them all stays quick; gives how many are left.
    pub(crate) fn keep_two(folder: &Path) -> usize {
        let mut stems: Vec<String> = names(folder)
            .iter()
            .map(|name| name.split('.').next().unwrap().to_owned())
            .collect();
        stems.dedup();
        let old = stems.len().saturating_sub(2);
        for stem in &stems[..old] {
            for part in ["json", "sql.gz", "sql.gz.sha256"] {
                std::fs::remove_file(folder.join(format!("{stem}.{part}"))).unwrap();
            }
        }
        stems.len() - old
    }

    #[test]
    fn a_full_disk_leaves_the_old_backup_and_nothing_else() {
        let bench = Bench::filled(10);
        // A disk of its own, which ends with the shell; the first backup is so small that the second seems to fit.
        let script = r#"set -e; lexi=$1; mkdir -p small; mount -t tmpfs -o size=6m none small
            "$lexi" run make --dir small; "$lexi" run fill --rows 12000
            set +e; "$lexi" run make --dir small; echo "code $?"; ls -A small"#;
        let own_mounts = if is_root() { "-m" } else { "-rm" };
        let mut command = bench.project.command(&[]);
        let environment: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        command = Command::new("unshare");
        command
            .args([own_mounts, "sh", "-c", script, "sh", LEXI])
            .env_clear()
            .envs(environment)
            .current_dir(bench.project.root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());

        let outcome = bench.wait(command.spawn().unwrap());

        let outcome = outcome.succeeds().says("code 1").tells("free space in");
        let files = outcome.out.split_once("code 1\n").unwrap().1;
        let ends: Vec<&str> = files
            .lines()
            .map(|name| name.split_once('.').unwrap().1)
            .collect();
        assert_eq!(ends, ["lock", "json", "sql.gz", "sql.gz.sha256"]);
    }

    fn is_root() -> bool {
        rustix::process::geteuid().is_root()
    }

    #[test]
    fn a_killed_pg_dump_is_no_backup() {
        let bench = Bench::filled(10);
        let (making, holder) = bench.standing_still();

        for pid in bench.dumps() {
            let _may_have_ended = send(Signal::KILL, pid.parse().unwrap());
        }

        let _failed = bench.wait(making).exits(1).tells("was ended by SIGKILL");
        assert_eq!(bench.names(), [""; 0]);
        bench.release(holder);
    }

    #[test]
    fn the_password_stands_on_no_command_line_and_in_no_output() {
        const PASSWORD: &str = "tester-password";
        let bench = Bench::filled(10);
        let holder = bench.project.start(&["run", "hold"]);
        wait_until("the table is locked", || {
            bench.project.path("holding").exists()
        });
        let making = bench.project.start(&["-vv", "run", "make"]);
        wait_until("the dump has begun", || !bench.dumps().is_empty());

        let lines = std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .map(|entry| std::fs::read(entry.path().join("cmdline")).unwrap_or_default());
        let mine = lines.filter(|line| String::from_utf8_lossy(line).contains(PASSWORD));
        assert_eq!(mine.count(), 0);
        for pid in bench.dumps() {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
            let environment = String::from_utf8_lossy(&environment).into_owned();
            assert!(!environment.contains(PASSWORD), "{environment}");
        }
        bench.release(holder);
        let made = bench.wait(making).succeeds();
        assert!(!made.err.contains(PASSWORD) && !made.out.contains(PASSWORD));
        for name in bench.names().iter().filter(|name| name.contains(".json")) {
            let manifest = bench.project.read(&format!("backups/{name}"));
            assert!(!manifest.contains(PASSWORD), "{manifest}");
        }
    }

    #[test]
    fn an_interrupted_backup_leaves_nothing() {
        let bench = Bench::filled(10);
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let (making, holder) = bench.standing_still();

            assert!(send(signal, i32::try_from(making.id()).unwrap()));

            let _ended = bench.wait(making).exits(code);
            assert_eq!(bench.names(), [""; 0]);
            assert_eq!(bench.dumps(), [""; 0]);
            bench.release(holder);
        }
    }

    #[test]
    fn a_second_backup_waits_skips_or_fails_as_asked() {
        let bench = Bench::filled(10);
        let (making, holder) = bench.standing_still();
        let pid = format!("(pid {})", making.id());

        let _skipped = bench
            .project
            .lexi("run make --if-locked skip")
            .succeeds()
            .says("skipped: ")
            .says(&pid);
        let _failed = bench
            .project
            .lexi("run make --if-locked fail")
            .exits(75)
            .tells(&pid)
            .tells("since 20");
        let waiting = bench.project.start(&["run", "make", "--if-locked", "wait"]);
        bench.release(holder);
        let _first = bench.wait(making).succeeds();
        let _second = bench.wait(waiting).succeeds();

        assert_eq!(bench.good(), 2);
    }

    #[test]
    fn cron_gets_silence_on_success_and_one_block_on_failure() {
        let bench = Bench::filled(10);
        let quiet = |settings: &[(&str, &str)]| {
            let environment = bench.project.command(&[]);
            let settings_of_project = environment.get_envs().filter(|(name, _)| {
                name.to_string_lossy().starts_with("DB_") || *name == "LEXI_DRIVER"
            });
            let mut command = Command::new(LEXI);
            command
                .args(["-q", "--project"])
                .arg(bench.project.root())
                .args(["run", "make"])
                .env_clear()
                .current_dir("/")
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            for (name, value) in settings_of_project {
                command.env(name, value.unwrap());
            }
            command.envs(settings.iter().copied());
            bench.wait(command.spawn().unwrap())
        };

        let _silent = quiet(&[]).succeeds().stdout("").keeps_quiet();
        let failed = quiet(&[("DB_DATABASE", "nowhere")]).exits(1).stdout("");

        assert_eq!(failed.err.matches("error:").count(), 1, "{}", failed.err);
        assert_eq!(bench.good(), 1);
    }

    #[test]
    fn a_field_of_any_length_is_dumped_in_flat_memory() {
        let full = rounds(30, 200).to_string();
        for kind in ["text", "bytea"] {
            let peak = |megabytes: &str| {
                let bench = Bench::new();
                let args = ["run", "field", "--megabytes", megabytes, "--kind", kind];
                let _filled = bench.project.run(&args).succeeds();
                let peak = peak_of(bench.project.command(&["run", "make"]));
                assert_eq!(bench.good(), 1);
                peak
            };

            let (small, large) = (peak("1"), peak(&full));

            assert!(
                large < small + 20_000,
                "{kind}: {small} kB with 1 MB, {large} kB with {full} MB"
            );
        }
    }

    /// The most memory that a command has had, in kB.
    fn peak_of(mut command: Command) -> u64 {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let status = PathBuf::from(format!("/proc/{}/status", child.id()));
        let mut peak = 0;
        let deadline = Instant::now() + HUNG;
        let ended = loop {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let now = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
            peak = peak.max(now.unwrap_or(0));
            if let Some(ended) = child.try_wait().unwrap() {
                break ended;
            }
            assert!(Instant::now() < deadline, "the backup hangs");
            std::thread::sleep(Duration::from_millis(1));
        };
        assert!(ended.success());
        peak
    }

    #[test]
    fn a_negative_rule_of_retention_is_told_before_a_backup_is_made() {
        for (name, hint) in [
            ("BACKUP_RETENTION_DAYS", "0 keeps all backups"),
            ("BACKUP_KEEP_LAST", "how many stay"),
            ("BACKUP_KEEP_DAILY", "how many stay"),
            ("BACKUP_KEEP_WEEKLY", "how many stay"),
            ("BACKUP_KEEP_MONTHLY", "how many stay"),
        ] {
            let project = Project::lexiflow().postgres().env(name, "-1");

            let _refused = project
                .lexi("run backup")
                .exits(2)
                .tells(&format!("`{name}` is -1"))
                .tells(hint);
            assert_eq!(names(&project.path("backups")), [""; 0], "{name}");
            let _refused = project.lexi("run clean-backups").exits(2).tells(" is -1");
        }
    }

    #[test]
    fn monitoring_gets_one_line_whether_there_is_a_new_backup_or_not() {
        let project = Project::lexiflow().postgres();
        let (port, database) = project.database();
        let line = |outcome: &Outcome| {
            assert_eq!(outcome.err.trim_end().lines().count(), 1, "{}", outcome.err);
            outcome.err.trim_end().to_owned()
        };

        let none = project.lexi("run backup --check").exits(1);
        let _table = psql(port, &database, "create table a (b int)");
        let _made = project.lexi("run backup").succeeds();
        let new = project.lexi("run backup --check").succeeds();
        let old = project.lexi("run backup --check --max-age 0s").exits(1);

        assert!(line(&none).contains("there is no verified backup of database"));
        assert!(line(&new).starts_with("ok: lexiflow_backup_"));
        assert!(line(&old).contains("which is more than 0ms: lexiflow_backup_"));
    }

    const REDIS_TASKS: &str = r#"//! Sample

import "std/services/redis" as service;
import "lib/redis-data" as redis_data;

fn redis_service() { service::service(#{ appendonly: "yes", save: [60, 1] }) }

task("go", #{ about: "Up" }, || {
    stack::up(#{ redis: redis_service() });
    db::exec("create table papers (id int)");
    redis::set("a", "1");
    redis::command(["SET", "short", "2", "EX", "1000"]);
});
task("end", #{ about: "Down" }, || { stack::down(#{ volumes: true }); });
task("make", #{ about: "Make a backup" }, || { backup::create(#{ with_redis: true }).redis_keys });
task("change", #{ about: "Change the data" }, || { redis::set("a", "changed"); redis::set("new", "1"); });
task("bring-back", #{ about: "Bring the data back" }, || { redis_data::restore("latest", #{ redis: redis_service() }) });
task("again", #{ about: "Start anew" }, || { stack::restart(#{ redis: redis_service() }); redis::wait(); });
task("get", #{ about: "Show the keys" }, || {
    let lives = redis::command(["TTL", "short"]) > 0;
    print(`${redis::get("a")} ${redis::get("new")} ${lives} ${redis::command(["CONFIG", "GET", "appendonly"]).appendonly}`);
});
"#;

    #[test]
    fn redis_gets_its_data_back_in_spite_of_its_log_and_nothing_is_deleted() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tasks/lib/redis-data.rhai");
        let project = Project::new()
            .postgres()
            .env("REDIS_PORT", &crate::harness::free_port().to_string())
            .env("REDIS_PASSWORD", "redis password")
            .file(
                "tasks/lib/redis-data.rhai",
                &std::fs::read_to_string(source).unwrap(),
            )
            .task("r.rhai", REDIS_TASKS);
        let _up = project.lexi("run go").succeeds();
        let made = project.lexi("run make --json").succeeds().json();
        let _changed = project.lexi("run change").succeeds();

        let back = project.lexi("run bring-back --json").succeeds().json();
        let got = project.lexi("run get");
        let _again = project.lexi("run again").succeeds();
        let got_again = project.lexi("run get");
        let before = back["before"].as_str().unwrap();
        let old = names(&project.path(before.trim_start_matches("[DIR]/")));
        // A damaged file changes nothing.
        let rdb = names(&project.path("backups"))
            .into_iter()
            .find(|name| name.contains(".rdb"));
        let rdb = project.path("backups").join(rdb.unwrap());
        let mut bytes = std::fs::read(&rdb).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&rdb, bytes).unwrap();
        let damaged = project.lexi("run bring-back");
        let _down = project.lexi("run end --yes").succeeds();

        assert_eq!((made, &back["keys"]), (2.into(), &2.into()));
        let _right = got.succeeds().stdout("1  true yes\n");
        let _still_right = got_again.succeeds().stdout("1  true yes\n");
        assert_eq!(old, ["appendonlydir", "dump.rdb"]);
        let _refused = damaged.exits(1).tells("its checksum differs");
    }
}
