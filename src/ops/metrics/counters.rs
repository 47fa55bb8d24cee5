//! What is counted, and the file that keeps it from one run to the next.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::{Error, Result};
use crate::ops::files;
use crate::ops::lock::{self, OnBusy};

/// How long to wait for another run that counts.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was counted in one profile.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Counters {
    /// By the task's name.
    pub tasks: BTreeMap<String, Task>,
}

/// What was counted of one task.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Task {
    /// Runs that ended, well or not.
    pub runs: u64,
    /// Those that failed or were killed.
    pub failures: u64,
    /// The runs that go on, by their names, each with when it began.
    pub running: BTreeMap<String, Timestamp>,
    /// When the newest one ended.
    pub last_end: Option<Timestamp>,
    /// When the newest good one ended.
    pub last_success: Option<Timestamp>,
    /// How long the newest took, in milliseconds.
    pub last_ms: Option<u64>,
    /// Whether the newest failed or was killed.
    pub is_bad: bool,
}

/// A run that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds, if that is known.
    pub ms: Option<u64>,
    /// Whether it ended well.
    pub is_good: bool,
}

impl Counters {
    /// What was counted so far; nothing where nothing was.
    pub fn load(state: &Path, profile: &str) -> Result<Self> {
        read(&file(state, profile))
    }

    /// Changes what was counted, while no other run does.
    pub async fn change<T>(
        state: &Path,
        profile: &str,
        change: impl FnOnce(&mut Self) -> T,
    ) -> Result<(Self, T)> {
        let file = file(state, profile);
        if let Some(folder) = file.parent() {
            files::make_private_dir(folder)?;
        }
        let busy = OnBusy::Wait(PATIENCE);
        let lock = file.with_extension("lock");
        let _held = lock::acquire_file(&lock, "metrics", "metrics", busy).await?;
        let mut counters = read(&file)?;
        let changed = change(&mut counters);
        let text = serde_json::to_vec(&counters)
            .map_err(|e| Error::internal("the counters cannot be written as JSON").because(e))?;
        files::write(&file, &text, Some(0o600))?;
        Ok((counters, changed))
    }

    /// Counts a run that begins.
    pub fn begin(&mut self, task: &str, run: &str, at: Timestamp) {
        let task = self.tasks.entry(task.to_owned()).or_default();
        task.running.insert(run.to_owned(), at);
    }

    /// Forgets a run that neither went well nor failed.
    pub fn forget(&mut self, task: &str, run: Option<&str>) {
        if let (Some(task), Some(run)) = (self.tasks.get_mut(task), run) {
            task.running.remove(run);
        }
    }

    /// Counts the end of a run; says whether the one before it was bad.
    pub fn end(&mut self, task: &str, run: Option<&str>, ended: Ended) -> bool {
        let task = self.tasks.entry(task.to_owned()).or_default();
        if let Some(run) = run {
            task.running.remove(run);
        }
        let was_bad = task.is_bad;
        task.runs += 1;
        task.is_bad = !ended.is_good;
        task.last_end = Some(ended.at);
        task.last_ms = ended.ms.or(task.last_ms);
        if ended.is_good {
            task.last_success = Some(ended.at);
        } else {
            task.failures += 1;
        }
        was_bad
    }

    /// Counts the runs that were killed before they could say so as failures; gives their tasks and names.
    pub fn settle(&mut self, now: Timestamp, is_lost: impl Fn(&str) -> bool) -> Vec<Lost> {
        let mut all = Vec::new();
        for (name, task) in &self.tasks {
            let lost = task.running.iter().filter(|(run, _)| is_lost(run));
            all.extend(lost.map(|(run, at)| Lost {
                task: name.clone(),
                run: run.clone(),
                at: *at,
            }));
        }
        for lost in &all {
            let ended = Ended {
                at: now,
                ms: None,
                is_good: false,
            };
            self.end(&lost.task, Some(&lost.run), ended);
        }
        all
    }
}

/// A run that was killed before it could say how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its task.
    pub task: String,
    /// Its name.
    pub run: String,
    /// When it began.
    pub at: Timestamp,
}

fn file(state: &Path, profile: &str) -> PathBuf {
    state.join("metrics").join(format!("{profile}.json"))
}

fn read(file: &Path) -> Result<Counters> {
    match std::fs::read(file) {
        Ok(text) => serde_json::from_slice(&text).map_err(|e| {
            Error::invalid(format!("`{}` holds no counters", file.display()))
                .because(e)
                .hint("remove the file: counting starts anew")
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Counters::default()),
        Err(e) => Err(Error::io(format!("cannot read `{}`", file.display()), e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ended(second: i64, is_good: bool) -> Ended {
        Ended {
            at: at(second),
            ms: Some(7),
            is_good,
        }
    }

    #[test]
    fn runs_failures_and_the_last_good_end_are_counted() {
        let mut counters = Counters::default();
        counters.begin("backup", "a", at(1));
        assert!(!counters.end("backup", Some("a"), ended(2, true)));
        counters.begin("backup", "b", at(3));
        assert!(!counters.end("backup", Some("b"), ended(4, false)));
        assert!(counters.end("backup", None, ended(5, true)), "it recovered");

        let task = &counters.tasks["backup"];
        assert_eq!((task.runs, task.failures), (3, 1));
        assert_eq!(task.last_success, Some(at(5)));
        assert!(task.running.is_empty());
    }

    #[test]
    fn a_run_that_was_killed_counts_as_a_failure_once() {
        let mut counters = Counters::default();
        counters.begin("backup", "lost", at(1));
        counters.begin("backup", "alive", at(2));

        let lost = counters.settle(at(9), |run| run == "lost");
        assert_eq!(lost.len(), 1);
        assert_eq!(lost[0].run, "lost");
        assert!(counters.settle(at(10), |run| run == "lost").is_empty());

        let task = &counters.tasks["backup"];
        assert_eq!((task.runs, task.failures), (1, 1));
        assert!(task.is_bad);
        assert_eq!(task.running.len(), 1);
    }
}
