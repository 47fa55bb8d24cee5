//! One `.csv` file into one table.

use sqlx::postgres::PgConnection;

use crate::base::{Error, Result};
use crate::ops::database::error::running;
use crate::ops::database::quote_ident;
use crate::ops::database::sqlfile::run;

/// Loads a file's text; gives the number of its rows and of those inserted.
pub(super) async fn load(
    connection: &mut PgConnection,
    file: &str,
    table: &str,
    text: &str,
) -> Result<(u64, u64)> {
    let columns = header(file, text)?;
    let columns: Vec<String> = columns.iter().map(|column| quote_ident(column)).collect();
    let statements = Statements::new(table, &columns.join(", "));
    for sql in &statements.make {
        run(connection, sql)
            .await
            .map_err(|error| place(error, file, None))?;
    }
    let rows = copy(connection, &statements.copy, text)
        .await
        .map_err(|error| {
            let row = row_of_copy(&error);
            place(error, file, row)
        })?;
    run(connection, "SAVEPOINT seed").await?;
    let inserted = match run(connection, &statements.insert).await {
        Ok(done) => done.changed,
        Err(error) => return Err(find_row(connection, &statements, file, rows, error).await),
    };
    run(connection, "DROP TABLE pg_temp.seed").await?;
    Ok((rows, inserted))
}

/// The statements that load one file.
struct Statements {
    make: [String; 2],
    copy: String,
    insert: String,
}

impl Statements {
    fn new(table: &str, columns: &str) -> Self {
        let table = format!("public.{}", quote_ident(table));
        Self {
            make: [
                format!(
                    "CREATE TEMP TABLE seed ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
                ),
                "ALTER TABLE pg_temp.seed ADD COLUMN \"seed row\" bigserial".to_owned(),
            ],
            copy: format!("COPY pg_temp.seed ({columns}) FROM STDIN (FORMAT csv, HEADER)"),
            insert: format!(
                "INSERT INTO {table} ({columns}) SELECT {columns} FROM pg_temp.seed ORDER BY \"seed row\" ON CONFLICT DO NOTHING"
            ),
        }
    }

    /// Inserts one row of the file only.
    fn insert_one(&self, row: u64) -> String {
        self.insert.replace(
            "ORDER BY \"seed row\"",
            &format!("WHERE \"seed row\" = {row}"),
        )
    }
}

/// The names in the first line.
fn header(file: &str, text: &str) -> Result<Vec<String>> {
    let line = text.lines().next().unwrap_or_default();
    let names: Vec<String> = line
        .split(',')
        .map(|name| name.trim().trim_matches('"').to_owned())
        .collect();
    if names.iter().any(String::is_empty) {
        return Err(
            Error::invalid(format!("{file}:1: the first line must name the columns"))
                .field("file", file)
                .field("line", 1),
        );
    }
    Ok(names)
}

async fn copy(connection: &mut PgConnection, sql: &str, text: &str) -> Result<u64> {
    let mut sink = connection
        .copy_in_raw(sql)
        .await
        .map_err(|e| running(sql, e))?;
    sink.send(text.as_bytes())
        .await
        .map_err(|e| running(sql, e))?;
    sink.finish().await.map_err(|e| running(sql, e))
}

/// The server counts the lines of what it was sent, the header being the first.
fn row_of_copy(error: &Error) -> Option<u64> {
    let context = error.fields().get("where")?.as_str()?;
    let digits = context.split("line ").nth(1)?;
    let line: u64 = digits
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()?;
    line.checked_sub(1)
}

/// Finds the row that the table refuses, by inserting one after the other.
async fn find_row(
    connection: &mut PgConnection,
    statements: &Statements,
    file: &str,
    rows: u64,
    whole: Error,
) -> Error {
    if run(connection, "ROLLBACK TO SAVEPOINT seed").await.is_err() {
        return place(whole, file, None);
    }
    for row in 1..=rows {
        if let Err(error) = run(connection, &statements.insert_one(row)).await {
            return place(error, file, Some(row));
        }
    }
    place(whole, file, None)
}

fn place(error: Error, file: &str, row: Option<u64>) -> Error {
    let column = error
        .fields()
        .get("column")
        .and_then(|v| v.as_str())
        .map(str::to_owned);
    let mut place = file.to_owned();
    if let Some(row) = row {
        place = format!("{place}, row {row}");
    }
    if let Some(column) = column {
        place = format!("{place}, column `{column}`");
    }
    let error = error.context(place).field("file", file);
    match row {
        Some(row) => error.field("row", row),
        None => error,
    }
}
