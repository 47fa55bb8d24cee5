//! Begins a history for a database that was made otherwise: by another program, or by hand.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::files::Files;
use super::foreign::{self, Writer};
use super::history;
use super::lock::{self, Work};
use crate::base::{Error, Result};
use crate::ops::database::Target;

/// What was taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Adopted {
    /// The program that wrote the history.
    pub from: Writer,
    /// Its table, which is left as it is.
    pub table: &'static str,
    /// The numbers of the migrations that are now known as applied.
    pub versions: Vec<i64>,
    /// The numbers that were known before.
    pub known: Vec<i64>,
}

/// Takes the history of another program over, after it was held against the files; `root` is what their names begin at.
pub async fn adopt(target: &Target, files: &Files, root: &Path) -> Result<Adopted> {
    let mut held = lock::acquire(target, Duration::from_mins(1)).await?;
    let work = &mut held.work;
    let Some((writer, rows)) = foreign::find(&mut work.connection).await? else {
        return Err(Error::not_found(
            "there is no history to take over: neither `_sqlx_migrations` nor `schema_migrations` has rows",
        )
        .hint("a database made by hand is declared with `lexi run migrate-baseline NUMBER`"));
    };
    let migrations = foreign::check(writer, &rows, files, root)?;
    history::ensure(&mut work.connection).await?;
    let known = known(work).await?;
    let mut parts = vec!["begin".to_owned()];
    let mut versions = Vec::new();
    for (row, migration) in rows.iter().zip(migrations) {
        if !known.contains(&migration.version) {
            parts.push(row.adopted_sql(migration)?);
            versions.push(migration.version);
        }
    }
    parts.push("commit".to_owned());
    history::run(&mut work.connection, &parts.join("; ")).await?;
    Ok(Adopted {
        from: writer,
        table: writer.table(),
        versions,
        known,
    })
}

/// Declares every migration up to this number applied, without running it; gives the numbers that were not known before.
pub async fn baseline(target: &Target, files: &Files, version: i64) -> Result<Vec<i64>> {
    files.require(version)?;
    let mut held = lock::acquire(target, Duration::from_mins(1)).await?;
    let work = &mut held.work;
    history::ensure(&mut work.connection).await?;
    if history::rows(&mut work.connection).await?.is_empty() {
        foreign::refuse(&mut work.connection).await?;
    }
    let known = known(work).await?;
    let new = |version: &i64| !known.contains(version);
    let older = files
        .migrations
        .iter()
        .filter(|m| m.version <= version && new(&m.version));
    let mut parts = vec!["begin".to_owned()];
    let mut versions = Vec::new();
    for migration in older {
        let statements = migration.up.sql().statements()?.len();
        parts.push(history::applied_sql(migration, statements, "null::bigint"));
        versions.push(migration.version);
    }
    parts.push("commit".to_owned());
    history::run(&mut work.connection, &parts.join("; ")).await?;
    Ok(versions)
}

async fn known(work: &mut Work) -> Result<Vec<i64>> {
    let rows = history::rows(&mut work.connection).await?;
    Ok(rows.iter().map(|row| row.version).collect())
}
