//! The `seed` namespace: repeatable data from files.

use rhai::{Array, Dynamic, Map, Module, NativeCallContext};
use serde::Deserialize;

use super::Host;
use super::bridge::{self, RhaiResultOf};
use super::json::{Secrets, to_json};
use crate::base::Error;
use crate::ops::seed::{self as ops, Format, Loaded, SeedFile};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

/// The value of a seed's script as JSON.
fn evaluate(ctx: &NativeCallContext, file: &SeedFile) -> RhaiResultOf<String> {
    let value: Dynamic = ctx.engine().eval_file(file.path.clone())?;
    bridge::call(ctx, "seed::load", |_| {
        if !value.is_array() {
            return Err(Error::invalid(format!(
                "`{}` gives {}, not an array of maps",
                file.shown,
                value.type_name()
            )));
        }
        let json = to_json(&value, Secrets::Reveal)?;
        Ok(json.to_string())
    })
}

/// Seeds: files `seeds/<set>/NNN_table.csv`, `.json` (an array of objects), `.rhai` (a script whose value is an array of
/// maps) and `NNN_name.sql`. All are loaded in one transaction: by set and name, but a table after those it refers to. A row
/// that is there already is left alone, so that loading again changes nothing.
#[rhai::export_module]
pub mod api {
    /// Which sets to load.
    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub(super) struct LoadMap {
        sets: Option<Vec<String>>,
    }

    /// Loads the sets `common` and that of the profile's name into the profile's database.
    ///
    /// Returns an array of `#{ set, file, table, rows, inserted, present }`.
    ///
    /// # Errors
    /// - `database`: a value was refused; file, row, column and SQLSTATE are named, and nothing was loaded
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// db::exec("create table colours (name text primary key)");
    /// fs::make_dir("seeds/common");
    /// fs::write("seeds/common/010_colours.csv", "name\nred\nblue\n");
    /// ensure(seed::load()[0].inserted == 2, "both rows are new");
    /// ensure(seed::load()[0].present == 2, "and now they are there");
    /// ```
    #[rhai_fn(name = "load", return_raw)]
    pub fn load_own(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        load(ctx, Map::new())
    }

    /// The same with options.
    ///
    /// # Parameters
    /// - `options`: see below
    ///
    /// # Options
    /// - `sets`: the folders below `seeds/`, in this order (default `["common", <profile>]`)
    ///
    /// # Errors
    /// - those of `seed::load()`
    ///
    /// # Example
    /// ```postgres
    /// ensure(seed::load(#{ sets: ["demo"] }).len() == 0, "there is no such set yet");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn load(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        let name = "seed::load";
        let host = Host::of(&ctx);
        let map: LoadMap = bridge::options(&ctx, name, options)?;
        let own = || vec!["common".to_owned(), host.profile().to_string()];
        let sets = map.sets.unwrap_or_else(own);
        let target = bridge::call(&ctx, name, Host::database)?;
        let folder = host.project().path("seeds");
        let mut files = bridge::call(&ctx, name, |_| ops::find(&folder, &sets))?;
        for file in files.iter_mut().filter(|file| file.format == Format::Rhai) {
            file.text = evaluate(&ctx, file)?;
        }
        let told = |loaded: &Loaded| {
            let new = loaded.inserted;
            host.output().detail(&format!(
                "{}/{}: {new} of {} rows are new",
                loaded.set, loaded.file, loaded.rows
            ));
        };
        let all = bridge::wait(&ctx, name, ops::load(&target, files, &told))?;
        all.into_iter()
            .map(|loaded| bridge::value(&ctx, name, loaded))
            .collect()
    }

    /// What to copy, and how often.
    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub(super) struct ScaleMap {
        root: Option<String>,
        times: u32,
    }

    /// Makes `times` times as many rows of a table as there are, and of all that hangs on them, for load tests.
    ///
    /// A row hangs on another when one of its `uuid` columns holds the other's `id`. Copies get ids of version 8 that follow
    /// from the first row's, and a number behind texts that must be unique; copying again changes nothing. Works within
    /// schema `public`, in one transaction.
    ///
    /// Returns an array of `#{ table, rows, inserted }`, where `rows` were there before the first copy.
    ///
    /// # Parameters
    /// - `options`: see below
    ///
    /// # Options
    /// - `root`: the table (required); its key is a `uuid` named `id`
    /// - `times`: how many times as many, 1 to 99999 (required)
    ///
    /// # Errors
    /// - `not_found`: there is no such table
    /// - `invalid`: the table has no `uuid` named `id`, or `times` is out of range
    /// - `database`: a copy was refused; nothing was copied
    ///
    /// # Example
    /// ```postgres
    /// db::batch(`create table cases (id uuid primary key default gen_random_uuid(), number text unique);
    ///     create table notes (case_id uuid references cases, text text)`);
    /// db::batch("insert into cases (number) values ('A'), ('B'); insert into notes select id, 'x' from cases;");
    /// let copied = seed::scale(#{ root: "cases", times: 10 });
    /// ensure(db::value("select count(*) from notes") == 20, "each case has its note");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn scale(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        let name = "seed::scale";
        let map: ScaleMap = bridge::options(&ctx, name, options)?;
        let target = bridge::call(&ctx, name, Host::database)?;
        let root = bridge::call(&ctx, name, |_| {
            map.root
                .ok_or_else(|| Error::invalid("`root` is missing: which table is copied"))
        })?;
        let all = bridge::wait(&ctx, name, ops::scale(&target, &root, map.times))?;
        all.into_iter()
            .map(|copied| bridge::value(&ctx, name, copied))
            .collect()
    }
}
