//! Histories that other programs have written: `_sqlx_migrations` of sqlx and `schema_migrations` of dbmate. They are read,
//! held against the files and taken over; never altered.

use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha384};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Executor, Row};

use super::files::{Files, Migration};
use super::history;
use crate::base::text::count;
use crate::base::text::hex;
use crate::base::{Error, Result};
use crate::ops::database::error::running;

/// The program that wrote a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Writer {
    /// sqlx, with the checksum of each file.
    Sqlx,
    /// dbmate, which knows numbers only.
    Dbmate,
}

impl Writer {
    const ALL: [Self; 2] = [Self::Sqlx, Self::Dbmate];

    /// Its table.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Sqlx => "_sqlx_migrations",
            Self::Dbmate => "schema_migrations",
        }
    }

    const fn rows_sql(self) -> &'static str {
        match self {
            Self::Sqlx => {
                "select version::text, success, encode(checksum, 'hex'), \
                to_char(installed_on at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
                greatest(execution_time, 0) / 1000000 from _sqlx_migrations order by version"
            }
            Self::Dbmate => {
                "select version::text, true, null::text, null::text, null::bigint \
                from schema_migrations order by version"
            }
        }
    }
}

/// A row of another program's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ForeignRow {
    version: String,
    is_success: bool,
    checksum: Option<String>,
    installed_on: Option<String>,
    ms: Option<i64>,
}

impl ForeignRow {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            version: row.try_get(0)?,
            is_success: row.try_get(1)?,
            checksum: row.try_get(2)?,
            installed_on: row.try_get(3)?,
            ms: row.try_get(4)?,
        })
    }

    /// The row that the history gets for it.
    pub(super) fn adopted_sql(&self, migration: &Migration) -> Result<String> {
        let statements = migration.up.sql().statements()?.len();
        let ms = self
            .ms
            .map_or_else(|| "null::bigint".to_owned(), |ms| ms.to_string());
        let insert = history::applied_sql(migration, statements, &ms);
        let Some(at) = &self.installed_on else {
            return Ok(insert);
        };
        let version = migration.version;
        Ok(format!(
            "{insert}; update lexi.migrations set started_at = '{at}' where version = {version}"
        ))
    }
}

/// The first history of another program that has rows.
pub(super) async fn find(
    connection: &mut PgConnection,
) -> Result<Option<(Writer, Vec<ForeignRow>)>> {
    for writer in Writer::ALL {
        if !has_columns(connection, writer).await? {
            continue;
        }
        let sql = writer.rows_sql();
        let rows = connection.fetch_all(sqlx::raw_sql(sql)).await;
        let rows = rows.map_err(|e| running(sql, e))?;
        let rows = rows.iter().map(ForeignRow::read);
        let rows: Vec<_> = rows
            .collect::<Result<_, _>>()
            .map_err(|e| running(sql, e))?;
        if !rows.is_empty() {
            return Ok(Some((writer, rows)));
        }
    }
    Ok(None)
}

/// Rails, for one, has a table of the same name as dbmate's and the same single column.
async fn has_columns(connection: &mut PgConnection, writer: Writer) -> Result<bool> {
    let wanted = match writer {
        Writer::Sqlx => "version,installed_on,success,checksum,execution_time",
        Writer::Dbmate => "version",
    };
    let sql = format!(
        "select count(*) = {} from pg_catalog.pg_attribute \
        where attrelid = to_regclass('{}') and attnum > 0 and not attisdropped \
        and attname = any (string_to_array('{wanted}', ','))",
        wanted.split(',').count(),
        writer.table(),
    );
    let row = connection
        .fetch_one(sqlx::raw_sql(AssertSqlSafe(sql.as_str())))
        .await;
    row.and_then(|row| row.try_get(0))
        .map_err(|e| running(&sql, e))
}

/// Refuses to begin a history of our own beside one that is there.
pub(super) async fn refuse(connection: &mut PgConnection) -> Result<()> {
    let Some((writer, rows)) = find(connection).await? else {
        return Ok(());
    };
    Err(Error::refused(format!(
        "another program has migrated this database: `{}` lists {}",
        writer.table(),
        count("migration", rows.len())
    ))
    .hint("take its history over: `lexi run migrate-status --adopt`"))
}

/// Finds the file of each row, and holds the row's checksum against it.
pub(super) fn check<'f>(
    writer: Writer,
    rows: &[ForeignRow],
    files: &'f Files,
    root: &Path,
) -> Result<Vec<&'f Migration>> {
    let table = writer.table();
    let mut missing = Vec::new();
    let mut found = Vec::new();
    for row in rows {
        let migration = row.version.parse().ok().and_then(|v| files.migration(v));
        let Some(migration) = migration else {
            missing.push(row.version.clone());
            continue;
        };
        if !row.is_success {
            return Err(Error::refused(format!(
                "`{table}` says that migration {} failed half way",
                row.version
            ))
            .hint("settle it with the program that ran it; nothing was taken over"));
        }
        if let Some(checksum) = &row.checksum {
            check_text(table, migration, checksum, root)?;
        }
        found.push(migration);
    }
    if missing.is_empty() {
        return Ok(found);
    }
    Err(Error::refused(format!(
        "`{table}` lists {} without a file: {}",
        count("migration", missing.len()),
        missing.join(", ")
    ))
    .hint("put the files into `migrations`; nothing was taken over"))
}

/// sqlx hashes the bytes as they are, so line ends that were changed on the way are no edit.
fn check_text(table: &str, migration: &Migration, checksum: &str, root: &Path) -> Result<()> {
    let file = &migration.up.file;
    let bytes = std::fs::read(root.join(file))
        .map_err(|e| Error::io(format!("cannot read `{file}`"), e))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let unix = text.replace("\r\n", "\n");
    let windows = unix.replace('\n', "\r\n");
    let is_same = [text.as_str(), &unix, &windows]
        .iter()
        .any(|text| hex(&Sha384::digest(text.as_bytes())) == checksum);
    if is_same {
        return Ok(());
    }
    Err(Error::refused(format!(
        "`{file}` was edited after it was applied: `{table}` has another checksum"
    ))
    .hint("put the file back as it was; nothing was taken over"))
}
