//! All that is below this process, whatever it does to be forgotten, for the watcher of a stranger's script.
//!
//! A program can leave its group and its session and drop the mark of its run, but not its ancestors: what loses its
//! parent becomes a child of the nearest ancestor that asked for it.

use std::collections::HashSet;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper,
    waitpid,
};
use tokio::signal::unix::{SignalKind, signal};

use super::registry::{AFTER_KILL, Registry, until};
use super::table::{self, Entry};
use crate::base::{Error, Result};

/// How long to leave what has ended, so that a crowd of it is one look at the table.
const PAUSE: Duration = Duration::from_millis(5);

/// Makes what loses its parent from now on a child of this process. Nothing takes this back.
pub fn adopt() -> Result<()> {
    set_child_subreaper(Some(getpid()))
        .map_err(|e| Error::io("cannot watch over what the script starts", e.into()))
}

impl Registry {
    /// Takes away what this process adopted as soon as it has ended, since it counts as a process until then.
    pub async fn reap_adopted(&self) -> Result<()> {
        let mut ended = signal(SignalKind::child())
            .map_err(|e| Error::io("cannot watch over what the script starts", e))?;
        loop {
            self.reap(&table::below(getpid()));
            ended.recv().await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Kills all that is below this process. Gives the number of those that are still there.
    pub async fn end_below(&self) -> usize {
        let left = || {
            let below = table::below(getpid());
            kill(&below);
            // Those that have ended count: a program that forks and ends over and over is seen by what it leaves only.
            self.reap(&below);
            below.len()
        };
        until(AFTER_KILL, || left() == 0).await;
        table::below(getpid())
            .iter()
            .filter(|entry| !entry.is_ended)
            .count()
    }

    fn reap(&self, below: &[Entry]) {
        let own = getpid().as_raw_pid();
        let adopted = below
            .iter()
            .filter(|entry| entry.is_ended && entry.parent == own)
            .filter_map(|entry| Pid::from_raw(entry.pid))
            // Somebody else waits for what this process started itself.
            .filter(|pid| !self.holds(*pid));
        for pid in adopted {
            let _taken_already = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
}

fn kill(below: &[Entry]) {
    let groups: HashSet<i32> = below.iter().map(|entry| entry.group).collect();
    let known: HashSet<i32> = below.iter().map(|entry| entry.pid).collect();
    let strangers = table::entries().filter(|entry| !known.contains(&entry.pid));
    let shared: HashSet<i32> = strangers.map(|entry| entry.group).collect();
    // A whole group ends at once, however fast it forks; one that holds anybody else is not ours to end.
    for group in groups.difference(&shared).filter(|group| **group > 0) {
        if let Some(group) = Pid::from_raw(*group) {
            let _may_be_gone = kill_process_group(group, Signal::KILL);
        }
    }
    for pid in below.iter().filter_map(|entry| Pid::from_raw(entry.pid)) {
        let _may_be_gone = kill_process(pid, Signal::KILL);
    }
}
