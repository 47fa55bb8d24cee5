//! Beginning a history, and settling what it and the files do not agree about.

use rhai::{Array, Dynamic, NativeCallContext};

/// Adopting, declaring and repairing.
#[rhai::export_module]
pub mod api {
    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::migrate::migrations;
    use crate::ops::migrate::{self as ops, Verdict};

    /// Takes over the history of another program: `_sqlx_migrations` of sqlx or `schema_migrations` of dbmate.
    ///
    /// Each row must have its file, and sqlx' checksum must be that of the file (line ends aside). Nothing is run and the other
    /// table is left as it is. Running it again takes over what was added since.
    ///
    /// Returns `#{ from, table, versions, known }`: the numbers taken over now, and those that were known before.
    ///
    /// # Errors
    /// - `not_found`: there is no such table, or it has no rows
    /// - `refused`: a file is missing or was edited, or a migration failed half way; nothing was taken over
    /// - `locked`: another run is migrating the database
    ///
    /// # Example
    /// ```postgres
    /// fs::make_dir("migrations");
    /// fs::write("migrations/20260101000000_a.sql", "-- migrate:up\ncreate table a (id int);\n-- migrate:down\ndrop table a;");
    /// db::batch("create table a (id int); create table schema_migrations (version varchar(128) primary key);");
    /// db::exec("insert into schema_migrations values ('20260101000000')");
    /// ensure(migrate::adopt().versions == [20260101000000], "it is known now");
    /// ensure(migrate::up().is_empty(), "and does not run again");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn adopt(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        let name = "migrate::adopt";
        let host = Host::of(&ctx);
        let target = bridge::call(&ctx, name, Host::database)?;
        let files = bridge::call(&ctx, name, migrations)?;
        let root = host.project().root();
        let done = bridge::wait(&ctx, name, ops::adopt(&target, &files, root))?;
        bridge::value(&ctx, name, done)
    }

    /// Declares every migration up to a number applied, without running it: for a database that was made by hand.
    ///
    /// Returns the numbers that were not known before.
    ///
    /// # Parameters
    /// - `version`: the number of the last one that the database holds already
    ///
    /// # Errors
    /// - `not_found`: no migration has this number
    /// - `refused`: another program's history is there; see `adopt`
    /// - `locked`: another run is migrating the database
    ///
    /// # Example
    /// ```postgres
    /// fs::make_dir("migrations");
    /// fs::write("migrations/1_a.up.sql", "create table a (id int);");
    /// db::exec("create table a (id int)");
    /// ensure(migrate::baseline(1) == [1], "declared");
    /// ensure(migrate::up().is_empty(), "so it does not run");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn baseline(ctx: NativeCallContext, version: i64) -> RhaiResultOf<Array> {
        let name = "migrate::baseline";
        let target = bridge::call(&ctx, name, Host::database)?;
        let files = bridge::call(&ctx, name, migrations)?;
        let done = bridge::wait(&ctx, name, ops::baseline(&target, &files, version))?;
        Ok(done.into_iter().map(Dynamic::from).collect())
    }

    /// Writes into the history what a person knows about a migration. The schema is not touched.
    ///
    /// # Parameters
    /// - `version`: the migration's number
    /// - `verdict`: `"applied"` (as its file is now: an edit without effect, or finished by hand), `"pending"` (it is not
    ///   applied, or its file is gone for good), `"next"` (the statement that was cut off had done its work), `"again"` (it had
    ///   not)
    ///
    /// # Errors
    /// - `invalid`: there is no such verdict
    /// - `not_found`: the history or the folder does not know the number
    /// - `refused`: `next` or `again`, and no statement was cut off
    /// - `locked`: another run is migrating the database
    ///
    /// # Example
    /// ```postgres
    /// fs::make_dir("migrations");
    /// fs::write("migrations/1_a.up.sql", "create table a (id int);");
    /// migrate::up();
    /// fs::write("migrations/1_a.up.sql", "-- What for.\ncreate table a (id int);");
    /// ensure(migrate::status()[0].state == "edited", "the file is another one");
    /// migrate::repair(1, "applied");
    /// ensure(migrate::status()[0].state == "applied", "a comment means nothing to the database");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn repair(ctx: NativeCallContext, version: i64, verdict: &str) -> RhaiResultOf<()> {
        let name = "migrate::repair";
        let verdict = bridge::call(&ctx, name, |_| Verdict::from_word(verdict))?;
        let target = bridge::call(&ctx, name, Host::database)?;
        let files = bridge::call(&ctx, name, migrations)?;
        bridge::wait(&ctx, name, ops::repair(&target, &files, version, verdict))
    }

    /// The indexes that a failed `CREATE INDEX CONCURRENTLY` or `REINDEX CONCURRENTLY` has left: no query uses them, and
    /// every write pays for them. Those that are being built at this moment are not among them.
    ///
    /// Returns an array of `#{ name, table }`, as SQL writes them.
    ///
    /// # Errors
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// ensure(migrate::invalid_indexes().is_empty(), "every index is usable");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn invalid_indexes(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        let name = "migrate::invalid_indexes";
        let target = bridge::call(&ctx, name, Host::database)?;
        let found = bridge::wait(&ctx, name, ops::invalid_indexes(&target))?;
        found
            .into_iter()
            .map(|index| bridge::value(&ctx, name, index))
            .collect()
    }
}
