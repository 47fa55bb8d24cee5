//! Several statements: one after the other, or all of them or nothing.

use rhai::{Dynamic, FnPtr, NativeCallContext};

/// Batches and transactions.
#[rhai::export_module]
pub mod api {

    use crate::host::bridge::RhaiResultOf;
    use crate::host::db::{ask, own};
    use crate::ops::database::Session;

    type Database = Session;

    /// Runs several statements one by one; gives `#{ statements, rows }`.
    ///
    /// Each statement commits by itself, unless the text has its own `BEGIN` and `COMMIT`.
    ///
    /// # Parameters
    /// - `sql`: statements, each ended by `;`
    ///
    /// # Errors
    /// - `invalid`: a quote is not closed, a transaction is not committed, or it is a command of psql; nothing was run
    /// - `refused`: `DROP DATABASE` and `DROP SCHEMA .. CASCADE` in profile prod need `--confirm` with the database's name; nothing was done
    /// - `database`: a statement fails; fields `statement` (from 1), `line` and those of `query`; those before it have run
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let done = db::batch("CREATE TABLE a (x int); INSERT INTO a VALUES (1), (2);");
    /// ensure(done.statements == 2 && done.rows == 2, "two statements, two rows");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn batch(ctx: NativeCallContext, sql: &str) -> RhaiResultOf<Dynamic> {
        ask::batch(&ctx, &own(&ctx, "db::batch")?, sql)
    }

    /// Runs several statements one by one, on another database or in a transaction; gives `#{ statements, rows }`.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `sql`: statements, each ended by `;`
    ///
    /// # Errors
    /// - `invalid`: as above, or the text begins or ends a transaction inside one
    /// - `database`: a statement fails; fields `statement` (from 1), `line` and those of `query`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// db::transaction(|tx| tx.batch("CREATE TABLE a (x int); INSERT INTO a VALUES (1);"));
    /// ensure(db::value("SELECT x FROM a") == 1, "committed together");
    /// ```
    #[rhai_fn(global, name = "batch", return_raw)]
    pub fn batch_on(
        ctx: NativeCallContext,
        database: Database,
        sql: &str,
    ) -> RhaiResultOf<Dynamic> {
        ask::batch(&ctx, &database, sql)
    }

    /// Runs the statements of a file one by one; gives `#{ statements, rows }`.
    ///
    /// # Parameters
    /// - `path`: the file, relative to the project
    ///
    /// # Errors
    /// - `not_found`, `io`: the file cannot be read
    /// - the kinds of `batch`; field `path`
    ///
    /// # Example
    /// ```postgres
    /// db::copy_out("SELECT 'SELECT 1;'", "one.sql", #{ header: false, format: "text" });
    /// ensure(db::batch_file("one.sql").statements == 1, "one statement");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn batch_file(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Dynamic> {
        ask::batch_file(&ctx, &own(&ctx, "db::batch_file")?, path)
    }

    /// Runs the statements of a file one by one, on another database or in a transaction; gives `#{ statements, rows }`.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `path`: the file, relative to the project
    ///
    /// # Errors
    /// - `not_found`, `io`: the file cannot be read
    /// - the kinds of `batch`; field `path`
    ///
    /// # Example
    /// ```postgres
    /// db::copy_out("SELECT 'SELECT 1;'", "one.sql", #{ header: false, format: "text" });
    /// db::transaction(|tx| tx.batch_file("one.sql"));
    /// ```
    #[rhai_fn(global, name = "batch_file", return_raw)]
    pub fn batch_file_on(
        ctx: NativeCallContext,
        database: Database,
        path: &str,
    ) -> RhaiResultOf<Dynamic> {
        ask::batch_file(&ctx, &database, path)
    }

    /// Calls a closure with a transaction and gives what it returns: all of it lasts, or nothing.
    ///
    /// It commits when the closure returns and rolls back when it throws, when the run is stopped or its time is over.
    /// Only what is run through the closure's parameter belongs to the transaction.
    ///
    /// # Parameters
    /// - `body`: a closure that takes the transaction
    ///
    /// # Errors
    /// - what the closure throws
    /// - `database`: the commit fails; nothing lasts, which includes that a statement failed before and was caught
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// db::exec("CREATE TABLE note (id int)");
    /// try {
    ///     db::transaction(|tx| {
    ///         tx.exec("INSERT INTO note VALUES (1)");
    ///         throw "no";
    ///     });
    /// } catch (e) {}
    /// ensure(db::value("SELECT count(*) FROM note") == 0, "rolled back");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn transaction(ctx: NativeCallContext, body: FnPtr) -> RhaiResultOf<Dynamic> {
        ask::transaction(&ctx, &own(&ctx, "db::transaction")?, &body)
    }

    /// Calls a closure with a transaction on another database; inside a transaction, with a part that is taken back by itself.
    ///
    /// # Parameters
    /// - `database`: what `db::connect` or `db::transaction` gave
    /// - `body`: a closure that takes the transaction
    ///
    /// # Errors
    /// - as above
    ///
    /// # Example
    /// ```postgres
    /// db::exec("CREATE TABLE note (id int PRIMARY KEY)");
    /// db::transaction(|tx| {
    ///     tx.exec("INSERT INTO note VALUES (1)");
    ///     try {
    ///         tx.transaction(|part| part.exec("INSERT INTO note VALUES (1)"));
    ///     } catch (e) {
    ///         ensure(e.sqlstate == "23505", "it is there already");
    ///     }
    /// });
    /// ensure(db::value("SELECT count(*) FROM note") == 1, "the rest lasts");
    /// ```
    #[rhai_fn(global, name = "transaction", return_raw)]
    pub fn transaction_on(
        ctx: NativeCallContext,
        database: Database,
        body: FnPtr,
    ) -> RhaiResultOf<Dynamic> {
        ask::transaction(&ctx, &database, &body)
    }
}
