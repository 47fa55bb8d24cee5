//! One statement with its parameters bound, never spliced; its rows as values.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnection, PgRow, PgTypeInfo, PgTypeKind};
use sqlx::{AssertSqlSafe, Column, Connection, Either, Executor, Row, ValueRef};

use super::bind::{bind, wrong_count};
use super::decode::{MoneyDigits, Undecodable, decode};
use super::error;
use super::split;
use super::token::{TokenKind, Tokens};
use super::value::{Class, Value, type_name};
use crate::base::{Error, Result};

/// The most that one statement may give back to a script.
const MOST_BYTES: usize = 256 << 20;

/// The rows of a statement.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// The names of the columns; none when there are no rows.
    pub columns: Vec<String>,
    /// The values in the order of the columns.
    pub rows: Vec<Vec<Value>>,
}

/// Runs a statement and gives its rows.
pub async fn rows(connection: &mut PgConnection, sql: &str, parameters: &[Value]) -> Result<Rows> {
    let (rows, _affected) = run(connection, sql, parameters, Wanted::Rows).await?;
    let digits = money_digits(connection, &rows).await?;
    let Some(first) = rows.first() else {
        return Ok(Rows::default());
    };
    let columns = column_names(first)?;
    let rows = rows.into_iter().map(|row| values(&row, digits));
    Ok(Rows {
        columns,
        rows: rows.collect::<Result<_>>()?,
    })
}

/// Runs a statement and gives the number of rows it changed.
pub async fn execute(
    connection: &mut PgConnection,
    sql: &str,
    parameters: &[Value],
) -> Result<u64> {
    if !parameters.is_empty() {
        return Ok(run(connection, sql, parameters, Wanted::Count).await?.1);
    }
    if split::split(sql)?.len() > 1 {
        return Err(Error::invalid("this is more than one statement")
            .hint("run several with `db::batch(sql)`"));
    }
    // Nothing is gained by preparing it, and a change of tables may make what was prepared on them unusable.
    let outcome = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
    let done = outcome.map_err(|e| error::running(sql, e))?;
    if connection.cached_statements_size() > 0 {
        let cleared = connection.clear_cached_statements().await;
        cleared.map_err(|e| error::running(sql, e))?;
    }
    Ok(done.rows_affected())
}

/// Runs exactly one statement, as the server itself counts them, and gives the number of rows it changed.
pub async fn execute_prepared(
    connection: &mut PgConnection,
    sql: &str,
    parameters: &[Value],
) -> Result<u64> {
    Ok(run(connection, sql, parameters, Wanted::Count).await?.1)
}

/// Refuses what only works in another way: COPY with the client, and the limits of a transaction.
pub fn refuse_unsuitable(sql: &str) -> Result<()> {
    refuse_copy(sql)?;
    if let Some(word) = transaction_word(sql) {
        return Err(Error::invalid(format!("`{word}` cannot be run by itself"))
            .hint("use `db::transaction(|tx| { .. })`; it commits at the end and rolls back on an error"));
    }
    Ok(())
}

/// Refuses COPY from or to the client, which needs a stream of data beside the statement.
pub fn refuse_copy(sql: &str) -> Result<()> {
    let mut tokens = Tokens::new(sql);
    let mut is_copy = None;
    while let Ok(Some(token)) = tokens.next_token() {
        let word = &sql[token.range];
        let copies = *is_copy.get_or_insert_with(|| word.eq_ignore_ascii_case("copy"));
        if !copies {
            return Ok(());
        }
        let is_client = word.eq_ignore_ascii_case("stdin") || word.eq_ignore_ascii_case("stdout");
        if token.kind == TokenKind::Word && is_client {
            return Err(
                Error::invalid("`COPY` with stdin or stdout cannot be run as a statement")
                    .hint("use `db::copy_in(table, path)` or `db::copy_out(table, path)`"),
            );
        }
    }
    Ok(())
}

