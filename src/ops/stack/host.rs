//! What of a service the engine calls the host's part of a container: limits, namespaces, rights, devices.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    DeviceMapping, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, Mount, PortMap,
    ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
};

use super::deploy::Restart;
use super::service::Service;

/// The host's part of a service's container.
pub(super) fn of(service: &Service, bindings: PortMap, mounts: Vec<Mount>) -> HostConfig {
    let deploy = service.deploy.clone().unwrap_or_default();
    let (limits, reservations) = (&deploy.resources.limits, &deploy.resources.reservations);
    let tmpfs = service.tmpfs.iter().map(|one| {
        let (path, options) = one.split_once(':').unwrap_or((one, ""));
        (path.to_owned(), options.to_owned())
    });
    let (memory, reserved) = (
        limits.memory.or(service.mem_limit),
        reservations.memory.or(service.mem_reservation),
    );
    let host = HostConfig {
        port_bindings: Some(bindings),
        mounts: Some(mounts),
        restart_policy: Some(restart_policy(service)),
        memory: memory.map(signed),
        memory_reservation: reserved.map(signed),
        memory_swap: service.memswap_limit,
        memory_swappiness: service.mem_swappiness,
        nano_cpus: limits.cpus.or(service.cpus).map(nanos),
        cpu_shares: service.cpu_shares,
        cpu_period: service.cpu_period,
        cpu_quota: service.cpu_quota,
        cpuset_cpus: service.cpuset.clone(),
        pids_limit: limits.pids.or(service.pids_limit),
        oom_kill_disable: service.oom_kill_disable,
        oom_score_adj: service.oom_score_adj,
        shm_size: service.shm_size.map(signed),
        init: service.init,
        extra_hosts: list(&service.extra_hosts),
        tmpfs: Some(tmpfs.collect()),
        ..HostConfig::default()
    };
    rights(service, surroundings(service, host))
}

/// Names, networks, the kernel's values, the log: what the processes find around them.
fn surroundings(service: &Service, host: HostConfig) -> HostConfig {
    let ulimits = service
        .ulimits
        .iter()
        .map(|(name, limit)| ResourcesUlimits {
            name: Some(name.clone()),
            soft: Some(limit.soft),
            hard: Some(limit.hard),
        });
    let logging = service.logging.as_ref();
    let log_config = logging.map(|logging| HostConfigLogConfig {
        typ: logging.driver.clone(),
        config: Some(logging.options.clone().into_iter().collect()),
    });
    HostConfig {
        dns: list(&service.dns),
        dns_options: list(&service.dns_opt),
        dns_search: list(&service.dns_search),
        sysctls: map(&service.sysctls),
        storage_opt: map(&service.storage_opt),
        annotations: map(&service.annotations),
        ulimits: Some(ulimits.collect::<Vec<_>>()).filter(|all| !all.is_empty()),
        log_config,
        runtime: service.runtime.clone(),
        cgroup_parent: service.cgroup_parent.clone(),
        ..host
    }
}

/// What the processes may do.
fn rights(service: &Service, host: HostConfig) -> HostConfig {
    let devices = service.devices.iter().map(|device| DeviceMapping {
        path_on_host: Some(device.0.source.clone()),
        path_in_container: Some(
            device
                .0
                .target
                .clone()
                .unwrap_or_else(|| device.0.source.clone()),
        ),
        cgroup_permissions: Some(
            device
                .0
                .permissions
                .clone()
                .unwrap_or_else(|| "rwm".to_owned()),
        ),
    });
    let cgroup = match service.cgroup.as_deref() {
        Some("host") => Some(HostConfigCgroupnsModeEnum::HOST),
        Some("private") => Some(HostConfigCgroupnsModeEnum::PRIVATE),
        _ => None,
    };
    HostConfig {
        cap_add: list(&service.cap_add),
        cap_drop: list(&service.cap_drop),
        privileged: service.privileged.then_some(true),
        readonly_rootfs: service.read_only.then_some(true),
        security_opt: list(&service.security_opt),
        group_add: list(&service.group_add),
        userns_mode: service.userns_mode.clone(),
        pid_mode: service.pid.clone(),
        ipc_mode: service.ipc.clone(),
        uts_mode: service.uts.clone(),
        cgroupns_mode: cgroup,
        devices: Some(devices.collect::<Vec<_>>()).filter(|all| !all.is_empty()),
        device_cgroup_rules: list(&service.device_cgroup_rules),
        ..host
    }
}

pub(super) fn list(items: &[String]) -> Option<Vec<String>> {
    (!items.is_empty()).then(|| items.to_vec())
}

fn map(pairs: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!pairs.is_empty()).then(|| pairs.clone().into_iter().collect())
}

/// `deploy.restart_policy` is stronger than `restart`.
fn restart_policy(service: &Service) -> RestartPolicy {
    let deploy = service
        .deploy
        .as_ref()
        .and_then(|deploy| deploy.restart_policy.as_ref());
    let restart = match deploy {
        None => service.restart,
        Some(policy) => match policy.condition.as_deref() {
            Some("none") => Restart::No,
            Some("on-failure") => Restart::OnFailure(policy.max_attempts),
            _ => Restart::Always,
        },
    };
    let (name, times) = match restart {
        Restart::No => (RestartPolicyNameEnum::NO, None),
        Restart::Always => (RestartPolicyNameEnum::ALWAYS, None),
        Restart::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        Restart::OnFailure(times) => (RestartPolicyNameEnum::ON_FAILURE, times),
    };
    RestartPolicy {
        name: Some(name),
        maximum_retry_count: times.map(i64::from),
    }
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a number of processors is small"
)]
fn nanos(cpus: f64) -> i64 {
    (cpus * 1e9) as i64
}
