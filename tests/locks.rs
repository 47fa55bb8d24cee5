//! Two runs that want the same lock: the second fails, waits or does nothing, as `--if-locked` says.

use std::process::Child;
use std::time::{Duration, Instant};

use crate::harness::{HUNG, Outcome, Project, Signal, send};

const TASKS: &str = r#"//! Sample

task("first", #{ about: "Hold it", lock: "data" }, || {
    fs::write("held", "");
    while !fs::exists("release") { time::sleep("20ms"); }
});
task("second", #{ about: "Want it", lock: "data" }, || { fs::append("did", "second\n"); });
task("outer", #{ about: "Run one that wants it" }, || { fs::append("did", "outer\n"); task::run("second"); });
task("needy", #{ about: "Need one that wants it", needs: ["second"] }, || { fs::append("did", "needy\n"); });
"#;

/// A project in which a run holds the lock.
fn held() -> (Project, Child) {
    let project = Project::new().task("t.rhai", TASKS);
    let first = project.start(&["run", "first"]);
    until(|| project.path("held").exists());
    (project, first)
}

fn until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + HUNG;
    while !holds() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn ends(project: &Project, child: Child) -> Outcome {
    Outcome::wait(child, HUNG, project.root(), &[])
}

#[test]
fn the_second_run_fails_and_names_the_holder() {
    let (project, first) = held();
    let pid = format!("pid {}", first.id());

    for words in ["run second", "run second --if-locked fail"] {
        project
            .lexi(words)
            .exits(75)
            .tells("`first`")
            .tells(&pid)
            .tells("since 20");
    }
    project.write("release", "");
    ends(&project, first).succeeds();
    assert!(!project.path("did").exists());
}

#[test]
fn a_run_that_is_to_be_skipped_does_nothing_and_is_no_failure() {
    let (project, first) = held();

    project
        .lexi("run second --if-locked skip")
        .succeeds()
        .tells("skipped: ")
        .tells("`first`");
    assert!(!project.path("did").exists());
    // What others wait for cannot be left out in silence.
    project.lexi("run outer --if-locked skip").exits(75);
    project.lexi("run needy --if-locked skip").exits(75);
    project.write("release", "");
    ends(&project, first).succeeds();
    assert_eq!(project.read("did"), "outer\n");
}

#[test]
fn a_run_that_is_to_wait_waits_at_most_so_long() {
    let (project, first) = held();

    project
        .lexi("run second --if-locked 50ms")
        .exits(75)
        .tells("`first`");
    let waiting = project.start(&["run", "second", "--if-locked", "wait"]);
    let patient = project.start(&["run", "second", "--if-locked", "10m"]);
    project.write("release", "");
    ends(&project, first).succeeds();
    ends(&project, waiting).succeeds();
    ends(&project, patient).succeeds();
    assert_eq!(project.read("did"), "second\nsecond\n");
}

#[test]
fn a_holder_that_was_killed_holds_nothing() {
    let (project, mut first) = held();

    assert!(send(Signal::KILL, first.id().try_into().unwrap()));
    first.wait().unwrap();

    project.lexi("run second").succeeds();
}

#[test]
fn what_cannot_be_meant_is_refused() {
    Project::new()
        .task("t.rhai", TASKS)
        .lexi("run second --if-locked later")
        .exits(2)
        .tells("does not say what to do while a lock is held");
}
