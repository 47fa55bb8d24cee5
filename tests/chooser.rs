//! `lexi` alone at a terminal: a list that typing narrows down, questions for what a task needs, and the run.

use crate::harness::{Project, Signal, send};

const TASKS: &str = r#"//! Sample

task("greet", #{ about: "Say hello", params: #{
    who: #{ about: "Whom to greet" },
    how: #{ choices: ["softly", "loudly"], value: "softly", about: "In which way" },
    twice: #{ type: "bool", about: "Say it again" },
} }, |who, how, twice| { print(`hello ${who}, ${how}, ${twice}`); });
task("pick", #{ about: "Take one of the colours", params: #{
    colour: #{ choices: || ["red", "dark blue"], about: "Which" },
} }, |colour| { print(`took ${colour}`); });
task("wait", #{ about: "Take a while" }, || { print("waited"); });
"#;

fn project() -> Project {
    Project::new().task("t.rhai", TASKS)
}

#[test]
fn typing_narrows_the_list_and_enter_runs_what_is_chosen() {
    let project = project();
    let mut screen = project.terminal(&[], (24, 80));
    screen.shows("3/3");
    screen.shows("esc quits");
    assert!(screen.is_raw());

    screen.types("wai");
    screen.shows("1/3");
    screen.shows("lexi run wait");
    screen.types("\r");

    screen.shows("lexi run wait");
    screen.shows("waited");
    assert_eq!(screen.ends(), 0, "{}", screen.text());
    assert!(screen.is_sane());
}

#[test]
fn what_a_task_needs_is_asked_and_the_rest_only_with_tab() {
    let project = project();
    let mut screen = project.terminal(&[], (24, 80));
    screen.shows("3/3");
    screen.types("gre\r");
    screen.shows("who: Whom to greet:");
    screen.types("\r");
    screen.shows("who is needed");
    screen.types("two people\r");
    screen.shows("lexi run greet 'two people'");
    screen.shows("hello two people, softly, false");
    assert_eq!(screen.ends(), 0);

    let mut screen = project.terminal(&[], (24, 80));
    screen.shows("3/3");
    screen.types("gre\t");
    screen.shows("who: Whom to greet:");
    screen.types("Ann\r");
    screen.shows("(leave it out)");
    screen.types("loud");
    screen.shows("1/3");
    screen.types("\r");
    screen.shows("--twice");
    screen.types("\x1b[B\r");
    screen.shows("lexi run greet --how=loudly --twice Ann");
    screen.shows("hello Ann, loudly, true");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn choices_of_a_closure_are_chosen_from() {
    let project = project();
    let mut screen = project.terminal(&[], (24, 80));
    screen.shows("3/3");
    screen.types("pick\r");
    screen.shows("dark blue");
    screen.types("blue\r");

    screen.shows("lexi run pick 'dark blue'");
    screen.shows("took dark blue");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn giving_up_runs_nothing_and_leaves_the_terminal_as_it_was() {
    let project = project();
    for keys in ["\x03", "\x1b", "\x04"] {
        let mut screen = project.terminal(&[], (24, 80));
        screen.shows("3/3");
        screen.types(keys);
        assert_eq!(screen.ends(), 130, "{keys:?}");
        assert!(screen.is_sane(), "{keys:?}");
    }
    let mut screen = project.terminal(&[], (24, 80));
    screen.shows("3/3");
    assert!(send(Signal::TERM, screen.pid()));
    assert_eq!(screen.ends(), 143);
    assert!(screen.is_sane());
    project.lexi("history").succeeds().tells("no run fits");
}

#[test]
fn a_small_terminal_shows_what_fits() {
    let project = project();
    let mut screen = project.terminal(&[], (6, 24));
    screen.shows("3/3");
    screen.shows("enter runs it");
    screen.types("\x1b");
    assert_eq!(screen.ends(), 130);
    let lines = screen.text();
    let widest = lines.split(['\n', '\r']).map(console_width).max();
    assert!(widest <= Some(24), "{lines:?}");
}

/// How wide a line is, without the sequences that colour it or move the cursor.
fn console_width(line: &str) -> usize {
    let mut width = 0;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\x1b' {
            letters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            width += 1;
        }
    }
    width
}

#[test]
fn where_nobody_can_be_asked_the_tasks_are_listed() {
    let project = project();

    project.run(&[]).succeeds().says("Take a while");
    project
        .run(&["--json"])
        .succeeds()
        .says("\"name\": \"wait\"");

    let mut screen = project.terminal(&["-q"], (24, 80));
    screen.shows("Take a while");
    assert_eq!(screen.ends(), 0);
}
