//! Applies what is pending, one commit per file.

use std::time::{Duration, Instant};

use serde::Serialize;
use sqlx::Executor;
use sqlx::postgres::PgConnection;

use super::files::{Files, Migration, Script};
use super::script::checksum;
use super::status::{State, Status};
use super::{history, lock, status};
use crate::base::{Error, Result};
use crate::ops::database::error::{running, sqlstate};
use crate::ops::database::query::transaction_word;
use crate::ops::database::{Target, connect};

/// How far and how strictly to go.
#[derive(Debug, Clone)]
pub struct UpOptions {
    /// The last migration to apply; all without it.
    pub to: Option<i64>,
    /// Whether nothing is run, only told.
    pub dry_run: bool,
    /// Whether a file that is older than the newest applied one may run.
    pub allow_out_of_order: bool,
    /// How long to wait for another run of migrations.
    pub lock_wait: Duration,
}

impl Default for UpOptions {
    fn default() -> Self {
        Self {
            to: None,
            dry_run: false,
            allow_out_of_order: false,
            lock_wait: Duration::from_mins(1),
        }
    }
}

/// One file that was applied, or that would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// How long it took, in milliseconds; nothing in a dry run.
    pub ms: Option<i64>,
    /// Its SQL, in a dry run.
    pub sql: Option<String>,
}

/// How often a file is tried again when a lock could not be had within [`LOCK_TIMEOUT`].
const TRIES: u32 = 8;
const LOCK_TIMEOUT: &str = "set local lock_timeout = '2s'";

/// Applies the pending migrations of a target; `on_applied` hears of each.
pub async fn up(
    target: &Target,
    files: &Files,
    options: &UpOptions,
    on_applied: &(dyn Fn(&Report) + Sync),
) -> Result<Vec<Report>> {
    if options.dry_run {
        let mut connection = connect(target).await?;
        let pending = pending(&mut connection, &files.migrations, options).await?;
        return Ok(pending.into_iter().map(planned).collect());
    }
    let _held = lock::acquire(target, options.lock_wait).await?;
    let mut connection = connect(target).await?;
    history::ensure(&mut connection).await?;
    let mut done = Vec::new();
    for migration in pending(&mut connection, &files.migrations, options).await? {
        let ms = apply(&mut connection, migration).await?;
        let report = Report {
            version: migration.version,
            name: migration.name.clone(),
            ms: Some(ms),
            sql: None,
        };
        on_applied(&report);
        done.push(report);
    }
    Ok(done)
}

fn planned(migration: &Migration) -> Report {
    Report {
        version: migration.version,
        name: migration.name.clone(),
        ms: None,
        sql: Some(migration.up.text.clone()),
    }
}

async fn pending<'m>(
    connection: &mut PgConnection,
    migrations: &'m [Migration],
    options: &UpOptions,
) -> Result<Vec<&'m Migration>> {
    let all = status::of(connection, migrations).await?;
    if let Some(edited) = all.iter().find(|status| status.state == State::Edited) {
        return Err(Error::refused(format!(
            "migration {} `{}` was edited after it was applied",
            edited.version, edited.name
        ))
        .hint("put the file back as it was, and write the change as a new migration"));
    }
    if let Some(to) = options
        .to
        .filter(|to| !migrations.iter().any(|m| m.version == *to))
    {
        return Err(Error::not_found(format!(
            "no migration has the number {to}"
        )));
    }
    refuse_out_of_order(&all, options)?;
    let wanted = |migration: &&Migration| {
        let state = all
            .iter()
            .find(|s| s.version == migration.version)
            .map(|s| s.state);
        matches!(state, Some(State::Pending | State::HalfRun))
            && options.to.is_none_or(|to| migration.version <= to)
    };
    Ok(migrations.iter().filter(wanted).collect())
}

fn refuse_out_of_order(all: &[Status], options: &UpOptions) -> Result<()> {
    let newest = all
        .iter()
        .filter(|s| s.state == State::Applied)
        .map(|s| s.version)
        .max();
    let late = all
        .iter()
        .find(|s| s.state == State::Pending && Some(s.version) < newest);
    match late {
        Some(late) if !options.allow_out_of_order => Err(Error::refused(format!(
            "migration {} `{}` is older than {}, which is applied",
            late.version,
            late.name,
            newest.unwrap_or_default()
        ))
        .hint("give it a newer number, or allow it with `allow_out_of_order`")),
        _ => Ok(()),
    }
}

