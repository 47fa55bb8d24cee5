//! Proves a backup: it is restored into a database of its own, every row is counted there, and the database goes again.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};

use super::super::progress::{OnProgress, Progress, Step};
use super::names::Role;
use super::plan::Plan;
use super::{check, lock, replay, side};
use crate::base::{Cancel, Error, Kind, Result};
use crate::ops::database::error::running;
use crate::ops::database::{Target, connect};

/// Restores a plan into a database beside the live one, which is not touched, and drops it again.
///
/// This must not be dropped half way: it looks after `cancel` itself.
pub async fn prove(plan: &Plan, wait: Duration, cancel: &Cancel, on: OnProgress<'_>) -> Result<()> {
    let live = &plan.target.database;
    let mut admin = lock::take(&plan.target, wait).await?;
    side::sweep(&mut admin, live).await?;
    let scratch = side::free_name(&mut admin, live, Role::Side, Timestamp::now()).await?;
    let proven = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(cancel.error()),
        done = fill(plan, &mut admin, &scratch, on) => done,
    };
    drop(admin);
    // On a new connection: the other may be in the middle of something.
    let mut admin = crate::ops::database::admin::maintenance(&plan.target).await?;
    side::drop_it(&mut admin, &scratch).await?;
    proven.map_err(|e| e.context("the backup cannot be restored"))
}

async fn fill(
    plan: &Plan,
    admin: &mut PgConnection,
    scratch: &str,
    on: OnProgress<'_>,
) -> Result<()> {
    let like = plan.source.manifest.as_ref().map(|m| &m.settings);
    let _own_locale = side::make(admin, scratch, like, None).await?;
    let target = plan.target.with_database(scratch);
    let mut connection = connect(&target).await?;
    replay::replay(&mut connection, &plan.source, &plan.omit, on).await?;
    on(Progress::of(Step::Check, 0, None));
    let _oddities = check::check(&mut connection, None).await?;
    let counted = count(&mut connection, plan).await;
    let _already_gone = connection.close().await;
    counted
}

/// What was sent need not be what is there: a rule or a trigger may have had its way with it.
async fn count(connection: &mut PgConnection, plan: &Plan) -> Result<()> {
    for (table, rows) in &plan.source.facts.tables {
        let sql = format!("select count(*) from only {table}");
        let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(sql.as_str())));
        let row = row.await.map_err(|e| running(&sql, e))?;
        let found: i64 = row.try_get(0).map_err(|e| running(&sql, e))?;
        if u64::try_from(found) != Ok(*rows) {
            let message = format!("table {table} has {found} rows, the backup has {rows}");
            return Err(Error::corrupt(message));
        }
    }
    Ok(())
}

/// Drops what killed runs left beside the database of `target`, unless a restore is going on; gives the names.
pub async fn sweep(target: &Target) -> Result<Vec<String>> {
    let live = &target.database;
    let mut connection = connect(target).await?;
    let found = side::beside(&mut connection, live, Role::Side).await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut admin = match lock::take(target, Duration::ZERO).await {
        Err(e) if e.kind() == Kind::Locked => return Ok(Vec::new()),
        admin => admin?,
    };
    side::sweep(&mut admin, live).await
}
