//! What scripts say of services: the maps, which of them are meant, and what is asked for.

use std::time::Duration;

use rhai::serde::from_dynamic;
use rhai::{Array, Dynamic, Map, NativeCallContext};
use serde::Deserialize;
use serde_json::Value;

use crate::base::text::did_you_mean;
use crate::base::units::parse_duration;
use crate::base::{Error, Result, Secret};
use crate::host::bridge::{self, RhaiResultOf};
use crate::ops::stack::{Service, parse};

/// What becomes of services that a protected profile must not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Risks {
    /// They are named, and nothing is started.
    #[default]
    Refuse,
    /// They are started; somebody has looked at them.
    Accept,
}

/// The options of `up`, `plan` and `restart`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own name"
)]
pub(super) struct UpOptions {
    pub(super) only: Vec<String>,
    timeout: Option<String>,
    pub(super) wait: bool,
    pub(super) build: bool,
    pub(super) no_cache: bool,
    pub(super) recreate: bool,
    pub(super) remove_orphans: bool,
    pub(super) risks: Risks,
}

impl Default for UpOptions {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            timeout: None,
            wait: true,
            build: false,
            no_cache: false,
            recreate: false,
            remove_orphans: false,
            risks: Risks::Refuse,
        }
    }
}

/// What `up`, `plan` and `restart` are given.
pub(super) struct Request {
    pub(super) services: Vec<Service>,
    /// Every service of the stack, also those that are not meant now.
    pub(super) declared: Vec<String>,
    pub(super) options: UpOptions,
    pub(super) timeout: Duration,
}

pub(super) fn request(
    ctx: &NativeCallContext,
    name: &str,
    services: Map,
    options: Map,
) -> RhaiResultOf<Request> {
    let options: UpOptions = bridge::options(ctx, name, options)?;
    bridge::call(ctx, name, |host| {
        let timeout = options.timeout.as_deref().unwrap_or("60s");
        let timeout = parse_duration(timeout)?;
        let all = parse::parse(to_json_map(services)?)?;
        let all = of_profile(all, host.profile().as_str(), &options.only)?;
        let declared = all.iter().map(|service| service.name.clone()).collect();
        let mut services = select(all, &options.only)?;
        for service in &mut services {
            service.load(host.project().root())?;
        }
        Ok(Request {
            services,
            declared,
            options,
            timeout,
        })
    })
}

/// The services of a profile: those that name none, those that name this one, and those asked for by their names.
fn of_profile(services: Vec<Service>, profile: &str, only: &[String]) -> Result<Vec<Service>> {
    let is_in = |service: &Service| {
        service.profiles.is_empty()
            || service.profiles.iter().any(|name| name == profile)
            || only.contains(&service.name)
    };
    let (inside, outside): (Vec<_>, Vec<_>) = services.into_iter().partition(is_in);
    for service in &inside {
        let absent = outside
            .iter()
            .find(|other| service.depends_on.contains_key(&other.name));
        if let Some(other) = absent {
            let message = format!(
                "service `{}` depends on `{}`, which is not in profile `{profile}`",
                service.name, other.name
            );
            return Err(Error::invalid(message).hint("add the profile to its `profiles`"));
        }
    }
    Ok(inside)
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
        parse::parse(map).unwrap()
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
