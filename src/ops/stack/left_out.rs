//! Keys of the compose specification that mean something to other tools, and nothing to an engine that is asked for one
//! container of each service: they are taken off a service, and the plan names them.

use serde_json::{Map, Value};

/// A key by its path, and why it is left out.
const KEYS: [(&str, &str); 37] = [
    ("attach", "`lexi run logs` shows the logs"),
    ("build.additional_contexts", ONE_CONTEXT),
    ("build.cache_from", BUILDKIT),
    ("build.cache_to", BUILDKIT),
    ("build.entitlements", BUILDKIT),
    ("build.isolation", WINDOWS),
    ("build.platforms", BUILDKIT),
    ("build.privileged", BUILDKIT),
    ("build.provenance", BUILDKIT),
    ("build.sbom", BUILDKIT),
    ("build.secrets", BUILDKIT),
    ("build.ssh", BUILDKIT),
    ("build.tags", "the image has one name, that of `image`"),
    ("cpu_count", WINDOWS),
    ("cpu_percent", WINDOWS),
    ("credential_spec", WINDOWS),
    ("deploy.endpoint_mode", SWARM),
    ("deploy.labels", SWARM),
    ("deploy.mode", SWARM),
    ("deploy.placement", SWARM),
    ("deploy.replicas", ONE),
    ("deploy.resources.reservations.devices", DEVICES),
    ("deploy.resources.reservations.generic_resources", SWARM),
    ("deploy.rollback_config", SWARM),
    ("deploy.update_config", SWARM),
    ("develop", "mount the source with `volumes`"),
    ("external_links", NAMES),
    ("gpus", DEVICES),
    ("isolation", WINDOWS),
    ("links", NAMES),
    ("models", "there is no such service here"),
    ("platform", "the engine takes its own"),
    ("post_start", HOOKS),
    ("pre_stop", HOOKS),
    ("provider", "there is no such service here"),
    (
        "pull_policy",
        "what is missing is pulled; `lexi run pull` gets the newest",
    ),
    ("scale", ONE),
];

const BUILDKIT: &str = "the engine's own builder is asked, not BuildKit";
const DEVICES: &str = "name the files of the device in `devices`";
const HOOKS: &str = "a task does it before or after `stack::up`";
const NAMES: &str = "services in one network find each other by name";
const ONE: &str = "there is one container for each service";
const ONE_CONTEXT: &str = "one folder is sent";
const SWARM: &str = "only a swarm knows it";
const WINDOWS: &str = "only Windows knows it";

/// Values that ask for what is done anyway.
const USUAL: [(&str, &[&str]); 4] = [
    ("scale", &["1"]),
    ("deploy.replicas", &["1"]),
    ("deploy.mode", &["replicated"]),
    ("pull_policy", &["missing", "if_not_present"]),
];

/// Takes such keys off a service; gives a note for each.
pub(super) fn take(service: &mut Value) -> Vec<String> {
    let mut notes = Vec::new();
    for (path, why) in KEYS {
        let Some(value) = remove(service, path) else {
            continue;
        };
        let text = super::form::scalar(&value).unwrap_or_default();
        let usual = USUAL.iter().find(|(known, _)| *known == path);
        if usual.is_none_or(|(_, usual)| !usual.contains(&text.as_str())) {
            notes.push(format!("{path} is left out: {why}"));
        }
    }
    notes
}

fn remove(service: &mut Value, path: &str) -> Option<Value> {
    let (parents, key) = path.rsplit_once('.').unwrap_or(("", path));
    let mut map: &mut Map<String, Value> = service.as_object_mut()?;
    for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
        map = map.get_mut(parent)?.as_object_mut()?;
    }
    map.remove(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_left_out_is_named_unless_it_asks_for_nothing() {
        let mut service = json!({
            "image": "x", "scale": 1, "pull_policy": "always", "develop": {"watch": []},
            "deploy": {"replicas": 3, "resources": {"reservations": {"devices": [], "cpus": 1}}},
        });

        let notes = take(&mut service);

        assert_eq!(
            notes,
            [
                "deploy.replicas is left out: there is one container for each service",
                "deploy.resources.reservations.devices is left out: name the files of the device in `devices`",
                "develop is left out: mount the source with `volumes`",
                "pull_policy is left out: what is missing is pulled; `lexi run pull` gets the newest",
            ]
        );
        assert_eq!(
            service,
            json!({"image": "x", "deploy": {"resources": {"reservations": {"cpus": 1}}}})
        );
    }
}
