//! Reading services: each key is known or an error with its place, and each service comes after those it depends on.

use serde_json::{Map, Value};

use super::left_out;
use super::port;
use super::service::Service;
use crate::base::text::did_you_mean;
use crate::base::{Error, Result};

/// Reads a map of services, each by its name, in the order of their dependencies.
pub fn parse(services: Map<String, Value>) -> Result<Vec<Service>> {
    let mut parsed = Vec::with_capacity(services.len());
    for (name, value) in services {
        parsed.push(parse_one(name, value)?);
    }
    in_order(parsed)
}

fn parse_one(name: String, mut value: Value) -> Result<Service> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !is_name {
        return Err(Error::invalid(format!("`{name}` cannot name a service"))
            .hint("use letters, digits, `-`, `_` and `.`"));
    }
    if !value.is_object() {
        return Err(Error::invalid(format!("service `{name}` is not a map")));
    }
    let left_out = left_out::take(&mut value);
    port::spread_ranges(&mut value).map_err(|e| e.context(format!("service `{name}`")))?;
    let mut service: Service =
        serde_path_to_error::deserialize(value).map_err(|e| describe(&name, &e))?;
    if service.image.is_none() && service.build.is_none() && service.native.is_none() {
        return Err(Error::invalid(format!(
            "service `{name}` has neither `image` nor `build` nor `native`"
        )));
    }
    if service.network_mode.is_some() && !service.networks.is_empty() {
        return Err(Error::invalid(format!(
            "service `{name}` has both `network_mode` and `networks`"
        )));
    }
    if service
        .network_mode
        .as_deref()
        .is_some_and(|mode| mode.starts_with("service:"))
    {
        return Err(
            Error::invalid(format!("service `{name}`: `network_mode` names a service"))
                .hint("name its container: `container:NAME`, with the service's `container_name`"),
        );
    }
    if let Some(path) = service.configs.keys().find(|path| !path.starts_with('/')) {
        return Err(Error::invalid(format!(
            "service `{name}`: `configs`: `{path}` is no path inside"
        ))
        .hint("each config is a file by its path: `#{ \"/etc/app.conf\": \"..\" }`"));
    }
    service.name = name;
    service.left_out = left_out;
    Ok(service)
}

/// Says where in a service the fault is, and names the nearest key for a misspelt one.
fn describe(service: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let text = error.inner().to_string();
    let path = error.path().to_string();
    let unknown = text
        .split_once("unknown field `")
        .and_then(|(_, rest)| rest.split_once('`'));
    let Some((field, rest)) = unknown else {
        return match path.as_str() {
            "." => Error::invalid(format!("service `{service}`: {text}")),
            path => Error::invalid(format!("service `{service}`: `{path}`: {text}")),
        };
    };
    let parent = path
        .strip_suffix(field)
        .unwrap_or(&path)
        .trim_end_matches('.');
    let place = if parent.is_empty() {
        String::new()
    } else {
        format!(" in `{parent}`")
    };
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let keys = known.join(", ");
    let hint = match did_you_mean(field, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? keys are {keys}"),
        None => format!("keys are {keys}"),
    };
    Error::invalid(format!("service `{service}` has no key `{field}`{place}")).hint(hint)
}

