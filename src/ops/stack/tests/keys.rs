//! Every key of a service reaches the engine, makes a container anew when it changes, and is named as the cause.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::services;
use crate::ops::stack::hash::differences;
use crate::ops::stack::wanted::{Place, Wanted};

/// A key with a value, where the engine has it, and what it has there.
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn keys() -> Vec<(&'static str, Value, &'static str, Value)> {
    let host = [
        (
            "cap_add",
            json!(["NET_ADMIN"]),
            "CapAdd",
            json!(["NET_ADMIN"]),
        ),
        ("cap_drop", json!(["ALL"]), "CapDrop", json!(["ALL"])),
        ("privileged", json!(true), "Privileged", json!(true)),
        ("read_only", json!(true), "ReadonlyRootfs", json!(true)),
        (
            "security_opt",
            json!(["no-new-privileges:true"]),
            "SecurityOpt",
            json!(["no-new-privileges:true"]),
        ),
        ("group_add", json!([27]), "GroupAdd", json!(["27"])),
        ("userns_mode", json!("host"), "UsernsMode", json!("host")),
        ("pid", json!("host"), "PidMode", json!("host")),
        ("ipc", json!("private"), "IpcMode", json!("private")),
        ("uts", json!("host"), "UTSMode", json!("host")),
        ("cgroup", json!("private"), "CgroupnsMode", json!("private")),
        ("cgroup_parent", json!("/a"), "CgroupParent", json!("/a")),
        ("runtime", json!("runc"), "Runtime", json!("runc")),
        (
            "devices",
            json!(["/dev/null:/dev/x:r"]),
            "Devices",
            json!([{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "r"}]),
        ),
        (
            "device_cgroup_rules",
            json!(["c 1:3 r"]),
            "DeviceCgroupRules",
            json!(["c 1:3 r"]),
        ),
        ("dns", json!("192.0.2.1"), "Dns", json!(["192.0.2.1"])),
        (
            "dns_opt",
            json!(["ndots:1"]),
            "DnsOptions",
            json!(["ndots:1"]),
        ),
        (
            "dns_search",
            json!(["example.com"]),
            "DnsSearch",
            json!(["example.com"]),
        ),
        (
            "extra_hosts",
            json!(["a:192.0.2.2"]),
            "ExtraHosts",
            json!(["a:192.0.2.2"]),
        ),
        (
            "sysctls",
            json!({"net.core.somaxconn": 511}),
            "Sysctls",
            json!({"net.core.somaxconn": "511"}),
        ),
        (
            "ulimits",
            json!({"nofile": 9}),
            "Ulimits",
            json!([{"Name": "nofile", "Soft": 9, "Hard": 9}]),
        ),
        (
            "logging",
            json!({"driver": "local", "options": {"max-size": "1m"}}),
            "LogConfig",
            json!({"Type": "local", "Config": {"max-size": "1m"}}),
        ),
        (
            "storage_opt",
            json!({"size": "1G"}),
            "StorageOpt",
            json!({"size": "1G"}),
        ),
        (
            "annotations",
            json!(["a=b"]),
            "Annotations",
            json!({"a": "b"}),
        ),
        ("cpu_shares", json!(5), "CpuShares", json!(5)),
        ("cpu_period", json!(1000), "CpuPeriod", json!(1000)),
        ("cpu_quota", json!(500), "CpuQuota", json!(500)),
        ("cpuset", json!(0), "CpusetCpus", json!("0")),
        (
            "memswap_limit",
            json!("2g"),
            "MemorySwap",
            json!(2_u64 << 30),
        ),
        ("mem_swappiness", json!(1), "MemorySwappiness", json!(1)),
        (
            "oom_kill_disable",
            json!(true),
            "OomKillDisable",
            json!(true),
        ),
        ("oom_score_adj", json!(-5), "OomScoreAdj", json!(-5)),
        ("shm_size", json!("1m"), "ShmSize", json!(1 << 20)),
        ("init", json!(true), "Init", json!(true)),
        (
            "tmpfs",
            json!("/t:size=1m"),
            "Tmpfs",
            json!({"/t": "size=1m"}),
        ),
    ];
    let host = host.into_iter().map(|(key, value, name, there)| {
        let place: &'static str = Box::leak(format!("/HostConfig/{name}").into_boxed_str());
        (key, value, place, there)
    });
    let body = [
        ("hostname", json!("h"), "/Hostname", json!("h")),
        ("domainname", json!("d"), "/Domainname", json!("d")),
        ("tty", json!(true), "/Tty", json!(true)),
        ("stdin_open", json!(true), "/OpenStdin", json!(true)),
        ("user", json!(70), "/User", json!("70")),
        ("working_dir", json!("/w"), "/WorkingDir", json!("/w")),
        (
            "stop_signal",
            json!("SIGINT"),
            "/StopSignal",
            json!("SIGINT"),
        ),
        (
            "stop_grace_period",
            json!("1m30s"),
            "/StopTimeout",
            json!(90),
        ),
        (
            "entrypoint",
            json!("a 'b c'"),
            "/Entrypoint",
            json!(["a", "b c"]),
        ),
        ("command", json!(["x"]), "/Cmd", json!(["x"])),
        (
            "expose",
            json!([80, "53/udp"]),
            "/ExposedPorts",
            json!({"53/udp": {}, "80/tcp": {}}),
        ),
    ];
    host.chain(body).collect()
}

fn wanted(service: &Value) -> Wanted {
    // One for all, so that paths in it are no difference.
    static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    let place = Place {
        project: "p".into(),
        profile: "test".into(),
        root: "/project".into(),
        secrets: FOLDER.path().to_owned(),
        bind: [127, 0, 0, 1].into(),
        has_start_interval: false,
    };
    place
        .wanted(services(json!({ "s": service })))
        .unwrap()
        .remove(0)
}

