//! One statement with its parameters.

use rhai::{Array, Dynamic, NativeCallContext};

/// PostgreSQL: the profile's database, and others by `db::connect`.
///
/// Connections are made when the first statement needs one. When a run is stopped, what runs on the server stops too.
#[rhai::export_module]
pub mod api {

    use crate::host::bridge::RhaiResultOf;
    use crate::host::db::{ask, own};
    use crate::ops::database::Session;

    /// Another database, or a transaction.
    pub type Database = Session;

    /// Runs a statement and gives its rows.
    ///
    /// Each row is a map from the columns' names. Whole numbers and booleans stay what they are, `float4` and `float8` become
    /// floats, `NULL` becomes `()`, `bytea` a blob, `json` and `jsonb` maps, arrays and scalars, and arrays become arrays.
    /// `numeric` is exact decimal text; `uuid`, enums, addresses, dates and times are text (ISO 8601, `timestamptz` in UTC with `Z`).
    /// Other types need a cast: `SELECT period::text`.
    ///
    /// # Parameters
    /// - `sql`: one statement
    ///
    /// # Errors
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let rows = db::query("SELECT n FROM generate_series(1, 3) n");
    /// ensure(rows.len() == 3 && rows[2].n == 3, "three rows");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn query(ctx: NativeCallContext, sql: &str) -> RhaiResultOf<Array> {
        ask::query(&ctx, &own(&ctx, "db::query")?, sql, &Array::new())
    }

    /// Runs a statement and gives its rows, with parameters.
    ///
    /// # Parameters
    /// - `sql`: one statement with `$1`, `$2` .. where the parameters belong
    /// - `parameters`: an array of values; text is read as the parameter's own type, `()` is NULL, maps are for `json` and `jsonb`
    ///
    /// # Errors
    /// - `invalid`: the number or the type of a parameter is wrong; field `parameter`
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let rows = db::query("SELECT $1::int AS a, $2::jsonb AS b", [7, #{ x: [1, 2] }]);
    /// ensure(rows[0].a == 7 && rows[0].b.x[1] == 2, "values come back as they went");
    /// ```
    #[rhai_fn(name = "query", return_raw)]
    pub fn query_with(ctx: NativeCallContext, sql: &str, parameters: Array) -> RhaiResultOf<Array> {
        ask::query(&ctx, &own(&ctx, "db::query")?, sql, &parameters)
    }

    /// Runs a statement and gives its rows, on another database or in a transaction.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `sql`: one statement
    ///
    /// # Errors
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let other = db::connect(#{});
    /// ensure(other.query("SELECT 1 AS one")[0].one == 1, "one row");
    /// other.close();
    /// ```
    #[rhai_fn(global, name = "query", return_raw)]
    pub fn query_on(ctx: NativeCallContext, database: Database, sql: &str) -> RhaiResultOf<Array> {
        ask::query(&ctx, &database, sql, &Array::new())
    }

    /// Runs a statement and gives its rows, with parameters, on another database or in a transaction.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `sql`: one statement with `$1`, `$2` .. where the parameters belong
    /// - `parameters`: an array of values; text is read as the parameter's own type, `()` is NULL, maps are for `json` and `jsonb`
    ///
    /// # Errors
    /// - `invalid`: the number or the type of a parameter is wrong; field `parameter`
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let rows = db::transaction(|tx| tx.query("SELECT $1::date AS day", ["2024-02-29"]));
    /// ensure(rows[0].day == "2024-02-29", "dates are text");
    /// ```
    #[rhai_fn(global, name = "query", return_raw)]
    pub fn query_on_with(
        ctx: NativeCallContext,
        database: Database,
        sql: &str,
        parameters: Array,
    ) -> RhaiResultOf<Array> {
        ask::query(&ctx, &database, sql, &parameters)
    }

    /// Runs a statement that gives at most one row; `()` when it gives none.
    ///
    /// # Parameters
    /// - `sql`: one statement
    ///
    /// # Errors
    /// - `invalid`: there is more than one row
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let row = db::one("SELECT 1 AS a, NULL AS b");
    /// ensure(row.a == 1 && row.b == (), "NULL is ()");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn one(ctx: NativeCallContext, sql: &str) -> RhaiResultOf<Dynamic> {
        ask::one(&ctx, &own(&ctx, "db::one")?, sql, &Array::new())
    }

    /// Runs a statement that gives at most one row; `()` when it gives none, with parameters.
    ///
    /// # Parameters
    /// - `sql`: one statement with `$1`, `$2` .. where the parameters belong
    /// - `parameters`: an array of values; text is read as the parameter's own type, `()` is NULL, maps are for `json` and `jsonb`
    ///
    /// # Errors
    /// - `invalid`: the number or the type of a parameter is wrong; field `parameter`
    /// - `invalid`: there is more than one row
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let row = db::one("SELECT 1 AS a WHERE $1", [false]);
    /// ensure(row == (), "no row");
    /// ```
    #[rhai_fn(name = "one", return_raw)]
    pub fn one_with(ctx: NativeCallContext, sql: &str, parameters: Array) -> RhaiResultOf<Dynamic> {
        ask::one(&ctx, &own(&ctx, "db::one")?, sql, &parameters)
    }

    /// Runs a statement that gives at most one row; `()` when it gives none, on another database or in a transaction.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `sql`: one statement
    ///
    /// # Errors
    /// - `invalid`: there is more than one row
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let row = db::transaction(|tx| tx.one("SELECT now() AS at"));
    /// ensure(row.at.ends_with("Z"), "timestamps are UTC");
    /// ```
    #[rhai_fn(global, name = "one", return_raw)]
    pub fn one_on(ctx: NativeCallContext, database: Database, sql: &str) -> RhaiResultOf<Dynamic> {
        ask::one(&ctx, &database, sql, &Array::new())
    }

    /// Runs a statement that gives at most one row; `()` when it gives none, with parameters, on another database or in a transaction.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `sql`: one statement with `$1`, `$2` .. where the parameters belong
    /// - `parameters`: an array of values; text is read as the parameter's own type, `()` is NULL, maps are for `json` and `jsonb`
    ///
    /// # Errors
    /// - `invalid`: the number or the type of a parameter is wrong; field `parameter`
    /// - `invalid`: there is more than one row
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let row = db::transaction(|tx| tx.one("SELECT upper($1) AS name", ["ann"]));
    /// ensure(row.name == "ANN", "bound, not spliced");
    /// ```
    #[rhai_fn(global, name = "one", return_raw)]
    pub fn one_on_with(
        ctx: NativeCallContext,
        database: Database,
        sql: &str,
        parameters: Array,
    ) -> RhaiResultOf<Dynamic> {
        ask::one(&ctx, &database, sql, &parameters)
    }

    /// Runs a statement that gives at most one row of one column, and gives its value; `()` when there is no row.
    ///
    /// # Parameters
    /// - `sql`: one statement
    ///
    /// # Errors
    /// - `invalid`: there is more than one row or column
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// ensure(db::value("SELECT 1.50") == "1.50", "numeric is exact text");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn value(ctx: NativeCallContext, sql: &str) -> RhaiResultOf<Dynamic> {
        ask::value(&ctx, &own(&ctx, "db::value")?, sql, &Array::new())
    }

    /// Runs a statement that gives at most one row of one column, and gives its value; `()` when there is no row, with parameters.
    ///
    /// # Parameters
    /// - `sql`: one statement with `$1`, `$2` .. where the parameters belong
    /// - `parameters`: an array of values; text is read as the parameter's own type, `()` is NULL, maps are for `json` and `jsonb`
    ///
    /// # Errors
    /// - `invalid`: the number or the type of a parameter is wrong; field `parameter`
    /// - `invalid`: there is more than one row or column
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// ensure(db::value("SELECT $1::uuid", ["0b5e7d3a-1c2d-4e5f-8a9b-000000000001"]).len == 36, "uuid is text");
    /// ```
    #[rhai_fn(name = "value", return_raw)]
    pub fn value_with(
        ctx: NativeCallContext,
        sql: &str,
        parameters: Array,
    ) -> RhaiResultOf<Dynamic> {
        ask::value(&ctx, &own(&ctx, "db::value")?, sql, &parameters)
    }

    /// Runs a statement that gives at most one row of one column, and gives its value; `()` when there is no row, on another database or in a transaction.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `sql`: one statement
    ///
    /// # Errors
    /// - `invalid`: there is more than one row or column
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// ensure(db::transaction(|tx| tx.value("SELECT 'a' || 'b'")) == "ab", "text");
    /// ```
    #[rhai_fn(global, name = "value", return_raw)]
    pub fn value_on(
        ctx: NativeCallContext,
        database: Database,
        sql: &str,
    ) -> RhaiResultOf<Dynamic> {
        ask::value(&ctx, &database, sql, &Array::new())
    }

    /// Runs a statement that gives at most one row of one column, and gives its value; `()` when there is no row, with parameters, on another database or in a transaction.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `sql`: one statement with `$1`, `$2` .. where the parameters belong
    /// - `parameters`: an array of values; text is read as the parameter's own type, `()` is NULL, maps are for `json` and `jsonb`
    ///
    /// # Errors
    /// - `invalid`: the number or the type of a parameter is wrong; field `parameter`
    /// - `invalid`: there is more than one row or column
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// ensure(db::transaction(|tx| tx.value("SELECT cardinality($1::int[])", [[1, 2, 3]])) == 3, "arrays are bound as arrays");
    /// ```
    #[rhai_fn(global, name = "value", return_raw)]
    pub fn value_on_with(
        ctx: NativeCallContext,
        database: Database,
        sql: &str,
        parameters: Array,
    ) -> RhaiResultOf<Dynamic> {
        ask::value(&ctx, &database, sql, &parameters)
    }

    /// Runs a statement and gives the number of rows it changed.
    ///
    /// What a statement changes in its session (`SET`, temporary tables) is gone afterwards; use a transaction to keep it for
    /// several statements.
    ///
    /// # Parameters
    /// - `sql`: one statement
    ///
    /// # Errors
    /// - `refused`: `DROP DATABASE` and `DROP SCHEMA .. CASCADE` in profile prod need `--confirm` with the database's name; nothing was done
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// db::exec("CREATE TABLE note (id int)");
    /// ensure(db::exec("INSERT INTO note SELECT generate_series(1, 5)") == 5, "five rows");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn exec(ctx: NativeCallContext, sql: &str) -> RhaiResultOf<i64> {
        ask::exec(&ctx, &own(&ctx, "db::exec")?, sql, &Array::new())
    }

    /// Runs a statement and gives the number of rows it changed, with parameters.
    ///
    /// # Parameters
    /// - `sql`: one statement with `$1`, `$2` .. where the parameters belong
    /// - `parameters`: an array of values; text is read as the parameter's own type, `()` is NULL, maps are for `json` and `jsonb`
    ///
    /// # Errors
    /// - `invalid`: the number or the type of a parameter is wrong; field `parameter`
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// db::exec("CREATE TABLE note (id int, at timestamptz)");
    /// ensure(db::exec("INSERT INTO note VALUES ($1, $2)", [1, "2024-01-31T12:00:00Z"]) == 1, "one row");
    /// ```
    #[rhai_fn(name = "exec", return_raw)]
    pub fn exec_with(ctx: NativeCallContext, sql: &str, parameters: Array) -> RhaiResultOf<i64> {
        ask::exec(&ctx, &own(&ctx, "db::exec")?, sql, &parameters)
    }

    /// Runs a statement and gives the number of rows it changed, on another database or in a transaction.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `sql`: one statement
    ///
    /// # Errors
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// db::transaction(|tx| {
    ///     tx.exec("CREATE TEMPORARY TABLE scratch (id int) ON COMMIT DROP");
    ///     ensure(tx.exec("INSERT INTO scratch VALUES (1), (2)") == 2, "two rows");
    /// });
    /// ```
    #[rhai_fn(global, name = "exec", return_raw)]
    pub fn exec_on(ctx: NativeCallContext, database: Database, sql: &str) -> RhaiResultOf<i64> {
        ask::exec(&ctx, &database, sql, &Array::new())
    }

    /// Runs a statement and gives the number of rows it changed, with parameters, on another database or in a transaction.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `sql`: one statement with `$1`, `$2` .. where the parameters belong
    /// - `parameters`: an array of values; text is read as the parameter's own type, `()` is NULL, maps are for `json` and `jsonb`
    ///
    /// # Errors
    /// - `invalid`: the number or the type of a parameter is wrong; field `parameter`
    /// - `database`: the server refuses; fields `sqlstate`, `detail`, `position`, `line`, `constraint`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// db::exec("CREATE TABLE note (id int)");
    /// db::transaction(|tx| tx.exec("INSERT INTO note VALUES ($1)", [1]));
    /// ensure(db::value("SELECT count(*) FROM note") == 1, "committed");
    /// ```
    #[rhai_fn(global, name = "exec", return_raw)]
    pub fn exec_on_with(
        ctx: NativeCallContext,
        database: Database,
        sql: &str,
        parameters: Array,
    ) -> RhaiResultOf<i64> {
        ask::exec(&ctx, &database, sql, &parameters)
    }
}
