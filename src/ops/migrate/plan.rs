//! What a run would do, and what forbids it.

use sqlx::postgres::PgConnection;

use super::files::{Files, Migration, Repeatable};
use super::history::{self, Applied};
use super::progress::Report;
use super::status::{State, Status, compare};
use super::up::UpOptions;
use super::{foreign, repeat};
use crate::base::{Error, Result};

/// What a run would do.
pub(super) struct Plan<'f> {
    /// The numbered files to apply, in order.
    pub(super) pending: Vec<&'f Migration>,
    /// The history as it is.
    pub(super) rows: Vec<Applied>,
    /// The repeatable files that have changed, in order.
    pub(super) changed: Vec<&'f Repeatable>,
}

impl Plan<'_> {
    /// The files with their SQL.
    pub(super) fn told(self) -> Vec<Report> {
        let numbered = self
            .pending
            .iter()
            .map(|m| Report::planned(Some(m.version), &m.name, &m.up.text));
        let repeatable = self
            .changed
            .iter()
            .map(|r| Report::planned(None, &r.name, &r.script.text));
        numbered.chain(repeatable).collect()
    }
}

/// Makes the plan; an error when something has to be settled first.
pub(super) async fn read<'f>(
    connection: &mut PgConnection,
    files: &'f Files,
    options: &UpOptions,
) -> Result<Plan<'f>> {
    let rows = history::rows(connection).await?;
    if rows.is_empty() {
        foreign::refuse(connection).await?;
    }
    if let Some(to) = options.to {
        files.require(to)?;
    }
    let all = compare(&files.migrations, &rows);
    let is_wanted = |version: i64| options.to.is_none_or(|to| version <= to);
    let to_apply = |status: &&Status| {
        matches!(
            status.state,
            State::Pending | State::OutOfOrder | State::HalfRun
        ) && status.version.is_some_and(is_wanted)
    };
    let pending: Vec<&Migration> = all
        .iter()
        .filter(to_apply)
        .filter_map(|status| files.migration(status.version?))
        .collect();
    refuse(&all, &rows, !pending.is_empty(), options)?;
    let is_last = files
        .migrations
        .last()
        .is_none_or(|last| is_wanted(last.version));
    let changed = if is_last {
        repeat::changed(connection, &files.repeatables).await?
    } else {
        Vec::new()
    };
    Ok(Plan {
        pending,
        rows,
        changed,
    })
}

fn refuse(all: &[Status], rows: &[Applied], has_work: bool, options: &UpOptions) -> Result<()> {
    let first = |state: State| all.iter().find(|status| status.state == state);
    if let Some(edited) = first(State::Edited) {
        return Err(Error::refused(format!(
            "migration {} was edited after it was applied",
            edited.full_name()
        ))
        .hint(format!(
            "put the file back as it was, and write the change as a new migration; if the change means nothing to the \
            database: `lexi run migrate-repair {}`",
            edited.version.unwrap_or_default()
        )));
    }
    let reverting = |status: &&Status| {
        rows.iter().any(|row| {
            Some(row.version) == status.version && row.phase == history::Phase::Reverting
        })
    };
    if let Some(half) = all.iter().find(reverting) {
        return Err(
            Error::refused(format!("migration {} is half taken back", half.full_name()))
                .hint("finish it with `lexi run migrate-revert`"),
        );
    }
    if let (Some(missing), true) = (first(State::Missing), has_work) {
        return Err(Error::refused(format!(
            "migration {} is applied and its file is missing",
            missing.full_name()
        ))
        .hint(format!(
            "get the file back: other files may build on it; if it is gone for good: `lexi run migrate-repair {}`",
            missing.version.unwrap_or_default()
        )));
    }
    match first(State::OutOfOrder) {
        Some(late) if !options.allow_out_of_order && has_work => Err(Error::refused(format!(
            "migration {} is older than the newest one that is applied",
            late.full_name()
        ))
        .hint("give it a newer number, or allow it: `lexi run migrate --out-of-order`")),
        _ => Ok(()),
    }
}
