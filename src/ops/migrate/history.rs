//! The history: one row in `lexi.migrations` for each file that was applied, or that was begun outside a transaction, and
//! one in `lexi.repeatables` for each file that runs whenever it changes.

use serde::Serialize;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor, Row};

use super::files::Migration;
use crate::base::Result;
use crate::ops::database::error::running;
use crate::ops::database::quote_literal;

/// Idempotent, so that a table of an earlier version gets what it lacks.
const MAKE: &str = "create schema if not exists lexi; \
    create table if not exists lexi.migrations ( \
        version bigint primary key, \
        name text not null, \
        checksum text not null, \
        state text not null, \
        statements integer not null, \
        started_at timestamptz not null default clock_timestamp(), \
        ms bigint, \
        applied_by text not null default session_user, \
        lexi_version text not null); \
    alter table lexi.migrations drop constraint if exists migrations_state_check; \
    alter table lexi.migrations add constraint migrations_state_check \
        check (state in ('running', 'applied', 'reverting')); \
    alter table lexi.migrations add column if not exists unsure boolean not null default false; \
    alter table lexi.migrations add column if not exists known_indexes oid[]; \
    create table if not exists lexi.repeatables ( \
        name text primary key, \
        checksum text not null, \
        applied_at timestamptz not null default clock_timestamp(), \
        ms bigint, \
        applied_by text not null default session_user, \
        lexi_version text not null)";

const ROWS: &str = "select version, name, checksum, state, statements, \
    to_char(started_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), ms, unsure, array_to_string(known_indexes, ',') \
    from lexi.migrations order by version";

/// How far a migration has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It is being applied outside a transaction.
    Running,
    /// It was applied.
    Applied,
    /// It is being taken back outside a transaction.
    Reverting,
}

impl Phase {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Applied => "applied",
            Self::Reverting => "reverting",
        }
    }

    fn of(text: &str) -> Self {
        match text {
            "running" => Self::Running,
            "reverting" => Self::Reverting,
            _ => Self::Applied,
        }
    }
}

/// One row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The migration's number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// The checksum of what ran; of a half-run file, of the statements that ran to their end.
    pub checksum: String,
    /// How far it has come.
    pub phase: Phase,
    /// How many statements ran to their end.
    pub statements: usize,
    /// When it began, in UTC.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub ms: Option<i64>,
    /// Whether the next statement was begun and its end is not known.
    pub is_unsure: bool,
    /// The oids of the indexes that were there before the next statement was begun, with commas between.
    pub known_indexes: Option<String>,
}

/// Makes the tables, unless they are there.
pub(super) async fn ensure(connection: &mut PgConnection) -> Result<()> {
    if exists(connection, "lexi.repeatables").await? {
        return Ok(());
    }
    let made = connection.execute(sqlx::raw_sql(MAKE)).await;
    made.map(drop).map_err(|e| running(MAKE, e))
}

/// Whether there is a table of this name.
pub(super) async fn exists(connection: &mut PgConnection, table: &str) -> Result<bool> {
    let sql = format!("select to_regclass({}) is not null", quote_literal(table));
    let row = connection
        .fetch_one(sqlx::raw_sql(AssertSqlSafe(sql.as_str())))
        .await;
    row.and_then(|row| row.try_get(0))
        .map_err(|e| running(&sql, e))
}

/// All rows; none when nothing was ever applied. Where something was, the tables are those of this version: see [`ensure`].
pub(super) async fn rows(connection: &mut PgConnection) -> Result<Vec<Applied>> {
    if !exists(connection, "lexi.repeatables").await? {
        return Ok(Vec::new());
    }
    let rows = connection.fetch_all(sqlx::raw_sql(ROWS)).await;
    let rows = rows.map_err(|e| running(ROWS, e))?;
    let applied = rows.iter().map(|row| {
        Ok(Applied {
            version: row.try_get(0)?,
            name: row.try_get(1)?,
            checksum: row.try_get(2)?,
            phase: Phase::of(row.try_get(3)?),
            statements: usize::try_from(row.try_get::<i32, _>(4)?).unwrap_or_default(),
            started_at: row.try_get(5)?,
            ms: row.try_get(6)?,
            is_unsure: row.try_get(7)?,
            known_indexes: row.try_get(8)?,
        })
    });
    applied
        .collect::<Result<_, sqlx::Error>>()
        .map_err(|e| running(ROWS, e))
}

/// Writes the row of a migration that was applied.
pub async fn record(
    connection: &mut PgConnection,
    migration: &Migration,
    statements: usize,
    ms: i64,
) -> Result<()> {
    run(
        connection,
        &applied_sql(migration, statements, &ms.to_string()),
    )
    .await
}

/// Runs what one of the functions below has written.
pub(super) async fn run(connection: &mut PgConnection, sql: &str) -> Result<()> {
    let done = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
    done.map(drop).map_err(|e| running(sql, e))
}

/// The time since the transaction began, as the server can tell it.
pub(super) const ELAPSED: &str =
    "(extract(epoch from clock_timestamp() - transaction_timestamp()) * 1000)::bigint";

/// The row of a migration that ran to its end; `ms` is SQL.
pub(super) fn applied_sql(migration: &Migration, statements: usize, ms: &str) -> String {
    let checksum = migration.up.checksum();
    upsert(migration, Phase::Applied, &checksum, statements, ms)
}

/// The row of a migration outside a transaction, of which so many statements ran to their end.
pub(super) fn progress_sql(
    migration: &Migration,
    phase: Phase,
    checksum: &str,
    statements: usize,
) -> String {
    upsert(migration, phase, checksum, statements, "null")
}

fn upsert(
    migration: &Migration,
    phase: Phase,
    checksum: &str,
    statements: usize,
    ms: &str,
) -> String {
    format!(
        "insert into lexi.migrations (version, name, checksum, state, statements, started_at, ms, lexi_version) \
        values ({}, {}, '{checksum}', '{}', {statements}, transaction_timestamp(), {ms}, '{}') \
        on conflict (version) do update set name = excluded.name, checksum = excluded.checksum, \
        state = excluded.state, statements = excluded.statements, ms = excluded.ms, \
        unsure = false, known_indexes = null",
        migration.version,
        quote_literal(&migration.name),
        phase.as_str(),
        env!("CARGO_PKG_VERSION"),
    )
}

/// Says that the next statement is about to begin and that its end will not be known by itself.
pub(super) fn unsure_sql(version: i64) -> String {
    format!(
        "update lexi.migrations set unsure = true, known_indexes = coalesce(known_indexes, \
        array(select indexrelid from pg_catalog.pg_index)) where version = {version}"
    )
}

/// Says that the next statement has failed; what indexes it left can still be told.
pub(super) fn failed_sql(version: i64) -> String {
    format!("update lexi.migrations set unsure = false where version = {version}")
}

/// Removes the row of a migration that was taken back.
pub(super) fn forget_sql(version: i64) -> String {
    format!("delete from lexi.migrations where version = {version}")
}
