//! The application's tasks: npm has the terminal, gets what is typed and every signal, and its exit code is the task's.

use crate::harness::{HUNG, Outcome, Project, Signal, Terminal, send};
use crate::soak::{carrying, wait_until};

const SIZE: (u16, u16) = (24, 100);

/// Needs no packages, so nothing has to be installed; the mark tells what a run has left behind.
fn app(mark: &str) -> Project {
    // npm shows the script itself, so what it prints is not what stands in it.
    let sleeping = "test -t 0 && echo terminal $((40 + 2)); touch started; exec sleep 300";
    let package = format!(
        r#"{{ "name": "sample", "version": "1.0.0", "scripts": {{
            "start:dev": "{sleeping}",
            "start:debug": "{sleeping}",
            "test:watch": "read line; echo got $line",
            "test:e2e": "exit 7",
            "lint": "kill -KILL $$"
        }} }}"#
    );
    Project::lexiflow()
        .file("lexi.toml", "name = \"x\"\n[app]\ndir = \"app\"\n")
        .file("app/package.json", &package)
        .env("LEXI_APP_MARK", mark)
}

fn mark(name: &str) -> String {
    format!("app-{name}-{}-", std::process::id())
}

#[track_caller]
fn no_survivors(mark: &str) {
    wait_until("nothing of the run is left", || {
        carrying(&format!("LEXI_APP_MARK={mark}")).is_empty()
    });
}

#[test]
fn ctrl_c_ends_the_app_and_its_code_is_passed() {
    for task in ["start", "start-debug"] {
        let mark = mark(task);
        let project = app(&mark);
        let mut terminal: Terminal = project.terminal(&["run", task], SIZE);
        terminal.shows("terminal 42");
        wait_until("the app runs", || project.path("app/started").exists());

        terminal.types("\u{3}");

        assert_eq!(terminal.ends(), 130, "{task}: {}", terminal.text());
        assert!(terminal.is_sane(), "{task}");
        no_survivors(&mark);
    }
}

#[test]
fn what_is_typed_reaches_the_script() {
    let project = app(&mark("typed"));
    let mut terminal = project.terminal(&["run", "test-watch"], SIZE);

    terminal.types("an answer\n");
    terminal.shows("got an answer");

    assert_eq!(terminal.ends(), 0);
}

#[test]
fn without_a_terminal_a_signal_ends_the_app_too() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mark = mark(&format!("signal-{code}"));
        let project = app(&mark);
        let child = project.start(&["run", "start"]);
        wait_until("the app runs", || project.path("app/started").exists());

        assert!(send(signal, i32::try_from(child.id()).unwrap()));

        Outcome::wait(child, HUNG, project.root(), &["run", "start"])
            .exits(code)
            .hides("terminal 42");
        no_survivors(&mark);
    }
}

#[test]
fn the_code_of_a_script_is_that_of_the_task() {
    let project = app(&mark("code"));

    project.lexi("run test-e2e").exits(7);
    project.lexi("run lint").exits(137);
}
