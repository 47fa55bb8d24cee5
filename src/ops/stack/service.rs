//! A service as data: the compose specification's own keys, and `native` for the server that runs without a container.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use super::confine::{Device, EnvFile, EnvFileFields, Logging, Ulimit};
use super::deploy::{Build, Deploy, Restart};
use super::file::Files;
use super::form;
use super::part::{Attachment, Dependency, Healthcheck, Mount, depends_on, networks};
use super::port::Port;
use crate::base::{Error, Result, Secret, dotenv};

/// The server that the native driver starts for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NativeServer {
    /// PostgreSQL 15.
    Postgres,
    /// Redis 7.
    Redis,
}

/// One service; the names of the keys are those of the compose specification.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the specification"
)]
pub struct Service {
    /// Its name in the stack.
    #[serde(skip)]
    pub name: String,
    /// The image.
    pub image: Option<String>,
    /// How the image is built.
    pub build: Option<Build>,
    /// The container's name.
    pub container_name: Option<String>,
    /// The program's arguments; a line is split like a shell would.
    #[serde(deserialize_with = "form::command")]
    pub command: Vec<String>,
    /// The program.
    #[serde(deserialize_with = "form::command")]
    pub entrypoint: Vec<String>,
    /// Variables; their values never print.
    #[serde(deserialize_with = "form::secret_pairs")]
    pub environment: BTreeMap<String, Secret>,
    /// Files with further variables; those of `environment` are stronger.
    #[serde(deserialize_with = "form::any_number")]
    pub env_file: Vec<EnvFile>,
    /// Our own form: files below `/run/secrets` by their names, with what is in them.
    pub secrets: Files,
    /// Our own form: files by their paths inside, with what is in them.
    pub configs: Files,
    /// Ports and where they are published.
    pub ports: Vec<Port>,
    /// Ports that the image does not name, and that are not published.
    #[serde(deserialize_with = "form::one_or_many")]
    pub expose: Vec<String>,
    /// Volumes and folders.
    pub volumes: Vec<Mount>,
    /// Folders in memory: what is in them is gone with the next start.
    #[serde(deserialize_with = "form::one_or_many")]
    pub tmpfs: Vec<String>,
    /// How its health is asked for.
    pub healthcheck: Option<Healthcheck>,
    /// What must run before.
    #[serde(deserialize_with = "depends_on")]
    pub depends_on: BTreeMap<String, Dependency>,
    /// When it is started again.
    pub restart: Restart,
    /// Limits, reservations and restarts.
    pub deploy: Option<Deploy>,
    /// Bytes of `/dev/shm`.
    #[serde(deserialize_with = "form::size")]
    pub shm_size: Option<u64>,
    /// The networks it is in.
    #[serde(deserialize_with = "networks")]
    pub networks: BTreeMap<String, Attachment>,
    /// Labels.
    #[serde(deserialize_with = "form::pairs")]
    pub labels: BTreeMap<String, String>,
    /// The user inside.
    #[serde(deserialize_with = "form::text")]
    pub user: Option<String>,
    /// The folder the program starts in.
    pub working_dir: Option<String>,
    /// Whether a small init is the first process.
    pub init: Option<bool>,
    /// The signal that stops it.
    pub stop_signal: Option<String>,
    /// How long it has to stop.
    #[serde(deserialize_with = "form::duration")]
    pub stop_grace_period: Option<std::time::Duration>,
    /// Further names and addresses.
    #[serde(deserialize_with = "form::one_or_many")]
    pub extra_hosts: Vec<String>,
    /// Whether the engine keeps a standard input for it.
    pub stdin_open: bool,
    /// Whether it has a terminal.
    pub tty: bool,
    /// In which profiles it is there; in all of them without any.
    #[serde(deserialize_with = "form::one_or_many")]
    pub profiles: Vec<String>,

    /// The host's name inside.
    pub hostname: Option<String>,
    /// The domain of that name.
    pub domainname: Option<String>,
    /// `bridge`, `host`, `none`, `service:NAME` or `container:NAME`, in place of networks.
    pub network_mode: Option<String>,
    /// Servers that resolve names.
    #[serde(deserialize_with = "form::one_or_many")]
    pub dns: Vec<String>,
    /// Options for the resolver.
    #[serde(deserialize_with = "form::one_or_many")]
    pub dns_opt: Vec<String>,
    /// Domains that names are looked for in.
    #[serde(deserialize_with = "form::one_or_many")]
    pub dns_search: Vec<String>,

