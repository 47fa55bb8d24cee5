//! What is applied, pending, edited, missing or half-run.

use serde::Serialize;
use sqlx::postgres::PgConnection;

use super::files::{Files, Migration};
use super::history::{self, Applied};
use crate::base::Result;
use crate::ops::database::{Target, connect};

/// How a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It ran and its file is unchanged.
    Applied,
    /// It has not run.
    Pending,
    /// It ran, and its file was changed afterwards.
    Edited,
    /// It ran, and its file is gone.
    Missing,
    /// It began outside a transaction and did not run to its end.
    HalfRun,
}

/// One migration and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// When it was applied, in UTC.
    pub applied_at: Option<String>,
    /// How long it took, in milliseconds.
    pub ms: Option<i64>,
    /// Whether it can be taken back.
    pub reversible: bool,
}

/// How every migration stands, in order.
pub async fn status(target: &Target, files: &Files) -> Result<Vec<Status>> {
    let mut connection = connect(target).await?;
    of(&mut connection, &files.migrations).await
}

/// The same on a connection that is there.
pub(super) async fn of(
    connection: &mut PgConnection,
    migrations: &[Migration],
) -> Result<Vec<Status>> {
    let history = history::rows(connection).await?;
    Ok(compare(migrations, &history))
}

fn compare(migrations: &[Migration], history: &[Applied]) -> Vec<Status> {
    let with_file = migrations.iter().map(|migration| {
        let row = history.iter().find(|row| row.version == migration.version);
        let state = match row {
            None => State::Pending,
            Some(row) if !row.is_complete => State::HalfRun,
            Some(row) if row.checksum == migration.up.checksum() => State::Applied,
            Some(_) => State::Edited,
        };
        Status {
            version: migration.version,
            name: migration.name.clone(),
            state,
            applied_at: row.map(|row| row.started_at.clone()),
            ms: row.and_then(|row| row.ms),
            reversible: migration.down.is_some(),
        }
    });
    let has_file = |row: &&Applied| {
        migrations
            .iter()
            .any(|migration| migration.version == row.version)
    };
    let without_file = history
        .iter()
        .filter(|row| !has_file(row))
        .map(|row| Status {
            version: row.version,
            name: row.name.clone(),
            state: State::Missing,
            applied_at: Some(row.started_at.clone()),
            ms: row.ms,
            reversible: false,
        });
    let mut all: Vec<Status> = with_file.chain(without_file).collect();
    all.sort_by_key(|status| status.version);
    all
}
