//! Restoring backups.

use std::path::PathBuf;
use std::time::Duration;

use rhai::{Dynamic, NativeCallContext};
use serde::Deserialize;

use super::Surroundings;
use super::watch::Watch;
use crate::base::text::count;
use crate::base::units::parse_duration;
use crate::base::{Cancel, Error, Result, units};
use crate::host::bridge::{self, RhaiResultOf};
use crate::host::{Host, permit, strand};
use crate::ops::backup::restore::{self, KEEP_OLD, Live, Owners, Plan, RestoreOptions, Restored};
use crate::ops::backup::{Entry, Options};
use crate::ops::database::Target;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    safety_backup: Option<bool>,
    keep_old: Option<serde_json::Value>,
    no_owner: bool,
    needs_redis: bool,
    checks: Option<bool>,
    wait: Option<String>,
}

/// Refuses a backup without data of Redis, and a Redis that is out of reach, where they are to be brought back as well.
async fn check_redis(host: &Host, plan: &Plan) -> Result<()> {
    crate::ops::backup::redis::verify(&plan.source.path)?;
    let (redis, _) = super::redis::source(host).await?;
    redis.command(&["PING"]).await.map(drop)
}

/// Says what would be done, before anybody is asked whether it shall.
fn announce(host: &Host, plan: &Plan, asked: &Asked) {
    let output = host.output();
    let facts = &plan.source.facts;
    let tables = count(
        "table",
        usize::try_from(facts.created_tables).unwrap_or(usize::MAX),
    );
    let path = host.project().display(&plan.source.path);
    let made = plan
        .source
        .manifest
        .as_ref()
        .map_or_else(String::new, |manifest| {
            format!(
                " of database `{}`, made {}",
                manifest.database,
                manifest.started.strftime("%Y-%m-%d %H:%M UTC")
            )
        });
    output.say(&format!(
        "from {path}{made}: {} rows in {tables}",
        facts.rows()
    ));
    let live = plan.live.as_ref().map_or_else(
        || "which does not exist yet".to_owned(),
        |live| {
            format!(
                "which has {} and {} now",
                units::bytes(live.bytes),
                sessions(live)
            )
        },
    );
    output.say(&format!("into {}, {live}", plan.target));
    if let Some(redis) = plan
        .source
        .manifest
        .as_ref()
        .and_then(|all| all.redis.as_ref())
    {
        let keys = count("key", usize::try_from(redis.keys).unwrap_or(usize::MAX));
        output.say(&if asked.needs_redis {
            format!("and {keys} of redis, which replace all it has now")
        } else {
            format!(
                "it holds {keys} of redis too, which has its own way back: `lexi run restore-redis {path}`"
            )
        });
    }
    for warning in &plan.warnings {
        output.warn(warning);
    }
}

/// `2 sessions (app, psql)`: they will be ended.
fn sessions(live: &Live) -> String {
    let number = count("session", live.sessions);
    if live.applications.is_empty() {
        return number;
    }
    let names: Vec<String> = live.applications.iter().cloned().collect();
    format!("{number} ({})", names.join(", "))
}

/// How long the replaced database is kept: a day unless said otherwise, not at all for `false`.
fn keep_old(value: Option<&serde_json::Value>) -> Result<Option<Duration>> {
    use serde_json::Value;
    match value {
        None | Some(Value::Null | Value::Bool(true)) => Ok(Some(KEEP_OLD)),
        Some(Value::Bool(false)) => Ok(None),
        Some(Value::String(text)) => {
            let keep = parse_duration(text)?;
            Ok((!keep.is_zero()).then_some(keep))
        }
        Some(other) => Err(Error::invalid(format!("`keep_old` is `{other}`"))
            .hint("write a duration, such as `\"24h\"`, or `false`")),
    }
}

/// Wants the name of the database that will be replaced.
fn confirm(host: &Host, target: &Target) -> Result<()> {
    let question = format!("database {target} will be replaced");
    crate::host::ui::confirm_name(host, &question, &target.database)
}

/// Restores a plan; what was begun is always brought to an end, also when the run is asked to stop.
fn run(host: &Host, around: &Surroundings, plan: &Plan, asked: &Asked) -> Result<Restored> {
    let cancel = strand::current().cancel;
    let checks: PathBuf = host.project().path("sql/checks");
    let options = RestoreOptions {
        safety_backup: asked.safety_backup.unwrap_or(true),
        keep_old: keep_old(asked.keep_old.as_ref())?,
        checks: asked.checks.unwrap_or(true).then_some(checks.as_path()),
        wait: super::wait_limit(asked.wait.as_deref())?,
    };
    let request = around.request(host, Options::default());
    let watch = Watch::start(host.output(), &format!("restoring {}", around.target));
    let on = |progress| watch.take(progress);
    let work = restore::restore(plan, &request, options, &cancel, &on);
    let restored = host.runtime().wait(&Cancel::detached(), work);
    drop(watch);
    if let Err(error) = &restored
        && cancel.is_cancelled()
    {
        // Being stopped ends the script without an error of its own, but the state that is left must be told.
        host.output().warn(&error.full_message());
    }
    restored
}

