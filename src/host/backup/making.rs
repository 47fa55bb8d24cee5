//! Making backups and keeping their folder in order.

use rhai::{Dynamic, NativeCallContext};
use serde::Deserialize;
use serde_json::{Value, json};

use super::watch::Watch;
use super::{Surroundings, shape};
use crate::base::{Cancel, Error, Kind, Result};
use crate::host::{Host, strand};
use crate::ops::backup::redis::RedisSource;
use crate::ops::backup::{self, Mode, Options, Rules};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CreateOptions {
    label: Option<String>,
    pin: Option<serde_json::Value>,
    level: Option<u32>,
    dir: Option<String>,
    exclude_data: Vec<String>,
    roles: bool,
    with_redis: bool,
    verify: Option<Verify>,
    tool: Option<ToolChoice>,
    if_locked: IfLocked,
    wait: Option<String>,
}

/// How far a backup is proven before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verify {
    File,
    Restore,
}

/// Whose `pg_dump` is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ToolChoice {
    Auto,
    System,
}

/// What to do while another run works in the folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum IfLocked {
    #[default]
    Wait,
    Skip,
    Fail,
}

impl CreateOptions {
    fn wait(&self) -> Result<std::time::Duration> {
        let limit = super::wait_limit(self.wait.as_deref())?;
        Ok(match self.if_locked {
            IfLocked::Wait => limit,
            IfLocked::Skip | IfLocked::Fail => std::time::Duration::ZERO,
        })
    }

