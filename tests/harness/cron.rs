//! `lexi cron` in a test: started, listened to, and killed with all it started.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use super::{HUNG, Project, Signal, send};

/// A daemon and what it tells; it is killed with all it started when the test ends.
pub(crate) struct Cron {
    pub(crate) child: Child,
    told: Receiver<String>,
    pub(crate) heard: Vec<String>,
}

impl Cron {
    pub(crate) fn start(project: &Project, args: &[&str]) -> Self {
        let args = [&["cron"], args].concat();
        Self::of(project.command(&args))
    }

    /// The daemon that a command starts.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        Self {
            told: listen(stderr),
            child,
            heard: Vec::new(),
        }
    }

    /// Waits until it tells something that holds this.
    #[track_caller]
    pub(crate) fn tells(&mut self, part: &str) -> String {
        let deadline = Instant::now() + HUNG;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.told.recv_timeout(left) {
                Ok(line) => {
                    self.heard.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(error) => panic!("never told {part:?} ({error}):\n{}", self.heard.join("\n")),
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        assert!(send(signal, i32::try_from(self.child.id()).unwrap()));
    }

    /// Waits for its end; gives its exit code.
    #[track_caller]
    pub(crate) fn ends(mut self) -> Option<i32> {
        let deadline = Instant::now() + HUNG;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                Instant::now() < deadline,
                "it does not end:\n{}",
                self.heard.join("\n")
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Drop for Cron {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            // What it started outlives it by design.
            let id = self.child.id();
            let runs = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
            self.child.kill().unwrap();
            self.child.wait().unwrap();
            for run in runs.unwrap_or_default().split_whitespace() {
                send(Signal::TERM, -run.parse::<i32>().unwrap());
            }
        }
    }
}

fn listen(stderr: ChildStderr) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// A project whose task `t` runs each second in the profile dev.
pub(crate) fn every_second(more: &str, body: &str) -> Project {
    Project::new().task("t.rhai", &each_second(more, body))
}

pub(crate) fn each_second(more: &str, body: &str) -> String {
    format!(
        "//! T\ntask(\"t\", #{{ about: \"Try\", schedule: #{{ cron: \"* * * * * *\", profiles: [\"dev\"], {more} }} }}, || {{\n{body}\n}});\n"
    )
}

/// Adds a line to a file with one write, whoever else does.
pub(crate) const NOTE: &str = "process::run(\"sh\", [\"-c\", \"echo x >> ran\"]);";

pub(crate) fn lines(project: &Project, name: &str) -> usize {
    std::fs::read_to_string(project.path(name))
        .unwrap_or_default()
        .lines()
        .count()
}

pub(crate) fn notes(project: &Project) -> Vec<serde_json::Value> {
    let text =
        std::fs::read_to_string(project.path(".lexi/schedule/dev/t.jsonl")).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

pub(crate) fn of(notes: &[serde_json::Value], what: &str) -> Vec<serde_json::Value> {
    notes
        .iter()
        .filter(|note| note["what"] == what)
        .cloned()
        .collect()
}