/// Drops what killed restores left, and replaced databases whose time is over, when there is a newer good backup. A server
/// that is not there keeps them.
pub(super) async fn clear(
    host: &Host,
    decided: &[(Entry, crate::ops::backup::Verdict)],
) -> Result<Vec<String>> {
    let Ok(target) = host.database() else {
        return Ok(Vec::new());
    };
    let newest = decided.iter().map(|(entry, _)| entry).find(|entry| {
        entry
            .manifest()
            .is_some_and(|manifest| manifest.database == target.database)
    });
    match restore::clear(&target, newest.map(|entry| entry.name.at())).await {
        Ok(dropped) => Ok(dropped),
        Err(error) => {
            host.output().detail(&format!(
                "kept databases were not looked at: {}",
                error.message()
            ));
            Ok(Vec::new())
        }
    }
}

/// Finds and verifies what is to be restored, and looks at the server; `told` says of an error what state is left.
fn plan_of(
    ctx: &NativeCallContext,
    name: &str,
    (what, owners): (&str, Owners),
    told: fn(Error) -> Error,
) -> RhaiResultOf<(Surroundings, Plan)> {
    let host = Host::of(ctx);
    let (around, file) = bridge::call(ctx, name, |host| {
        let around = Surroundings::of(host, None)?;
        let root = host.project().root();
        let file = restore::pick(what, &around.folder, root, &around.target.database);
        let file = permit::read(host, file.map_err(told)?)?;
        Ok((around, file))
    })?;
    let watch = Watch::start(
        host.output(),
        &format!("verifying {}", host.project().display(&file)),
    );
    let on = |progress| watch.take(progress);
    let planning = restore::plan(&file, &around.target, owners, &on);
    let plan = bridge::wait(ctx, name, async { planning.await.map_err(told) })?;
    drop(watch);
    Ok((around, plan))
}

/// Restoring backups.
#[rhai::export_module]
pub mod api {
    use rhai::Map;

    use super::super::{shape, wait_limit};
    use super::{Asked, announce, check_redis, confirm, keep_old, plan_of, run};
    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::ops::backup::restore::{self, KEEP_OLD, Owners};