    fn read(&self) -> Result<Options> {
        let level = self.level.unwrap_or(6);
        if !(1..=9).contains(&level) {
            return Err(Error::invalid(format!("`level` is {level}"))
                .hint("a level is a number from 1 (fast) to 9 (small)"));
        }
        Ok(Options {
            label: self.label.clone(),
            pin: super::pin(self.pin.as_ref())?,
            level,
            exclude_data: self.exclude_data.clone(),
            roles: self.roles,
            wait: self.wait()?,
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListOptions {
    dir: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CleanOptions {
    days: Option<i64>,
    keep: Option<i64>,
    daily: Option<i64>,
    weekly: Option<i64>,
    monthly: Option<i64>,
    dry_run: Option<bool>,
    dir: Option<String>,
    wait: Option<String>,
}

impl CleanOptions {
    fn rules(&self, host: &Host) -> Result<Rules> {
        let number = |option, name, setting, normal| number(host, option, name, setting, normal);
        let normal = Rules::default();
        let days = number(self.days, "days", "BACKUP_RETENTION_DAYS", normal.days)?;
        let count = |option, name, setting, normal: usize| {
            let normal = u32::try_from(normal).unwrap_or(u32::MAX);
            let count = number(option, name, setting, normal)?;
            Ok::<_, Error>(usize::try_from(count).unwrap_or(usize::MAX))
        };
        Ok(Rules {
            days,
            keep: count(self.keep, "keep", "BACKUP_KEEP_LAST", normal.keep)?.max(1),
            daily: count(self.daily, "daily", "BACKUP_KEEP_DAILY", 0)?,
            weekly: count(self.weekly, "weekly", "BACKUP_KEEP_WEEKLY", 0)?,
            monthly: count(self.monthly, "monthly", "BACKUP_KEEP_MONTHLY", 0)?,
        })
    }

    fn mode(&self, host: &Host) -> Mode {
        if self.dry_run.unwrap_or(host.flags().dry_run) {
            Mode::Plan
        } else {
            Mode::Delete
        }
    }
}

/// A number of a rule: the option, else the setting, else the normal one; never below nought.
fn number(host: &Host, option: Option<i64>, name: &str, setting: &str, normal: u32) -> Result<u32> {
    let is_set = |name| {
        host.settings()
            .get(name)
            .is_some_and(|text| !text.trim().is_empty())
    };
    let (name, value) = match option {
        Some(value) => (name, value),
        None if is_set(setting) => (setting, host.settings().int(setting)?),
        None => return Ok(normal),
    };
    u32::try_from(value).map_err(|_negative| shape::negative(name, value))
}

/// Makes a backup and, when asked, proves it.
fn make(host: &Host, options: &CreateOptions) -> Result<Value> {
    let cancel = strand::current().cancel;
    let mut around = Surroundings::of(host, options.dir.as_deref())?;
    let chosen = options.read()?;
    let wait = chosen.wait;
    if options.tool != Some(ToolChoice::System) {
        host.runtime().wait(&cancel, around.find_container(host))?;
    }
    let watch = Watch::start(host.output(), &format!("backing up {}", around.target));
    let on = |progress| watch.take(progress);
    let redis = if options.with_redis {
        Some(host.runtime().wait(&cancel, super::redis::source(host))?)
    } else {
        None
    };
    let mut request = around.request(host, chosen);
    request.redis = redis
        .as_ref()
        .map(|(redis, place)| RedisSource { redis, place });
    let made = host.runtime().wait(&cancel, backup::create(&request, &on));
    let mut made = match made {
        Err(busy) if busy.kind() == Kind::Locked && options.if_locked == IfLocked::Skip => {
            return Ok(json!({ "skipped": true, "why": busy.message() }));
        }
        made => made?,
    };
    if options.verify == Some(Verify::Restore) {
        let proving = backup::prove(&made.path, &around.target, wait, &cancel, &on);
        // What it has made in the server is taken away again, also when the run is asked to stop.
        let proven = host.runtime().wait(&Cancel::detached(), proving);
        made.manifest = proven.map_err(|e| {
            let file = host.project().display(&made.path);
            e.context(format!(
                "`{file}` was made and is whole, but was not proven"
            ))
        })?;
    }
    Ok(shape::artifact(host.project(), &made))
}

/// Making backups.
#[rhai::export_module]
pub mod api {
    use jiff::Timestamp;
    use rhai::Map;

    use super::super::watch::Watch;
    use super::super::{folder, pin, shape, wait_limit};
    use super::{CleanOptions, CreateOptions, ListOptions};
    use crate::base::Error;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::{Host, permit};
    use crate::ops::backup::{self, Verdict, restore};

    /// Makes a verified backup of the profile's database.
    ///
    /// The file has its name only when `pg_dump` has succeeded, the end of the dump was seen, and it was read back from the
    /// disk whole. On any failure there is no new file and no old one was touched.
    ///
    /// Gives a map of `path`, `file`, `bytes`, `raw_bytes`, `rows`, `tables`, `sha256`, `state`, `ms`, `warnings` and more.
    ///
    /// # Errors
    /// - `refused`: no room on the disk, or no `pg_dump` of the server's version
    /// - `locked`: another run works in the folder
    /// - `process_failed`: `pg_dump` failed
    /// - `corrupt`: the dump is not whole, or the disk does not give back what was written
    /// - `unavailable`: the server or `pg_dump` is not there
    ///
    /// # Example
    /// ```postgres
    /// db::exec("create table notes (id int primary key)");
    /// let made = backup::create();
    /// ensure(fs::exists(made.path) && made.tables == 1, "the file is there");
    /// ```
    #[rhai_fn(name = "create", return_raw)]
    pub fn create(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        create_with(ctx, Map::new())
    }

    /// Makes a verified backup of the profile's database, with options.
    ///
    /// # Parameters
    /// - `options`: how it is made
    ///
    /// # Options
    /// - `label`: a word that the list shows (default none)
    /// - `pin`: `true`, or for how long retention leaves it alone, such as `"7d"` (default none)
    /// - `level`: how hard it is packed, 1 to 9 (default 6)
    /// - `dir`: the folder (default the setting `BACKUP_DIR`)
    /// - `exclude_data`: tables whose rows are left out, as patterns of `pg_dump` (default none)
    /// - `roles`: whether the server's roles are written beside as SQL, without passwords (default `false`)
    /// - `with_redis`: whether Redis' data are backed up too, in a file beside (default `false`)
    /// - `verify`: `"file"`, or `"restore"` to restore it into a database of its own, which is dropped again, and count every
    ///   row there; the state is `restored` then (default `"file"`)
    /// - `tool`: `"auto"` for the `pg_dump` in the server's container where there is one, else one of this machine; or
    ///   `"system"` (default `"auto"`)
    /// - `if_locked`: `"wait"`, `"skip"` or `"fail"` while another run works in the folder; when skipped, the result is a map
    ///   of `skipped` (`true`) and `why` (default `"wait"`)
    /// - `wait`: how long to wait then (default `"30s"`)
    ///
    /// # Errors
    /// - `invalid`: an option has an unusable value, or a table to leave out does not exist
    /// - `refused`, `locked`, `process_failed`, `corrupt`, `unavailable`: as without options
    ///
    /// # Example
    /// ```postgres
    /// db::exec("create table notes (id int primary key)");
    /// let made = backup::create(#{ label: "nightly", pin: "7d", dir: "elsewhere" });
    /// ensure(made.label == "nightly" && made.path.starts_with("elsewhere/"), "as asked");
    /// ```
    #[rhai_fn(name = "create", return_raw)]
    pub fn create_with(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::create";
        let options: CreateOptions = bridge::options(&ctx, NAME, options)?;
        let made = bridge::call(&ctx, NAME, |host| super::make(host, &options))?;
        bridge::value(&ctx, NAME, made)
    }

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
    /// `server_version` and `has_manifest`.
    ///
    /// # Parameters
    /// - `path`: the file, plain or packed with gzip; or `latest`, or a name in the folder of backups
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

    /// Deletes backups past their retention.
    ///
    /// Never the newest verified one of a database, the last three verified ones, pinned ones, files without a manifest;
    /// and none at all when the newest verified one is too old itself or the clock is behind the newest file.
    ///
    /// Gives a map of `deleted` (names), `kept` (how many), `freed` (bytes), `dry_run`, `plan` (each backup with its
    /// `verdict`) and `dropped` (databases that an old restore had kept).
    ///
    /// # Errors
    /// - `usage`: a number of a rule is negative
    /// - `locked`: another run works in the folder
    ///
    /// # Example
    /// ```
    /// ensure(backup::clean().deleted.is_empty(), "there is nothing to delete");
    /// ```
    #[rhai_fn(name = "clean", return_raw)]
    pub fn clean(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        clean_with(ctx, Map::new())
    }

    /// Deletes backups past their retention, with options.
    ///
    /// # Parameters
    /// - `options`: the rules
    ///
    /// # Options
    /// - `days`: days to keep, 0 for all (default the setting `BACKUP_RETENTION_DAYS`)
    /// - `keep`: so many of the newest verified ones stay whatever their age, at least 1 (default the setting
    ///   `BACKUP_KEEP_LAST`, else 3)
    /// - `daily`: the newest of each of the last so many days stays (default the setting `BACKUP_KEEP_DAILY`, else 0)
    /// - `weekly`: the newest of each of the last so many weeks stays (default the setting `BACKUP_KEEP_WEEKLY`, else 0)
    /// - `monthly`: the newest of each of the last so many months stays (default the setting `BACKUP_KEEP_MONTHLY`, else 0)
    /// - `dry_run`: only tell (default as `--dry-run`)
    /// - `dir`: the folder (default the setting `BACKUP_DIR`)
    /// - `wait`: how long to wait while another run works in the folder (default `"30s"`)
    ///
    /// # Errors
    /// - `usage`: a number of a rule is negative
    /// - `locked`: another run works in the folder
    ///
    /// # Example
    /// ```
    /// let plan = backup::clean(#{ days: 7, monthly: 12, dry_run: true });
    /// ensure(plan.dry_run && plan.freed == 0, "nothing was deleted");
    /// ```
    #[rhai_fn(name = "clean", return_raw)]
    pub fn clean_with(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::clean";
        let options: CleanOptions = bridge::options(&ctx, NAME, options)?;
        let host = Host::of(&ctx);
        let (folder, rules, wait) = bridge::call(&ctx, NAME, |host| {
            let folder = folder(host, options.dir.as_deref())?;
            Ok((
                folder,
                options.rules(host)?,
                wait_limit(options.wait.as_deref())?,
            ))
        })?;
        let mode = options.mode(&host);
        let decided = bridge::wait(&ctx, NAME, backup::clean(&folder, rules, mode, wait))?;
        let dropped = match mode {
            backup::Mode::Plan => Vec::new(),
            backup::Mode::Delete => {
                bridge::wait(&ctx, NAME, super::super::restoring::clear(&host, &decided))?
            }
        };
        let gone = || {
            decided
                .iter()
                .filter(|(_, verdict)| *verdict == Verdict::Delete)
        };
        let freed: u64 = gone().map(|(entry, _)| entry.bytes).sum();
        let names: Vec<String> = gone().map(|(entry, _)| entry.name.to_string()).collect();
        let plan = decided.iter();
        let plan = plan.map(|(entry, verdict)| shape::decided(host.project(), entry, *verdict));
        let is_plan = mode == backup::Mode::Plan;
        let map = serde_json::json!({
            "kept": decided.len() - names.len(),
            "deleted": if is_plan { Vec::new() } else { names },
            "freed": if is_plan { 0 } else { freed },
            "dry_run": is_plan,
            "plan": plan.collect::<Vec<_>>(),
            "dropped": dropped,
        });
        bridge::value(&ctx, NAME, map)
    }

    /// Pins a backup, so that retention leaves it alone, or takes its pin away.
    ///
    /// # Parameters
    /// - `path`: the backup, as for `backup::verify`
    /// - `length`: `true` for ever, `"7d"` for so long from now, `false` for no pin
    ///
    /// # Errors
    /// - `not_found`: there is no such backup
    /// - `invalid`: it has no manifest, or the length is not one
    ///
    /// # Example
    /// ```postgres
    /// db::exec("create table notes (id int primary key)");
    /// backup::create();
    /// backup::pin("latest", "7d");
    /// backup::pin("latest", false);
    /// ```
    #[rhai_fn(name = "pin", return_raw)]
    pub fn pin_backup(ctx: NativeCallContext, path: &str, length: Dynamic) -> RhaiResultOf<()> {
        const NAME: &str = "backup::pin";
        let (file, length) = bridge::call(&ctx, NAME, |host| {
            let database = host.settings().get("DB_DATABASE").unwrap_or_default();
            let root = host.project().root();
            let file = restore::pick(path, &folder(host, None)?, root, database)?;
            let file = permit::write(host, file)?;
            let json = serde_json::to_value(&length)
                .map_err(|e| Error::invalid("the length of a pin cannot be read").because(e))?;
            Ok((file, pin(Some(&json))?))
        })?;
        let wait = wait_limit(None).unwrap_or_default();
        bridge::wait(&ctx, NAME, backup::set_pin(&file, length, wait)).map(drop)
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
