//! What stands between a command and a task: its question and its lock.

use super::task::Task;
use crate::base::{Error, Kind, Result};
use crate::host::{Host, strand};
use crate::ops::lock::{self, Lock, OnBusy};

/// Asks a task's question; a task that destroys data also wants the database's name.
pub(super) fn ask(host: &Host, task: &Task) -> Result<()> {
    let Some(question) = &task.confirm else {
        return Ok(());
    };
    if task.destructive {
        let name = host.settings().require("DB_DATABASE")?;
        return crate::host::ui::confirm_name(host, question, name);
    }
    crate::host::ui::confirm(host, question)
}

/// A task's lock was asked for.
pub(super) enum Taken {
    /// It is held, where the task has one and no task that runs this one holds it already; freed when dropped.
    Held(Option<Lock>),
    /// Another run holds it, and this one is to do nothing then; the message says who.
    Skipped(String),
}

/// Takes a task's named lock. Only the task that was asked for can be skipped: others wait for what it does.
pub(super) fn lock(host: &Host, task: &Task, is_asked: bool) -> Result<Taken> {
    let strand = strand::current();
    let Some(name) = task.lock.as_deref().filter(|name| !strand.holds(name)) else {
        return Ok(Taken::Held(None));
    };
    let state = host.project().state();
    let on_busy = match host.flags().if_locked {
        Some(OnBusy::Wait(limit)) => OnBusy::Wait(limit),
        Some(OnBusy::Fail | OnBusy::Skip) | None => OnBusy::Fail,
    };
    let taking = lock::acquire(&state, name, &task.name, on_busy);
    match host.runtime().wait(&strand.cancel, taking) {
        Err(busy) if is_asked && is_skipped(host, &busy) => Ok(Taken::Skipped(busy.full_message())),
        taken => Ok(Taken::Held(taken?)),
    }
}

fn is_skipped(host: &Host, error: &Error) -> bool {
    error.kind() == Kind::Locked && host.flags().if_locked == Some(OnBusy::Skip)
}