/// The word by which a statement begins or ends a transaction, if it does.
pub fn transaction_word(sql: &str) -> Option<&'static str> {
    let statements = split::split(sql).ok()?;
    let words = statements.first()?.words(2);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Some(match words.as_slice() {
        ["BEGIN", ..] => "BEGIN",
        ["START", "TRANSACTION"] => "START TRANSACTION",
        ["COMMIT", ..] => "COMMIT",
        ["END", ..] => "END",
        ["ROLLBACK", ..] => "ROLLBACK",
        ["ABORT", ..] => "ABORT",
        ["SAVEPOINT", ..] => "SAVEPOINT",
        ["RELEASE", ..] => "RELEASE",
        ["PREPARE", "TRANSACTION"] => "PREPARE TRANSACTION",
        _ => return None,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Rows,
    Count,
}

async fn run(
    connection: &mut PgConnection,
    sql: &str,
    parameters: &[Value],
    wanted: Wanted,
) -> Result<(Vec<PgRow>, u64)> {
    let first = run_once(connection, sql, parameters, wanted).await;
    let Err(failed) = first else {
        return first;
    };
    let is_outdated =
        error::sqlstate(&failed) == Some("0A000") && failed.message().contains("cached plan");
    if !is_outdated {
        return Err(failed);
    }
    // Another session has changed the table since the statement was prepared here.
    connection
        .clear_cached_statements()
        .await
        .map_err(|e| error::running(sql, e))?;
    run_once(connection, sql, parameters, wanted)
        .await
        .map_err(|_in_a_transaction| failed)
}

async fn run_once(
    connection: &mut PgConnection,
    sql: &str,
    parameters: &[Value],
    wanted: Wanted,
) -> Result<(Vec<PgRow>, u64)> {
    let arguments = bind(connection, sql, parameters).await?;
    // Always under a name: sqlx 0.9.0 loses an unnamed one while it asks for types that it does not know.
    let query = sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(true);
    let mut stream = connection.fetch_many(query);
    let (mut rows, mut affected, mut bytes) = (Vec::new(), 0, 0);
    while let Some(item) = stream.try_next().await.map_err(|e| failed(sql, e))? {
        match item {
            Either::Left(done) => affected += done.rows_affected(),
            Either::Right(row) if wanted == Wanted::Rows => {
                bytes += size(&row);
                if bytes > MOST_BYTES {
                    return Err(too_large());
                }
                rows.push(row);
            }
            Either::Right(_) => {}
        }
    }
    Ok((rows, affected))
}

fn failed(sql: &str, error: sqlx::Error) -> Error {
    let error = error::running(sql, error);
    // "bind message supplies 0 parameters, but prepared statement "" requires 2"
    let required = error
        .message()
        .rsplit_once("requires ")
        .map(|(_, number)| number);
    match (
        error::sqlstate(&error),
        required.and_then(|number| number.parse().ok()),
    ) {
        (Some("08P01"), Some(required)) => wrong_count(required, 0),
        _ => error,
    }
}

fn size(row: &PgRow) -> usize {
    let length = |index| {
        row.try_get_raw(index)
            .map_or(0, |v| v.as_bytes().map_or(0, <[u8]>::len))
    };
    (0..row.len()).map(length).sum::<usize>() + row.len() * size_of::<Value>()
}

fn too_large() -> Error {
    let limit = crate::base::units::bytes(MOST_BYTES as u64);
    Error::refused(format!("the result is larger than {limit}"))
        .hint("use `LIMIT`, or write it to a file with `db::copy_out(query, path)`")
}

fn column_names(row: &PgRow) -> Result<Vec<String>> {
    let mut seen = HashSet::new();
    for column in row.columns() {
        if !seen.insert(column.name()) {
            return Err(
                Error::invalid(format!("two columns are named `{}`", column.name()))
                    .hint("give each its own name with `AS`"),
            );
        }
    }
    Ok(row
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect())
}

fn values(row: &PgRow, digits: MoneyDigits) -> Result<Vec<Value>> {
    row.columns()
        .iter()
        .map(|column| {
            let raw = row
                .try_get_raw(column.ordinal())
                .map_err(|e| Error::internal("a row has too few columns").because(e))?;
            if raw.is_null() {
                return Ok(Value::Null);
            }
            let bytes = raw.as_bytes().unwrap_or_default();
            decode(bytes, column.type_info(), digits)
                .map_err(|why| unknown_form(column.name(), column.type_info(), why))
        })
        .collect()
}

fn unknown_form(column: &str, info: &PgTypeInfo, why: Undecodable) -> Error {
    let name = type_name(info);
    let message = match why {
        Undecodable::Type => {
            format!("column `{column}` is of type `{name}`, which has no form in a script")
        }
        Undecodable::Bytes => format!("column `{column}` holds a `{name}` that cannot be read"),
    };
    Error::invalid(message)
        .hint(format!(
            "ask for it as text: `{}::text`",
            super::quote_ident(column)
        ))
        .field("column", column)
        .field("type", name)
}

fn has_money(info: &PgTypeInfo) -> bool {
    match info.kind() {
        PgTypeKind::Array(inner) | PgTypeKind::Domain(inner) => has_money(inner),
        _ => Class::of(info) == Class::Money,
    }
}

/// Asks how the server writes one unit of money, if there is any among the columns.
async fn money_digits(connection: &mut PgConnection, rows: &[PgRow]) -> Result<MoneyDigits> {
    const SQL: &str = "select 1::money";
    let is_needed = |row: &PgRow| {
        row.columns()
            .iter()
            .any(|column| has_money(column.type_info()))
    };
    if !rows.first().is_some_and(is_needed) {
        return Ok(MoneyDigits::default());
    }
    let row = connection
        .fetch_one(sqlx::query(SQL))
        .await
        .map_err(|e| error::running(SQL, e))?;
    let raw = row
        .try_get_raw(0)
        .ok()
        .and_then(|raw| raw.as_bytes().ok()?.try_into().ok());
    let unit = i64::from_be_bytes(raw.unwrap_or_default());
    Ok(MoneyDigits(unit.max(1).ilog10()))
}
