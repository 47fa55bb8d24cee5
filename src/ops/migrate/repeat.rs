//! Files `R__name.sql`: they run again whenever they change, after the numbered ones.

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use super::files::Repeatable;
use super::lock::Work;
use super::progress::Listener;
use super::status::{State, Status};
use super::{apply, history};
use crate::base::Result;
use crate::ops::database::error::running;
use crate::ops::database::quote_literal;

const ROWS: &str = "select name, checksum, \
    to_char(applied_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), ms \
    from lexi.repeatables order by name";

/// What ran last under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ran {
    name: String,
    checksum: String,
    applied_at: String,
    ms: Option<i64>,
}

/// What has run so far.
pub(super) async fn rows(connection: &mut PgConnection) -> Result<Vec<Ran>> {
    let rows = connection.fetch_all(sqlx::raw_sql(ROWS)).await;
    let rows = rows.map_err(|e| running(ROWS, e))?;
    let ran = rows.iter().map(|row| {
        Ok(Ran {
            name: row.try_get(0)?,
            checksum: row.try_get(1)?,
            applied_at: row.try_get(2)?,
            ms: row.try_get(3)?,
        })
    });
    ran.collect::<Result<_, sqlx::Error>>()
        .map_err(|e| running(ROWS, e))
}

/// The files that are not as they ran last.
pub(super) async fn changed<'f>(
    connection: &mut PgConnection,
    files: &'f [Repeatable],
) -> Result<Vec<&'f Repeatable>> {
    if files.is_empty() || !history::exists(connection, "lexi.repeatables").await? {
        return Ok(files.iter().collect());
    }
    let rows = rows(connection).await?;
    let has_changed = |file: &&Repeatable| {
        let checksum = file.script.checksum();
        !rows
            .iter()
            .any(|ran| ran.name == file.name && ran.checksum == checksum)
    };
    Ok(files.iter().filter(has_changed).collect())
}

/// Runs one file as one transaction with its row.
pub(super) async fn apply(
    work: &mut Work,
    file: &Repeatable,
    listener: Listener<'_>,
) -> Result<()> {
    let record = format!(
        "insert into lexi.repeatables (name, checksum, applied_at, ms, lexi_version) \
        values ({}, '{}', transaction_timestamp(), {}, '{}') \
        on conflict (name) do update set checksum = excluded.checksum, applied_at = excluded.applied_at, \
        ms = excluded.ms, applied_by = session_user, lexi_version = excluded.lexi_version",
        quote_literal(&file.name),
        file.script.checksum(),
        history::ELAPSED,
        env!("CARGO_PKG_VERSION"),
    );
    apply::in_transaction(work, &file.script, &record, listener)
        .await
        .map_err(|error| error.context(format!("{} was not applied", file.script.file)))
}

/// How the files stand.
pub(super) fn statuses<'a>(
    files: &'a [Repeatable],
    rows: &'a [Ran],
) -> impl Iterator<Item = Status> + 'a {
    files.iter().map(|file| {
        let ran = rows.iter().find(|ran| ran.name == file.name);
        let checksum = file.script.checksum();
        let (state, note) = match ran {
            None => (State::Pending, None),
            Some(ran) if ran.checksum == checksum => (State::Applied, None),
            Some(_) => (State::Pending, Some("changed since it ran".to_owned())),
        };
        Status {
            version: None,
            name: file.name.clone(),
            state,
            applied_at: ran.map(|ran| ran.applied_at.clone()),
            ms: ran.and_then(|ran| ran.ms),
            reversible: false,
            backup_first: file.script.backup_first,
            note,
        }
    })
}
