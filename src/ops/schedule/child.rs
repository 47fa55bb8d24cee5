//! A run as a process of its own: started in a group of its own, watched, and stopped with all it started.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{FlockOperation, MemfdFlags, flock, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};

use super::journal::Journal;
use super::slot::Slot;
use crate::base::{Error, Result};
use crate::ops::process::{self, Exit};

/// How long a run may take to end after SIGTERM: its own programs have five seconds of it.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// How much of what a run says before it begins is looked at.
const SAID: usize = 16 * 1024;

/// What is typed to run a task here.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// What stands before the task's name, up to `run`.
    pub before: Vec<OsString>,
    /// The folder it starts in.
    pub folder: PathBuf,
    /// Where good texts lie that are not on disk any more: those of the settings, and those of each entry.
    pub held: Held,
}

/// The folders of what is held.
#[derive(Debug, Clone)]
pub struct Held(pub PathBuf);

impl Held {
    /// Of `lexi.toml` and the `.env` files.
    pub fn settings(&self) -> PathBuf {
        self.0.join("settings")
    }

    /// Of the scripts that an entry's task is made of: another entry may need another version of one.
    pub fn scripts(&self, entry: &str) -> PathBuf {
        self.0.join("scripts").join(entry)
    }
}

/// A run that lives.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) pid: Pid,
    /// What all that it starts carries in its environment.
    pub(super) mark: String,
    /// What it says on stderr before it begins; from then on the history keeps what it says.
    told: File,
    child: tokio::process::Child,
}

impl Launch {
    /// Starts a run for a slot. It does not depend on us: it has no pipe to us, and its group is its own. Its stderr is a piece
    /// of memory, of which a daemon that is killed leaves nothing behind.
    pub(super) fn start(
        &self,
        journal: &Journal,
        slot: &Slot,
        words: &[String],
    ) -> Result<Started> {
        let mark = format!(
            "cron-{}-{}-{}-{}",
            std::process::id(),
            slot.entry,
            slot.at,
            slot.attempt
        );
        let failed = |e| Error::io(format!("cannot start `{}`", self.program.display()), e);
        let told = memfd_create("lexi-run", MemfdFlags::CLOEXEC);
        let told = File::from(told.map_err(|e| failed(e.into()))?);
        let mut command = process::command(&self.program);
        command
            .args(&self.before)
            .arg("--held")
            .arg(self.held.settings())
            .arg("--held")
            .arg(self.held.scripts(&slot.entry))
            .arg("--slot")
            .arg(slot.word())
            .args(words)
            .current_dir(&self.folder)
            .env("LEXI_STARTED_BY", "schedule")
            .env(process::RUN_ID, &mark)
            .stdin(lock(journal, &slot.entry)?)
            .stdout(Stdio::null())
            .stderr(told.try_clone().map_err(failed)?)
            .process_group(0);
        let child = tokio::process::Command::from(command)
            .spawn()
            .map_err(failed)?;
        let pid = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let pid = pid.ok_or_else(|| Error::internal("a started program has no number"))?;
        Ok(Started {
            pid,
            mark,
            told,
            child,
        })
    }
}

/// The entry's file with a lock on it that the run inherits, and that is free when nothing of the run is left.
fn lock(journal: &Journal, entry: &str) -> Result<Stdio> {
    let path = journal.running_path(entry);
    let doing = |e| Error::io(format!("cannot lock `{}`", path.display()), e);
    let options = || {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        options
    };
    journal.make_folder()?;
    let file = options().open(&path).map_err(doing)?;
    // Shared: runs that may overlap hold it together.
    flock(&file, FlockOperation::NonBlockingLockShared).map_err(|e| doing(e.into()))?;
    Ok(Stdio::from(file))
}

impl Started {
    /// Waits for its end, and gives what it said before it began; what it left running after it was killed is ended too.
    pub(super) async fn wait(mut self) -> (Exit, Option<String>) {
        let exit = self.child.wait().await.map(Exit::from).unwrap_or_default();
        if exit.signal.is_some() {
            process::sweep(&self.mark, Duration::from_secs(2)).await;
        }
        (exit, error_of(&said(&self.told)))
    }
}

/// The first of what was said.
fn said(told: &File) -> String {
    let mut text = vec![0; SAID];
    // What cannot be read is missing in a message only.
    let size = told.read_at(&mut text, 0).unwrap_or_default();
    text.truncate(size);
    String::from_utf8_lossy(&text).into_owned()
}

/// The line that says why a run did not begin: that of the error, else the last one.
fn error_of(said: &str) -> Option<String> {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find_map(|line| line.strip_prefix("error: "));
    error.or_else(|| lines().next_back()).map(str::to_owned)
}

/// Asks a run to end, or makes it.
pub(super) fn send(group: Pid, signal: Signal) {
    // It may have ended in between.
    let _gone = kill_process_group(group, signal);
    if signal == Signal::TERM {
        let _gone = kill_process_group(group, Signal::CONT);
    }
}

/// Kills what a run has left behind, also what is in no group of its.
pub(super) fn kill(group: Pid, mark: Option<&str>) {
    send(group, Signal::KILL);
    if let Some(mark) = mark {
        process::kill(mark);
    }
}

/// What all that a run started carries in its environment.
pub(super) fn mark_of(pid: Pid) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{}/environ", pid.as_raw_pid())).ok()?;
    let name = format!("{}=", process::RUN_ID).into_bytes();
    let mut variables = environment.split(|byte| *byte == 0);
    let mark = variables.find_map(|variable| variable.strip_prefix(name.as_slice()))?;
    String::from_utf8(mark.to_vec()).ok()
}

/// The process of a run that an earlier daemon started, if it is still that run.
pub(super) fn orphan(pid: u32, slot: &Slot) -> Option<Pid> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line);
    let is_it = line.contains("--slot")
        && line.contains(&format!("\"{}\"", slot.entry))
        && line.contains(&slot.at.to_string());
    if is_it {
        Pid::from_raw(i32::try_from(pid).ok()?)
    } else {
        None
    }
}
