//! `lexi edit`: the editor at the task's line, and what is wrong with the file afterwards.

use crate::harness::Project;

/// An editor that notes its arguments and does this.
fn editing(name: &str, script: &str) -> Project {
    let project = Project::new().body("print(1);");
    let text = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$HOME/given\"\n{script}\n");
    project.write(&format!("bin dir/{name}"), &text);
    let path = project.path(&format!("bin dir/{name}"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).unwrap();
    let editor = format!("'{}'", path.display());
    project.env("EDITOR", &editor)
}

#[test]
fn the_editor_gets_the_file_and_the_file_is_checked() {
    let project = editing("any", "true");

    project.lexi("edit t").succeeds().tells("no mistakes found");

    let file = project.path("tasks/t.rhai").display().to_string();
    assert_eq!(project.read("given"), format!("{file}\n"));
}

#[test]
fn what_is_wrong_afterwards_is_shown() {
    let project = editing("any", "sed -i s/print/prnit/ \"$1\"");

    project
        .lexi("edit t")
        .exits(1)
        .tells("no function `prnit`")
        .tells("tasks/t.rhai:4:1");
    // A task whose file cannot be read can be edited too.
    project.write(
        "tasks/t.rhai",
        "//! Sample\n\ntask(\"t\", #{ about: \"Try\" }, || {\n",
    );
    project.lexi("edit t").exits(1);
    assert!(project.read("given").ends_with("tasks/t.rhai\n"));
}

#[test]
fn visual_is_stronger_and_its_words_are_a_shell_s() {
    let project = editing("any", "true").env("VISUAL", "printf '<%s>' +a");

    project
        .lexi("edit t")
        .succeeds()
        .says("<+a><[DIR]/tasks/t.rhai>");
}

#[test]
fn without_an_editor_the_place_is_told() {
    let project = Project::new().body("print(1);");

    project
        .lexi("edit t")
        .exits(2)
        .tells("no editor is set")
        .tells("tasks/t.rhai:3");
    project.lexi("edit nothing").exits(2).tells("unknown task");
}

#[test]
fn an_editor_that_fails_or_is_not_there_says_so() {
    let project = editing("any", "exit 3");
    project.lexi("edit t").exits(1).tells("ended with code 3");

    let project = Project::new()
        .body("print(1);")
        .env("EDITOR", "no-such-editor");
    project
        .lexi("edit t")
        .exits(1)
        .tells("there is no program `no-such-editor`");
}

#[test]
fn the_editor_has_the_terminal() {
    let project = editing("any", "test -t 0 && test -t 1 && echo typed: $(head -n 1)");
    let mut terminal = project.terminal(&["edit", "t"], (30, 100));

    terminal.types("hello\n");
    terminal.shows("typed: hello");
    terminal.shows("no mistakes found");

    assert_eq!(terminal.ends(), 0);
}
