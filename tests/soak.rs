//! Long bars: a short form runs with the other tests, `tests/soak NAME` runs the full one.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::{HUNG, Outcome, Project, Signal, send};
use crate::watch::Watching;

/// How many rounds: the first number with the other tests, the second with `tests/soak`.
pub(crate) fn rounds(short: usize, full: usize) -> usize {
    if std::env::var("LEXI_SOAK").is_ok_and(|form| form == "full") {
        let rounds = std::env::var("LEXI_SOAK_ROUNDS");
        rounds
            .ok()
            .and_then(|rounds| rounds.parse().ok())
            .unwrap_or(full)
    } else {
        short
    }
}

/// Numbers that look random and are the same each time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

pub(crate) fn seed() -> u64 {
    std::env::var("LEXI_SOAK_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_260_115)
}

#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + HUNG;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The processes whose environment holds this text.
pub(crate) fn carrying(mark: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .filter(|entry| {
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(mark)
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

const GRANDCHILDREN: &str = r#"
    defer(|| fs::write("deferred", "yes"));
    process::run("sh", ["-c", "sleep 300 & setsid sleep 300 & touch started; wait"]);
"#;

#[test]
fn signals_leave_no_survivor_and_run_every_defer() {
    let mut random = Random(seed());
    for round in 0..rounds(8, 100) {
        let mark = format!("LEXI_SOAK_MARK=m{}-{round}-", std::process::id());
        let project = Project::new()
            .body(GRANDCHILDREN)
            .env("LEXI_SOAK_MARK", &mark["LEXI_SOAK_MARK=".len()..]);
        let child = project
            .command(&["run", "t"])
            .process_group(0)
            .spawn()
            .unwrap();
        wait_until("the program has started", || {
            project.path("started").exists()
        });
        std::thread::sleep(Duration::from_millis(random.below(30)));
        let (signal, code) = if random.below(2) == 0 {
            (Signal::INT, 130)
        } else {
            (Signal::TERM, 143)
        };
        let pid = i32::try_from(child.id()).unwrap();
        let whom = if random.below(2) == 0 { pid } else { -pid };

        assert!(send(signal, whom), "{signal:?} {whom}");
        let outcome = Outcome::wait(child, HUNG, project.root(), &["run", "t"]);

        let _ended = outcome.exits(code);
        assert!(
            project.path("deferred").exists(),
            "round {round}: {signal:?} {whom}: the defer did not run"
        );
        assert_eq!(
            carrying(&mark),
            Vec::<String>::new(),
            "round {round}: {signal:?} {whom}: survivors"
        );
    }
}

/// How a save may reach the disk.
fn save(project: &Project, file: &Path, text: &str, how: u64) {
    match how {
        // VS Code: in place.
        0 => std::fs::write(file, text).unwrap(),
        // In place, in two pieces, with the file open between them.
        1 => {
            use std::io::Write;
            let mut open = std::fs::File::create(file).unwrap();
            let (first, second) = text.as_bytes().split_at(text.len() / 2);
            open.write_all(first).unwrap();
            std::thread::yield_now();
            open.write_all(second).unwrap();
        }
        // A new file moved into place: sed -i, JetBrains, most others.
        2 => {
            let other = project.path("tasks/.saving");
            std::fs::write(&other, text).unwrap();
            std::fs::rename(&other, file).unwrap();
        }
        // vim: the old file moved away, a new one, the old one removed.
        _ => {
            let old = file.with_extension("rhai~");
            std::fs::rename(file, &old).unwrap();
            std::fs::write(file, text).unwrap();
            std::fs::remove_file(&old).unwrap();
        }
    }
}

#[test]
fn no_save_of_a_watched_task_is_lost_or_torn() {
    let mut random = Random(seed());
    // The task prints its number at its start and at its end, with enough between them that half of it is none.
    let text = |number: usize| {
        let filling = "// what takes room\n    ".repeat(200);
        format!(
            "task(\"t\", #{{ about: \"Try\" }}, || {{\n    print(\"start {number};\");\n    {filling}print(\"end {number};\");\n}});\n"
        )
    };
    let project = Project::new().task("t.rhai", &text(0));
    let file = project.path("tasks/t.rhai");
    let mut watching = Watching::start(&project, "watch t");
    watching.until("start 0;");
    watching.idle();
    let mut number = 0;
    for _ in 0..rounds(150, 10_000) {
        // Sometimes several saves at once: then the last one counts.
        for _ in 0..[1, 1, 1, 3][usize::try_from(random.below(4)).unwrap()] {
            number += 1;
            save(&project, &file, &text(number), random.below(4));
        }
        watching.until(&format!("start {number};"));
        watching.until(&format!("end {number};"));
        watching.idle();
    }
    assert_eq!(watching.count("start "), watching.count("end "));
    assert_eq!(watching.count("error"), 0, "a text was taken that is none");
}

/// Tests that need servers.
mod services {
    use super::*;

    /// The processes of a project: `lexi` itself or one of its servers, by what stands in their command line.
    fn victims(folder: &Path, name: &str) -> Vec<i32> {
        let folder = folder.display().to_string();
        let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        processes
            .filter(|entry| {
                let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
                let line = String::from_utf8_lossy(&line).into_owned();
                let here = std::fs::read_link(entry.path().join("cwd"))
                    .map(|cwd| cwd.display().to_string())
                    .unwrap_or_default();
                line.contains(name) && (line.contains(&folder) || here.contains(&folder))
            })
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect()
    }

    #[test]
    fn quick_start_succeeds_after_any_kill() {
        let mut random = Random(seed());
        let project = Project::lexiflow();
        let folder = project.root().canonicalize().unwrap();
        for round in 0..rounds(3, 50) {
            if random.below(3) == 0 {
                let _down = project.lexi("run down");
            }
            let mut child = project
                .command(&["run", "quick-start", "--yes"])
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(random.below(6_000)));
            let name =
                ["lexi", "postgres", "redis-server"][usize::try_from(random.below(3)).unwrap()];
            for pid in victims(&folder, name) {
                let _may_have_ended = send(Signal::KILL, pid);
            }
            if name == "lexi" {
                child.kill().unwrap();
            }
            let first = Outcome::wait(
                child,
                HUNG,
                project.root(),
                &["run", "quick-start", "--yes"],
            );

            let again = project.run(&["run", "quick-start", "--yes"]);

            assert_eq!(
                again.code,
                Some(0),
                "round {round} after kill -9 of {name}\n{}\n-- the killed run\n{}",
                again.err,
                first.err
            );
            let _checked = project.lexi("run backup").succeeds();
        }
        let _down = project.lexi("run down").succeeds();
    }
}

/// A run that holds a lock, starts programs in three ways and writes a file.
const BUSY: &str = r#"//! Sample

task("t", #{ about: "Try", lock: "data" }, || {
    parallel([
        || process::run("sh", ["-c", "sleep 300 & setsid sleep 300 & wait"]),
        || process::pipe("sleep", ["300"]).write("out"),
        || { for i in 0..1000 { fs::write("file", `${i}`); } time::sleep("5m"); },
    ]);
});
task("next", #{ about: "Try", lock: "data" }, || print("free"));
"#;

#[test]
fn a_run_that_is_killed_is_never_running_and_leaves_no_lock_and_no_program() {
    let mut random = Random(seed());
    let mark = format!("kill-{}-{}", std::process::id(), seed());
    let project = Project::new().task("t.rhai", BUSY).env("SOAK_KILL", &mark);
    let all = rounds(12, 1000);
    for round in 0..all {
        let mut child = project.command(&["run", "t"]).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(random.below(120_000)));
        child.kill().unwrap();
        child.wait().unwrap();

        let next = project.lexi("run next").succeeds().stdout("free\n");
        let _quiet = next.keeps_quiet();

        let left = carrying(&format!("SOAK_KILL={mark}"));
        assert!(left.is_empty(), "round {round}: {left:?} live on");
        if round % 50 == 0 || round + 1 == all {
            project
                .lexi("history --json")
                .succeeds()
                .hides("\"running\"");
        }
    }
    let traces = std::fs::read_dir(project.path(".lexi/running"));
    let traces = traces.into_iter().flatten().flatten();
    let whole = traces.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    assert_eq!(whole.count(), 0, "traces are left");
}
