//! What stands between a command and a task: its question and its lock.

use super::task::Task;
use crate::base::Result;
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

/// Takes a task's named lock, unless a task that runs this one holds it already; freed when dropped.
pub(super) fn lock(host: &Host, task: &Task) -> Result<Option<Lock>> {
    let strand = strand::current();
    let Some(name) = task.lock.as_deref().filter(|name| !strand.holds(name)) else {
        return Ok(None);
    };
    let state = host.project().state();
    let taking = lock::acquire(&state, name, &task.name, OnBusy::Fail);
    host.runtime().wait(&strand.cancel, taking)
}
