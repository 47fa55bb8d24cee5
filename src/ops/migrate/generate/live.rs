//! The live database: it must be where the files are before, and is again afterwards.

use super::Generate;
use crate::base::{Error, Result};
use crate::ops::database::{Target, connect};
use crate::ops::migrate::files::{Files, find};
use crate::ops::migrate::history;
use crate::ops::migrate::status::{State, status};

/// Refuses a database whose history and files differ: the difference would become part of the new migration.
pub(super) async fn refuse_unclean(target: &Target, migrations: &Files) -> Result<()> {
    let all = status(target, migrations).await?;
    let Some(bad) = all.iter().find(|one| one.state != State::Applied) else {
        return Ok(());
    };
    let (what, hint) = match bad.state {
        State::Pending => ("is pending", "apply it first: `lexi run migrate`"),
        State::OutOfOrder => (
            "is older than the newest applied one",
            "give it a newer number, or apply it: `lexi run migrate --out-of-order`",
        ),
        State::Edited => (
            "was edited after it was applied",
            "put the file back as it was, or say what holds: `lexi run migrate-repair`",
        ),
        State::Missing => (
            "is applied and its file is gone",
            "bring the file back, or say what holds: `lexi run migrate-repair`",
        ),
        _ => (
            "did not run to its end",
            "finish it first: `lexi run migrate`",
        ),
    };
    Err(Error::refused(format!("migration {} {what} in {target}", bad.full_name())).hint(hint))
}

/// Writes into the history that the database has what the new migration would make.
pub(super) async fn record(request: &Generate<'_>, version: i64) -> Result<()> {
    let (folder, shown) = request.folder;
    let all = find(folder, shown)?;
    let migration = all.require(version)?;
    let statements = migration.up.sql().statements()?.len();
    let mut connection = connect(request.target).await?;
    history::ensure(&mut connection).await?;
    history::record(&mut connection, migration, statements, 0)
        .await
        .map_err(|e| {
            e.hint(
                "the files are written; remove them and run it again, so that the history has them",
            )
        })
}