/// Each service after those it depends on.
fn in_order(mut waiting: Vec<Service>) -> Result<Vec<Service>> {
    let names: Vec<String> = waiting.iter().map(|service| service.name.clone()).collect();
    for service in &mut waiting {
        let is_here = |name: &String| names.contains(name);
        service
            .depends_on
            .retain(|name, on| on.required != Some(false) || is_here(name));
    }
    for service in &waiting {
        let missing = service.depends_on.keys().find(|name| !names.contains(name));
        if let Some(missing) = missing {
            let near = did_you_mean(missing, names.iter().map(String::as_str));
            let error = Error::invalid(format!(
                "service `{}` depends on `{missing}`, which is not in the stack",
                service.name
            ));
            return Err(match near {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            });
        }
    }
    let mut ordered: Vec<Service> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_ready = |service: &Service| {
            service
                .depends_on
                .keys()
                .all(|name| ordered.iter().any(|done| done.name == *name))
        };
        let Some(next) = waiting.iter().position(is_ready) else {
            let names: Vec<String> = waiting.iter().map(|s| format!("`{}`", s.name)).collect();
            return Err(Error::invalid(format!(
                "services {} depend on each other",
                crate::base::text::list(&names)
            )));
        };
        ordered.push(waiting.remove(next));
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::stack::NativeServer;
    use serde_json::json;

    fn read(services: Value) -> Result<Vec<Service>> {
        let Value::Object(map) = services else {
            panic!("a test passes a map")
        };
        parse(map)
    }

    fn fails(service: Value) -> (String, String) {
        let error = read(json!({ "db": service })).unwrap_err();
        (
            error.message().to_owned(),
            error.hint_text().unwrap_or_default().to_owned(),
        )
    }

    #[test]
    fn a_whole_service_is_read() {
        let services = read(json!({"postgres": {
            "image": "postgres:15-alpine", "native": "postgres", "restart": "unless-stopped",
            "command": ["postgres", "-c", "fsync=off"], "shm_size": "256mb",
            "environment": {"POSTGRES_DB": "a", "POSTGRES_PASSWORD": "hidden", "N": 5},
            "ports": ["127.0.0.1:5433:5432", {"target": 9, "published": 8}],
            "volumes": ["data:/var/lib/postgresql/data"], "tmpfs": "/tmp",
            "healthcheck": {"test": ["CMD-SHELL", "pg_isready"], "interval": "5s", "retries": 5},
            "networks": ["n"], "labels": ["a=b"],
            "deploy": {"resources": {"limits": {"cpus": "2", "memory": "2G"}}},
        }}))
        .unwrap();

        let service = &services[0];
        assert_eq!(service.name, "postgres");
        assert_eq!(service.native, Some(NativeServer::Postgres));
        assert_eq!(service.published(5432), Some(Some(5433)));
        assert_eq!(service.published(1), None);
        assert_eq!(service.shm_size, Some(256 * 1024 * 1024));
        assert_eq!(service.variable("N").reveal(), "5");
        assert_eq!(service.labels["a"], "b");
        assert!(!format!("{service:?}").contains("hidden"));
    }

    #[test]
    fn a_misspelt_key_names_the_nearest_with_its_place() {
        let (message, hint) = fails(json!({"imgae": "x"}));
        assert_eq!(message, "service `db` has no key `imgae`");
        assert!(
            hint.starts_with("did you mean `image`? keys are image, "),
            "{hint}"
        );

        let (message, hint) = fails(json!({"image": "x", "healthcheck": {"intervall": "5s"}}));
        assert_eq!(
            message,
            "service `db` has no key `intervall` in `healthcheck`"
        );
        assert!(hint.starts_with("did you mean `interval`?"), "{hint}");

        let (message, hint) = fails(json!({"image": "x", "ports": [{"targt": 1}]}));
        assert_eq!(message, "service `db` has no key `targt` in `ports[0]`");
        assert!(hint.starts_with("did you mean `target`?"), "{hint}");
    }

    #[test]
    fn a_bad_value_is_named_with_its_place() {
        let cases = [
            (
                json!({"image": "x", "ports": ["5432:x"]}),
                "`ports[0]`: `5432:x` is not a port",
            ),
            (
                json!({"image": "x", "shm_size": "big"}),
                "`shm_size`: `big` is not a size",
            ),
            (
                json!({"image": "x", "native": "mysql"}),
                "`native`: unknown variant `mysql`",
            ),
            (
                json!({"image": "x", "environment": ["A"]}),
                "`environment`: `A` has no `=`",
            ),
            (
                json!({"image": "x", "restart": "maybe"}),
                "`restart`: `maybe` is not",
            ),
            (
                json!({"command": ["x"]}),
                "has neither `image` nor `build` nor `native`",
            ),
        ];
        for (service, expected) in cases {
            let (message, _) = fails(service);
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn services_come_after_what_they_depend_on() {
        let services = read(json!({
            "app": {"image": "x", "depends_on": {"db": {"condition": "service_healthy"}, "cache": null}},
            "cache": {"image": "x"}, "db": {"image": "x", "depends_on": ["cache"]},
        }))
        .unwrap();
        let names: Vec<&str> = services.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["cache", "db", "app"]);

        let error = read(
            json!({"a": {"image": "x", "depends_on": ["b"]}, "b": {"image": "x", "depends_on": ["a"]}}),
        );
        assert_eq!(
            error.unwrap_err().message(),
            "services `a` and `b` depend on each other"
        );
        let error = read(json!({"redis": {"image": "x", "depends_on": ["rediss"]}})).unwrap_err();
        assert_eq!(error.hint_text(), Some("did you mean `redis`?"));
    }
}
