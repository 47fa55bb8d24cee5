//! Which row and column of a file a table refuses.

use sqlx::Executor;
use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::table::{Rows, Statements};
use super::{Format, SeedFile};
use crate::base::Error;
use crate::ops::database::quote_ident;
use crate::ops::database::sqlfile::run;

const BACK: &str = "ROLLBACK TO SAVEPOINT seed_row";

/// The error of `COPY`: the server counts the lines of what it was sent, the header being the first.
pub(super) fn copied(error: Error, file: &SeedFile) -> Error {
    let line = line_of(&error);
    let column = column_of_copy(&error);
    let row = line.and_then(|line| row_at(&file.text, line));
    let error = match column {
        Some(column) if field(&error, "column").is_none() => error.field("column", column),
        _ => error,
    };
    place(error, file, row)
}

/// The error of giving documents the types of the columns.
pub(super) async fn populated(
    connection: &mut PgConnection,
    statements: &Statements,
    file: &SeedFile,
    rows: &Rows,
    whole: Error,
) -> Error {
    let make = |first, last| statements.populate(first, last);
    let Some((row, error)) = first_refused(connection, rows.count, &make).await else {
        return place(whole, file, None);
    };
    let column = bad_key(connection, statements, row).await;
    let error = match column {
        Some(column) => error.field("column", column),
        None => error,
    };
    place(error, file, Some(row))
}

/// The error of inserting.
pub(super) async fn inserted(
    connection: &mut PgConnection,
    statements: &Statements,
    file: &SeedFile,
    rows: &Rows,
    whole: Error,
) -> Error {
    let make = |first, last| statements.insert(first, last);
    let Some((row, error)) = first_refused(connection, rows.count, &make).await else {
        return place(whole, file, None);
    };
    let columns = match (field(&error, "column"), field(&error, "constraint")) {
        (None, Some(constraint)) => {
            columns_of_constraint(connection, &statements.table, constraint).await
        }
        _ => None,
    };
    let error = match columns {
        Some(columns) => error.field("column", columns),
        None => error,
    };
    place(error, file, Some(row))
}

/// Halves the rows until one is left that fails; what is before it is inserted by then.
async fn first_refused(
    connection: &mut PgConnection,
    count: u64,
    make: &(dyn Fn(u64, u64) -> String + Sync),
) -> Option<(u64, Error)> {
    let (mut first, mut last) = (1, count);
    run(connection, BACK).await.ok()?;
    while first < last {
        let middle = first.midpoint(last);
        if run(connection, &make(first, middle)).await.is_ok() {
            run(connection, "SAVEPOINT seed_row").await.ok()?;
            first = middle + 1;
        } else {
            run(connection, BACK).await.ok()?;
            last = middle;
        }
    }
    let error = run(connection, &make(first, first)).await.err()?;
    run(connection, BACK).await.ok()?;
    Some((first, error))
}

/// The key of a document whose value has not the type of its column.
async fn bad_key(
    connection: &mut PgConnection,
    statements: &Statements,
    row: u64,
) -> Option<String> {
    let sql = format!(
        "SELECT jsonb_object_keys(doc) FROM pg_temp.\"seed json\" WHERE \"seed row\" = {row}"
    );
    let keys = connection
        .fetch_all(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)))
        .await
        .ok()?;
    for key in keys {
        let key: String = key.try_get(0).ok()?;
        let column = quote_ident(&key);
        let one = format!(
            "SELECT (jsonb_populate_record(NULL::{}, jsonb_build_object({}, doc->{}))).{column} \
             FROM pg_temp.\"seed json\" WHERE \"seed row\" = {row}",
            statements.table,
            crate::ops::database::quote_literal(&key),
            crate::ops::database::quote_literal(&key),
        );
        if run(connection, &one).await.is_err() {
            run(connection, BACK).await.ok()?;
            return Some(key);
        }
    }
    None
}

/// The columns that a constraint is about, with commas.
async fn columns_of_constraint(
    connection: &mut PgConnection,
    table: &str,
    constraint: &str,
) -> Option<String> {
    let sql = "SELECT string_agg(a.attname, ', ' ORDER BY k.at) FROM pg_constraint c, \
        unnest(c.conkey) WITH ORDINALITY k(attnum, at), pg_attribute a \
        WHERE c.conrelid = $1::regclass AND c.conname = $2 AND a.attrelid = c.conrelid AND a.attnum = k.attnum";
    let row = sqlx::query(sql)
        .bind(table)
        .bind(constraint)
        .fetch_one(connection)
        .await
        .ok()?;
    row.try_get(0).ok().flatten()
}

/// Puts file, line, row and column in front of an error.
pub(super) fn place(error: Error, file: &SeedFile, row: Option<u64>) -> Error {
    let mut place = file.shown.clone();
    if let Some(line) = row.and_then(|row| line_at(file, row)) {
        place = format!("{place}:{line}");
    }
    if let Some(row) = row {
        place = format!("{place}, row {row}");
    }
    if let Some(column) = field(&error, "column") {
        place = format!("{place}, column `{column}`");
    }
    let error = error.context(place).field("file", file.shown.clone());
    match row {
        Some(row) => error.field("row", row),
        None => error,
    }
}

fn field<'a>(error: &'a Error, name: &str) -> Option<&'a str> {
    error.fields().get(name).and_then(|value| value.as_str())
}

/// `COPY seed, line 3, column kind: "x"`.
fn line_of(error: &Error) -> Option<u64> {
    let digits = field(error, "where")?.split("line ").nth(1)?;
    let digits = digits.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn column_of_copy(error: &Error) -> Option<String> {
    let context = field(error, "where")?.split(", column ").nth(1)?;
    let name = context.split_once(':').map_or(context, |(name, _)| name);
    Some(name.trim().to_owned())
}

/// The row that ends in a line, where both count from 1 and a quoted field may go over several lines.
fn row_at(text: &str, line: u64) -> Option<u64> {
    let starts = starts_of_rows(text);
    let row = starts.iter().take_while(|start| **start <= line).count();
    u64::try_from(row).ok().filter(|row| *row > 0)
}

/// The line that a row of a CSV file begins in.
fn line_at(file: &SeedFile, row: u64) -> Option<u64> {
    if file.format != Format::Csv {
        return None;
    }
    let at = usize::try_from(row).ok()?.checked_sub(1)?;
    starts_of_rows(&file.text).get(at).copied()
}

fn starts_of_rows(text: &str) -> Vec<u64> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut record = csv::ByteRecord::new();
    let mut starts = Vec::new();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        starts.extend(record.position().map(csv::Position::line));
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::{row_at, starts_of_rows};

    #[test]
    fn a_field_over_several_lines_is_one_row() {
        let text = "a,b\n1,\"x\ny\"\n2,z\n";
        assert_eq!(starts_of_rows(text), [2, 4]);
        assert_eq!(row_at(text, 3), Some(1));
        assert_eq!(row_at(text, 4), Some(2));
    }
}
