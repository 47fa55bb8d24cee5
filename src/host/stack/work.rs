//! What the functions of the `stack` namespace share: the choice of the driver, options, narration.

use rhai::serde::from_dynamic;
use rhai::{Array, Dynamic, Map, NativeCallContext};
use serde::Deserialize;
use serde_json::Value;

use crate::base::text::did_you_mean;
use crate::base::units::parse_duration;
use crate::base::{Error, Result, Secret};
use crate::host::bridge::{self, RhaiResultOf};
use crate::host::{Host, strand};
use crate::ops::native::status::Credentials;
use crate::ops::native::{Driver, Outcome, Running, Search, Up, log, provision};
use crate::ops::stack::{Service, service};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct UpOptions {
    only: Vec<String>,
    timeout: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LogOptions {
    tail: usize,
    follow: bool,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            tail: 100,
            follow: false,
        }
    }
}

/// What runs the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    Native,
    Docker,
}

impl Chosen {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Docker => "docker",
        }
    }
}

pub(super) fn chosen_driver(host: &Host) -> Result<Chosen> {
    let setting = host
        .settings()
        .get("LEXI_DRIVER")
        .filter(|name| !name.is_empty());
    let name = host
        .flags()
        .driver
        .as_deref()
        .or(setting)
        .or(host.project().config().driver.as_deref())
        .unwrap_or("auto");
    match name {
        "auto" | "native" => Ok(Chosen::Native),
        "docker" => Ok(Chosen::Docker),
        other => {
            let near = did_you_mean(other, ["auto", "native", "docker"]);
            let hint = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
            Err(Error::usage(format!("unknown driver `{other}`"))
                .hint(format!("{hint}drivers are auto, native and docker")))
        }
    }
}

pub(super) fn native_driver(host: &Host) -> Result<Driver> {
    if chosen_driver(host)? == Chosen::Docker {
        return Err(
            Error::unavailable("the Docker driver is not part of this version yet")
                .hint("use the native one: `--driver native`"),
        );
    }
    let search = Search::from_settings(host.settings());
    Ok(Driver::new(&host.project().state(), host.profile(), search))
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
    let options: UpOptions = bridge::options(ctx, name, options)?;
    let (driver, services, timeout) = bridge::call(ctx, name, |host| {
        let timeout = options.timeout.as_deref().unwrap_or("60s");
        let services = select(service::parse(to_json_map(services)?)?, &options.only)?;
        Ok((native_driver(host)?, services, parse_duration(timeout)?))
    })?;
    let strand = strand::current();
    let say = |line: &str| host.output().say(&strand.mark(line));
    say(&heading(&host));
    let up = if name == "stack::restart" {
        bridge::wait(ctx, name, driver.restart(&services, timeout, &say))?
    } else {
        bridge::wait(ctx, name, driver.up(&services, timeout, &say))?
    };
    tell(&up, &say, &|line| host.output().warn(&strand.mark(line)));
    let running = bridge::value(ctx, name, up.running)?;
    Ok(running.into_array().unwrap_or_default())
}

/// What everything that follows is about.
fn heading(host: &Host) -> String {
    let profile = format!("profile {}, driver native", host.profile());
    match host.database() {
        Ok(target) => format!("{profile}, database {target}"),
        Err(_) => profile,
    }
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

/// The services with these names and what they depend on, or all.
fn select(services: Vec<Service>, only: &[String]) -> Result<Vec<Service>> {
    if only.is_empty() {
        return Ok(services);
    }
    let names: Vec<&str> = services
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        let near = did_you_mean(unknown, names.iter().copied());
        let hint = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
        return Err(Error::invalid(format!("no service `{unknown}`"))
            .hint(format!("{hint}services are {}", names.join(", "))));
    }
    let mut wanted: Vec<String> = only.to_vec();
    // Each service comes after what it depends on, so one look from the end finds everything.
    for service in services.iter().rev() {
        if wanted.contains(&service.name) {
            wanted.extend(service.depends_on.keys().cloned());
        }
    }
    Ok(services
        .into_iter()
        .filter(|service| wanted.contains(&service.name))
        .collect())
}

pub(super) fn print_logs(ctx: &NativeCallContext, names: Array, options: Map) -> RhaiResultOf<()> {
    let name = "stack::logs";
    let host = Host::of(ctx);
    let options: LogOptions = bridge::options(ctx, name, options)?;
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let print = |service: &str, line: &str| host.output().data(&format!("{service} | {line}"));
    let logs = bridge::call(ctx, name, |host| native_driver(host)?.logs(&names))?;
    let follow = bridge::call(ctx, name, |_| {
        // Where the following begins is settled before the tail is read, so that no line is lost between the two.
        let follow = options.follow.then(|| log::Follow::from_here(&logs));
        for (service, path) in &logs {
            for line in log::tail(path, options.tail)? {
                print(service, &line);
            }
        }
        Ok(follow)
    })?;
    match follow {
        Some(follow) => bridge::wait(ctx, name, follow.lines(&print)),
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

/// A map of a script as JSON; a secret is given away here, for the server it is meant for.
fn to_json_map(map: Map) -> Result<serde_json::Map<String, Value>> {
    map.into_iter()
        .map(|(key, value)| Ok((key.to_string(), to_json(&value)?)))
        .collect()
}

fn to_json(value: &Dynamic) -> Result<Value> {
    if let Some(secret) = value.read_lock::<Secret>() {
        return Ok(secret.reveal().into());
    }
    if let Some(map) = value.read_lock::<Map>() {
        return Ok(Value::Object(to_json_map(map.clone())?));
    }
    if let Some(items) = value.read_lock::<Array>() {
        return items.iter().map(to_json).collect();
    }
    from_dynamic(value).map_err(|e| {
        Error::invalid("a service holds a value that cannot be read").because(e.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(text: &str) -> Vec<Service> {
        let Value::Object(map) = serde_json::from_str(text).unwrap() else {
            panic!("a test passes a map")
        };
        service::parse(map).unwrap()
    }

    #[test]
    fn a_selection_takes_what_it_depends_on_along() {
        let all = || {
            services(
                r#"{"a": {"image": "x", "depends_on": ["b"]}, "b": {"image": "x", "depends_on": ["c"]},
                    "c": {"image": "x"}, "d": {"image": "x"}}"#,
            )
        };
        let names = |only: &[&str]| -> Vec<String> {
            let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
            let selected = select(all(), &only).unwrap();
            selected.into_iter().map(|service| service.name).collect()
        };

        assert_eq!(names(&["a"]), ["c", "b", "a"]);
        assert_eq!(names(&["d"]), ["d"]);
        assert_eq!(names(&[]).len(), 4);
        let error = select(
            services(r#"{"redis": {"image": "x"}}"#),
            &["rediss".to_owned()],
        );
        assert_eq!(
            error.unwrap_err().hint_text(),
            Some("did you mean `redis`? services are redis")
        );
    }

    #[test]
    fn a_script_value_becomes_json_with_its_secrets() {
        let inner: Map = [
            ("p".into(), Dynamic::from(Secret::new("s"))),
            ("n".into(), 5_i64.into()),
        ]
        .into();
        let map: Map = [
            ("env".into(), inner.into()),
            ("list".into(), Dynamic::from(vec![Dynamic::UNIT])),
        ]
        .into();

        let json = Value::Object(to_json_map(map).unwrap());

        assert_eq!(
            json,
            serde_json::json!({"env": {"p": "s", "n": 5}, "list": [null]})
        );
    }
}
