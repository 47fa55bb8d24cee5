//! Whether the server's disk has room for the new database beside the live one, where we can see that disk.

use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use super::super::space;
use crate::base::Result;
use crate::ops::database::Target;
use crate::ops::database::error::running;

/// A new database without any table.
const EMPTY: u64 = 16 * 1024 * 1024;

/// Refuses a restore that would fill the disk: a server whose disk is full stops, and the live database with it.
pub(super) async fn check(
    connection: &mut PgConnection,
    target: &Target,
    raw_bytes: u64,
) -> Result<()> {
    let Some(folder) = data_folder(connection, target).await? else {
        return Ok(());
    };
    // Rows and indexes, and the log of writing them.
    let needed = EMPTY + raw_bytes / 10 * 13 + raw_bytes.min(log_size(connection).await?);
    space::check_room(
        &folder,
        needed,
        "free space there; the new database is made beside the live one",
    )
}

/// The server's data folder, when it is on this machine and surely that of this server.
async fn data_folder(connection: &mut PgConnection, target: &Target) -> Result<Option<PathBuf>> {
    const SQL: &str = "select current_setting('data_directory'), \
        extract(epoch from pg_postmaster_start_time())::bigint";
    if !matches!(target.host.as_str(), "localhost" | "127.0.0.1" | "::1")
        && !target.host.starts_with('/')
    {
        return Ok(None);
    }
    // Only some may ask for the folder.
    let Ok(row) = connection.fetch_one(SQL).await else {
        return Ok(None);
    };
    let folder: String = row.try_get(0).map_err(|e| running(SQL, e))?;
    let started: i64 = row.try_get(1).map_err(|e| running(SQL, e))?;
    let folder = PathBuf::from(folder);
    Ok(is_of(&folder, target.port, started).then_some(folder))
}

/// A server in a container may name a folder that another server has on this machine: the start time and the port tell.
fn is_of(folder: &Path, port: u16, started: i64) -> bool {
    let Ok(text) = std::fs::read_to_string(folder.join("postmaster.pid")) else {
        return false;
    };
    let number = |line: usize| text.lines().nth(line)?.trim().parse::<i64>().ok();
    let is_started = number(2).is_some_and(|at| at.abs_diff(started) <= 5);
    is_started && number(3) == Some(port.into())
}

async fn log_size(connection: &mut PgConnection) -> Result<u64> {
    const SQL: &str = "select pg_size_bytes(current_setting('max_wal_size'))";
    let size = connection.fetch_one(SQL).await;
    let size: i64 = size
        .and_then(|row| row.try_get(0))
        .map_err(|e| running(SQL, e))?;
    Ok(u64::try_from(size).unwrap_or(0))
}
