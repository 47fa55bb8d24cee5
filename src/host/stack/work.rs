//! What the functions of the `stack` namespace share: the choice of the driver, options, narration.

use std::sync::{Mutex, PoisonError};

use rhai::{Array, Dynamic, Map, NativeCallContext};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::choice::{self, Choice, Driver};
use super::containers;
use super::prefix::Prefixes;
use super::read::{Request, Risks, request};
use super::show::Show;
use crate::base::{Error, Result};
use crate::host::bridge::{self, RhaiResultOf};
use crate::host::{Host, docker, strand};
use crate::ops::docker::logs::LogOptions;
use crate::ops::native::status::Credentials;
use crate::ops::native::{self, Outcome, Running, Search, Up, log, provision};
use crate::ops::stack::down::Volumes;
use crate::ops::stack::plan::{Action, Plan, Unchanged, Verb};
use crate::ops::stack::{DockerDriver, Service, risk};

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LogMap {
    tail: usize,
    follow: bool,
    since: Option<String>,
    timestamps: bool,
}

impl Default for LogMap {
    fn default() -> Self {
        Self {
            tail: 100,
            follow: false,
            since: None,
            timestamps: false,
        }
    }
}

pub(super) fn credentials(host: &Host) -> Credentials {
    Credentials {
        // A project without a database has none to be asked about.
        database: host.database().ok(),
        redis_password: host.settings().secret("REDIS_PASSWORD"),
    }
}

/// `up` and `restart`.
pub(super) fn start(
    ctx: &NativeCallContext,
    name: &str,
    services: Map,
    options: Map,
) -> RhaiResultOf<Array> {
    let host = Host::of(ctx);
    let request = request(ctx, name, services, options)?;
    bridge::call(ctx, name, |host| refuse_risks(host, name, &request))?;
    let restart = name == "stack::restart";
    let rows = bridge::wait(ctx, name, async {
        let choice = choice::choose(&host, &request.services).await?;
        announce(&host, &choice);
        let left_out = match choice.why {
            Some(_) => LeftOut::Told,
            None => LeftOut::Untold,
        };
        match choice.driver {
            Driver::Native(driver) => {
                start_native(&host, &driver, request, restart, left_out).await
            }
            Driver::Docker(driver) => start_docker(&host, &driver, request, restart).await,
        }
    })?;
    let rows = bridge::value(ctx, name, rows)?;
    Ok(rows.into_array().unwrap_or_default())
}

/// In a protected profile nothing is started that anybody may get into, whoever wrote the task.
fn refuse_risks(host: &Host, name: &str, request: &Request) -> Result<()> {
    let profile = host.profile();
    if !profile.is_protected() || request.options.risks == Risks::Accept {
        return Ok(());
    }
    let risks = risk::risks(&request.services, choice::bind(host));
    let told: Vec<String> = risks
        .iter()
        .map(|one| format!("service {} {}: {}", one.service, one.problem, one.remedy))
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    let message = format!("profile {profile} must not start: {}", told.join("; "));
    let hint = format!("where it is meant so: `{name}(services, #{{ risks: \"accept\" }})`");
    Err(Error::refused(message).hint(hint))
}

/// Whether it was said which services the native driver does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftOut {
    Told,
    Untold,
}

async fn start_native(
    host: &Host,
    driver: &native::Driver,
    request: Request,
    restart: bool,
    left_out: LeftOut,
) -> Result<Value> {
    if host.flags().dry_run {
        let plan = native_plan(driver, &request.services);
        Show::new(host, &strand::current()).dry_run(&plan);
        return Ok(Value::Array(Vec::new()));
    }
    let strand = strand::current();
    let say = |line: &str| host.output().say(&strand.mark(line));
    let mut up = if restart {
        driver
            .restart(&request.services, request.timeout, &say)
            .await?
    } else {
        driver.up(&request.services, request.timeout, &say).await?
    };
    if left_out == LeftOut::Told {
        up.skipped.clear();
    }
    tell(&up, &say, &|line| host.output().warn(&strand.mark(line)));
    json(up.running)
}

