//! Ctrl-C, Ctrl-\\, SIGTERM and SIGHUP: they stop anything, everything is cleaned up, and the exit code says which it was.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::harness::{HUNG, Outcome, Project};

/// What keeps a task busy: each must end at once when the run is asked to stop.
const BUSY: [(&str, &str); 5] = [
    ("a loop", "loop {}"),
    (
        "a wait",
        "retry(#{ times: 2, wait: \"600s\" }, || throw \"no\")",
    ),
    (
        "a loop that catches",
        "loop { try { loop {} } catch { print(\"caught\"); } }",
    ),
    (
        "several at once",
        "parallel([|| { loop {} }, || retry(#{ times: 2, wait: \"600s\" }, || throw 1)])",
    ),
    (
        "a time limit",
        "attempt(|| timeout(\"600s\", || { loop {} })); print(\"after\")",
    ),
];

/// A started run of task `t`, told to be at work by its first line.
struct Running {
    child: Child,
    first: String,
}

impl Running {
    /// Starts the task in a group of its own and waits until it has printed a line.
    fn start(project: &Project, args: &[&str]) -> Self {
        let mut child = project.command(args).process_group(0).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        assert!(out.buffer().is_empty());
        child.stdout = Some(out.into_inner());
        Self { child, first }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn end(self, project: &Project) -> Outcome {
        assert_eq!(self.first, "at work\n");
        Outcome::wait(self.child, HUNG, project.root(), &["run", "t"])
    }
}

fn working(busy: &str) -> Project {
    let body = format!(
        "defer(|| print(\"first\")); defer(|| {{ attempt(|| retry(#{{ times: 2, wait: \"5ms\" }}, || throw 1)); print(\"second\"); }}); print(\"at work\"); {busy}; print(\"not stopped\");"
    );
    Project::new().body(&body)
}

#[test]
fn each_signal_stops_anything_and_cleans_up() {
    let signals = [
        (Signal::INT, 130, "stopped by SIGINT (Ctrl-C)"),
        (Signal::TERM, 143, "stopped by SIGTERM"),
        (Signal::HUP, 129, "stopped by SIGHUP"),
        (Signal::QUIT, 131, "stopped by SIGQUIT"),
    ];
    for (what, busy) in BUSY {
        let project = working(busy);
        for (signal, code, message) in signals {
            let run = Running::start(&project, &["run", "t"]);
            kill_process(run.pid(), signal).unwrap();
            let outcome = run.end(&project);
            assert_eq!(outcome.out, "second\nfirst\n", "{what}: {}", outcome.err);
            outcome.exits(code).tells(message);
        }
    }
}

#[test]
fn a_signal_to_the_whole_group_does_the_same() {
    for (what, busy) in BUSY {
        let project = working(busy);
        let run = Running::start(&project, &["run", "t"]);

        kill_process_group(run.pid(), Signal::INT).unwrap();

        let outcome = run.end(&project).exits(130);
        assert_eq!(outcome.out, "second\nfirst\n", "{what}");
    }
}

#[test]
fn a_second_signal_does_not_cut_cleanup_short() {
    let body = r#"
defer(|| print("cleaned"));
defer(|| {
    print("cleaning");
    attempt(|| retry(#{ times: 2, wait: "300ms" }, || throw 1));
});
print("at work");
loop {}"#;
    let project = Project::new().body(body);
    let mut run = Running::start(&project, &["run", "t"]);

    kill_process(run.pid(), Signal::INT).unwrap();
    let mut out = BufReader::new(run.child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "cleaning\n");
    kill_process(run.pid(), Signal::TERM).unwrap();
    kill_process(run.pid(), Signal::INT).unwrap();
    line.clear();
    out.read_line(&mut line).unwrap();

    assert_eq!(line, "cleaned\n");
    run.end(&project).exits(130);
}

#[test]
fn a_signal_stops_what_a_task_needs_and_runs() {
    let text = r#"
task("base", #{ about: "Try" }, || { defer(|| print("base cleaned")); print("at work"); loop {} });
task("t", #{ about: "Try", needs: ["base"] }, || print("ran"));
"#;
    let project = Project::new().task("t.rhai", text);
    let run = Running::start(&project, &["run", "t"]);

    kill_process(run.pid(), Signal::TERM).unwrap();

    let outcome = run.end(&project).exits(143);
    assert_eq!(outcome.out, "base cleaned\n");
}

#[test]
fn a_signal_while_two_wait_for_one_need_stops_all() {
    let text = r#"
task("base", #{ about: "Try" }, || { print("at work"); loop {} });
task("a", #{ about: "Try", needs: ["base"] }, || 1);
task("t", #{ about: "Try" }, || parallel(["a", "a", "a"]));
"#;
    let project = Project::new().task("t.rhai", text);
    let mut child = project
        .command(&["run", "t"])
        .process_group(0)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();

    kill_process(Pid::from_child(&child), Signal::INT).unwrap();

    assert_eq!(line, "[a] at work\n");
    Outcome::wait(child, HUNG, project.root(), &["run", "t"]).exits(130);
}
