//! What containers use: processors, memory, network.
//!
//! An engine takes a second to say it. When its containers are processes of this machine, the kernel's own files say it
//! in a twentieth of that.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bollard::models::{ContainerCpuStats, ContainerStatsResponse};
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use serde::Serialize;

use super::connect::{Address, Engine};
use super::container::{self, Container};
use super::error::failed;
use crate::base::Result;

/// Between two looks at the kernel's files.
const GAP: Duration = Duration::from_millis(50);

/// What a container uses.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Usage {
    /// The container's name.
    pub name: String,
    /// The service it is.
    pub service: Option<String>,
    /// Processors, in percent of one.
    pub cpu_percent: f64,
    /// Memory without what the kernel would give back.
    pub memory_bytes: u64,
    /// How much it may use; that of the machine without a limit.
    pub memory_limit_bytes: u64,
    /// Received since the start.
    pub received_bytes: u64,
    /// Sent since the start.
    pub sent_bytes: u64,
    /// Processes.
    pub processes: u64,
    /// For how long its first process has run, where it is a process of this machine.
    pub uptime_ms: Option<u64>,
}

/// What these containers use now; those that do not run are left out.
pub async fn usage(engine: &Engine, containers: &[Container]) -> Result<Vec<Usage>> {
    let all = containers.iter().filter(|container| container.is_running());
    let all = try_join_all(all.map(|container| of_one(engine, container))).await?;
    Ok(all.into_iter().flatten().collect())
}

async fn of_one(engine: &Engine, container: &Container) -> Result<Option<Usage>> {
    let usage = match local(engine, container).await? {
        Some(usage) => Some(usage),
        None => remote(engine, container).await?,
    };
    Ok(usage.map(|usage| Usage {
        name: container.name.clone(),
        service: container.service.clone(),
        ..usage
    }))
}

/// The kernel's files of a container's processes.
#[derive(Debug)]
struct Files {
    pid: i64,
    version: Version,
    memory: PathBuf,
    cpu: PathBuf,
    pids: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Files {
    /// The folders of a process's control groups, if it is this container's first one.
    fn of(pid: i64, id: &str) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        // A process of another machine may have the same number here.
        if !text.contains(id) {
            return None;
        }
        let root = Path::new("/sys/fs/cgroup");
        let folder = |wanted: &str| {
            text.lines().find_map(|line| {
                let mut fields = line.splitn(3, ':').skip(1);
                let (controllers, path) = (fields.next()?, fields.next()?);
                let is_it = controllers
                    .split(',')
                    .any(|controller| controller == wanted);
                is_it.then(|| root.join(controllers).join(path.trim_start_matches('/')))
            })
        };
        if let (Some(memory), Some(cpu), Some(pids)) =
            (folder("memory"), folder("cpuacct"), folder("pids"))
        {
            let version = Version::One;
            return Some(Self {
                pid,
                version,
                memory,
                cpu,
                pids,
            });
        }
        let path = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let one = root.join(path);
        let version = Version::Two;
        Some(Self {
            pid,
            version,
            memory: one.clone(),
            cpu: one.clone(),
            pids: one,
        })
    }

    /// Processor time since the start.
    fn cpu_time(&self) -> Option<Duration> {
        match self.version {
            Version::One => number(&self.cpu.join("cpuacct.usage")).map(Duration::from_nanos),
            Version::Two => {
                field(&self.cpu.join("cpu.stat"), "usage_usec").map(Duration::from_micros)
            }
        }
    }

    fn usage(&self) -> Option<Usage> {
        let (used, idle, limit) = match self.version {
            Version::One => (
                number(&self.memory.join("memory.usage_in_bytes"))?,
                field(&self.memory.join("memory.stat"), "total_inactive_file"),
                number(&self.memory.join("memory.limit_in_bytes")),
            ),
            Version::Two => (
                number(&self.memory.join("memory.current"))?,
                field(&self.memory.join("memory.stat"), "inactive_file"),
                number(&self.memory.join("memory.max")),
            ),
        };
        let (received_bytes, sent_bytes) = network(self.pid)?;
        Some(Usage {
            memory_bytes: used.saturating_sub(idle.unwrap_or_default()),
            memory_limit_bytes: limit.unwrap_or(u64::MAX).min(machine_memory()),
            processes: number(&self.pids.join("pids.current")).unwrap_or_default(),
            uptime_ms: uptime(self.pid),
            received_bytes,
            sent_bytes,
            ..Usage::default()
        })
    }
}

