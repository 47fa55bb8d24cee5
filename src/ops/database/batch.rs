//! Several statements, one by one.

use serde::Serialize;
use sqlx::postgres::PgConnection;

use super::query::{execute, refuse_copy, transaction_word};
use super::split::{Statement, split};
use crate::base::{Error, Result};

/// What a batch has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// How many statements ran.
    pub statements: u64,
    /// How many rows they changed.
    pub rows: u64,
}

/// Whether the connection is in a transaction that the batch must leave alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surroundings {
    /// Each statement commits by itself, unless the text has its own `BEGIN` and `COMMIT`.
    Nothing,
    /// A transaction is open and stays open.
    Transaction,
}

/// Runs the statements of a text in their order; the first that fails ends it and is named by number and line.
pub async fn batch(
    connection: &mut PgConnection,
    sql: &str,
    around: Surroundings,
) -> Result<Summary> {
    let statements = split(sql)?;
    let numbered = || (1_u64..).zip(&statements);
    for (number, statement) in numbered() {
        check(statement, around).map_err(|e| name(e, number, statement))?;
    }
    refuse_open_end(&statements, around)?;
    let mut summary = Summary::default();
    for (number, statement) in numbered() {
        let outcome = execute(connection, statement.text, &[]).await;
        summary.rows += outcome.map_err(|e| name(e, number, statement))?;
        summary.statements = number;
    }
    Ok(summary)
}

fn check(statement: &Statement<'_>, around: Surroundings) -> Result<()> {
    refuse_copy(statement.text)?;
    match (around, transaction_word(statement.text)) {
        (Surroundings::Transaction, Some(word)) => Err(Error::invalid(format!(
            "`{word}` stands inside a transaction"
        ))
        .hint("remove it, or run the batch outside `db::transaction`")),
        _ => Ok(()),
    }
}

/// A transaction that is never committed would be rolled back without a word.
fn refuse_open_end(statements: &[Statement<'_>], around: Surroundings) -> Result<()> {
    let mut open: Option<(u64, &Statement<'_>)> = None;
    for (number, statement) in (1..).zip(statements) {
        match transaction_word(statement.text) {
            Some("BEGIN" | "START TRANSACTION") => open = open.or(Some((number, statement))),
            Some("ROLLBACK") if statement.words(2).get(1).is_some_and(|word| word == "TO") => {}
            Some("COMMIT" | "END" | "ROLLBACK" | "ABORT" | "PREPARE TRANSACTION") => open = None,
            _ => {}
        }
    }
    match open {
        Some((number, statement)) if around == Surroundings::Nothing => {
            let error = Error::invalid("this transaction is never committed")
                .hint("end it with `COMMIT;`; nothing was run");
            Err(name(error, number, statement))
        }
        _ => Ok(()),
    }
}

/// Says which statement it was; the line becomes that of the whole text.
fn name(error: Error, number: u64, statement: &Statement<'_>) -> Error {
    let own_line = error
        .fields()
        .get("line")
        .and_then(serde_json::Value::as_u64)
        .unwrap_or(1);
    let line = statement.line as u64 + own_line - 1;
    error
        .context(format!("statement {number} (line {line})"))
        .field("statement", number)
        .field("line", line)
}