async fn start_docker(
    host: &Host,
    driver: &DockerDriver,
    request: Request,
    restart: bool,
) -> Result<Value> {
    let unchanged = if restart {
        Unchanged::Restart
    } else {
        Unchanged::Keep
    };
    let asked = containers::asked(&request.options, request.declared, unchanged);
    let how = containers::how(&request.options, request.timeout);
    json(containers::up(host, driver, request.services, &asked, how).await?)
}

fn json(rows: impl Serialize) -> Result<Value> {
    serde_json::to_value(rows).map_err(|e| Error::internal("cannot make a script value").because(e))
}

/// What `up` would do.
pub(super) fn plan(ctx: &NativeCallContext, services: Map, options: Map) -> RhaiResultOf<Dynamic> {
    let name = "stack::plan";
    let host = Host::of(ctx);
    let request = request(ctx, name, services, options)?;
    let plan = bridge::wait(ctx, name, async {
        match choice::choose(&host, &request.services).await?.driver {
            Driver::Native(driver) => Ok(native_plan(&driver, &request.services)),
            Driver::Docker(driver) => {
                let asked = containers::asked(&request.options, request.declared, Unchanged::Keep);
                driver.plan(request.services, &asked).await
            }
        }
    })?;
    bridge::value(ctx, name, plan)
}

/// What is dangerous about services.
pub(super) fn risks(ctx: &NativeCallContext, services: Map) -> RhaiResultOf<Dynamic> {
    let name = "stack::risks";
    let request = request(ctx, name, services, Map::new())?;
    let host = Host::of(ctx);
    bridge::value(
        ctx,
        name,
        risk::risks(&request.services, choice::bind(&host)),
    )
}

/// The native driver starts what does not run; what it cannot run is named.
fn native_plan(driver: &native::Driver, services: &[Service]) -> Plan {
    let running = driver.list();
    let is_running = |name: &str| {
        running
            .iter()
            .any(|one| one.service == name && one.state == "running")
    };
    let mut plan = Plan::default();
    for service in services {
        let name = &service.name;
        if service.native.is_none() {
            plan.notes.push(format!("{name}: skipped, needs Docker"));
        } else if is_running(name) {
            plan.actions.push(Action::service(Verb::Keep, name, &[]));
        } else {
            plan.actions
                .push(Action::service(Verb::Start, name, &["does not run"]));
        }
    }
    plan
}

/// Says what everything that follows is about.
fn announce(host: &Host, choice: &Choice) {
    let strand = strand::current();
    let say = |line: &str| host.output().say(&strand.mark(line));
    if let Some(why) = &choice.why {
        say(why);
    }
    let profile = format!(
        "profile {}, driver {}",
        host.profile(),
        choice.driver.as_str()
    );
    say(&match host.database() {
        Ok(target) => format!("{profile}, database {target}"),
        Err(_) => profile,
    });
}

