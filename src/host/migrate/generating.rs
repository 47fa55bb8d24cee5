//! Migrations that are written from a difference, and the schema as a file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::migrations;
use crate::base::{Error, Profile, Result};
use crate::host::backup::container_of;
use crate::host::{Host, permit};
use crate::ops::backup::{Container, SchemaDump};
use crate::ops::database::Target;
use crate::ops::migrate::{self as ops, Files, Generate, Generated};

/// Where the wanted schema comes from, and whether anything is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GenerateMap {
    from: Option<String>,
    dry_run: bool,
}

/// Where the snapshot is written to.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SnapshotMap {
    file: Option<String>,
}

/// What a script gets: the files as the project knows them.
#[derive(Serialize)]
struct Told {
    files: Vec<String>,
    up: String,
    down: String,
    statements: usize,
    hazards: Vec<String>,
    complete: bool,
    rest: Vec<String>,
    notes: Vec<String>,
    recorded: bool,
}

fn told(host: &Host, done: Generated) -> Told {
    let shown = |path: &std::path::PathBuf| host.project().display(path);
    Told {
        files: done.files.iter().map(shown).collect(),
        up: done.up,
        down: done.down,
        statements: done.statements,
        hazards: done.hazards,
        complete: done.complete,
        rest: done.rest,
        notes: done.notes,
        recorded: done.recorded,
    }
}

/// The database, and what dumping its schema needs.
struct Source {
    target: Target,
    scratch: PathBuf,
    container: Option<Container>,
}

impl Source {
    async fn find(host: &Host) -> Result<Self> {
        let target = host.database()?;
        let container = container_of(host, &target).await?;
        Ok(Self {
            target,
            scratch: host.project().state().join("tmp"),
            container,
        })
    }

    fn dump<'a>(&'a self, host: &'a Host) -> SchemaDump<'a> {
        SchemaDump {
            scratch: &self.scratch,
            container: self.container.as_ref(),
            registry: host.processes(),
        }
    }
}

/// What a request borrows from.
struct Parts {
    migrations: Files,
    folders: [PathBuf; 2],
    from: Option<(PathBuf, String)>,
    dry_run: bool,
}

impl Parts {
    fn of(host: &Host, options: GenerateMap) -> Result<Self> {
        refuse_in_prod(host)?;
        let project = host.project();
        let from = options.from.as_ref();
        let from = from.map(|file| permit::read(host, file)).transpose()?;
        Ok(Self {
            migrations: migrations(host)?,
            folders: [project.path("migrations"), project.path("sql/init")],
            from: from.zip(options.from),
            dry_run: options.dry_run || host.flags().dry_run,
        })
    }

    fn request<'a>(&'a self, host: &'a Host, source: &'a Source, name: &'a str) -> Generate<'a> {
        let [folder, init] = &self.folders;
        let from = self.from.as_ref();
        Generate {
            target: &source.target,
            migrations: &self.migrations,
            folder: (folder, "migrations"),
            init: (init, "sql/init"),
            name,
            from: from.map(|(path, shown)| (path.as_path(), shown.as_str())),
            dry_run: self.dry_run,
            dump: source.dump(host),
        }
    }
}

fn refuse_in_prod(host: &Host) -> Result<()> {
    if host.profile() != Profile::Prod {
        return Ok(());
    }
    Err(
        Error::refused("profile prod is not a place to generate migrations from")
            .hint("change the dev profile's database and generate there; nothing was done"),
    )
}

/// Writing migrations and the schema.
#[rhai::export_module]
pub mod api {
    use rhai::{Dynamic, Map, NativeCallContext};

    use super::{GenerateMap, SnapshotMap};
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::{Host, permit};

    /// Writes the migration that makes the schema of the files into that of the profile's database, and proves it.
    ///
    /// What `sql/init` and `migrations/` make is built in a database of its own and compared with the live one: schemas,
    /// extensions, types, sequences, tables, columns, constraints, indexes, views, functions, triggers, policies, rules,
    /// rights and comments. The two files are then run there, forth and back, and `pg_dump` must say the same each time.
    /// When it does, the live database's history gets the new migration. A renamed table or column cannot be told from
    /// one that was dropped and another that was added; the file says so.
    ///
    /// Returns `#{ files, up, down, statements, hazards, complete, rest, notes, recorded }`: `files` is empty when there
    /// is no difference, `up` and `down` are their texts, `rest` names what they leave undone when `complete` is false.
    ///
    /// # Parameters
    /// - `title`: letters, digits and `_`, such as `add_case_numbers`
    ///
    /// # Errors
    /// - `refused`: a migration is pending, edited, missing or half-run, or the profile is prod
    /// - `invalid`: the title cannot be part of a file's name
    /// - `database`: the migrations that there are do not run in an empty database, or none may be made
    /// - `unavailable`: the server does not answer, or there is no `pg_dump` of its version
    /// - `locked`: another run is migrating the database
    ///
    /// # Example
    /// ```postgres
    /// fs::make_dir("migrations");
    /// fs::write("migrations/1_a.up.sql", "create table a (id int);");
    /// migrate::up();
    /// db::exec("alter table a add column name text");
    /// let made = migrate::generate("add_name");
    /// ensure(made.complete && made.recorded, "it is proved, and the database has it");
    /// ensure(made.up.contains("ALTER TABLE public.a ADD COLUMN name text"), made.up);
    /// ensure(migrate::status().all(|one| one.state == "applied"), "nothing is pending");
    /// ```
    #[rhai_fn(name = "generate", return_raw)]
    pub fn generate_plain(ctx: NativeCallContext, title: &str) -> RhaiResultOf<Dynamic> {
        generate(ctx, title, Map::new())
    }

