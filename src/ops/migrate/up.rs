//! Applies what is pending, one commit per file.

use std::time::{Duration, Instant};

use super::files::{Files, Migration};
use super::history::{self, Applied};
use super::lock::{self, Work};
use super::outside::{self, Way};
use super::plan::{self, Plan};
use super::progress::{Event, Listener, Report};
use super::{apply, repeat};
use crate::base::{Error, Kind, Result};
use crate::ops::database::{Target, connect};

/// How far and how strictly to go.
#[derive(Debug, Clone)]
pub struct UpOptions {
    /// The last migration to apply; all without it.
    pub to: Option<i64>,
    /// Whether nothing is run, only told.
    pub dry_run: bool,
    /// Whether a file that is older than the newest applied one may run.
    pub allow_out_of_order: bool,
    /// How long to wait for another run of migrations.
    pub lock_wait: Duration,
}

impl Default for UpOptions {
    fn default() -> Self {
        Self {
            to: None,
            dry_run: false,
            allow_out_of_order: false,
            lock_wait: Duration::from_mins(1),
        }
    }
}

/// Applies the pending migrations of a target, then the repeatable files that have changed.
pub async fn up(
    target: &Target,
    files: &Files,
    options: &UpOptions,
    listener: Listener<'_>,
) -> Result<Vec<Report>> {
    if options.dry_run {
        let mut connection = connect(target).await?;
        return Ok(plan::read(&mut connection, files, options).await?.told());
    }
    let mut held = lock::acquire(target, options.lock_wait).await?;
    let work = &mut held.work;
    history::ensure(&mut work.connection).await?;
    let plan = plan::read(&mut work.connection, files, options).await?;
    let mut done = Vec::new();
    let mut tell = |report: Report| {
        listener(Event::Done(&report));
        done.push(report);
    };
    let Plan {
        pending,
        rows,
        changed,
    } = plan;
    for migration in pending {
        let started = Instant::now();
        let row = rows.iter().find(|row| row.version == migration.version);
        apply(work, migration, row, listener)
            .await
            .map_err(|e| lost(e, migration))?;
        tell(Report::done(
            Some(migration.version),
            &migration.name,
            milliseconds(started),
        ));
    }
    for file in changed {
        let started = Instant::now();
        repeat::apply(work, file, listener).await?;
        tell(Report::done(None, &file.name, milliseconds(started)));
    }
    Ok(done)
}

async fn apply(
    work: &mut Work,
    migration: &Migration,
    row: Option<&Applied>,
    listener: Listener<'_>,
) -> Result<()> {
    let script = &migration.up;
    if script.no_transaction {
        return outside::run(work, migration, (script, Way::Up), row, listener).await;
    }
    let statements = script.sql().statements()?.len();
    let record = history::applied_sql(migration, statements, history::ELAPSED);
    apply::in_transaction(work, script, &record, listener)
        .await
        .map_err(|error| error.context(format!("migration {} was not applied", migration.version)))
}

/// A connection that is gone cannot tell whether the commit was the last thing that it carried.
fn lost(error: Error, migration: &Migration) -> Error {
    if error.kind() != Kind::Unavailable {
        return error;
    }
    error.hint(format!(
        "run it again: the history tells whether {} was applied, and nothing is applied twice",
        migration.up.file
    ))
}

pub(super) fn milliseconds(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX)
}