async fn apply(connection: &mut PgConnection, migration: &Migration) -> Result<i64> {
    let ms = if migration.up.no_transaction {
        outside_transaction(connection, migration).await?
    } else {
        in_transaction(connection, migration).await?
    };
    // What a file sets for its session must not reach the next one.
    run(connection, "reset all").await?;
    Ok(ms)
}

async fn in_transaction(connection: &mut PgConnection, migration: &Migration) -> Result<i64> {
    refuse_transaction_words(&migration.up)?;
    let mut tries = 1;
    loop {
        match try_in_transaction(connection, migration).await {
            Err(error) if sqlstate(&error) == Some("55P03") && tries < TRIES => {
                run(connection, "rollback").await?;
                tokio::time::sleep(Duration::from_millis(250 << tries.min(5))).await;
                tries += 1;
            }
            Err(error) => {
                // The connection may be the very thing that failed.
                let _already_gone = run(connection, "rollback").await;
                return Err(
                    error.context(format!("migration {} was not applied", migration.version))
                );
            }
            ms => return ms,
        }
    }
}

async fn try_in_transaction(connection: &mut PgConnection, migration: &Migration) -> Result<i64> {
    let started = Instant::now();
    run(connection, "begin").await?;
    run(connection, LOCK_TIMEOUT).await?;
    let sql = migration.up.sql();
    let statements = sql.statements()?;
    for statement in &statements {
        sql.run_one(connection, statement).await?;
    }
    let ms = milliseconds(started);
    history::record(connection, migration, statements.len(), ms).await?;
    run(connection, "commit").await?;
    Ok(ms)
}

/// Statement by statement, each recorded when it is done, so that a run that was cut goes on where it stopped.
async fn outside_transaction(connection: &mut PgConnection, migration: &Migration) -> Result<i64> {
    let started = Instant::now();
    let sql = migration.up.sql();
    let statements = sql.statements()?;
    let texts: Vec<&str> = statements.iter().map(|statement| statement.text).collect();
    let before = history::rows(connection)
        .await?
        .into_iter()
        .find(|row| row.version == migration.version);
    let mut done = before.as_ref().map_or(0, |row| row.statements);
    if let Some(row) = &before
        && (done > texts.len() || row.checksum != checksum(&texts[..done].join(";\n")))
    {
        return Err(Error::refused(format!(
            "{}: the {done} statements that have run already were edited",
            migration.up.file
        ))
        .hint("put them back as they were; only what has not run yet may be changed"));
    }
    history::progress(connection, migration, &texts[..done]).await?;
    while let Some(statement) = statements.get(done) {
        sql.run_one(connection, statement).await.map_err(|error| {
            let message = format!(
                "migration {} stopped after {done} of {} statements",
                migration.version,
                statements.len()
            );
            error
                .context(message)
                .hint("mend the rest of the file and migrate again; it goes on there")
        })?;
        done += 1;
        history::progress(connection, migration, &texts[..done]).await?;
    }
    let ms = milliseconds(started);
    history::record(connection, migration, done, ms).await?;
    Ok(ms)
}

pub(super) fn refuse_transaction_words(script: &Script) -> Result<()> {
    let sql = script.sql();
    for statement in sql.statements()? {
        if let Some(word) = transaction_word(statement.text) {
            let error = Error::invalid(format!("`{word}` in a file that runs as one transaction"))
                .hint("remove it; or begin the file with `-- lexi:no-transaction`");
            return Err(sql.placed(error, statement.line));
        }
    }
    Ok(())
}

pub(super) async fn run(connection: &mut PgConnection, sql: &'static str) -> Result<()> {
    connection
        .execute(sqlx::raw_sql(sql))
        .await
        .map(drop)
        .map_err(|e| running(sql, e))
}

pub(super) fn milliseconds(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX)
}