    /// Verifies a backup and tells what restoring it would do; nothing is changed.
    ///
    /// Gives a map of `path`, `made`, `from_database`, `rows`, `tables`, `database`, `live` (`bytes` and `sessions`, or `()`
    /// when there is no such database yet), `warnings` and more.
    ///
    /// # Parameters
    /// - `what`: `latest`, a name in the folder of backups, or a path of a dump
    ///
    /// # Errors
    /// - `not_found`: there is no such backup
    /// - `corrupt`: it is damaged or incomplete
    /// - `refused`: the server cannot take it; the message says why
    ///
    /// # Example
    /// ```postgres
    /// db::exec("create table notes as select generate_series(1, 5) as id");
    /// backup::create();
    /// ensure(backup::plan_restore("latest").rows == 5, "it has five rows");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn plan_restore(ctx: NativeCallContext, what: &str) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::plan_restore";
        let what = (what, Owners::AsDumped);
        let (_, plan) = plan_of(&ctx, NAME, what, std::convert::identity)?;
        bridge::value(&ctx, NAME, shape::plan(Host::of(&ctx).project(), &plan))
    }

    /// Restores a backup over the profile's database; wants the database's name, or `--confirm NAME`.
    ///
    /// The file is verified whole first. It fills a new database in one transaction, which takes the place of the live one
    /// only when every row was counted and the checks of `sql/checks` find nothing. On any failure the live database was not
    /// touched. It is backed up first, and kept beside for a day, so that `backup::rollback` can put it back.
    ///
    /// Gives a map of `path`, `database`, `rows`, `tables`, `old_database`, `safety_backup`, `warnings`, `ms`, and
    /// `replay_ms` (how much of it the new database was being filled).
    ///
    /// # Parameters
    /// - `what`: `latest`, a name in the folder of backups, or a path of a dump
    ///
    /// # Errors
    /// - `refused`: the name was not given, or the server cannot take the dump
    /// - `not_found`: there is no such backup
    /// - `corrupt`: it is damaged or incomplete
    /// - `locked`: another run restores the same database
    /// - `database`: the server refuses a statement of the dump
    ///
    /// # Example
    /// ```postgres
    /// db::exec("create table notes (id int primary key)");
    /// backup::create();
    /// let kind = "";
    /// try { backup::restore("latest"); } catch (e) { kind = e.kind; }
    /// ensure(kind == "refused", "without its name no database is replaced");
    /// ```
    #[rhai_fn(name = "restore", return_raw)]
    pub fn restore_backup(ctx: NativeCallContext, what: &str) -> RhaiResultOf<Dynamic> {
        restore_with(ctx, what, Map::new())
    }

    /// Restores a backup over the profile's database, with options.
    ///
    /// # Parameters
    /// - `what`: `latest`, a name in the folder of backups, or a path of a dump
    /// - `options`: how
    ///
    /// # Options
    /// - `safety_backup`: whether the live database is backed up first (default `true`)
    /// - `keep_old`: how long the database that is replaced is kept beside; `false` drops it at once (default `"24h"`)
    /// - `no_owner`: whether owners and rights in the dump are left out, so that all is the user's who restores (default `false`)
    /// - `needs_redis`: whether it must hold data of Redis too, for the steps that begin with `backup::put_redis` (default
    ///   `false`)
    /// - `checks`: whether the queries of `sql/checks` must find nothing (default `true`)
    /// - `wait`: how long to wait while another run restores it (default `"30s"`)
    ///
    /// # Errors
    /// - `refused`, `not_found`, `corrupt`, `locked`, `database`: as without options
    ///
    /// # Example
    /// ```postgres
    /// db::exec("create table notes (id int primary key)");
    /// backup::create();
    /// let kind = "";
    /// try { backup::restore("latest", #{ safety_backup: false }); } catch (e) { kind = e.kind; }
    /// ensure(kind == "refused", "without its name no database is replaced");
    /// ```
    #[rhai_fn(name = "restore", return_raw)]
    pub fn restore_with(ctx: NativeCallContext, what: &str, options: Map) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::restore";
        let asked: Asked = bridge::options(&ctx, NAME, options)?;
        let host = Host::of(&ctx);
        let owners = if asked.no_owner {
            Owners::Ours
        } else {
            Owners::AsDumped
        };
        bridge::call(&ctx, NAME, |_| keep_old(asked.keep_old.as_ref()))?;
        let (mut around, plan) = plan_of(&ctx, NAME, (what, owners), restore::untouched)?;
        // The safety backup is made as every other one.
        bridge::wait(&ctx, NAME, around.find_container(&host))?;
        if asked.needs_redis {
            let checking = check_redis(&host, &plan);
            bridge::wait(&ctx, NAME, async {
                checking.await.map_err(restore::untouched)
            })?;
        }
        announce(&host, &plan, &asked);
        if host.flags().dry_run {
            return bridge::value(&ctx, NAME, shape::plan(host.project(), &plan));
        }
        let restored = bridge::call(&ctx, NAME, |host| {
            confirm(host, &plan.target)?;
            run(host, &around, &plan, &asked)
        })?;
        bridge::value(
            &ctx,
            NAME,
            shape::restored(host.project(), &plan, &restored),
        )
    }

    /// The databases that restores have replaced and that are kept, newest first.
    ///
    /// Gives a list of maps with `name`, `replaced` and `kept_until` (times in UTC). `backup::rollback` puts the first one back;
    /// `backup::clean` drops those whose time is over, when there is a newer verified backup.
    ///
    /// # Errors
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// ensure(backup::kept().is_empty(), "nothing was restored yet");
    /// ```
    #[rhai_fn(name = "kept", return_raw)]
    pub fn kept_databases(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::kept";
        let target = bridge::call(&ctx, NAME, Host::database)?;
        let kept = bridge::wait(&ctx, NAME, restore::kept(&target))?;
        let kept = kept.iter().map(|one| {
            serde_json::json!({ "name": one.name, "replaced": one.replaced, "kept_until": one.until })
        });
        bridge::value(&ctx, NAME, kept.collect::<serde_json::Value>())
    }

    /// Puts back the database that the last restore replaced; wants the database's name, or `--confirm NAME`.
    ///
    /// The present one is kept beside in its turn, so a second rollback undoes the first. Gives a map of `from` (the name it
    /// was kept under) and `old_database`.
    ///
    /// # Errors
    /// - `not_found`: none is kept
    /// - `refused`: the name was not given
    /// - `locked`: a restore is going on
    ///
    /// # Example
    /// ```postgres
    /// let kind = "";
    /// try { backup::rollback(); } catch (e) { kind = e.kind; }
    /// ensure(kind == "not_found", "nothing was restored yet");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn rollback(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::rollback";
        let host = Host::of(&ctx);
        let target = bridge::call(&ctx, NAME, Host::database)?;
        let kept = bridge::wait(&ctx, NAME, restore::kept(&target))?;
        if let Some(kept) = kept.first() {
            let replaced = kept.replaced.strftime("%Y-%m-%d %H:%M UTC");
            let name = &kept.name;
            host.output()
                .say(&format!("`{name}`, replaced {replaced}, becomes {target}"));
            bridge::call(&ctx, NAME, |host| confirm(host, &target))?;
        }
        let wait = wait_limit(None).unwrap_or_default();
        let done = bridge::wait(&ctx, NAME, restore::rollback(&target, KEEP_OLD, wait))?;
        let map = serde_json::json!({ "from": done.from, "old_database": done.old });
        bridge::value(&ctx, NAME, map)
    }
}
