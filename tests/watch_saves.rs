//! What reaches a watch late, in pieces or not at all: half-written files, lost events, whole folders.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::Duration;

use crate::harness::{Project, Signal, send};
use crate::watch::{Watching, printing};

/// How long the writers below wait in the middle of a file: much longer than a watch waits for anything.
const LONG: Duration = Duration::from_millis(250);

fn in_two_pieces(mut file: File, text: &str) {
    let (first, second) = text.split_at(text.len() / 2);
    std::thread::sleep(LONG);
    file.write_all(first.as_bytes()).unwrap();
    std::thread::sleep(LONG);
    file.write_all(second.as_bytes()).unwrap();
}

#[test]
fn a_file_that_is_cut_and_written_in_pieces_is_taken_when_it_is_whole() {
    let project = Project::new().task("t.rhai", &printing("one", ""));
    let mut watching = Watching::start(&project, "watch t");
    watching.idle();

    in_two_pieces(
        File::create(project.path("tasks/t.rhai")).unwrap(),
        &printing("two", ""),
    );
    watching.until("two");
    watching.idle();

    assert_eq!(watching.count("error"), 0);
    assert_eq!(watching.count("changed"), 1);
}

#[test]
fn a_file_that_one_has_closed_and_another_still_writes_is_not_taken() {
    let project = Project::new().task("t.rhai", &printing("one", ""));
    let file = project.path("tasks/t.rhai");
    let mut watching = Watching::start(&project, "watch t");
    watching.idle();

    let open = || OpenOptions::new().append(true).open(&file).unwrap();
    let (idle, writer) = (open(), open());
    writer.set_len(0).unwrap();
    // The system tells that the file was closed after writing, and the file is empty.
    drop(idle);
    in_two_pieces(writer, &printing("two", ""));
    watching.until("two");
    watching.idle();

    assert_eq!(watching.count("error"), 0);
    assert_eq!(watching.count("changed"), 1);
}

#[test]
fn a_half_written_file_is_no_mistake_either_without_a_task() {
    let project = Project::new().task("t.rhai", &printing("one", ""));
    let file = project.path("tasks/t.rhai");
    let mut watching = Watching::start(&project, "watch");
    watching.until("watching all scripts");

    let open = || OpenOptions::new().append(true).open(&file).unwrap();
    let (idle, writer) = (open(), open());
    writer.set_len(0).unwrap();
    drop(idle);
    in_two_pieces(writer, "task(\"t\", #{ about: \"Try\" }, || nope());\n");
    watching.until("no function `nope`");

    assert_eq!(watching.count("error"), 1);
}

#[test]
fn an_empty_file_is_a_change_when_it_stays_empty() {
    let task = printing("ran", ", sources: [\"in.txt\"]");
    let project = Project::new().task("t.rhai", &task).file("in.txt", "one");
    let mut watching = Watching::start(&project, "watch t");
    watching.idle();

    project.write("in.txt", "");
    watching.until("in.txt changed");
    watching.idle();
    project.write("tasks/t.rhai", "");
    watching.until("unknown task `t`");
    watching.until("keeping the last good version");
}

#[test]
fn lost_events_are_made_up_for_by_looking_at_everything() {
    let task = printing("ran", ", sources: [\"in/*.txt\"]");
    let project = Project::new().task("t.rhai", &task).file("in/a.txt", "a");
    let file = project.path("in/a.txt");
    let mut watching = Watching::start(&project, "watch t");
    watching.idle();
    let most = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let most: usize = most.trim().parse().unwrap();

    // While it cannot read, more happens than the system keeps; what comes last is lost.
    assert!(send(Signal::STOP, watching.pid()));
    for _ in 0..=most / 2 {
        drop(OpenOptions::new().append(true).open(&file).unwrap());
    }
    project.write("in/new.txt", "new");
    assert!(send(Signal::CONT, watching.pid()));

    watching.until("in/new.txt changed");
    watching.idle();
}

#[test]
fn a_folder_that_is_removed_and_made_again_is_still_watched() {
    let task = printing("ran", ", sources: [\"in/**/*.txt\"]");
    let project = Project::new().task("t.rhai", &task).file("in/a/b.txt", "b");
    let mut watching = Watching::start(&project, "watch t");
    watching.idle();

    std::fs::remove_dir_all(project.path("in/a")).unwrap();
    watching.until("in/a/b.txt changed");
    watching.idle();
    project.write("in/a/b.txt", "again");
    watching.until("in/a/b.txt changed");
    watching.idle();
    project.write("in/a/b.txt", "once more");
    watching.until("in/a/b.txt changed");
    watching.idle();
    std::fs::rename(project.path("in/a"), project.path("elsewhere")).unwrap();
    watching.until("in/a/b.txt changed");
    watching.idle();
    std::fs::rename(project.path("elsewhere"), project.path("in/c")).unwrap();
    watching.until("in/c/b.txt changed");
}

#[test]
fn a_save_before_the_first_run_is_not_lost() {
    let body = "task(\"t\", #{ about: \"Try\" }, || {\n    print(\"first\");\n    while !fs::exists(\"go\") { time::sleep(\"5ms\"); }\n});\n";
    let project = Project::new().task("t.rhai", body);
    let mut watching = Watching::start(&project, "watch t");
    watching.until("first");

    project.write("tasks/t.rhai", &printing("second", ""));
    project.write("go", "");

    watching.until("second");
}
