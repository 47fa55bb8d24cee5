//! Making backups.

use rhai::{Dynamic, NativeCallContext};
use serde::Deserialize;
use serde_json::{Value, json};

use super::watch::Watch;
use super::{Surroundings, shape};
use crate::base::{Cancel, Error, Kind, Result};
use crate::host::{Host, strand};
use crate::ops::backup::redis::RedisSource;
use crate::ops::backup::{self, Options};
use crate::ops::lock::OnBusy;

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
    if_locked: Option<IfLocked>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum IfLocked {
    Wait,
    Skip,
    Fail,
}

impl CreateOptions {
    /// What the call says, else what the command line says, else to wait for a while.
    fn on_busy(&self, host: &Host) -> Result<OnBusy> {
        let limit = super::wait_limit(self.wait.as_deref())?;
        Ok(match self.if_locked {
            Some(IfLocked::Wait) => OnBusy::Wait(limit),
            Some(IfLocked::Skip) => OnBusy::Skip,
            Some(IfLocked::Fail) => OnBusy::Fail,
            None => host.flags().if_locked.unwrap_or(OnBusy::Wait(limit)),
        })
    }

    fn read(&self, on_busy: OnBusy) -> Result<Options> {
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
            wait: match on_busy {
                OnBusy::Wait(limit) => limit,
                OnBusy::Skip | OnBusy::Fail => std::time::Duration::ZERO,
            },
        })
    }
}

/// Makes a backup and, when asked, proves it.
fn make(host: &Host, options: &CreateOptions) -> Result<Value> {
    let cancel = strand::current().cancel;
    let mut around = Surroundings::of(host, options.dir.as_deref())?;
    let on_busy = options.on_busy(host)?;
    let chosen = options.read(on_busy)?;
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
        Err(busy) if busy.kind() == Kind::Locked && on_busy == OnBusy::Skip => {
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
    use rhai::Map;

    use super::CreateOptions;
    use crate::host::bridge::{self, RhaiResultOf};

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
    ///   of `skipped` (`true`) and `why` (default what `--if-locked` says, else `"wait"`)
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
}
