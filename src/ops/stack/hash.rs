//! What a container was made from, as short hashes by name: two of these say what has changed, and never what it was.

use std::collections::BTreeMap;

use bollard::models::ContainerCreateBody;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::base::text::hex;
use crate::base::{Error, Result};

/// Short hashes by name, such as `environment DB_NAME`.
pub type Fields = BTreeMap<String, String>;

/// How a part of the engine's form is called in a service.
const NAMES: [(&str, &str); 52] = [
    ("/Image", "image"),
    ("/Cmd", "command"),
    ("/Entrypoint", "entrypoint"),
    ("/Healthcheck", "healthcheck"),
    ("/User", "user"),
    ("/WorkingDir", "working_dir"),
    ("/StopSignal", "stop_signal"),
    ("/StopTimeout", "stop_grace_period"),
    ("/Hostname", "hostname"),
    ("/Domainname", "domainname"),
    ("/Tty", "tty"),
    ("/OpenStdin", "stdin_open"),
    ("/HostConfig/PortBindings", "ports"),
    ("/HostConfig/Mounts", "volumes"),
    ("/HostConfig/Tmpfs", "tmpfs"),
    ("/HostConfig/RestartPolicy", "restart"),
    ("/HostConfig/ShmSize", "shm_size"),
    ("/HostConfig/Init", "init"),
    ("/HostConfig/ExtraHosts", "extra_hosts"),
    ("/HostConfig/NetworkMode", "network_mode"),
    ("/HostConfig/Dns", "dns"),
    ("/HostConfig/DnsOptions", "dns_opt"),
    ("/HostConfig/DnsSearch", "dns_search"),
    ("/HostConfig/CapAdd", "cap_add"),
    ("/HostConfig/CapDrop", "cap_drop"),
    ("/HostConfig/Privileged", "privileged"),
    ("/HostConfig/ReadonlyRootfs", "read_only"),
    ("/HostConfig/SecurityOpt", "security_opt"),
    ("/HostConfig/GroupAdd", "group_add"),
    ("/HostConfig/UsernsMode", "userns_mode"),
    ("/HostConfig/PidMode", "pid"),
    ("/HostConfig/IpcMode", "ipc"),
    ("/HostConfig/UTSMode", "uts"),
    ("/HostConfig/CgroupnsMode", "cgroup"),
    ("/HostConfig/CgroupParent", "cgroup_parent"),
    ("/HostConfig/Runtime", "runtime"),
    ("/HostConfig/Devices", "devices"),
    ("/HostConfig/DeviceCgroupRules", "device_cgroup_rules"),
    ("/HostConfig/Sysctls", "sysctls"),
    ("/HostConfig/Ulimits", "ulimits"),
    ("/HostConfig/LogConfig", "logging"),
    ("/HostConfig/StorageOpt", "storage_opt"),
    ("/HostConfig/Annotations", "annotations"),
    ("/HostConfig/CpuShares", "cpu_shares"),
    ("/HostConfig/CpuPeriod", "cpu_period"),
    ("/HostConfig/CpuQuota", "cpu_quota"),
    ("/HostConfig/CpusetCpus", "cpuset"),
    ("/HostConfig/MemorySwap", "memswap_limit"),
    ("/HostConfig/MemorySwappiness", "mem_swappiness"),
    ("/HostConfig/OomKillDisable", "oom_kill_disable"),
    ("/HostConfig/OomScoreAdj", "oom_score_adj"),
    ("/NetworkingConfig", "networks"),
];

/// Limits are several values of the engine's and one of a service's.
const LIMITS: [&str; 4] = [
    "/HostConfig/NanoCpus",
    "/HostConfig/Memory",
    "/HostConfig/MemoryReservation",
    "/HostConfig/PidsLimit",
];

/// The fields of a container; variables may be secret and are hashed with a key that only this project has.
pub(super) fn fields(body: &ContainerCreateBody, key: &[u8]) -> Result<Fields> {
    let json = serde_json::to_value(body)
        .map_err(|e| Error::internal("cannot write a container as JSON").because(e))?;
    let mut fields = Fields::new();
    for (path, name) in NAMES {
        if let Some(value) = json.pointer(path).filter(|value| !is_empty(value)) {
            fields.insert(name.to_owned(), short(&[], value.to_string()));
        }
    }
    let limits: Vec<&Value> = LIMITS
        .iter()
        .filter_map(|path| json.pointer(path))
        .collect();
    if !limits.is_empty() {
        let text = Value::Array(limits.into_iter().cloned().collect()).to_string();
        fields.insert("deploy.resources".to_owned(), short(&[], text));
    }
    for variable in body.env.iter().flatten() {
        let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
        fields.insert(format!("environment {name}"), short(key, value));
    }
    for (name, value) in body.labels.iter().flatten() {
        fields.insert(format!("label {name}"), short(&[], value));
    }
    Ok(fields)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Enough of a hash to see a change; with a key, of no use to somebody who has not got it.
pub(super) fn short(key: &[u8], value: impl AsRef<[u8]>) -> String {
    let mut hash = Sha256::new();
    hash.update(key);
    hash.update(value.as_ref());
    let digest = hash.finalize();
    hex(&digest[..6])
}

/// What differs between two, each as a cause.
pub(super) fn differences(before: &Fields, now: &Fields) -> Vec<String> {
    let mut causes = Vec::new();
    for (name, hash) in now {
        match before.get(name) {
            None => causes.push(format!("{name} added")),
            Some(old) if old != hash => causes.push(format!("{name} changed")),
            Some(_) => {}
        }
    }
    let removed = before.keys().filter(|name| !now.contains_key(*name));
    causes.extend(removed.map(|name| format!("{name} removed")));
    causes
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::HostConfig;

    fn body(name: &str, password: &str) -> ContainerCreateBody {
        ContainerCreateBody {
            image: Some("a:1".into()),
            env: Some(vec![
                format!("DB_NAME={name}"),
                format!("DB_PASSWORD={password}"),
            ]),
            host_config: Some(HostConfig {
                memory: Some(5),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        }
    }

    #[test]
    fn a_change_is_named_and_its_value_is_not_told() {
        let before = fields(&body("a", "hunter2"), b"key").unwrap();
        let mut now = fields(&body("b", "hunter2"), b"key").unwrap();
        now.insert("label x".into(), "1".into());
        now.remove("deploy.resources");

        assert_eq!(
            differences(&before, &now),
            [
                "environment DB_NAME changed",
                "label x added",
                "deploy.resources removed"
            ]
        );
        assert_eq!(differences(&before, &before), Vec::<String>::new());
        let other_key = fields(&body("a", "hunter2"), b"other").unwrap();
        assert_eq!(
            differences(&before, &other_key),
            [
                "environment DB_NAME changed",
                "environment DB_PASSWORD changed"
            ]
        );
    }
}
