//! Starts a program of a server: as its user, with nothing of the caller's environment, in a group of its own.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::account::Account;
use super::proc::{self, Process};
use crate::base::{Error, Kind, Result};
use crate::ops::process;

/// How long a program that was killed may take to be gone.
const END_LIMIT: Duration = Duration::from_secs(10);

/// A server's program, run as its user.
pub(super) fn command(program: &Path, account: &Account, log: File) -> Result<Command> {
    let mut command = plain(program, log)?;
    if rustix::process::geteuid().is_root() {
        command.uid(account.uid).gid(account.gid);
    }
    Ok(command)
}

/// A program with its output in the log. The empty environment also means that the end of a run does not sweep it away.
pub(super) fn plain(program: &Path, log: File) -> Result<Command> {
    let errors = log
        .try_clone()
        .map_err(|e| Error::io("cannot use the log twice", e))?;
    let mut command = process::command(program);
    command
        .current_dir("/")
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .process_group(0);
    Ok(command)
}

/// Ends programs that a killed run left at work in a folder that is about to be thrown away.
pub(super) fn end_users_of(folder: &Path) -> Result<()> {
    for identity in proc::users_of(folder) {
        let Some(process) = Process::open(identity) else {
            continue;
        };
        process.signal(Signal::KILL);
        if !process.ended_within_blocking(END_LIMIT) {
            let message = format!(
                "process {} in `{}` does not end",
                identity.pid,
                folder.display()
            );
            return Err(Error::new(Kind::Conflict, message));
        }
    }
    Ok(())
}

/// Gives a folder its final name, also across a crash of the machine.
pub(super) fn rename_for_good(from: &Path, to: &Path) -> Result<()> {
    let rename = || -> std::io::Result<()> {
        std::fs::rename(from, to)?;
        match to.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    };
    rename().map_err(|e| {
        let message = format!("cannot rename `{}` to `{}`", from.display(), to.display());
        Error::io(message, e)
    })
}
