//! Long bars: a short form runs with the other tests, `tests/soak NAME` runs the full one.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::{HUNG, Outcome, Project, Signal, send};

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
