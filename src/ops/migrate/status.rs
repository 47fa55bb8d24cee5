//! What is applied, pending, edited, missing or half-run.

use serde::Serialize;

use super::files::{Files, Migration};
use super::history::{self, Applied, Phase};
use super::repeat;
use crate::base::Result;
use crate::ops::database::{Target, connect};

/// How a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It ran and its file is unchanged.
    Applied,
    /// It has not run, or not as its file is now.
    Pending,
    /// It has not run, and a newer one has.
    OutOfOrder,
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
    /// Its number; none of a repeatable file.
    pub version: Option<i64>,
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
    /// Whether its file asks for a backup before it runs.
    pub backup_first: bool,
    /// What else there is to know, such as how much of it has run.
    pub note: Option<String>,
}

impl Status {
    /// The name with its number.
    pub fn full_name(&self) -> String {
        match self.version {
            Some(version) => format!("{version} `{}`", self.name),
            None => format!("`R__{}`", self.name),
        }
    }
}

/// How every migration stands, in order; the repeatable files come last.
pub async fn status(target: &Target, files: &Files) -> Result<Vec<Status>> {
    let mut connection = connect(target).await?;
    if !history::exists(&mut connection, "lexi.migrations").await? {
        return Ok(with_repeatables(
            compare(&files.migrations, &[]),
            files,
            &[],
        ));
    }
    history::ensure(&mut connection).await?;
    let rows = history::rows(&mut connection).await?;
    let repeated = repeat::rows(&mut connection).await?;
    Ok(with_repeatables(
        compare(&files.migrations, &rows),
        files,
        &repeated,
    ))
}

fn with_repeatables(mut all: Vec<Status>, files: &Files, rows: &[repeat::Ran]) -> Vec<Status> {
    all.extend(repeat::statuses(&files.repeatables, rows));
    all
}

/// Holds the files against the history.
pub(super) fn compare(migrations: &[Migration], history: &[Applied]) -> Vec<Status> {
    let newest = history
        .iter()
        .filter(|row| row.phase == Phase::Applied)
        .map(|row| row.version)
        .max();
    let with_file = migrations.iter().map(|migration| {
        let row = history.iter().find(|row| row.version == migration.version);
        Status {
            version: Some(migration.version),
            name: migration.name.clone(),
            state: state(migration, row, newest),
            applied_at: row.map(|row| row.started_at.clone()),
            ms: row.and_then(|row| row.ms),
            reversible: migration.down.is_some(),
            backup_first: migration.up.backup_first,
            note: row.and_then(|row| note(migration, row)),
        }
    });
    let has_file = |row: &&Applied| migrations.iter().any(|m| m.version == row.version);
    let without_file = history
        .iter()
        .filter(|row| !has_file(row))
        .map(|row| Status {
            version: Some(row.version),
            name: row.name.clone(),
            state: State::Missing,
            applied_at: Some(row.started_at.clone()),
            ms: row.ms,
            reversible: false,
            backup_first: false,
            note: None,
        });
    let mut all: Vec<Status> = with_file.chain(without_file).collect();
    all.sort_by_key(|status| status.version);
    all
}

fn state(migration: &Migration, row: Option<&Applied>, newest: Option<i64>) -> State {
    match row {
        None if Some(migration.version) < newest => State::OutOfOrder,
        None => State::Pending,
        Some(row) if row.phase != Phase::Applied => State::HalfRun,
        Some(row) if row.checksum == migration.up.checksum() => State::Applied,
        Some(_) => State::Edited,
    }
}

/// How much of a half-run file has run.
fn note(migration: &Migration, row: &Applied) -> Option<String> {
    let (script, what) = match row.phase {
        Phase::Applied => return None,
        Phase::Running => (Some(&migration.up), "ran"),
        Phase::Reverting => (migration.down.as_ref(), "of its way back ran"),
    };
    let all = script.and_then(|script| Some(script.sql().statements().ok()?.len()));
    let all = all.map_or_else(|| "?".to_owned(), |all| all.to_string());
    let next = row.statements + 1;
    let unsure = if row.is_unsure {
        format!("; whether statement {next} did is not known")
    } else {
        String::new()
    };
    Some(format!(
        "{} of {all} statements {what}{unsure}",
        row.statements
    ))
}