fn with(key: &str, value: &Value) -> Value {
    let mut service = json!({ "image": "x" });
    service[key] = value.clone();
    service
}

#[test]
fn every_key_reaches_the_engine_and_is_the_cause_of_a_new_container() {
    let plain = wanted(&json!({ "image": "x" }));
    for (key, value, place, there) in keys() {
        let changed = wanted(&with(key, &value));

        let body = serde_json::to_value(&changed.body).unwrap();
        assert_eq!(body.pointer(place), Some(&there), "{key}");
        let causes = differences(&plain.fields, &changed.fields);
        let [cause] = causes.as_slice() else {
            panic!("{key}: {causes:?}")
        };
        let told = [format!("{key} added"), format!("{key} changed")];
        assert!(told.contains(cause), "{key}: {cause}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn what_has_parts_is_carried_too_and_named() {
    let cases = [
        (
            json!({"network_mode": "none"}),
            "network_mode added",
            "/HostConfig/NetworkMode",
            json!("none"),
        ),
        (
            json!({"cpus": 0.5}),
            "deploy.resources added",
            "/HostConfig/NanoCpus",
            json!(500_000_000),
        ),
        (
            json!({"mem_limit": "1k"}),
            "deploy.resources added",
            "/HostConfig/Memory",
            json!(1024),
        ),
        (
            json!({"mem_reservation": 9}),
            "deploy.resources added",
            "/HostConfig/MemoryReservation",
            json!(9),
        ),
        (
            json!({"pids_limit": 7}),
            "deploy.resources added",
            "/HostConfig/PidsLimit",
            json!(7),
        ),
        (
            json!({"deploy": {"resources": {"limits": {"pids": 8}}}}),
            "deploy.resources added",
            "/HostConfig/PidsLimit",
            json!(8),
        ),
        (
            json!({"restart": "on-failure:2"}),
            "restart changed",
            "/HostConfig/RestartPolicy/MaximumRetryCount",
            json!(2),
        ),
        (
            json!({"volumes": [{"type": "tmpfs", "target": "/t", "tmpfs": {"size": "1k", "mode": "1777"}}]}),
            "volumes added",
            "/HostConfig/Mounts/0/TmpfsOptions",
            json!({"SizeBytes": 1024, "Mode": 0o1777}),
        ),
        (
            json!({"volumes": ["./a:/b:ro,rslave"]}),
            "volumes added",
            "/HostConfig/Mounts/0/BindOptions/Propagation",
            json!("rslave"),
        ),
        (
            json!({"volumes": ["v:/b:nocopy"]}),
            "volumes added",
            "/HostConfig/Mounts/0/VolumeOptions/NoCopy",
            json!(true),
        ),
        (
            json!({"ports": ["8000-8001:80-81"]}),
            "ports added",
            "/HostConfig/PortBindings/81~1tcp/0/HostPort",
            json!("8001"),
        ),
        (
            json!({"configs": {"/etc/app.conf": "a"}}),
            "config /etc/app.conf added",
            "/HostConfig/Mounts/0/Target",
            json!("/etc/app.conf"),
        ),
        (
            json!({"secrets": {"a": {"content": "b", "mode": "0400"}}}),
            "secret a added",
            "/HostConfig/Mounts/0/Target",
            json!("/run/secrets/a"),
        ),
    ];
    let plain = wanted(&json!({ "image": "x" }));
    for (mut service, cause, place, there) in cases {
        service["image"] = "x".into();
        let changed = wanted(&service);

        let body = serde_json::to_value(&changed.body).unwrap();
        assert_eq!(body.pointer(place), Some(&there), "{service}\n{body}");
        let told = differences(&plain.fields, &changed.fields);
        assert!(told.iter().any(|one| one == cause), "{service}: {told:?}");
    }
}

#[test]
fn a_change_of_a_config_or_of_who_may_read_it_is_named() {
    let of = |content: &str, mode: &str| {
        wanted(&json!({"image": "x", "configs": {"/a": {"content": content, "mode": mode}}}))
    };

    let causes = |now: &Wanted| differences(&of("1", "0444").fields, &now.fields);

    assert_eq!(causes(&of("2", "0444")), ["config /a changed"]);
    assert_eq!(causes(&of("1", "0400")), ["config /a changed"]);
    assert_eq!(causes(&of("1", "0444")), Vec::<String>::new());
}

#[test]
fn what_an_engine_cannot_carry_is_in_the_notes() {
    let one = wanted(&json!({
        "image": "x", "deploy": {"replicas": 2, "resources": {"reservations": {"cpus": 1}}}, "develop": {},
    }));

    assert_eq!(
        one.notes,
        [
            "s: this engine has no deploy.resources.reservations.cpus",
            "s: deploy.replicas is left out: there is one container for each service",
            "s: develop is left out: mount the source with `volumes`",
        ]
    );
}

#[test]
fn variables_of_files_are_weaker_than_those_of_the_service() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), "A=file a\nB=file a\nC=file a\n").unwrap();
    std::fs::write(folder.path().join("b"), "B=file b\nC=first\nC=last\n").unwrap();
    let files = json!(["a", "b", {"path": "missing", "required": false}]);
    let mut service =
        services(json!({"s": {"image": "x", "env_file": files, "environment": ["A=own"]}}));

    service[0].load(folder.path()).unwrap();

    let values = ["A", "B", "C"].map(|name| service[0].variable(name).reveal().to_owned());
    assert_eq!(values, ["own", "file b", "last"]);
    let mut service = services(json!({"s": {"image": "x", "env_file": "missing"}}));
    let error = service[0].load(folder.path()).unwrap_err();
    assert_eq!(error.message(), "service `s`: cannot read `missing`");
}