/// The driver for what is there.
pub(super) fn existing<T>(
    ctx: &NativeCallContext,
    name: &str,
    work: impl AsyncFnOnce(&Host, Driver) -> Result<T>,
) -> RhaiResultOf<T> {
    let host = Host::of(ctx);
    bridge::wait(ctx, name, async {
        let driver = choice::existing(&host).await?;
        work(&host, driver).await
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DownOptions {
    only: Vec<String>,
    volumes: bool,
}

impl DownOptions {
    /// What becomes of the data.
    fn what(&self) -> Volumes {
        if self.volumes {
            Volumes::Remove
        } else {
            Volumes::Keep
        }
    }
}

/// Whether data may be removed: in a protected profile only with the database's name.
fn may_lose_data(host: &Host) -> Result<()> {
    if !host.profile().is_protected() {
        return Ok(());
    }
    let database = host.settings().require("DB_DATABASE")?;
    if host.is_confirmed(database) {
        return Ok(());
    }
    let message = format!(
        "removing the volumes of profile `{}` must be confirmed",
        host.profile()
    );
    Err(Error::refused(message).hint(format!("give it with `--confirm {database}`")))
}

pub(super) fn down(ctx: &NativeCallContext, options: Map) -> RhaiResultOf<Array> {
    let name = "stack::down";
    let options: DownOptions = bridge::options(ctx, name, options)?;
    if Host::of(ctx).flags().dry_run {
        return plan_down(ctx, name, &options);
    }
    if options.volumes {
        bridge::call(ctx, name, may_lose_data)?;
    }
    let names = existing(ctx, name, async |host, driver| match driver {
        Driver::Native(driver) => {
            let strand = strand::current();
            let report = |line: &str| host.output().say(&strand.mark(line));
            let stopped = if options.volumes {
                driver.remove(&options.only, &report).await?
            } else {
                driver.down(&options.only, &report).await?
            };
            Ok(stopped
                .into_iter()
                .map(|one| one.service)
                .collect::<Vec<_>>())
        }
        Driver::Docker(driver) => {
            Ok(
                containers::down(host, &driver, &options.only, options.what())
                    .await?
                    .services,
            )
        }
    })?;
    Ok(names.into_iter().map(Dynamic::from).collect())
}

/// Shows what `down` would do.
fn plan_down(ctx: &NativeCallContext, name: &str, options: &DownOptions) -> RhaiResultOf<Array> {
    existing(ctx, name, async |host, driver| {
        let plan = match driver {
            Driver::Native(driver) => native_plan_down(&driver, options),
            Driver::Docker(driver) => driver.plan_down(&options.only, options.what()).await?,
        };
        Show::new(host, &strand::current()).dry_run(&plan);
        Ok(Array::new())
    })
}

/// What runs is ended; data is named where it goes, too.
fn native_plan_down(driver: &native::Driver, options: &DownOptions) -> Plan {
    let is_named = |name: &String| options.only.is_empty() || options.only.contains(name);
    let mut plan = Plan::default();
    for one in driver.list() {
        if !is_named(&one.service) {
            continue;
        }
        if one.state == "running" {
            let action = Action::service(Verb::Stop, &one.service, &[]);
            plan.actions.push(action);
        }
        if options.volumes {
            let notes = &mut plan.notes;
            notes.push(format!("{}: its data is removed", one.service));
        }
    }
    plan
}

pub(super) fn status(ctx: &NativeCallContext) -> RhaiResultOf<Dynamic> {
    let name = "stack::status";
    let rows = existing(ctx, name, async |host, driver| match driver {
        Driver::Native(driver) => json(driver.status(&credentials(host)).await),
        Driver::Docker(driver) => json(driver.status().await?),
    })?;
    bridge::value(ctx, name, rows)
}

pub(super) fn ps(ctx: &NativeCallContext) -> RhaiResultOf<Dynamic> {
    let name = "stack::ps";
    let rows = existing(ctx, name, async |_, driver| match driver {
        Driver::Native(driver) => json(driver.list()),
        Driver::Docker(driver) => json(driver.list().await?),
    })?;
    bridge::value(ctx, name, rows)
}

/// The port of a service that runs.
pub(super) fn port(ctx: &NativeCallContext, service: &str) -> RhaiResultOf<Dynamic> {
    let port = existing(ctx, "stack::port", async |host, driver| match driver {
        Driver::Native(_) => Ok(native::published_port(
            &host.project().state(),
            host.profile(),
            service,
        )),
        Driver::Docker(driver) => {
            let rows = driver.list().await?;
            let row = rows
                .into_iter()
                .find(|row| row.service == service && row.state == "running");
            Ok(row.and_then(|row| row.port))
        }
    })?;
    Ok(port.map_or(Dynamic::UNIT, |port| i64::from(port).into()))
}

/// A service that only Docker can look into.
fn only_docker(host: &Host, service: &str) -> Error {
    let state = host.project().state();
    let runs = native::published_port(&state, host.profile(), service).is_some();
    let message = if runs {
        format!("service `{service}` is not in a container: the native driver runs it")
    } else {
        format!("service `{service}` does not run: the native driver starts no containers")
    };
    Error::unavailable(message)
        .hint("start a program of this machine instead, or use `--driver docker`")
}

pub(super) fn exec(
    ctx: &NativeCallContext,
    service: &str,
    command: &Array,
    options: Map,
) -> RhaiResultOf<Map> {
    let name = "stack::exec";
    let (exec, check) = docker::exec_of(ctx, name, command, options)?;
    existing(ctx, name, async |host, driver| match driver {
        Driver::Native(_) => Err(only_docker(host, service)),
        Driver::Docker(driver) => containers::exec(&driver, service, &exec, check).await,
    })
}

pub(super) fn shell(
    ctx: &NativeCallContext,
    service: &str,
    command: &Array,
    options: Map,
) -> RhaiResultOf<()> {
    let name = "stack::shell";
    let exec = docker::shell_of(ctx, name, command, options)?;
    existing(ctx, name, async |host, driver| match driver {
        Driver::Native(_) => Err(only_docker(host, service)),
        Driver::Docker(driver) => containers::shell(host, &driver, service, &exec).await,
    })
}

fn tell(up: &Up, say: &dyn Fn(&str), warn: &dyn Fn(&str)) {
    for running in &up.running {
        say(&line(running));
        if running.is_outdated {
            let service = &running.service;
            warn(&format!(
                "{service} was started with other settings; `lexi run restart` applies those of now"
            ));
        }
    }
    if !up.skipped.is_empty() {
        say(&format!("skipped, needs Docker: {}", up.skipped.join(", ")));
    }
}

fn line(running: &Running) -> String {
    let did = match running.outcome {
        Outcome::Running => "runs",
        Outcome::Adopted => "runs, found again",
        Outcome::Started => "started",
    };
    let Running {
        service,
        port,
        version,
        pid,
        ..
    } = running;
    let instead = match running.configured_port {
        Some(configured) if configured != *port => format!(", since {configured} was taken"),
        _ => String::new(),
    };
    format!("{service} {version} {did} on 127.0.0.1:{port}{instead} (pid {pid})")
}

pub(super) fn print_logs(ctx: &NativeCallContext, names: &Array, options: Map) -> RhaiResultOf<()> {
    let name = "stack::logs";
    let options: LogMap = bridge::options(ctx, name, options)?;
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    existing(ctx, name, async |host, driver| match driver {
        Driver::Native(driver) => native_logs(host, &driver, &names, &options).await,
        Driver::Docker(driver) => {
            let options = LogOptions {
                follow: options.follow,
                tail: Some(options.tail as u64),
                since: options.since.as_deref().map(docker::ago).transpose()?,
                timestamps: options.timestamps,
            };
            containers::print_logs(host, &driver, &names, &options).await
        }
    })
}

async fn native_logs(
    host: &Host,
    driver: &native::Driver,
    names: &[String],
    options: &LogMap,
) -> Result<()> {
    if options.since.is_some() || options.timestamps {
        return Err(Error::invalid(
            "`since` and `timestamps` need the Docker driver",
        ));
    }
    let logs = driver.logs(names)?;
    let shown = logs.iter().map(|(service, _)| service.clone());
    let prefixes = Mutex::new(Prefixes::new(host.output(), shown));
    let print = |service: &str, line: &str| {
        let mut prefixes = prefixes.lock().unwrap_or_else(PoisonError::into_inner);
        host.output().data(&prefixes.line(service, line));
    };
    // Where the following begins is settled before the tail is read, so that no line is lost between the two.
    let follow = options.follow.then(|| log::Follow::from_here(&logs));
    for (service, path) in &logs {
        for line in log::tail(path, options.tail)? {
            print(service, &line);
        }
    }
    match follow {
        Some(follow) => follow.lines(&print).await,
        None => Ok(()),
    }
}

pub(super) fn install(ctx: &NativeCallContext) -> RhaiResultOf<Array> {
    let name = "stack::provision";
    let host = Host::of(ctx);
    let search = Search::from_settings(host.settings());
    let missing = provision::missing(&search);
    if !missing.is_empty() && provision::is_possible() {
        let packages = missing.join(", ");
        host.output()
            .say(&strand::current().mark(&format!("installing {packages}: a minute or so")));
    }
    let state = host.project().state();
    let report = |line: &str| host.output().detail(line);
    let installed = bridge::wait(ctx, name, provision::provision(&search, &state, &report))?;
    Ok(installed.into_iter().map(Dynamic::from).collect())
}
