//! What a command printed and how it ended.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use super::{canary, filter};

/// What a command printed and how it ended, with checks that say what differs.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    command: String,
}

impl Outcome {
    /// Reads both streams to their end and waits; a command that hangs is killed and fails the test.
    #[track_caller]
    pub(crate) fn wait(mut child: Child, limit: Duration, folder: &Path, args: &[&str]) -> Self {
        let command = format!("lexi {}", args.join(" "));
        let read = |stream: Option<Box<dyn Read + Send>>| {
            thread::spawn(move || {
                let mut text = Vec::new();
                if let Some(mut stream) = stream {
                    stream.read_to_end(&mut text).unwrap();
                }
                String::from_utf8_lossy(&text).into_owned()
            })
        };
        let out = read(child.stdout.take().map(|s| Box::new(s) as _));
        let err = read(child.stderr.take().map(|s| Box::new(s) as _));
        let deadline = Instant::now() + limit;
        let mut looks_at = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                // What it started may hold its streams; it leads a group of its own where that matters.
                super::send(super::Signal::KILL, -i32::try_from(child.id()).unwrap());
                child.kill().unwrap();
                panic!(
                    "`{command}` hung\n{}\n{}",
                    out.join().unwrap(),
                    err.join().unwrap()
                );
            }
            if Instant::now() > looks_at {
                let shown = canary::command_lines();
                assert!(shown.is_empty(), "a secret is on a command line: {shown:?}");
                looks_at = Instant::now() + Duration::from_millis(250);
            }
            thread::sleep(Duration::from_millis(2));
        };
        let code = status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal));
        let clean = |text: String| filter::apply(&text, folder);
        let outcome = Self {
            code,
            out: clean(out.join().unwrap()),
            err: clean(err.join().unwrap()),
            command,
        };
        outcome.hides(canary::VALUE)
    }

    #[track_caller]
    fn check(&self, holds: bool, what: &str) {
        assert!(
            holds,
            "`{}`: {what}\nexit {:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.command, self.code, self.out, self.err
        );
    }

    /// It ended with 0.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.exits(0)
    }

    /// It ended with this code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        self.check(self.code == Some(code), &format!("should exit with {code}"));
        self
    }

    /// Stdout is exactly this.
    #[track_caller]
    pub(crate) fn stdout(self, expected: &str) -> Self {
        self.check(
            self.out == expected,
            &format!("stdout should be {expected:?}"),
        );
        self
    }

    /// Stdout holds this.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        self.check(
            self.out.contains(part),
            &format!("stdout should hold {part:?}"),
        );
        self
    }

    /// Stderr holds this.
    #[track_caller]
    pub(crate) fn tells(self, part: &str) -> Self {
        self.check(
            self.err.contains(part),
            &format!("stderr should hold {part:?}"),
        );
        self
    }

    /// One of the streams holds this.
    #[track_caller]
    pub(crate) fn shows(self, part: &str) -> Self {
        let shown = self.out.contains(part) || self.err.contains(part);
        self.check(shown, &format!("should show {part:?}"));
        self
    }

    /// Neither stream holds this.
    #[track_caller]
    pub(crate) fn hides(self, part: &str) -> Self {
        let shown = self.out.contains(part) || self.err.contains(part);
        self.check(!shown, &format!("should not show {part:?}"));
        self
    }

    /// Stderr is exactly this.
    #[track_caller]
    pub(crate) fn stderr(self, expected: &str) -> Self {
        self.check(
            self.err == expected,
            &format!("stderr should be {expected:?}"),
        );
        self
    }

    /// Stderr is empty.
    #[track_caller]
    pub(crate) fn keeps_quiet(self) -> Self {
        self.check(self.err.is_empty(), "stderr should be empty");
        self
    }

    /// Stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("`{}`: {e}\n{}\n{}", self.command, self.out, self.err))
    }

    /// What `check --json` found, each as `file:line:column: message (hint) [place what]`.
    #[track_caller]
    pub(crate) fn findings(&self) -> Vec<String> {
        let place = |place: &serde_json::Value| {
            let file = place["file"].as_str().unwrap();
            format!("{file}:{}:{}", place["line"], place["column"])
        };
        let line = |found: &serde_json::Value| {
            let message = found["message"].as_str().unwrap();
            let mut line = format!("{}: {message}", place(&found["place"]));
            if let Some(hint) = found["hint"].as_str() {
                line = format!("{line} ({hint})");
            }
            for related in found["related"].as_array().unwrap() {
                let what = related[1].as_str().unwrap();
                line = format!("{line} [{} {what}]", place(&related[0]));
            }
            line
        };
        self.json().as_array().unwrap().iter().map(line).collect()
    }
}
