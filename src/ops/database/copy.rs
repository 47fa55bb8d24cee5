//! COPY: files and rows into a table, tables and queries into a file; in pieces, whatever the size.

use std::path::Path;

use futures_util::TryStreamExt;
use serde::Serialize;
use sqlx::postgres::{PgConnection, PgTypeInfo};
use sqlx::{AssertSqlSafe, Column, Executor, SqlSafeStr, Statement};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::admin::quote_ident;
use super::partial::PartialFile;
use super::query::Rows;
use super::token::{TokenKind, Tokens};
use super::{encode, error, split};
use crate::base::{Error, Result};

/// How much is sent at a time.
const CHUNK: usize = 64 << 10;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values.
    #[default]
    Csv,
    /// PostgreSQL's own: tabs, `\N` for NULL.
    Text,
}

/// What is copied and how its file looks.
#[derive(Debug, Clone, Default)]
pub struct CopyOptions {
    /// The columns; none for all of them in the table's order.
    pub columns: Vec<String>,
    /// The form of the file.
    pub format: Format,
    /// Whether the first line holds the names of the columns.
    pub header: bool,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Copied {
    /// How many rows.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// Loads a file into a table: all of it or nothing.
pub async fn in_file(
    connection: &mut PgConnection,
    table: &str,
    path: &Path,
    options: &CopyOptions,
) -> Result<u64> {
    let reading = |e| Error::io(format!("cannot read `{}`", path.display()), e);
    let mut file = File::open(path).await.map_err(reading)?;
    let header = match (options.header, connection.server_version_num()) {
        (false, _) => "false",
        // Since 15 the server compares the names, so that no column is mistaken for another.
        (true, Some(150_000..)) => "match",
        (true, _) => "true",
    };
    let with = with_clause(options.format, header);
    let sql = format!(
        "copy {}{} from stdin {with}",
        qualified(table)?,
        list(&options.columns)
    );
    let mut copy = connection
        .copy_in_raw(&sql)
        .await
        .map_err(|e| error::running(&sql, e))?;
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = match file.read(&mut buffer).await {
            Ok(0) => break,
            Ok(length) => length,
            Err(e) => {
                // The error of reading is the one to tell.
                let _aborted = copy.abort("the file could not be read").await;
                return Err(reading(e));
            }
        };
        copy.send(&buffer[..length])
            .await
            .map_err(|e| error::running(&sql, e))?;
    }
    let loading = |e| error::running(&sql, e).context(format!("cannot load `{}`", path.display()));
    copy.finish().await.map_err(loading)
}

/// Loads rows into a table: all of them or none.
pub async fn in_rows(connection: &mut PgConnection, table: &str, rows: &Rows) -> Result<u64> {
    if rows.rows.is_empty() {
        return Ok(0);
    }
    let (table, columns) = (qualified(table)?, &rows.columns);
    let types = column_types(connection, &table, columns).await?;
    let sql = format!("copy {table}{} from stdin", list(columns));
    let mut copy = connection
        .copy_in_raw(&sql)
        .await
        .map_err(|e| error::running(&sql, e))?;
    let mut buffer = String::with_capacity(CHUNK);
    for (number, row) in (1..).zip(&rows.rows) {
        for (index, (value, info)) in row.iter().zip(&types).enumerate() {
            let text = match encode::text(value, info) {
                Ok(text) => text,
                Err(why) => {
                    // The error of the value is the one to tell.
                    let _aborted = copy.abort("a value does not fit its column").await;
                    let message = format!("row {number}, column `{}`: {}", columns[index], why.0);
                    return Err(Error::invalid(message).field("row", number));
                }
            };
            buffer.push_str(if index > 0 { "\t" } else { "" });
            push_escaped(&mut buffer, text.as_deref());
        }
        buffer.push('\n');
        if buffer.len() >= CHUNK {
            copy.send(buffer.as_bytes())
                .await
                .map_err(|e| error::running(&sql, e))?;
            buffer.clear();
        }
    }
    copy.send(buffer.as_bytes())
        .await
        .map_err(|e| error::running(&sql, e))?;
    copy.finish().await.map_err(|e| error::running(&sql, e))
}

/// Writes a table or the rows of a query to a file, which is there only when it is complete.
pub async fn out_file(
    connection: &mut PgConnection,
    from: &str,
    path: &Path,
    options: &CopyOptions,
) -> Result<Copied> {
    let source = source(connection, from, options).await?;
    let header = if options.header { "true" } else { "false" };
    let sql = format!(
        "copy {source} to stdout {}",
        with_clause(options.format, header)
    );
    let mut stream = connection
        .copy_out_raw(&sql)
        .await
        .map_err(|e| error::running(&sql, e))?;
    let mut file = PartialFile::create(path)?;
    let mut counter = Counter::of(options.format);
    while let Some(chunk) = stream
        .try_next()
        .await
        .map_err(|e| error::running(&sql, e))?
    {
        counter.take(&chunk);
        file.write(&chunk).await?;
    }
    file.publish().await?;
    let rows = counter.lines - u64::from(options.header);
    Ok(Copied {
        rows,
        bytes: counter.bytes,
    })
}

fn with_clause(format: Format, header: &str) -> String {
    match format {
        Format::Csv => format!("with (format csv, header {header})"),
        Format::Text => format!("with (format text, header {header})"),
    }
}

async fn source(
    connection: &mut PgConnection,
    from: &str,
    options: &CopyOptions,
) -> Result<String> {
    if !is_query(from) {
        return Ok(format!("{}{}", qualified(from)?, list(&options.columns)));
    }
    if !options.columns.is_empty() {
        return Err(Error::invalid(
            "`columns` is for a table; name them in the query instead",
        ));
    }
    let query = match split::split(from)?.as_slice() {
        [one] => one.text,
        _ => return Err(Error::invalid("copy out takes one query")),
    };
    // Preparing it shows that it is a whole statement, and places its errors in its own text.
    let prepared = connection
        .prepare(AssertSqlSafe(query).into_sql_str())
        .await;
    prepared.map_err(|e| error::running(query, e))?;
    Ok(format!("({query})"))
}

fn is_query(from: &str) -> bool {
    const STARTS: [&str; 7] = [
        "SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE",
    ];
    let from = from.trim();
    let first = split::split(from)
        .ok()
        .and_then(|s| s.first()?.words(1).pop());
    let is_keyword = first.is_some_and(|word| STARTS.contains(&word.as_str()));
    from.starts_with('(') || (is_keyword && from.contains(char::is_whitespace))
}

/// The types of a table's columns, by preparing a query that is never run.
async fn column_types(
    connection: &mut PgConnection,
    table: &str,
    columns: &[String],
) -> Result<Vec<PgTypeInfo>> {
    let names: Vec<String> = columns.iter().map(|name| quote_ident(name)).collect();
    let sql = format!("select {} from {table}", names.join(", "));
    let statement = connection
        .prepare(AssertSqlSafe(sql.as_str()).into_sql_str())
        .await;
    let statement = statement.map_err(|e| error::running(&sql, e))?;
    Ok(statement
        .columns()
        .iter()
        .map(|column| column.type_info().clone())
        .collect())
}

fn list(columns: &[String]) -> String {
    let names: Vec<String> = columns.iter().map(|name| quote_ident(name)).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" ({})", names.join(", "))
    }
}

