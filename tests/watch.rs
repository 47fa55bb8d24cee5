//! `lexi watch`: real files, the real program; what a save does, and what it does not.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use crate::harness::{HUNG, Outcome, Project, Signal, send};

/// A watch that runs, and the lines it writes, of both streams together.
pub(crate) struct Watching {
    child: Option<Child>,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Watching {
    #[track_caller]
    pub(crate) fn start(project: &Project, words: &str) -> Self {
        let words: Vec<&str> = words.split_whitespace().collect();
        // One pipe for both streams keeps their lines in order.
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = project.command(&words);
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let child = command.spawn().unwrap();
        // It holds the end that is written to.
        drop(command);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(reader).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            child: Some(child),
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits for a line that holds this, and gives it.
    #[track_caller]
    pub(crate) fn until(&mut self, part: &str) -> String {
        let deadline = Instant::now() + HUNG;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("waited in vain for `{part}` after {:#?}", self.seen);
            };
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Waits until the task has run and nothing is going on.
    #[track_caller]
    pub(crate) fn idle(&mut self) {
        self.until("watching ");
    }

    /// How many lines so far held this.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.seen.iter().filter(|line| line.contains(part)).count()
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.as_ref().unwrap().id()).unwrap()
    }

    /// Ends it with a signal.
    #[track_caller]
    fn end(mut self, signal: Signal, code: i32) {
        assert!(send(signal, self.pid()));
        let child = self.child.take().unwrap();
        let _ended = Outcome::wait(child, HUNG, Path::new("/"), &["watch"]).exits(code);
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ended = child.kill();
            let _reaped = child.wait();
        }
    }
}

/// A task `t` that prints this, with more fields.
pub(crate) fn printing(text: &str, fields: &str) -> String {
    format!("task(\"t\", #{{ about: \"Try\"{fields} }}, || {{\n    print(\"{text}\");\n}});\n")
}

#[test]
fn a_saved_file_runs_again_however_an_editor_saves_it() {
    let project = Project::new().task("t.rhai", &printing("one", ""));
    let file = project.path("tasks/t.rhai");
    let mut watching = Watching::start(&project, "watch t");
    watching.until("one");
    watching.idle();

    std::fs::write(&file, printing("in place", "")).unwrap();
    watching.until("in place");
    watching.idle();

    let other = project.path("tasks/.t.rhai.tmp");
    std::fs::write(&other, printing("renamed", "")).unwrap();
    std::fs::rename(&other, &file).unwrap();
    watching.until("renamed");
    watching.idle();

    // vim: a probe, the old file moved away, a new one, the old one removed.
    std::fs::write(project.path("tasks/4913"), "").unwrap();
    std::fs::remove_file(project.path("tasks/4913")).unwrap();
    std::fs::rename(&file, project.path("tasks/t.rhai~")).unwrap();
    std::fs::write(&file, printing("vim", "")).unwrap();
    std::fs::remove_file(project.path("tasks/t.rhai~")).unwrap();
    watching.until("vim");
    watching.idle();

    assert_eq!(watching.count("` ok"), 4, "{:#?}", watching.seen);
    watching.end(Signal::INT, 130);
}

#[test]
fn a_script_that_is_imported_and_a_source_run_it_again_and_nothing_else_does() {
    let task = "import \"lib/util\" as util;\ntask(\"t\", #{ about: \"Try\", sources: [\"src/**/*.txt\"] }, || print(util::say()));\n";
    let project = Project::new()
        .task("t.rhai", task)
        .task("other.rhai", "task(\"o\", #{ about: \"Other\" }, || 1);\n")
        .task("lib/util.rhai", "fn say() { \"one\" }\n")
        .file("src/a.txt", "a")
        .file("src/ignored/b.txt", "b")
        .file(".gitignore", "ignored/\n");
    let mut watching = Watching::start(&project, "watch t");
    watching.until("one");
    watching.idle();

    project.write(
        "tasks/other.rhai",
        "task(\"o\", #{ about: \"Other\" }, || 2);\n",
    );
    project.write("src/ignored/b.txt", "c");
    project.write("src/a.txt", "a");
    project.write("tasks/lib/util.rhai", "fn say() { \"two\" }\n");
    watching.until("tasks/lib/util.rhai changed");
    watching.until("two");
    watching.idle();
    project.write("src/new/deep/c.txt", "c");
    watching.until("src/new/deep/c.txt changed");
    watching.idle();
    std::fs::remove_file(project.path("src/a.txt")).unwrap();
    watching.until("src/a.txt changed");
    watching.idle();

    assert_eq!(watching.count("` ok"), 4, "{:#?}", watching.seen);
}

