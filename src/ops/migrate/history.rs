//! The history: one row in `lexi.migrations` for each file that was applied, or that was begun outside a transaction.

use serde::Serialize;
use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use super::files::Migration;
use super::script::checksum;
use crate::base::Result;
use crate::ops::database::error::running;

const MAKE: &str = "create schema if not exists lexi; \
    create table if not exists lexi.migrations ( \
        version bigint primary key, \
        name text not null, \
        checksum text not null, \
        state text not null check (state in ('running', 'applied')), \
        statements integer not null, \
        started_at timestamptz not null default clock_timestamp(), \
        ms bigint, \
        applied_by text not null default current_user, \
        lexi_version text not null)";

const ROWS: &str = "select version, name, checksum, state = 'applied', statements, \
    to_char(started_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), ms \
    from lexi.migrations order by version";

/// One row of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// The migration's number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// The checksum of what ran; of a half-run file, of the statements that ran to their end.
    pub checksum: String,
    /// Whether it ran to its end.
    pub is_complete: bool,
    /// How many statements ran to their end.
    pub statements: usize,
    /// When it began, in UTC.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub ms: Option<i64>,
}

/// Makes the table, unless it is there.
pub(super) async fn ensure(connection: &mut PgConnection) -> Result<()> {
    if exists(connection).await? {
        return Ok(());
    }
    connection
        .execute(sqlx::raw_sql(MAKE))
        .await
        .map(drop)
        .map_err(|e| running(MAKE, e))
}

async fn exists(connection: &mut PgConnection) -> Result<bool> {
    const SQL: &str = "select to_regclass('lexi.migrations') is not null";
    let row = connection.fetch_one(SQL).await;
    row.and_then(|row| row.try_get(0))
        .map_err(|e| running(SQL, e))
}

/// All rows; none when nothing was ever applied.
pub(super) async fn rows(connection: &mut PgConnection) -> Result<Vec<Applied>> {
    if !exists(connection).await? {
        return Ok(Vec::new());
    }
    let rows = connection
        .fetch_all(ROWS)
        .await
        .map_err(|e| running(ROWS, e))?;
    let applied = rows.iter().map(|row| {
        Ok(Applied {
            version: row.try_get(0)?,
            name: row.try_get(1)?,
            checksum: row.try_get(2)?,
            is_complete: row.try_get(3)?,
            statements: usize::try_from(row.try_get::<i32, _>(4)?).unwrap_or_default(),
            started_at: row.try_get(5)?,
            ms: row.try_get(6)?,
        })
    });
    applied
        .collect::<Result<_, sqlx::Error>>()
        .map_err(|e| running(ROWS, e))
}

/// Writes the row of a migration that ran to its end, in the transaction that is open.
pub(super) async fn record(
    connection: &mut PgConnection,
    migration: &Migration,
    statements: usize,
    ms: i64,
) -> Result<()> {
    write(
        connection,
        migration,
        &migration.up.checksum(),
        "applied",
        statements,
        Some(ms),
    )
    .await
}

/// Writes how far a migration outside a transaction has come.
pub(super) async fn progress(
    connection: &mut PgConnection,
    migration: &Migration,
    done: &[&str],
) -> Result<()> {
    write(
        connection,
        migration,
        &checksum(&done.join(";\n")),
        "running",
        done.len(),
        None,
    )
    .await
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
async fn write(
    connection: &mut PgConnection,
    migration: &Migration,
    checksum: &str,
    state: &str,
    statements: usize,
    ms: Option<i64>,
) -> Result<()> {
    const SQL: &str = "insert into lexi.migrations \
        (version, name, checksum, state, statements, ms, lexi_version) values ($1, $2, $3, $4, $5, $6, $7) \
        on conflict (version) do update set name = excluded.name, checksum = excluded.checksum, \
        state = excluded.state, statements = excluded.statements, ms = excluded.ms";
    let insert = sqlx::query(SQL)
        .bind(migration.version)
        .bind(&migration.name)
        .bind(checksum)
        .bind(state)
        .bind(i32::try_from(statements).unwrap_or(i32::MAX))
        .bind(ms)
        .bind(env!("CARGO_PKG_VERSION"));
    insert
        .execute(connection)
        .await
        .map(drop)
        .map_err(|e| running(SQL, e))
}

/// Removes the row of a migration that was taken back, in the transaction that is open.
pub(super) async fn forget(connection: &mut PgConnection, version: i64) -> Result<()> {
    const SQL: &str = "delete from lexi.migrations where version = $1";
    let delete = sqlx::query(SQL).bind(version).execute(connection).await;
    delete.map(drop).map_err(|e| running(SQL, e))
}
