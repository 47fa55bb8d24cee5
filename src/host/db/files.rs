//! COPY between files, rows and tables.

use rhai::{Array, Dynamic, Map, NativeCallContext};
use serde::Deserialize;

use super::{convert, held};
use crate::base::Error;
use crate::host::bridge::{self, RhaiResultOf};
use crate::host::permit;
use crate::ops::database::Session;
use crate::ops::database::copy::{CopyOptions, Format};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    columns: Vec<String>,
    format: Format,
    header: Option<bool>,
}

impl Options {
    fn read(ctx: &NativeCallContext, name: &str, map: Map) -> RhaiResultOf<CopyOptions> {
        let Self {
            columns,
            format,
            header,
        } = bridge::options(ctx, name, map)?;
        let header = header.unwrap_or(format == Format::Csv);
        Ok(CopyOptions {
            columns,
            format,
            header,
        })
    }
}

fn load(
    ctx: &NativeCallContext,
    session: &Session,
    table: &str,
    from: Dynamic,
    options: Map,
) -> RhaiResultOf<i64> {
    let name = "db::copy_in";
    let options = Options::read(ctx, name, options)?;
    let count = if let Some(rows) = from.read_lock::<Array>() {
        bridge::wait(ctx, name, async {
            let rows = convert::copy_rows(&rows, options.columns)?;
            session.copy_rows(table, &rows).await
        })?
    } else if from.is_string() {
        let path = bridge::call(ctx, name, |host| permit::read(host, from.to_string()))?;
        bridge::wait(ctx, name, session.copy_in(table, &path, &options))?
    } else {
        let message = format!(
            "`db::copy_in` takes a path or rows, not a {}",
            from.type_name()
        );
        return Err(bridge::throw(ctx, name, Error::invalid(message)));
    };
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

fn save(
    ctx: &NativeCallContext,
    session: &Session,
    from: &str,
    path: &str,
    options: Map,
) -> RhaiResultOf<Dynamic> {
    let name = "db::copy_out";
    let options = Options::read(ctx, name, options)?;
    let path = bridge::call(ctx, name, |host| permit::write(host, path))?;
    let session = held(session);
    let copied = bridge::wait(ctx, name, session.copy_out(from, &path, &options))?;
    bridge::value(ctx, name, copied)
}

/// COPY.
#[rhai::export_module]
pub mod api {

    use super::{load, save};
    use crate::host::bridge::RhaiResultOf;
    use crate::host::db::own;
    use crate::ops::database::Session;

    type Database = Session;

    /// Loads a file or rows into a table, all or nothing, and gives the number of rows.
    ///
    /// # Parameters
    /// - `table`: the table's exact name, with its schema before a `.` where it needs one
    /// - `from`: a path relative to the project, or an array of rows: maps with the same keys, or arrays in the order of `columns`
    /// - `options`: see below
    ///
    /// # Options
    /// - `columns`: the columns in the file's order (default: all columns of the table; for rows that are maps, their keys)
    /// - `format`: `"csv"` or `"text"`, PostgreSQL's own (default `"csv"`)
    /// - `header`: whether the first line names the columns, which are then compared (default true for csv)
    ///
    /// # Errors
    /// - `not_found`, `io`: the file cannot be read
    /// - `invalid`: a value does not fit its column; field `row`
    /// - `database`: the server refuses a row; the table is unchanged
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// db::exec("CREATE TABLE person (id int, name text, tags text[])");
    /// let rows = [#{ id: 1, name: "Ann", tags: ["a"] }, #{ id: 2, name: (), tags: [] }];
    /// ensure(db::copy_in("person", rows, #{}) == 2, "two rows");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn copy_in(
        ctx: NativeCallContext,
        table: &str,
        from: Dynamic,
        options: Map,
    ) -> RhaiResultOf<i64> {
        load(&ctx, &own(&ctx, "db::copy_in")?, table, from, options)
    }

    /// Loads a file or rows into a table with the usual options, and gives the number of rows.
    ///
    /// # Parameters
    /// - `table`: the table's exact name, with its schema before a `.` where it needs one
    /// - `from`: a path of a CSV file with a header, or an array of maps with the same keys
    ///
    /// # Errors
    /// - as above
    ///
    /// # Example
    /// ```postgres
    /// db::exec("CREATE TABLE person (id int, name text)");
    /// db::copy_out("SELECT 1 AS id, 'Ann' AS name", "person.csv");
    /// ensure(db::copy_in("person", "person.csv") == 1, "one row");
    /// ```
    #[rhai_fn(name = "copy_in", return_raw)]
    pub fn copy_in_as_usual(
        ctx: NativeCallContext,
        table: &str,
        from: Dynamic,
    ) -> RhaiResultOf<i64> {
        load(&ctx, &own(&ctx, "db::copy_in")?, table, from, Map::new())
    }

    /// Loads a file or rows into a table of another database or in a transaction, and gives the number of rows.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `table`: the table's exact name, with its schema before a `.` where it needs one
    /// - `from`: a path relative to the project, or an array of rows
    /// - `options`: as above
    ///
    /// # Errors
    /// - as above
    ///
    /// # Example
    /// ```postgres
    /// db::transaction(|tx| {
    ///     tx.exec("CREATE TABLE pair (a int, b int)");
    ///     ensure(tx.copy_in("pair", [[1, 2], [3, 4]], #{ columns: ["b", "a"] }) == 2, "two rows");
    /// });
    /// ```
    #[rhai_fn(global, name = "copy_in", return_raw)]
    pub fn copy_in_on(
        ctx: NativeCallContext,
        database: Database,
        table: &str,
        from: Dynamic,
        options: Map,
    ) -> RhaiResultOf<i64> {
        load(&ctx, &database, table, from, options)
    }

    /// Writes a table or the rows of a query to a file; gives `#{ rows, bytes }`.
    ///
    /// The rows pass through in pieces, whatever their number, and the file is there only when it is complete.
    ///
    /// # Parameters
    /// - `from`: a table's exact name or a query
    /// - `path`: the file, relative to the project; a new one is for its user alone
    /// - `options`: see below
    ///
    /// # Options
    /// - `columns`: the columns of the table (default: all)
    /// - `format`: `"csv"` or `"text"`, PostgreSQL's own (default `"csv"`)
    /// - `header`: whether the first line names the columns (default true for csv)
    ///
    /// # Errors
    /// - `io`: the file cannot be written; what was there before is untouched
    /// - `invalid`: a folder, a device or a pipe has that name
    /// - `database`: the server refuses
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let out = db::copy_out("SELECT n FROM generate_series(1, 3) n", "n.csv", #{ header: false });
    /// ensure(out.rows == 3 && out.bytes == 6, "three lines");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn copy_out(
        ctx: NativeCallContext,
        from: &str,
        path: &str,
        options: Map,
    ) -> RhaiResultOf<Dynamic> {
        save(&ctx, &own(&ctx, "db::copy_out")?, from, path, options)
    }

    /// Writes a table or the rows of a query to a CSV file with a header; gives `#{ rows, bytes }`.
    ///
    /// # Parameters
    /// - `from`: a table's exact name or a query
    /// - `path`: the file, relative to the project
    ///
    /// # Errors
    /// - as above
    ///
    /// # Example
    /// ```postgres
    /// db::exec("CREATE TABLE person (id int)");
    /// ensure(db::copy_out("person", "person.csv").rows == 0, "an empty table");
    /// ```
    #[rhai_fn(name = "copy_out", return_raw)]
    pub fn copy_out_as_usual(
        ctx: NativeCallContext,
        from: &str,
        path: &str,
    ) -> RhaiResultOf<Dynamic> {
        save(&ctx, &own(&ctx, "db::copy_out")?, from, path, Map::new())
    }

    /// Writes a table or the rows of a query of another database or transaction to a file; gives `#{ rows, bytes }`.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `from`: a table's exact name or a query
    /// - `path`: the file, relative to the project
    /// - `options`: as above
    ///
    /// # Errors
    /// - as above
    ///
    /// # Example
    /// ```postgres
    /// let out = db::transaction(|tx| tx.copy_out("VALUES (1), (2)", "v.txt", #{ format: "text" }));
    /// ensure(out.rows == 2, "two rows");
    /// ```
    #[rhai_fn(global, name = "copy_out", return_raw)]
    pub fn copy_out_on(
        ctx: NativeCallContext,
        database: Database,
        from: &str,
        path: &str,
        options: Map,
    ) -> RhaiResultOf<Dynamic> {
        save(&ctx, &database, from, path, options)
    }
}
