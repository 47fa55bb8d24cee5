//! Looking at the backups there are.

use rhai::{Dynamic, NativeCallContext};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListOptions {
    dir: Option<String>,
}

/// Looking at the backups there are.
#[rhai::export_module]
pub mod api {
    use jiff::Timestamp;
    use rhai::Map;

    use super::super::watch::Watch;
    use super::super::{folder, shape};
    use super::ListOptions;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::{Host, permit};
    use crate::ops::backup::{self, restore};

    /// The backups in the folder, newest first, without reading them.
    ///
    /// Each is a map of `file`, `path`, `bytes`, `made`, `age_hours` and `state`: `verified`, `restored`, `no_manifest` or
    /// `damaged`; a verified one also has `rows`, `tables`, `database`, `label`, `pinned` and `sha256`.
    ///
    /// # Errors
    /// - `io`: the folder cannot be read
    ///
    /// # Example
    /// ```
    /// ensure(backup::list().is_empty(), "no backup was made yet");
    /// ```
    #[rhai_fn(name = "list", return_raw)]
    pub fn list(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        list_with(ctx, Map::new())
    }

    /// The backups in a folder, newest first, without reading them.
    ///
    /// # Parameters
    /// - `options`: where
    ///
    /// # Options
    /// - `dir`: the folder (default the setting `BACKUP_DIR`)
    ///
    /// # Errors
    /// - `io`: the folder cannot be read
    ///
    /// # Example
    /// ```
    /// ensure(backup::list(#{ dir: "elsewhere" }).is_empty(), "there is no such folder");
    /// ```
    #[rhai_fn(name = "list", return_raw)]
    pub fn list_with(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::list";
        let options: ListOptions = bridge::options(&ctx, NAME, options)?;
        let entries: Vec<_> = bridge::call(&ctx, NAME, |host| {
            let folder = match &options.dir {
                Some(dir) => permit::read(host, dir)?,
                None => folder(host, None)?,
            };
            let entries = backup::list(&folder)?;
            let project = host.project();
            Ok(entries
                .iter()
                .map(|entry| shape::entry(project, entry))
                .collect())
        })?;
        bridge::value(&ctx, NAME, entries)
    }

    /// Reads a whole dump and refuses it when it is damaged, cut, or not what its manifest says.
    ///
    /// Gives a map of `path`, `bytes`, `raw_bytes`, `sha256`, `rows`, `tables`, `rows_of` (by table), `extensions`,
    /// `server_version`, `has_manifest` and `redis_keys` (`()` when it holds no data of Redis).
    ///
    /// # Parameters
    /// - `path`: the file, plain or packed with gzip or zstd; or `latest`, or a name in the folder of backups
    ///
    /// # Errors
    /// - `not_found`: there is no such file
    /// - `corrupt`: it is damaged or incomplete
    /// - `refused`: it is packed in a way that is not read here
    ///
    /// # Example
    /// ```
    /// fs::write("cut.sql", "COPY t (a) FROM stdin;\n1\n");
    /// let kind = "";
    /// try { backup::verify("cut.sql"); } catch (e) { kind = e.kind; }
    /// ensure(kind == "corrupt", "it ends too early");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn verify(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::verify";
        let host = Host::of(&ctx);
        let file = bridge::call(&ctx, NAME, |host| {
            let database = host.settings().get("DB_DATABASE").unwrap_or_default();
            let root = host.project().root();
            permit::read(
                host,
                restore::pick(path, &folder(host, None)?, root, database)?,
            )
        })?;
        let watch = Watch::start(host.output(), &format!("verifying {path}"));
        let on = |progress| watch.take(progress);
        let read = bridge::wait(&ctx, NAME, backup::verify(&file, &on))?;
        drop(watch);
        bridge::value(&ctx, NAME, shape::verified(host.project(), &read))
    }

    /// The newest verified backup of the profile's database; an error when it is older than a limit or there is none.
    ///
    /// For monitoring: the files are not read, and the server is not asked.
    ///
    /// # Parameters
    /// - `max_age`: how old it may be, such as `"26h"`
    ///
    /// # Errors
    /// - `not_found`: there is none
    /// - `refused`: it is older
    ///
    /// # Example
    /// ```
    /// let kind = "";
    /// try { backup::check("26h"); } catch (e) { kind = e.kind; }
    /// ensure(kind == "not_found", "there is no backup yet");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn check(ctx: NativeCallContext, max_age: &str) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::check";
        let newest = bridge::call(&ctx, NAME, |host| {
            let limit = crate::base::units::parse_duration(max_age)?;
            let database = host.settings().get("DB_DATABASE").unwrap_or_default();
            let entries = backup::list(&folder(host, None)?)?;
            let newest = backup::fresh(&entries, database, limit, Timestamp::now())?;
            Ok(shape::entry(host.project(), newest))
        })?;
        bridge::value(&ctx, NAME, newest)
    }

    /// How many hours old the newest verified backup of the profile's database is; `()` when there is none.
    ///
    /// # Errors
    /// - `io`: the folder cannot be read
    ///
    /// # Example
    /// ```
    /// ensure(backup::age_hours() == (), "there is no backup yet");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn age_hours(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::age_hours";
        let age = bridge::call(&ctx, NAME, |host| {
            let database = host.settings().get("DB_DATABASE").unwrap_or_default();
            let entries = backup::list(&folder(host, None)?)?;
            let newest = backup::newest_good(&entries, database).map(|entry| entry.name.at());
            Ok(newest.map(|at| Timestamp::now().duration_since(at).as_hours()))
        })?;
        Ok(age.map_or(Dynamic::UNIT, Dynamic::from))
    }
}
