//! `lexi watch` in a terminal: its keys while nothing runs, and the terminal as it was for what runs and at the end.

use crate::harness::{Project, Terminal};
use crate::watch::printing;

const SIZE: (u16, u16) = (24, 100);

fn watching(project: &Project) -> Terminal {
    let mut terminal = project.terminal(&["watch", "t"], SIZE);
    terminal.shows("ran one");
    terminal.shows("r runs it again, f filters, q quits");
    terminal
}

fn sample() -> Project {
    Project::new()
        .task("t.rhai", &printing("ran one", ", sources: [\"*.txt\"]"))
        .file("a.txt", "a")
        .file("b.txt", "b")
}

#[test]
fn keys_run_the_task_again_and_end_the_watch() {
    let project = sample();
    let mut terminal = watching(&project);

    terminal.types("x");
    terminal.types("r");
    terminal.shows("ran one");
    terminal.shows("q quits");
    terminal.types("q");

    assert_eq!(terminal.ends(), 0);
    assert!(terminal.is_sane(), "{}", terminal.text());
    assert_eq!(terminal.text().matches("ran one").count(), 2);
}

#[test]
fn a_filter_lets_only_files_through_whose_path_holds_it() {
    let project = sample();
    let mut terminal = watching(&project);

    terminal.types("f");
    terminal.shows("only files whose path holds");
    terminal.types("b.txt\n");
    terminal.shows("whose path holds `b.txt` (r runs it again");
    project.write("a.txt", "another");
    project.write(
        "tasks/t.rhai",
        &printing("ran two", ", sources: [\"*.txt\"]"),
    );
    project.write("b.txt", "another");
    terminal.shows("b.txt changed");
    // It runs as it is now, whatever the reason.
    terminal.shows("ran two");
    terminal.shows("q quits");

    terminal.types("f");
    terminal.shows("only files whose path holds");
    terminal.types("\n");
    terminal.shows("q quits");
    project.write("a.txt", "a third one");
    terminal.shows("a.txt changed");
    terminal.shows("q quits");
    terminal.types("q");

    assert_eq!(terminal.ends(), 0);
    assert!(
        !terminal.text().contains("t.rhai changed"),
        "{}",
        terminal.text()
    );
}

#[test]
fn ctrl_c_stops_what_runs_and_then_the_watch() {
    let body = "defer(|| print(\"cleaned\"));\nprint(\"asking\");\nprocess::foreground(\"sh\", [\"-c\", \"read line; echo got $line; exec sleep 300\"]);";
    let project = Project::new().body(body);
    let mut terminal = project.terminal(&["watch", "t"], SIZE);
    terminal.shows("asking");

    terminal.types("an answer\n");
    terminal.shows("got an answer");
    terminal.types("\u{3}");
    terminal.shows("cleaned");

    assert_eq!(terminal.ends(), 130);
    assert!(terminal.is_sane(), "{}", terminal.text());
}
