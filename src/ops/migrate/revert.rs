//! Takes migrations back, the newest first, one commit per file.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;

use super::files::{Files, Migration, Script};
use super::status::State;
use super::up::{Report, milliseconds, refuse_transaction_words, run};
use super::{history, lock, status};
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

/// Takes migrations back; all of them must have a way back before the first one is touched.
pub async fn revert(
    target: &Target,
    files: &Files,
    back: Back,
    on_reverted: &(dyn Fn(&Report) + Sync),
) -> Result<Vec<Report>> {
    let _held = lock::acquire(target, Duration::from_mins(1)).await?;
    let mut connection = connect(target).await?;
    let all = status::of(&mut connection, &files.migrations).await?;
    let applied = all
        .iter()
        .rev()
        .filter(|status| status.state != State::Pending);
    let chosen: Vec<_> = match back {
        Back::Steps(steps) => applied.take(steps).collect(),
        Back::To(version) => applied
            .take_while(|status| status.version > version)
            .collect(),
    };
    let mut plan = Vec::new();
    for status in chosen {
        let migration = files.migration(status.version);
        let down = migration.and_then(|m| Some((m, m.down.as_ref()?)));
        plan.push(down.ok_or_else(|| {
            Error::refused(format!(
                "migration {} `{}` has no way back; nothing was changed",
                status.version, status.name
            ))
            .hint("write its `.down.sql`")
        })?);
    }
    let mut done = Vec::new();
    for (migration, down) in plan {
        let ms = take_back(&mut connection, migration, down).await?;
        let (version, name) = (migration.version, migration.name.clone());
        let report = Report {
            version,
            name,
            ms: Some(ms),
            sql: None,
        };
        on_reverted(&report);
        done.push(report);
    }
    Ok(done)
}

async fn take_back(
    connection: &mut PgConnection,
    migration: &Migration,
    down: &Script,
) -> Result<i64> {
    let started = Instant::now();
    if down.no_transaction {
        down.sql().run(connection).await?;
        history::forget(connection, migration.version).await?;
        return Ok(milliseconds(started));
    }
    refuse_transaction_words(down)?;
    let result = in_transaction(connection, migration, down).await;
    if let Err(error) = result {
        // The connection may be the very thing that failed.
        let _already_gone = run(connection, "rollback").await;
        return Err(error.context(format!(
            "migration {} was not taken back",
            migration.version
        )));
    }
    run(connection, "reset all").await?;
    Ok(milliseconds(started))
}

async fn in_transaction(
    connection: &mut PgConnection,
    migration: &Migration,
    down: &Script,
) -> Result<()> {
    run(connection, "begin").await?;
    run(connection, "set local lock_timeout = '10s'").await?;
    down.sql().run(connection).await?;
    history::forget(connection, migration.version).await?;
    run(connection, "commit").await
}
