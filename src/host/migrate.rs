//! The `migrate` namespace: the profile's database and the numbered files that change its schema.

pub mod generating;
pub mod other;
pub mod settling;

use rhai::{Array, Dynamic, Map, Module, NativeCallContext};
use serde::Deserialize;

use super::Host;
use super::bridge::{self, RhaiResultOf};
use crate::base::output::GREEN;
use crate::base::profile::Profile;
use crate::base::text::count;
use crate::base::{Error, Result, units};
use crate::ops::database::init;
use crate::ops::migrate::files::find;
use crate::ops::migrate::lint::{Finding, Sources, refusal};
use crate::ops::migrate::revert::Back;
use crate::ops::migrate::{self as ops, Event, Files, Report, UpOptions};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    let mut module = rhai::exported_module!(api);
    module.combine(rhai::exported_module!(generating::api));
    module.combine(rhai::exported_module!(settling::api));
    module.combine(rhai::exported_module!(other::api));
    module
}

/// The project's migrations.
fn migrations(host: &Host) -> Result<Files> {
    find(&host.project().path("migrations"), "migrations")
}

/// Says what a run of migrations tells.
fn say(host: &Host, verb: &str, event: Event<'_>) {
    let output = host.output();
    match event {
        Event::Done(report) => say_done(host, verb, report),
        Event::Waiting { file, why, pause } => output.warn(&format!(
            "{file}: {why}; it is tried again in {}",
            units::duration(pause)
        )),
        Event::Resumed { file, statement } => output.say(&format!(
            "{file}: a run was cut off; going on with statement {statement}"
        )),
        Event::Mended(what) => output.warn(what),
    }
}

fn say_done(host: &Host, verb: &str, report: &Report) {
    let ms = report.ms.unwrap_or_default();
    let verb = host.output().err_paint(GREEN, verb);
    host.output()
        .say(&format!("{verb} {} ({ms} ms)", report.full_name()));
    for place in &report.left_out {
        host.output().warn(&format!(
            "cannot run in a transaction, was left out: {place}"
        ));
    }
}

/// What pending migrations break of the rules: production refuses it before anything runs, other profiles say it in a line.
fn heed(host: &Host, findings: &[Finding], is_dry_run: bool) -> Result<(), Error> {
    if findings.is_empty() {
        return Ok(());
    }
    if host.profile() == Profile::Prod && !is_dry_run {
        return Err(refusal(findings));
    }
    let what = count("dangerous statement", findings.len());
    host.output().warn(&format!(
        "{what} in pending migrations, which profile prod refuses: see `lexi run migrate-lint`"
    ));
    Ok(())
}

