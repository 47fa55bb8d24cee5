//! The `seed` namespace: repeatable data from files.

use rhai::{Array, Map, Module, NativeCallContext};
use serde::Deserialize;

use super::Host;
use super::bridge::{self, RhaiResultOf};
use crate::ops::seed::{self as ops, Loaded};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

/// Seeds: `seeds/<set>/NNN_table.csv` and `.sql`, loaded in the order of their names, all in one transaction. A row that is
/// there already is left alone, so that loading again changes nothing.
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
        let told = |loaded: &Loaded| {
            let new = loaded.inserted;
            host.output().detail(&format!(
                "{}/{}: {new} of {} rows are new",
                loaded.set, loaded.file, loaded.rows
            ));
        };
        let all = bridge::wait(&ctx, name, ops::load(&target, &folder, &sets, &told))?;
        all.into_iter()
            .map(|loaded| bridge::value(&ctx, name, loaded))
            .collect()
    }
}