async fn local(engine: &Engine, container: &Container) -> Result<Option<Usage>> {
    if !matches!(engine.endpoint().address, Address::Unix(_)) {
        return Ok(None);
    }
    let facts = container::inspect(engine, &container.id).await?;
    let pid = facts.state.and_then(|state| state.pid).unwrap_or_default();
    let Some(files) = Files::of(pid, &container.id) else {
        return Ok(None);
    };
    let (start, before) = (Instant::now(), files.cpu_time());
    tokio::time::sleep(GAP).await;
    let (elapsed, after) = (start.elapsed(), files.cpu_time());
    let (Some(before), Some(after), Some(usage)) = (before, after, files.usage()) else {
        return Ok(None);
    };
    let busy = after.saturating_sub(before).as_secs_f64();
    Ok(Some(Usage {
        cpu_percent: busy / elapsed.as_secs_f64() * 100.0,
        ..usage
    }))
}

fn number(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The number after a name, in a file of such lines.
fn field(path: &Path, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value?.trim().parse().ok()
}

/// Received and sent bytes of all interfaces but the loopback.
fn network(pid: i64) -> Option<(u64, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/net/dev")).ok()?;
    let counts = text.lines().skip(2).filter_map(|line| {
        let (name, fields) = line.split_once(':')?;
        let mut fields = fields.split_whitespace();
        let received = fields.next()?.parse::<u64>().ok()?;
        let sent = fields.nth(7)?.parse::<u64>().ok()?;
        (name.trim() != "lo").then_some((received, sent))
    });
    Some(counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)))
}

/// Since when a process runs: the 20th of the words behind its name, in hundredths of a second since the machine's start.
fn uptime(pid: i64) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let started: u64 = stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()?;
    let since_boot = std::fs::read_to_string("/proc/uptime").ok()?;
    let since_boot: f64 = since_boot.split(' ').next()?.parse().ok()?;
    let since_boot = Duration::try_from_secs_f64(since_boot).ok()?;
    let uptime = since_boot.checked_sub(Duration::from_millis(started * 10))?;
    u64::try_from(uptime.as_millis()).ok()
}

fn machine_memory() -> u64 {
    let info = rustix::system::sysinfo();
    info.totalram.saturating_mul(u64::from(info.mem_unit))
}

/// Two of the engine's samples, a second apart.
async fn remote(engine: &Engine, container: &Container) -> Result<Option<Usage>> {
    let options = StatsOptionsBuilder::default()
        .stream(false)
        .one_shot(false)
        .build();
    let mut samples = Box::pin(engine.client().stats(&container.id, Some(options)));
    match samples.next().await {
        Some(Ok(sample)) => Ok(Some(usage_in(&sample))),
        Some(Err(e)) => Err(failed(
            format!("cannot see what `{}` uses", container.name),
            e,
        )),
        None => Ok(None),
    }
}

fn usage_in(sample: &ContainerStatsResponse) -> Usage {
    let memory = sample.memory_stats.clone().unwrap_or_default();
    let detail = memory.stats.unwrap_or_default();
    let idle = detail
        .get("inactive_file")
        .or_else(|| detail.get("total_inactive_file"));
    let networks = sample.networks.iter().flatten();
    let networks: Vec<_> = networks
        .map(|(_, one)| (one.rx_bytes.unwrap_or(0), one.tx_bytes.unwrap_or(0)))
        .collect();
    Usage {
        cpu_percent: cpu_percent(sample.precpu_stats.as_ref(), sample.cpu_stats.as_ref()),
        memory_bytes: memory
            .usage
            .unwrap_or(0)
            .saturating_sub(idle.copied().unwrap_or(0)),
        memory_limit_bytes: memory.limit.unwrap_or(0),
        received_bytes: networks.iter().map(|one| one.0).sum(),
        sent_bytes: networks.iter().map(|one| one.1).sum(),
        processes: sample
            .pids_stats
            .as_ref()
            .and_then(|pids| pids.current)
            .unwrap_or(0),
        ..Usage::default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage needs no more")]
fn cpu_percent(before: Option<&ContainerCpuStats>, after: Option<&ContainerCpuStats>) -> f64 {
    let own =
        |stats: Option<&ContainerCpuStats>| stats.and_then(|s| s.cpu_usage.as_ref()?.total_usage);
    let system = |stats: Option<&ContainerCpuStats>| stats.and_then(|s| s.system_cpu_usage);
    let difference = |after: Option<u64>, before: Option<u64>| {
        after.unwrap_or(0).saturating_sub(before.unwrap_or(0)) as f64
    };
    let passed = difference(system(after), system(before));
    let cpus = after.and_then(|stats| stats.online_cpus).unwrap_or(1);
    if passed > 0.0 {
        difference(own(after), own(before)) / passed * f64::from(cpus) * 100.0
    } else {
        0.0
    }
}
