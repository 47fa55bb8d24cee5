//! Keeping the folder of backups in order: what goes, and what stays.

use rhai::{Dynamic, NativeCallContext};
use serde::Deserialize;

use super::shape;
use crate::base::{Error, Result};
use crate::host::Host;
use crate::ops::backup::{Mode, Rules};

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

/// Keeping the folder of backups in order.
#[rhai::export_module]
pub mod api {
    use rhai::Map;

    use super::super::{folder, pin, wait_limit};
    use super::CleanOptions;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::permit;
    use crate::ops::backup::{self, Verdict, restore};

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

    /// The rules by which `backup::clean` decides, as the settings say them: `days`, `keep`, `daily`, `weekly`, `monthly`.
    ///
    /// # Errors
    /// - `usage`: a number is negative
    ///
    /// # Example
    /// ```
    /// ensure(backup::rules().keep == 3, "the last three stay whatever their age");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn rules(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::rules";
        let rules = bridge::call(&ctx, NAME, |host| CleanOptions::default().rules(host))?;
        bridge::value(&ctx, NAME, shape::rules(&rules))
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
}