/// `people` or `app.people` as exact names; with quotes in it, as SQL has it.
fn qualified(table: &str) -> Result<String> {
    if !table.contains('"') {
        let parts: Vec<String> = table.split('.').map(quote_ident).collect();
        return Ok(parts.join("."));
    }
    let mut tokens = Tokens::new(table);
    while let Some(token) = tokens.next_token()? {
        let is_name = matches!(token.kind, TokenKind::Word | TokenKind::Quoted);
        if !is_name && &table[token.range] != "." {
            return Err(Error::invalid(format!(
                "`{table}` is not the name of a table"
            )));
        }
    }
    Ok(table.to_owned())
}

/// One field of COPY's text format.
fn push_escaped(buffer: &mut String, text: Option<&str>) {
    let Some(text) = text else {
        return buffer.push_str("\\N");
    };
    for c in text.chars() {
        match c {
            '\\' => buffer.push_str("\\\\"),
            '\n' => buffer.push_str("\\n"),
            '\r' => buffer.push_str("\\r"),
            '\t' => buffer.push_str("\\t"),
            _ => buffer.push(c),
        }
    }
}

/// Counts rows: the ends of lines that do not stand in quotes.
#[derive(Debug)]
struct Counter {
    bytes: u64,
    lines: u64,
    in_quotes: bool,
    format: Format,
}

impl Counter {
    const fn of(format: Format) -> Self {
        Self {
            bytes: 0,
            lines: 0,
            in_quotes: false,
            format,
        }
    }

    fn take(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        for byte in chunk {
            match byte {
                b'"' if self.format == Format::Csv => self.in_quotes = !self.in_quotes,
                b'\n' if !self.in_quotes => self.lines += 1,
                _ => {}
            }
        }
    }
}