#[test]
fn a_broken_file_is_shown_and_the_last_good_version_stays() {
    let project = Project::new()
        .task("t.rhai", &printing("good", ", sources: [\"in.txt\"]"))
        .file("in.txt", "1");
    let mut watching = Watching::start(&project, "watch t");
    watching.idle();

    project.write(
        "tasks/t.rhai",
        "task(\"t\", #{ about: \"Try\" }, || nope());\n",
    );
    watching.until("no function `nope`");
    watching.until("keeping the last good version");
    watching.idle();
    project.write("in.txt", "2");
    watching.until("good");
    watching.idle();
    project.write("tasks/t.rhai", &printing("better", ""));
    watching.until("better");
    watching.idle();

    assert_eq!(watching.count("` ok"), 3, "{:#?}", watching.seen);
}

#[test]
fn a_watch_that_starts_with_a_broken_file_runs_it_when_it_is_mended() {
    let project = Project::new().task("t.rhai", "task(\"t\", #{ about: \"Try\" }, || nope());\n");
    let mut watching = Watching::start(&project, "watch t");
    watching.until("no function `nope`");
    watching.idle();

    project.write("tasks/t.rhai", &printing("mended", ""));

    watching.until("mended");
}

#[test]
fn a_task_that_is_running_is_run_once_more_when_it_has_ended() {
    let body = "task(\"t\", #{ about: \"Try\", sources: [\"in.txt\"] }, || {\n    print(\"started\");\n    while !fs::exists(\"go\") { time::sleep(\"5ms\"); }\n    print(fs::read(\"in.txt\"));\n});\n";
    let project = Project::new().task("t.rhai", body).file("in.txt", "one");
    let mut watching = Watching::start(&project, "watch t");
    watching.until("started");

    for number in 0..20 {
        project.write("in.txt", &format!("number {number}"));
    }
    project.write("go", "");
    watching.until("number 19");
    watching.until("started");
    watching.until("number 19");
    watching.idle();

    assert_eq!(watching.count("started"), 2, "{:#?}", watching.seen);
}

#[test]
fn a_task_that_is_restarted_is_stopped_first_with_all_it_started() {
    let body = |text: &str| {
        format!(
            "task(\"t\", #{{ about: \"Try\" }}, || {{\n    defer(|| print(\"cleaned {text}\"));\n    print(\"{text}\");\n    process::run(\"sleep\", [\"300\"]);\n}});\n"
        )
    };
    let project = Project::new().task("t.rhai", &body("first"));
    let mut watching = Watching::start(&project, "watch --on-busy restart t");
    watching.until("first");

    project.write("tasks/t.rhai", "broken");
    watching.until("keeping the last good version");
    project.write("tasks/t.rhai", &body("second"));

    watching.until("cleaned first");
    watching.until("was stopped to be run again");
    watching.until("second");
    watching.end(Signal::TERM, 143);
}

#[test]
fn a_task_that_is_running_can_ignore_changes() {
    let body = "task(\"t\", #{ about: \"Try\", sources: [\"in.txt\"] }, || {\n    print(\"started\");\n    while !fs::exists(\"go\") { time::sleep(\"5ms\"); }\n});\n";
    let project = Project::new().task("t.rhai", body).file("in.txt", "one");
    let mut watching = Watching::start(&project, "watch --on-busy ignore t");
    watching.until("started");

    project.write("in.txt", "two");
    project.write("go", "");
    watching.idle();
    project.write("in.txt", "three");
    watching.until("in.txt changed");
    watching.idle();

    assert_eq!(watching.count("started"), 2, "{:#?}", watching.seen);
}

#[test]
fn a_task_that_writes_what_it_watches_is_paused_with_the_reason() {
    let body = "task(\"t\", #{ about: \"Try\", sources: [\"out/*\"] }, || {\n    fs::append(\"out/log.txt\", \"once more\");\n});\n";
    let project = Project::new().task("t.rhai", body).file("out/x", "");
    let mut watching = Watching::start(&project, "watch t");

    let line = watching.until("paused: `out/log.txt` changed six times");
    assert!(line.contains("`generates:`"), "{line}");
}

#[test]
fn a_task_that_destroys_data_is_not_started_by_a_file() {
    let project = Project::new().task("t.rhai", &printing("ran", ", destructive: true"));

    project
        .lexi("watch t")
        .exits(2)
        .stdout("")
        .tells("destroys data")
        .tells("--allow-destructive");
    let mut watching = Watching::start(&project, "watch --allow-destructive t");
    watching.until("ran");
}