    /// Capabilities beyond the usual.
    #[serde(deserialize_with = "form::one_or_many")]
    pub cap_add: Vec<String>,
    /// Capabilities that it does without.
    #[serde(deserialize_with = "form::one_or_many")]
    pub cap_drop: Vec<String>,
    /// Whether it may do whatever the machine's root may.
    pub privileged: bool,
    /// Whether its file system cannot be written, but for volumes and `tmpfs`.
    pub read_only: bool,
    /// Options of the security modules, such as `no-new-privileges:true`.
    #[serde(deserialize_with = "form::one_or_many")]
    pub security_opt: Vec<String>,
    /// Further groups of its user.
    #[serde(deserialize_with = "form::one_or_many")]
    pub group_add: Vec<String>,
    /// The namespace of users.
    pub userns_mode: Option<String>,
    /// The namespace of processes.
    pub pid: Option<String>,
    /// The namespace of shared memory.
    pub ipc: Option<String>,
    /// The namespace of the host's name.
    pub uts: Option<String>,
    /// The namespace of control groups: `host` or `private`.
    pub cgroup: Option<String>,
    /// The control group above its own.
    pub cgroup_parent: Option<String>,
    /// The program that makes containers, such as `runc`.
    pub runtime: Option<String>,
    /// Devices of the machine.
    pub devices: Vec<Device>,
    /// Rules for devices of any name.
    #[serde(deserialize_with = "form::one_or_many")]
    pub device_cgroup_rules: Vec<String>,

    /// Values of the kernel.
    #[serde(deserialize_with = "form::pairs")]
    pub sysctls: BTreeMap<String, String>,
    /// Limits of the kernel.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Where the engine puts what it says.
    pub logging: Option<Logging>,
    /// Options of the engine's storage.
    #[serde(deserialize_with = "form::pairs")]
    pub storage_opt: BTreeMap<String, String>,
    /// Notes for the program that makes the container.
    #[serde(deserialize_with = "form::pairs")]
    pub annotations: BTreeMap<String, String>,

    /// The older spelling of `deploy.resources.limits.cpus`.
    #[serde(deserialize_with = "form::number")]
    pub cpus: Option<f64>,
    /// The processors it may run on, such as `0-2`.
    #[serde(deserialize_with = "form::text")]
    pub cpuset: Option<String>,
    /// Its share where others want the processor too.
    pub cpu_shares: Option<i64>,
    /// Microseconds, of which it may run `cpu_quota`.
    pub cpu_period: Option<i64>,
    /// Microseconds in each `cpu_period`.
    pub cpu_quota: Option<i64>,
    /// The older spelling of `deploy.resources.limits.memory`.
    #[serde(deserialize_with = "form::size")]
    pub mem_limit: Option<u64>,
    /// The older spelling of `deploy.resources.reservations.memory`.
    #[serde(deserialize_with = "form::size")]
    pub mem_reservation: Option<u64>,
    /// Memory and swap together; `-1` is without a limit.
    #[serde(deserialize_with = "form::swap")]
    pub memswap_limit: Option<i64>,
    /// How readily memory is swapped, 0 to 100.
    pub mem_swappiness: Option<i64>,
    /// The older spelling of `deploy.resources.limits.pids`.
    pub pids_limit: Option<i64>,
    /// Whether it is never ended for want of memory.
    pub oom_kill_disable: Option<bool>,
    /// How readily it is ended for want of memory, -1000 to 1000.
    pub oom_score_adj: Option<i64>,

    /// Keys that mean something to other tools only.
    #[serde(skip)]
    pub left_out: Vec<String>,
    /// Our own key: which server the native driver starts; a service without it needs Docker.
    pub native: Option<NativeServer>,
}

impl Service {
    /// The value of a variable, or of the secret with its name; empty without one.
    pub fn variable(&self, name: &str) -> Secret {
        let secret = || Some(self.secrets.get(name)?.text());
        let variable = self.environment.get(name).cloned();
        variable.or_else(secret).unwrap_or_default()
    }

    /// Reads the files of the project that it has copies of.
    pub fn load(&mut self, root: &Path) -> Result<()> {
        let in_service = |e: Error| e.context(format!("service `{}`", self.name));
        for file in self.secrets.values_mut().chain(self.configs.values_mut()) {
            file.load(root).map_err(in_service)?;
        }
        // A later file is stronger than one before it, and the service itself than all of them.
        for file in std::mem::take(&mut self.env_file).into_iter().rev() {
            let EnvFileFields { path, required } = file.0;
            let text = match std::fs::read_to_string(root.join(&path)) {
                Err(e) if e.kind() == ErrorKind::NotFound && !required => continue,
                text => {
                    text.map_err(|e| in_service(Error::io(format!("cannot read `{path}`"), e)))?
                }
            };
            for entry in dotenv::parse(&text, &path)
                .map_err(in_service)?
                .into_iter()
                .rev()
            {
                let value = Secret::new(entry.value);
                self.environment.entry(entry.name).or_insert(value);
            }
        }
        Ok(())
    }

    /// Where a port inside is published: `None` when it is not, `Some(None)` on any free port.
    pub fn published(&self, target: u16) -> Option<Option<u16>> {
        let port = self.ports.iter().find(|port| port.target == target);
        port.map(|port| port.published)
    }
}
