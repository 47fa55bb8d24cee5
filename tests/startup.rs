//! What running an empty task asks of the system: no socket, no program, one more thread, and no task file but its own.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::harness::{HUNG, LEXI, Project};

const NOOP: &str = "//! Nothing\n\ntask(\"noop\", #{ about: \"Do nothing\" }, || {});\n";

/// A project of three files whose index is up to date: a further run has nothing to write.
fn warm() -> Project {
    let other = |name: &str| NOOP.replace("noop", name);
    let project = Project::new()
        .task("noop.rhai", NOOP)
        .task("second.rhai", &other("second"))
        .task("deeper/third.rhai", &other("third"));
    settle(&project);
    project
}

/// Runs until the index is trusted, which it is not while the files are as young as the clock's grain.
fn settle(project: &Project) {
    let deadline = Instant::now() + HUNG;
    let written = || {
        project
            .path(".lexi/index")
            .metadata()
            .and_then(|index| index.modified())
            .ok()
    };
    loop {
        let before = written();
        project.lexi("run noop").succeeds().keeps_quiet();
        if before.is_some() && before == written() {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "the index is written by every run"
        );
    }
}

/// The system calls of a command, one a line.
fn system_calls(project: &Project, words: &[&str]) -> Vec<String> {
    let log = project.path("strace.log");
    let status = Command::new("strace")
        .args([
            "-f",
            "-qq",
            "-e",
            "trace=%network,%process,open,openat,openat2",
            "-o",
        ])
        .arg(&log)
        .arg(LEXI)
        .args(words)
        .current_dir(project.root())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("strace is missing: apt-get install -y strace");
    assert!(status.success(), "{status}");
    project
        .read("strace.log")
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The calls of one of these names, whole (a call that another thread interrupts is written in two parts).
fn of<'calls>(calls: &'calls [String], names: &[&str]) -> Vec<&'calls str> {
    let called = |line: &&str| {
        let call = line
            .split_once(' ')
            .map_or("", |(_pid, call)| call.trim_start());
        names.iter().any(|name| {
            call.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('('))
        })
    };
    calls.iter().map(String::as_str).filter(called).collect()
}

#[test]
fn an_empty_task_opens_no_socket_and_starts_no_program() {
    let project = warm();

    let calls = system_calls(&project, &["run", "noop"]);

    let sockets = of(
        &calls,
        &[
            "socket",
            "socketpair",
            "connect",
            "bind",
            "sendto",
            "sendmsg",
        ],
    );
    assert!(sockets.is_empty(), "{sockets:#?}");
    // The first is the program itself.
    assert_eq!(of(&calls, &["execve", "execveat"]).len(), 1, "{calls:#?}");
    // The only other line of execution is the script's thread.
    let begun = of(&calls, &["clone", "clone3", "fork", "vfork"]);
    assert_eq!(begun.len(), 1, "{begun:#?}");
    assert!(begun[0].contains("CLONE_THREAD"), "{begun:#?}");
}

#[test]
fn an_empty_task_opens_no_task_file_but_its_own() {
    let project = warm();

    let calls = system_calls(&project, &["run", "noop"]);

    let opened = of(&calls, &["open", "openat", "openat2"]);
    let scripts: Vec<_> = opened
        .iter()
        .filter(|call| call.contains(".rhai\""))
        .collect();
    assert!(!scripts.is_empty(), "{opened:#?}");
    assert!(
        scripts
            .iter()
            .all(|call| call.contains("tasks/noop.rhai\"")),
        "{scripts:#?}"
    );
}

#[test]
fn a_list_opens_no_task_file_at_all() {
    let project = warm();

    let calls = system_calls(&project, &["list"]);

    let opened = of(&calls, &["open", "openat", "openat2"]);
    assert!(
        opened.iter().any(|call| call.contains("index")),
        "{opened:#?}"
    );
    assert!(
        !opened.iter().any(|call| call.contains(".rhai\"")),
        "{opened:#?}"
    );
    assert!(
        of(&calls, &["clone", "clone3", "fork", "vfork"]).is_empty(),
        "{calls:#?}"
    );
}

#[test]
fn an_edit_that_keeps_size_and_time_is_seen() {
    let project = warm();
    let path = project.path("tasks/noop.rhai");
    let before = path.metadata().unwrap();

    project.write("tasks/noop.rhai", &NOOP.replace("Do nothing", "Do a thing"));
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();

    assert_eq!(path.metadata().unwrap().len(), before.len());
    let _listed = project
        .lexi("list")
        .succeeds()
        .says("noop    Do a thing")
        .hides("noop    Do nothing");
}

#[test]
fn an_index_that_is_not_whole_is_made_again() {
    let project = warm();
    let whole = std::fs::read(project.path(".lexi/index")).unwrap();
    let half = &whole[..whole.len() / 2];
    let longer = [whole.as_slice(), b"{}"].concat();

    for damaged in [half, &whole[..whole.len() - 1], &longer, b"", b"\0\0\0\0"] {
        std::fs::write(project.path(".lexi/index"), damaged).unwrap();

        let _listed = project
            .lexi("list")
            .succeeds()
            .says("noop")
            .says("second")
            .says("third");
    }
}

#[test]
fn an_index_that_lost_a_block_says_so() {
    let project = warm();
    let mut bytes = std::fs::read(project.path(".lexi/index")).unwrap();
    let end = bytes.len();
    bytes[end - 40..].fill(0);
    std::fs::write(project.path(".lexi/index"), bytes).unwrap();

    let _ran = project
        .lexi("run second")
        .exits(2)
        .tells("`.lexi/index` is damaged");
}