#[test]
fn without_events_the_files_are_looked_at() {
    let project = Project::new().task("t.rhai", &printing("one", ""));
    let mut watching = Watching::start(&project, "watch --poll=10ms t");
    watching.idle();

    project.write("tasks/t.rhai", &printing("two", ""));

    watching.until("two");
}

#[test]
fn without_a_task_scripts_are_checked_as_they_are_saved() {
    let project = Project::new().task("t.rhai", &printing("one", ""));
    let mut watching = Watching::start(&project, "watch");
    watching.until("no mistakes found");
    watching.until("watching all scripts");

    project.write(
        "tasks/t.rhai",
        "task(\"t\", #{ about: \"Try\" }, || nope());\n",
    );
    watching.until("no function `nope`");
    project.write(
        "tasks/new.rhai",
        "task(\"n\", #{ about: \"New\" }, || 1);\n",
    );
    watching.until("2 tasks in 2 files");
    project.write("tasks/t.rhai", &printing("two", ""));
    watching.until("no mistakes found");

    assert_eq!(watching.count("two"), 0);
    watching.end(Signal::INT, 130);
}

#[test]
fn five_hundred_files_of_a_checkout_are_one_run() {
    let project = Project::new().task("t.rhai", &printing("ran", ", sources: [\"src/**\"]"));
    let git = |args: &[&str]| {
        let status = std::process::Command::new("git")
            .args([
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@b",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(args)
            .current_dir(project.root())
            .output()
            .unwrap();
        assert!(status.status.success(), "git {args:?}: {status:?}");
    };
    git(&["init", "-q"]);
    for version in ["one", "two"] {
        for number in 0..500 {
            project.write(&format!("src/{}/{number}.txt", number % 7), version);
        }
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", version]);
    }
    let mut watching = Watching::start(&project, "watch t");
    watching.idle();

    git(&["checkout", "-q", "HEAD~1"]);
    watching.until("changed");
    watching.idle();
    project.write("src/last.txt", "last");
    watching.until("src/last.txt changed");
    watching.idle();

    assert_eq!(watching.count("` ok"), 3, "{:#?}", watching.seen);
}

#[test]
fn a_watch_at_rest_uses_no_processor() {
    let project = Project::new().task("t.rhai", &printing("one", ""));
    let mut watching = Watching::start(&project, "watch t");
    watching.idle();
    let switches = || -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", watching.pid())).unwrap();
        let lines = tasks.map_while(Result::ok).flat_map(|task| {
            let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
            status.lines().map(str::to_owned).collect::<Vec<_>>()
        });
        let numbers = lines.filter(|line| line.starts_with("voluntary_ctxt_switches"));
        numbers
            .map(|line| line.rsplit('\t').next().unwrap().parse::<u64>().unwrap())
            .sum()
    };
    // proc_pid_stat(5): the 14th and 15th field, of which twelve and thirteen stand behind the name.
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", watching.pid())).unwrap();
        let rest: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        rest[11].parse::<u64>().unwrap() + rest[12].parse::<u64>().unwrap()
    };

    // It comes to rest some time after its last line; from then on nothing wakes it, not even to look at the clock.
    let deadline = Instant::now() + HUNG;
    loop {
        let before = (switches(), ticks());
        std::thread::sleep(std::time::Duration::from_secs(3));
        if (switches(), ticks()) == before {
            break;
        }
        assert!(Instant::now() < deadline, "something wakes it");
    }
}

#[test]
fn runs_are_in_the_history_as_started_by_the_watch() {
    let body = "task(\"t\", #{ about: \"Try\", sources: [\"in.txt\"] }, || {\n    print(\"started\");\n    process::run(\"sleep\", [\"300\"]);\n});\n";
    let project = Project::new()
        .task("t.rhai", body)
        .task(
            "ok.rhai",
            "task(\"ok\", #{ about: \"Quick\" }, || print(\"quick\"));\n",
        )
        .file("in.txt", "one");
    let mut watching = Watching::start(&project, "watch ok");
    watching.idle();
    watching.end(Signal::INT, 130);
    let mut watching = Watching::start(&project, "watch --on-busy restart t");
    watching.until("started");
    project.write("in.txt", "two");
    watching.until("was stopped to be run again");
    watching.until("started");
    watching.end(Signal::TERM, 143);

    let listed = project.lexi("history --json").succeeds().json();
    let mut runs: Vec<(&str, &str, i64)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|run| {
            let word = |name: &str| run[name].as_str().unwrap();
            (word("task"), word("how"), run["exit"].as_i64().unwrap())
        })
        .collect();
    runs.sort_unstable();

    let expected = [("ok", "watch", 0), ("t", "watch", 130), ("t", "watch", 143)];
    assert_eq!(runs, expected);
}
