//! A dry run that runs: everything that is pending, in one transaction that is rolled back.

use std::time::Instant;

use sqlx::postgres::PgConnection;

use super::apply::{self, Limit};
use super::files::{Files, Script};
use super::nature::Nature;
use super::progress::{Event, Listener, Report};
use super::up::{UpOptions, milliseconds};
use super::{history, lock, plan};
use crate::base::{Error, Result};
use crate::ops::database::Target;
use crate::ops::database::error::sqlstate;
use crate::ops::database::split::Statement;

/// Runs all that is pending and takes it back; what cannot run in a transaction is left out and named.
pub async fn rehearse(
    target: &Target,
    files: &Files,
    options: &UpOptions,
    listener: Listener<'_>,
) -> Result<Vec<Report>> {
    let mut held = lock::acquire(target, options.lock_wait).await?;
    let connection = &mut held.work.connection;
    history::run(connection, "begin").await?;
    history::ensure(connection).await?;
    let plan = plan::read(connection, files, options).await?;
    let numbered = plan
        .pending
        .iter()
        .map(|m| (Some(m.version), m.name.as_str(), &m.up));
    let repeatable = plan
        .changed
        .iter()
        .map(|r| (None, r.name.as_str(), &r.script));
    let mut done = Vec::new();
    for (version, name, script) in numbered.chain(repeatable) {
        let started = Instant::now();
        let left_out = try_out(connection, script)
            .await
            .map_err(|e| e.context("rehearsal failed, nothing was changed"))?;
        let report = Report {
            left_out,
            ..Report::done(version, name, milliseconds(started))
        };
        listener(Event::Done(&report));
        done.push(report);
    }
    apply::roll_back(connection).await;
    Ok(done)
}

async fn try_out(connection: &mut PgConnection, script: &Script) -> Result<Vec<String>> {
    let sql = script.sql();
    let statements = sql.statements()?;
    if !script.no_transaction {
        apply::refuse_transaction_words(&sql, &statements)?;
    }
    history::run(
        connection,
        "reset all; reset session authorization; reset role",
    )
    .await?;
    history::run(connection, &apply::limits(script, "local").join("; ")).await?;
    let mut left_out = Vec::new();
    for statement in &statements {
        if !try_statement(connection, script, statement).await? {
            let line = script.first_line + statement.line - 1;
            let first = statement.text.lines().next().unwrap_or_default();
            left_out.push(format!("{}:{line}: {first}", script.file));
        }
    }
    // Checks that wait for the commit must not be missed.
    let checked = history::run(
        connection,
        "savepoint lexi_rehearsal; set constraints all immediate; \
        rollback to savepoint lexi_rehearsal; release savepoint lexi_rehearsal",
    );
    checked
        .await
        .map_err(|e| e.context(format!("{}: at its end", script.file)))?;
    Ok(left_out)
}

/// Whether the statement could run in a transaction.
async fn try_statement(
    connection: &mut PgConnection,
    script: &Script,
    statement: &Statement<'_>,
) -> Result<bool> {
    let is_limit = matches!(
        Limit::of(&statement.words(3)),
        Some(Limit::Begin | Limit::End)
    );
    if script.no_transaction && is_limit {
        return Ok(true);
    }
    if Nature::of(statement) != Nature::Ordinary {
        return refuse_inside(script, statement);
    }
    if !script.no_transaction {
        script.sql().run_one(connection, statement).await?;
        return Ok(true);
    }
    history::run(connection, "savepoint lexi_rehearsal").await?;
    match script.sql().run_one(connection, statement).await {
        Ok(_) => history::run(connection, "release savepoint lexi_rehearsal")
            .await
            .map(|()| true),
        Err(e) if matches!(sqlstate(&e), Some("25001" | "2D000")) => {
            history::run(connection, "rollback to savepoint lexi_rehearsal").await?;
            Ok(false)
        }
        Err(e) => Err(e),
    }
}

/// In a file that runs as one transaction, such a statement fails for certain.
fn refuse_inside(script: &Script, statement: &Statement<'_>) -> Result<bool> {
    if script.no_transaction {
        return Ok(false);
    }
    let error = Error::invalid("this cannot run inside a transaction")
        .hint("begin the file with `-- lexi:no-transaction`");
    Err(script.sql().at(error, statement))
}