/// Migrations: `migrations/NUMBER_name.up.sql` and `.down.sql`, each applied once, in order, in one transaction with its
/// row in `lexi.migrations`. A file that begins with `-- lexi:no-transaction` runs statement by statement instead; files
/// `R__name.sql` run again whenever they change. docs/migrations.md has all of it.
#[rhai::export_module]
pub mod api {
    /// Makes the profile's database unless it is there, and runs `sql/init/*.sql` in the order of their names.
    ///
    /// The files are idempotent: running this again changes nothing.
    ///
    /// Returns `#{ created, files }`.
    ///
    /// # Errors
    /// - `database`: a statement failed; file, line and SQLSTATE are named
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// fs::make_dir("sql/init");
    /// fs::write("sql/init/10_schemas.sql", "create schema if not exists archive;");
    /// let done = migrate::init();
    /// ensure(done.files == ["sql/init/10_schemas.sql"], "the file ran");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn init(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        let name = "migrate::init";
        let host = Host::of(&ctx);
        let target = bridge::call(&ctx, name, Host::database)?;
        let folder = host.project().path("sql/init");
        let warn = |text: &str| host.output().warn(text);
        let done = bridge::wait(&ctx, name, init::init(&target, &folder, "sql/init", &warn))?;
        bridge::value(&ctx, name, done)
    }

    /// How far and how strictly to migrate.
    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub(super) struct UpMap {
        to: Option<i64>,
        dry_run: bool,
        rehearse: bool,
        allow_out_of_order: bool,
    }

    /// Applies all pending migrations, one commit per file, then runs the files `R__name.sql` that have changed.
    ///
    /// Returns an array of `#{ version, name, ms, sql, left_out }`; `version` is `()` for a file `R__name.sql`.
    ///
    /// # Errors
    /// - `database`: a statement failed; file, line, statement and SQLSTATE are named, and that file left no trace
    /// - `refused`: an applied file was edited, or a pending one is older than an applied one
    /// - `locked`: another run is migrating the database
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// fs::make_dir("migrations");
    /// fs::write("migrations/1_a.up.sql", "create table a (id int);");
    /// ensure(migrate::up().len() == 1, "it was pending");
    /// ensure(migrate::up().len() == 0, "now it is applied");
    /// ```
    #[rhai_fn(name = "up", return_raw)]
    pub fn up_all(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        up(ctx, Map::new())
    }

    /// The same with options.
    ///
    /// # Parameters
    /// - `options`: see below
    ///
    /// # Options
    /// - `to`: the number of the last migration to apply (default all)
    /// - `dry_run`: run nothing, give the SQL that would run (default as `--dry-run`)
    /// - `rehearse`: run all of it in one transaction that is rolled back; what cannot run in one is left out and stands in
    ///   `left_out`, each statement with its place (default as `--dry-run=execute`)
    /// - `allow_out_of_order`: also apply a file that is older than an applied one (default false)
    ///
    /// # Errors
    /// - `not_found`: no migration has the number `to`
    /// - and those of `migrate::up()`
    ///
    /// # Example
    /// ```postgres
    /// fs::make_dir("migrations");
    /// fs::write("migrations/1_a.up.sql", "create table a (id int);");
    /// let plan = migrate::up(#{ dry_run: true });
    /// ensure(plan[0].sql.contains("create table"), "the SQL is told");
    /// ensure(migrate::status()[0].state == "pending", "and nothing ran");
    /// ```
    #[rhai_fn(name = "up", return_raw)]
    pub fn up(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        let name = "migrate::up";
        let host = Host::of(&ctx);
        let map: UpMap = bridge::options(&ctx, name, options)?;
        let options = UpOptions {
            to: map.to,
            dry_run: map.dry_run || host.flags().dry_run,
            allow_out_of_order: map.allow_out_of_order,
            ..UpOptions::default()
        };
        let target = bridge::call(&ctx, name, Host::database)?;
        let files = bridge::call(&ctx, name, migrations)?;
        let rehearse = map.rehearse || host.flags().rehearse;
        let init = host.project().path("sql/init");
        let sources = Sources {
            init: &init,
            files: &files,
        };
        let findings = bridge::wait(&ctx, name, sources.pending(&target, options.to))?;
        bridge::call(&ctx, name, |host| {
            heed(host, &findings, options.dry_run || rehearse)
        })?;
        let verb = if rehearse { "tried out" } else { "applied" };
        let told = |event: Event<'_>| say(&host, verb, event);
        let done = bridge::wait(&ctx, name, async {
            if rehearse {
                ops::rehearse(&target, &files, &options, &told).await
            } else {
                ops::up(&target, &files, &options, &told).await
            }
        })?;
        done.into_iter()
            .map(|report| bridge::value(&ctx, name, report))
            .collect()
    }

    /// Which migrations to take back.
    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub(super) struct RevertMap {
        steps: Option<usize>,
        to: Option<i64>,
        dry_run: bool,
    }

    /// Takes applied migrations back with their `.down.sql`, the newest first, one commit per file.
    ///
    /// Returns an array of `#{ version, name, ms, sql, left_out }`.
    ///
    /// # Parameters
    /// - `options`: see below; without any, the last migration is taken back
    ///
    /// # Options
    /// - `steps`: how many (default 1)
    /// - `to`: take back all that are newer than this number; 0 = all
    /// - `dry_run`: run nothing, give the SQL that would run (default as `--dry-run`)
    ///
    /// # Errors
    /// - `refused`: one of them has no way back; none was touched
    /// - `not_found`: no migration has the number `to`
    /// - `database`: a statement failed; that file left no trace
    /// - `locked`: another run is migrating the database
    ///
    /// # Example
    /// ```postgres
    /// fs::make_dir("migrations");
    /// fs::write("migrations/1_a.up.sql", "create table a (id int);");
    /// fs::write("migrations/1_a.down.sql", "drop table a;");
    /// migrate::up();
    /// ensure(migrate::revert(#{ steps: 1 }).len() == 1, "it was taken back");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn revert(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        let name = "migrate::revert";
        let host = Host::of(&ctx);
        let map: RevertMap = bridge::options(&ctx, name, options)?;
        let back = match (map.to, map.steps) {
            (Some(to), _) => Back::To(to),
            (None, steps) => Back::Steps(steps.unwrap_or(1)),
        };
        let target = bridge::call(&ctx, name, Host::database)?;
        let files = bridge::call(&ctx, name, migrations)?;
        let is_plan = map.dry_run || host.flags().dry_run;
        let told = |event: Event<'_>| say(&host, "took back", event);
        let done = bridge::wait(&ctx, name, async {
            if is_plan {
                ops::revert_plan(&target, &files, back).await
            } else {
                crate::host::db::confirm(&host, "taking migrations back in", &target.database)?;
                ops::revert(&target, &files, back, &told).await
            }
        })?;
        done.into_iter()
            .map(|report| bridge::value(&ctx, name, report))
            .collect()
    }

    /// How every migration stands, in order.
    ///
    /// Returns an array of `#{ version, name, state, applied_at, ms, reversible, backup_first, note }`; `state` is `applied`, `pending`,
    /// `out-of-order` (it has not run and a newer one has), `edited` (the file was changed after it was applied), `missing`
    /// (its file is gone) or `half-run` (`note` says how far). A file `R__name.sql` has `version` `()`, and is `pending` when
    /// it has changed.
    ///
    /// # Errors
    /// - `invalid`: a file is not named like a migration, or two have one number
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// fs::make_dir("migrations");
    /// fs::write("migrations/1_a.up.sql", "create table a (id int);");
    /// ensure(migrate::status()[0].state == "pending", "it has not run");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn status(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        let name = "migrate::status";
        let target = bridge::call(&ctx, name, Host::database)?;
        let files = bridge::call(&ctx, name, migrations)?;
        let all = bridge::wait(&ctx, name, ops::status(&target, &files))?;
        all.into_iter()
            .map(|status| bridge::value(&ctx, name, status))
            .collect()
    }

    /// Which migrations to look over.
    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub(super) struct LintMap {
        all: bool,
        files: Option<Vec<String>>,
    }

    /// Finds statements in the pending migrations that lock a table for long, write it anew, lose data or cannot be restored.
    ///
    /// A table that the same run makes is empty, so it raises no alarm. A file allows itself what its author has looked at:
    /// a line `-- lexi:allow RULE, RULE` between statements. `migrate::up()` refuses the rest in profile prod.
    ///
    /// The rules: `index-not-concurrent`, `drop-index-not-concurrent`, `reindex-not-concurrent`,
    /// `concurrently-in-transaction`, `concurrently-mixed`, `outside-transaction-only`, `transaction-word`, `set-not-null`,
    /// `add-column-not-null`, `volatile-default`, `stored-generated-column`, `constraint-not-valid`, `validate-with-add`,
    /// `unique-without-index`, `type-change`, `table-rewrite`, `refresh-not-concurrent`, `drop-column`, `drop-table`,
    /// `drop-schema`, `drop-database`, `drop-cascade`, `rename`, `truncate`, `write-without-where`, `enum-value-used`,
    /// `search-path-trap`, `disable-trigger`.
    ///
    /// Returns an array of `#{ rule, file, line, statement, why, advice }`.
    ///
    /// # Errors
    /// - `invalid`: a file cannot be read as SQL, or allows a rule that there is not; file and line are named
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// fs::make_dir("migrations");
    /// fs::write("migrations/1_a.up.sql", "create index on cases (title);");
    /// let found = migrate::lint();
    /// ensure(found[0].rule == "index-not-concurrent" && found[0].line == 1, "writes to cases would wait");
    /// ```
    #[rhai_fn(name = "lint", return_raw)]
    pub fn lint_pending(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        lint(ctx, Map::new())
    }

    /// The same for other files; with these options no server is asked.
    ///
    /// # Parameters
    /// - `options`: see below
    ///
    /// # Options
    /// - `all`: every file, each as if it ran on a database in use (default false)
    /// - `files`: these files, as if they ran together, such as `["migrations/1_a.up.sql"]` (default the pending ones)
    ///
    /// # Errors
    /// - `not_found`: one of `files` does not apply a migration
    /// - and those of `migrate::lint()`
    ///
    /// # Example
    /// ```
    /// fs::make_dir("migrations");
    /// fs::write("migrations/1_a.up.sql", "-- lexi:allow truncate\ntruncate cases;\ndelete from cases;");
    /// let found = migrate::lint(#{ all: true });
    /// ensure(found.len() == 1 && found[0].rule == "write-without-where", "truncate is allowed there");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn lint(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        let name = "migrate::lint";
        let host = Host::of(&ctx);
        let map: LintMap = bridge::options(&ctx, name, options)?;
        let files = bridge::call(&ctx, name, migrations)?;
        let init = host.project().path("sql/init");
        let sources = Sources {
            init: &init,
            files: &files,
        };
        let findings = match map.files {
            Some(files) => bridge::call(&ctx, name, |_| sources.some(&files))?,
            None if map.all => bridge::call(&ctx, name, |_| sources.all())?,
            None => {
                let target = bridge::call(&ctx, name, Host::database)?;
                bridge::wait(&ctx, name, sources.pending(&target, None))?
            }
        };
        findings
            .into_iter()
            .map(|finding| bridge::value(&ctx, name, finding))
            .collect()
    }

    /// Writes an empty migration and gives the paths of its two files.
    ///
    /// # Parameters
    /// - `title`: letters, digits and `_`, such as `add_case_numbers`
    ///
    /// # Errors
    /// - `invalid`: the title cannot be part of a file's name
    ///
    /// # Example
    /// ```
    /// let files = migrate::create("add_case_numbers");
    /// ensure(files.len() == 2 && files[0].ends_with("_add_case_numbers.up.sql"), "a pair");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn create(ctx: NativeCallContext, title: &str) -> RhaiResultOf<Array> {
        bridge::call(&ctx, "migrate::create", |host| {
            let newest = migrations(host)?
                .migrations
                .last()
                .map(|migration| migration.version);
            let paths = ops::create(&host.project().path("migrations"), title, newest)?;
            Ok(paths
                .iter()
                .map(|path| host.project().display(path).into())
                .collect())
        })
    }
}
