//! The index of what task files declare: it may save work, it may never be believed over the files.

use std::fs::{File, FileTimes};
use std::time::{Duration, SystemTime};

use crate::harness::Project;

const ONE: &str = "task(\"t\", #{ about: \"One\" }, || print(\"one\"));\n";
const TWO: &str = "task(\"t\", #{ about: \"Two\" }, || print(\"two\"));\n";

/// Makes a file look as if it was changed this long ago.
fn age(project: &Project, name: &str, seconds: u64) {
    let time = SystemTime::now() - Duration::from_secs(seconds);
    let file = File::options()
        .write(true)
        .open(project.path(name))
        .unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// A project with an index that is old enough to be trusted.
fn indexed(files: &[(&str, &str)]) -> Project {
    let mut project = Project::new();
    for (name, text) in files {
        project = project.task(name, text);
    }
    let is_trusted = || {
        project.lexi("list").succeeds();
        let index = project.read(".lexi/index");
        project.lexi("list").succeeds();
        index == project.read(".lexi/index")
    };
    // The index is written anew as long as a file's time is too near to be trusted.
    while !is_trusted() {}
    project
}

/// Replaces a word of the index by another of the same length: it shows as long as nothing is read anew.
fn poison(project: &Project, word: &str, other: &str) {
    let index = project.read(".lexi/index");
    assert!(index.contains(word), "{index}");
    project.write(".lexi/index", &index.replace(word, other));
}

#[test]
fn an_index_that_is_up_to_date_is_used() {
    let project = indexed(&[("a.rhai", ONE)]);

    poison(&project, "One", "Own");

    project.lexi("list").succeeds().says("Own");
}

#[test]
fn what_runs_is_always_the_file_itself() {
    let project = indexed(&[("a.rhai", ONE)]);

    poison(&project, "\"t\"", "\"u\"");

    project
        .lexi("run u")
        .exits(1)
        .stdout("")
        .tells("`tasks/a.rhai` no longer declares task `u`");
}

#[test]
fn an_edit_that_keeps_size_and_time_is_seen() {
    let project = indexed(&[("a.rhai", ONE)]);
    let path = project.path("tasks/a.rhai");
    let modified = path.metadata().unwrap().modified().unwrap();

    project.write("tasks/a.rhai", TWO);
    let file = File::options().write(true).open(&path).unwrap();
    file.set_times(FileTimes::new().set_modified(modified))
        .unwrap();

    project.lexi("list").succeeds().says("Two");
}

#[test]
fn an_edit_within_the_same_moment_and_of_the_same_size_is_seen() {
    let project = Project::new();

    for _ in 0..20 {
        project.write("tasks/a.rhai", ONE);
        project.lexi("run t").succeeds().stdout("one\n");
        project.write("tasks/a.rhai", TWO);
        project.lexi("run t").succeeds().stdout("two\n");
        project.lexi("list").succeeds().says("Two");
    }
}

#[test]
fn an_edit_of_another_size_or_time_is_seen() {
    let project = indexed(&[("a.rhai", ONE)]);

    project.write("tasks/a.rhai", &TWO.replace("Two", "Longer"));
    age(&project, "tasks/a.rhai", 60);
    project.lexi("list").says("Longer");

    project.write("tasks/a.rhai", TWO);
    age(&project, "tasks/a.rhai", 600);
    project.lexi("list").says("Two");
}

#[test]
fn files_that_come_go_and_move_are_seen() {
    let project = indexed(&[("a.rhai", ONE)]);

    project.write("tasks/b.rhai", &TWO.replace("\"t\"", "\"u\""));
    project.lexi("list").says("One").says("Two");
    std::fs::rename(project.path("tasks/a.rhai"), project.path("tasks/c.rhai")).unwrap();
    project.lexi("show t").says("tasks/c.rhai:1:6");
    std::fs::remove_file(project.path("tasks/c.rhai")).unwrap();
    project.lexi("run t").exits(2).tells("unknown task `t`");
    project.lexi("run u").succeeds().stdout("two\n");
}

#[test]
fn a_file_replaced_by_another_of_the_same_stamp_under_its_name_is_read() {
    let project = indexed(&[("a.rhai", ONE), ("b.rhai", &TWO.replace("\"t\"", "\"u\""))]);

    std::fs::remove_file(project.path("tasks/a.rhai")).unwrap();
    std::fs::rename(project.path("tasks/b.rhai"), project.path("tasks/a.rhai")).unwrap();

    project.lexi("list").says("Two").hides("One");
}

#[test]
fn a_damaged_index_is_made_anew() {
    for damage in ["", "{", "null", "[]", "{\"build\":\"x\"}", "\u{0}\u{1}"] {
        let project = indexed(&[("a.rhai", ONE)]);

        project.write(".lexi/index", damage);

        project.lexi("list").succeeds().says("One").keeps_quiet();
        assert!(project.read(".lexi/index").len() > 100);
    }
}

#[test]
fn an_index_cut_short_is_made_anew() {
    let project = indexed(&[("a.rhai", ONE)]);
    let whole = project.read(".lexi/index");

    for part in [1, 2, 3] {
        project.write(".lexi/index", &whole[..whole.len() * part / 4]);
        project.lexi("run t").succeeds().stdout("one\n");
    }
}

#[test]
fn an_entry_whose_content_is_damaged_says_what_to_do() {
    let project = indexed(&[("a.rhai", ONE)]);
    let index = project.read(".lexi/index");

    project.write(".lexi/index", &index.replace("\"about\":", "\"obaut\":"));

    project
        .lexi("run t")
        .exits(2)
        .tells("`.lexi/index` is damaged: remove it");
    project
        .lexi("check")
        .exits(1)
        .tells("`.lexi/index` is damaged");
}

#[test]
fn the_index_of_another_build_is_ignored() {
    let project = indexed(&[("a.rhai", ONE)]);
    let index = project.read(".lexi/index");
    let (_, rest) = index.split_once("\"build\":\"").unwrap();
    let (build, _) = rest.split_once('"').unwrap();

    project.write(
        ".lexi/index",
        &index.replace(build, "another").replace("One", "Own"),
    );

    project.lexi("list").succeeds().says("One").hides("Own");
}

#[test]
fn a_project_that_cannot_keep_an_index_works_without_one() {
    let project = Project::new().task("a.rhai", ONE);
    std::fs::create_dir_all(project.path(".lexi/index")).unwrap();

    project
        .lexi("run t")
        .succeeds()
        .stdout("one\n")
        .keeps_quiet();
    project.lexi("list").succeeds().says("One").keeps_quiet();
    let left = std::fs::read_dir(project.path(".lexi")).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // What is kept of the run lies there too.
    let left: Vec<String> = left
        .filter(|name| name != "history" && name != "audit.jsonl")
        .collect();
    assert_eq!(left, ["index"]);
}

#[test]
fn running_one_task_compiles_no_other_file() {
    let project = indexed(&[("a.rhai", ONE), ("b.rhai", &TWO.replace("\"t\"", "\"u\""))]);
    poison(&project, "Two", "Own");

    project
        .lexi("run t")
        .succeeds()
        .stdout("one\n")
        .keeps_quiet();

    project.lexi("list").succeeds().says("Own");
}

#[test]
fn a_change_in_one_file_compiles_only_that_file() {
    let project = indexed(&[("a.rhai", ONE), ("b.rhai", &TWO.replace("\"t\"", "\"u\""))]);
    poison(&project, "Two", "Own");

    project.write("tasks/a.rhai", &ONE.replace("One", "Changed"));

    project.lexi("list").succeeds().says("Changed").says("Own");
}

#[test]
fn a_file_that_was_only_touched_is_not_compiled_again() {
    let project = indexed(&[("a.rhai", ONE)]);
    poison(&project, "One", "Own");

    age(&project, "tasks/a.rhai", 30);

    project.lexi("list").succeeds().says("Own");
}

#[test]
fn a_change_in_what_a_file_imports_is_checked_before_the_next_run() {
    let text = "import \"lib/a\" as a;\ntask(\"t\", #{ about: \"Try\" }, || print(a::f()));\n";
    let project = indexed(&[
        ("t.rhai", text),
        ("lib/a.rhai", "import \"lib/b\" as b;\nfn f() { b::f() }\n"),
        ("lib/b.rhai", "fn f() { 1 }\n"),
    ]);
    project.lexi("run t").succeeds().stdout("1\n");

    project.write("tasks/lib/b.rhai", "fn g() { 1 }\n");
    project
        .lexi("run t")
        .exits(2)
        .stdout("")
        .tells("`b` has no function `f`");
    project.write("tasks/lib/b.rhai", "fn f() { 2 }\n");
    project.lexi("run t").succeeds().stdout("2\n");
}

#[test]
fn many_runs_at_once_do_not_damage_the_index() {
    let project = Project::new().task("a.rhai", ONE);

    let runs: Vec<_> = (0..8).map(|_| project.start(&["run", "t"])).collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stdout, b"one\n");
    }

    project.lexi("list").succeeds().says("One").keeps_quiet();
}
