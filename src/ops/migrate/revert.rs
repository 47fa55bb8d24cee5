//! Takes migrations back, the newest first, one commit per file.

use std::time::{Duration, Instant};

use super::apply;
use super::files::{Files, Migration, Script};
use super::history::{self, Applied, Phase};
use super::lock::{self, Work};
use super::outside::{self, Way};
use super::progress::{Event, Listener, Report};
use super::up::milliseconds;
use crate::base::{Error, Result};
use crate::ops::database::{Target, connect};

/// How far to go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// This many migrations.
    Steps(usize),
    /// Until this one is the newest; 0 takes all back.
    To(i64),
}

/// What is taken back, and with what.
type Step<'f> = (&'f Migration, &'f Script, Applied);

/// Takes migrations back; all of them must have a way back before the first one is touched.
pub async fn revert(
    target: &Target,
    files: &Files,
    back: Back,
    listener: Listener<'_>,
) -> Result<Vec<Report>> {
    if let Back::To(version @ 1..) = back {
        files.require(version)?;
    }
    let mut held = lock::acquire(target, Duration::from_mins(1)).await?;
    let work = &mut held.work;
    history::ensure(&mut work.connection).await?;
    let rows = history::rows(&mut work.connection).await?;
    let mut done = Vec::new();
    for (migration, down, row) in plan(files, rows, back)? {
        let started = Instant::now();
        take_back(work, (migration, down, row), listener).await?;
        let report = Report::done(
            Some(migration.version),
            &migration.name,
            milliseconds(started),
        );
        listener(Event::Done(&report));
        done.push(report);
    }
    Ok(done)
}

/// What would be taken back, with its SQL.
pub async fn revert_plan(target: &Target, files: &Files, back: Back) -> Result<Vec<Report>> {
    if let Back::To(version @ 1..) = back {
        files.require(version)?;
    }
    let mut connection = connect(target).await?;
    let rows = history::rows(&mut connection).await?;
    let plan = plan(files, rows, back)?;
    let told = plan
        .iter()
        .map(|(m, down, _)| Report::planned(Some(m.version), &m.name, &down.text));
    Ok(told.collect())
}

fn plan(files: &Files, rows: Vec<Applied>, back: Back) -> Result<Vec<Step<'_>>> {
    let newest_first = rows.into_iter().rev();
    let chosen: Vec<Applied> = match back {
        Back::Steps(steps) => newest_first.take(steps).collect(),
        Back::To(version) => newest_first
            .take_while(|row| row.version > version)
            .collect(),
    };
    chosen.into_iter().map(|row| step(files, row)).collect()
}

fn step(files: &Files, row: Applied) -> Result<Step<'_>> {
    if row.phase == Phase::Running {
        return Err(Error::refused(format!(
            "migration {} `{}` is half applied; nothing was changed",
            row.version, row.name
        ))
        .hint("finish it with `lexi run migrate`, then take it back"));
    }
    let migration = files.migration(row.version);
    match migration.and_then(|m| Some((m, m.down.as_ref()?))) {
        Some((migration, down)) => Ok((migration, down, row)),
        None => Err(Error::refused(format!(
            "migration {} `{}` has no way back; nothing was changed",
            row.version, row.name
        ))
        .hint("write its `.down.sql`")),
    }
}

async fn take_back(
    work: &mut Work,
    (migration, down, row): Step<'_>,
    listener: Listener<'_>,
) -> Result<()> {
    if down.no_transaction || row.phase == Phase::Reverting {
        return outside::run(work, migration, (down, Way::Down), Some(&row), listener).await;
    }
    let record = history::forget_sql(migration.version);
    apply::in_transaction(work, down, &record, listener)
        .await
        .map_err(|e| {
            e.context(format!(
                "migration {} was not taken back",
                migration.version
            ))
        })
}