    /// The same with options.
    ///
    /// # Parameters
    /// - `title`: letters, digits and `_`, such as `add_case_numbers`
    /// - `options`: see below
    ///
    /// # Options
    /// - `from`: a file with the wanted schema as SQL, such as a dump, instead of the live database, which is left alone
    /// - `dry_run`: write nothing, only give the texts (default false)
    ///
    /// # Errors
    /// - `not_found`: there is no file `from`
    /// - and those of `migrate::generate(title)`
    ///
    /// # Example
    /// ```postgres
    /// fs::write("wanted.sql", "create table public.a (id int primary key);");
    /// let made = migrate::generate("make_a", #{ from: "wanted.sql" });
    /// ensure(made.files.len() == 2 && made.complete && !made.recorded, "the migration is pending");
    /// migrate::up();
    /// ensure(migrate::generate("again", #{ from: "wanted.sql" }).files == [], "now there is no difference");
    /// ```
    #[rhai_fn(name = "generate", return_raw)]
    pub fn generate(ctx: NativeCallContext, title: &str, options: Map) -> RhaiResultOf<Dynamic> {
        let name = "migrate::generate";
        let host = Host::of(&ctx);
        let options: GenerateMap = bridge::options(&ctx, name, options)?;
        let parts = bridge::call(&ctx, name, |host| super::Parts::of(host, options))?;
        let source = bridge::wait(&ctx, name, super::Source::find(&host))?;
        let say = |text: &str| host.output().detail(text);
        let request = parts.request(&host, &source, title);
        let work = super::ops::generate(&request, &say);
        let done = bridge::wait(&ctx, name, work)?;
        bridge::value(&ctx, name, super::told(&host, done))
    }

    /// Writes the schema of the profile's database to `migrations/schema.sql`, the same bytes wherever the same files ran.
    ///
    /// Owners, rights, the migrations' history and the versions of programs are left out.
    ///
    /// Returns `#{ changed }`: whether the file was another before.
    ///
    /// # Errors
    /// - `unavailable`: the server does not answer, or there is no `pg_dump` of its version
    /// - `io`: the file cannot be written
    ///
    /// # Example
    /// ```postgres
    /// db::exec("create table a (id int)");
    /// ensure(migrate::snapshot().changed, "it was written");
    /// ensure(!migrate::snapshot().changed, "it is as it was");
    /// ensure(fs::read("migrations/schema.sql").contains("CREATE TABLE public.a"), "the table is in it");
    /// ```
    #[rhai_fn(name = "snapshot", return_raw)]
    pub fn snapshot_plain(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        snapshot(ctx, Map::new())
    }

    /// The same with options.
    ///
    /// # Parameters
    /// - `options`: see below
    ///
    /// # Options
    /// - `file`: where to write it (default `migrations/schema.sql`)
    ///
    /// # Errors
    /// - those of `migrate::snapshot()`
    ///
    /// # Example
    /// ```postgres
    /// migrate::snapshot(#{ file: "now.sql" });
    /// ensure(fs::is_file("now.sql"), "it is there");
    /// ```
    #[rhai_fn(name = "snapshot", return_raw)]
    pub fn snapshot(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Dynamic> {
        let name = "migrate::snapshot";
        let host = Host::of(&ctx);
        let options: SnapshotMap = bridge::options(&ctx, name, options)?;
        let file = options.file.as_deref().unwrap_or("migrations/schema.sql");
        let file = bridge::call(&ctx, name, |host| permit::write(host, file))?;
        let source = bridge::wait(&ctx, name, super::Source::find(&host))?;
        let work = super::ops::snapshot(&source.target, &file, source.dump(&host));
        let done = bridge::wait(&ctx, name, work)?;
        bridge::value(&ctx, name, done)
    }
}
