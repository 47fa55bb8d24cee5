//! A service as the engine takes it: the body of the request that makes its container, and what such a body cannot carry.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, Mount, MountBindOptions,
    MountTmpfsOptions, MountType, MountVolumeOptions, NetworkingConfig, PortBinding, PortMap,
};

use super::hash::{self, Fields};
use super::host::{self, list, signed};
use super::labels;
use super::part::{BindFields, Healthcheck, MountKind, TmpfsFields};
use super::port::Protocol;
use super::secrets::{self, Files};
use super::service::Service;
use crate::base::{Error, Result};
use crate::ops::files;

/// Whose stack it is and where its parts lie.
#[derive(Debug, Clone)]
pub struct Place {
    /// The name under which the engine's tools list it.
    pub project: String,
    /// The profile.
    pub profile: String,
    /// The project's folder: relative paths begin there.
    pub root: PathBuf,
    /// The folder of the secret files.
    pub secrets: PathBuf,
    /// Where a port is published that names no address.
    pub bind: IpAddr,
    /// Whether the engine can ask more often while a service starts (API 1.44).
    pub has_start_interval: bool,
}

fn noted(secrets: &Path) -> PathBuf {
    secrets.join("in-docker")
}

/// The name of the stack that a profile had in Docker when an engine last answered; `secrets` is [`Place::secrets`].
pub fn remembered(secrets: &Path) -> Option<String> {
    std::fs::read_to_string(noted(secrets)).ok()
}

/// A service as it is to be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The service.
    pub service: Service,
    /// Its container's name.
    pub container: String,
    /// Its image's name.
    pub image: String,
    /// What makes the container.
    pub(super) body: ContainerCreateBody,
    /// Its networks with its further names there.
    pub(super) networks: BTreeMap<String, Vec<String>>,
    /// Its volumes that have a name.
    pub(super) volumes: Vec<String>,
    /// Where something is mounted already, so that the image's own volumes do not count.
    pub(super) targets: Vec<String>,
    /// The files with its secrets.
    pub(super) files: Files,
    /// What it is made from.
    pub(super) fields: Fields,
    /// What a plain engine cannot carry.
    pub notes: Vec<String>,
}

impl Place {
    /// The labels that everything of the stack carries, networks and volumes too.
    pub(super) fn labels(&self) -> [(String, String); 2] {
        [
            (labels::PROJECT.to_owned(), self.project.clone()),
            (labels::FOLDER.to_owned(), self.root.display().to_string()),
        ]
    }

    /// Notes in the project that the profile is in Docker: with the engine gone, nobody else can tell.
    pub(super) fn remember(&self) -> Result<()> {
        let path = noted(&self.secrets);
        files::write(&path, self.project.as_bytes(), Some(0o600))
    }

    /// Takes that note away.
    pub(super) fn forget(&self) {
        // One that stays only asks for a word more the next time that no engine answers.
        let _stays = std::fs::remove_file(noted(&self.secrets));
    }

    /// The same as a filter.
    pub(super) fn filter(&self) -> Vec<String> {
        self.labels()
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }

    /// All services as the engine takes them, in their order.
    pub fn wanted(&self, services: Vec<Service>) -> Result<Vec<Wanted>> {
        let key = secrets::key(&self.secrets)?;
        services
            .into_iter()
            .map(|service| self.one(service, &key))
            .collect()
    }

    fn one(&self, mut service: Service, key: &[u8]) -> Result<Wanted> {
        let name = service.name.clone();
        let files = Files::take_from(&mut service);
        let own = format!("{}-{name}", self.project);
        let image = service.image.clone().unwrap_or_else(|| own.clone());
        let (mut mounts, volumes) = self.mounts(&service)?;
        for (path, inside) in files.mounts(&self.secrets, &name) {
            mounts.push(bind(&path, inside, true));
        }
        let networks = self.networks(&service);
        let mut body = self.body(&service, &image, mounts);
        body.networking_config = first_network(&networks);
        let targets = targets(&body);
        let fields = fields(&service, &body, &networks, &files, key)?;
        let mut all = labels::of_service(
            &self.project,
            &self.profile,
            &self.root.display().to_string(),
            &service,
        );
        let config = serde_json::to_string(&fields)
            .map_err(|e| Error::internal("cannot write hashes as JSON").because(e))?;
        all.insert(
            "com.docker.compose.config-hash".to_owned(),
            hash::short(&[], &config),
        );
        all.insert(labels::CONFIG.to_owned(), config);
        body.labels.get_or_insert_default().extend(all);
        let notes = self.notes(&service);
        Ok(Wanted {
            container: service
                .container_name
                .clone()
                .unwrap_or_else(|| format!("{own}-1")),
            service,
            image,
            body,
            networks,
            volumes,
            targets,
            files,
            fields,
            notes,
        })
    }

    fn body(&self, service: &Service, image: &str, mounts: Vec<Mount>) -> ContainerCreateBody {
        let variables = service
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={}", value.reveal()));
        let (exposed, bindings) = self.ports(service);
        let mut host = host::of(service, bindings, mounts);
        host.network_mode.clone_from(&service.network_mode);
        ContainerCreateBody {
            image: Some(image.to_owned()),
            env: Some(variables.collect()),
            cmd: list(&service.command),
            entrypoint: list(&service.entrypoint),
            user: service.user.clone(),
            working_dir: service.working_dir.clone(),
            exposed_ports: Some(exposed),
            labels: Some(service.labels.clone().into_iter().collect()),
            stop_signal: service.stop_signal.clone(),
            stop_timeout: service
                .stop_grace_period
                .map(|grace| signed(grace.as_secs())),
            healthcheck: service.healthcheck.as_ref().map(|check| self.health(check)),
            hostname: service.hostname.clone(),
            domainname: service.domainname.clone(),
            tty: service.tty.then_some(true),
            open_stdin: service.stdin_open.then_some(true),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        }
    }

    fn health(&self, check: &Healthcheck) -> HealthConfig {
        let nanos = |time: Option<Duration>| {
            time.map(|time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))
        };
        let none = || vec!["NONE".to_owned()];
        HealthConfig {
            test: Some(if check.disable {
                none()
            } else {
                check.test.clone()
            }),
            interval: nanos(check.interval),
            timeout: nanos(check.timeout),
            retries: check.retries.map(i64::from),
            start_period: nanos(check.start_period),
            start_interval: nanos(check.start_interval.filter(|_| self.has_start_interval)),
        }
    }

    fn ports(&self, service: &Service) -> (Vec<String>, PortMap) {
        let mut exposed = Vec::new();
        let mut bindings = PortMap::new();
        for port in &service.ports {
            let protocol = match port.protocol {
                Protocol::Tcp => "tcp",
                Protocol::Udp => "udp",
            };
            let key = format!("{}/{protocol}", port.target);
            let binding = PortBinding {
                host_ip: Some(port.host_ip.unwrap_or(self.bind).to_string()),
                host_port: Some(
                    port.published
                        .map_or_else(String::new, |port| port.to_string()),
                ),
            };
            if !exposed.contains(&key) {
                exposed.push(key.clone());
            }
            bindings
                .entry(key)
                .or_default()
                .get_or_insert_default()
                .push(binding);
        }
        for port in &service.expose {
            let protocol = if port.contains('/') { "" } else { "/tcp" };
            let key = format!("{port}{protocol}");
            if !exposed.contains(&key) {
                exposed.push(key);
            }
        }
        (exposed, bindings)
    }

    /// The mounts of a service, and the names of its volumes.
    fn mounts(&self, service: &Service) -> Result<(Vec<Mount>, Vec<String>)> {
        let (mut mounts, mut volumes) = (Vec::new(), Vec::new());
        for mount in &service.volumes {
            let mount = &mount.0;
            match (mount.kind, &mount.source) {
                (MountKind::Bind, Some(source)) => {
                    let path = self.path(source, &service.name)?;
                    mounts.push(Mount {
                        bind_options: propagation(&mount.bind)?,
                        ..bind(&path, mount.target.clone(), mount.read_only)
                    });
                }
                (MountKind::Bind, None) => {
                    let message = format!(
                        "service `{}`: the folder for `{}` has no source",
                        service.name, mount.target
                    );
                    return Err(Error::invalid(message));
                }
                (kind, source) => {
                    volumes.extend(source.clone().filter(|_| kind == MountKind::Volume));
                    mounts.push(Mount {
                        target: Some(mount.target.clone()),
                        source: source.clone(),
                        typ: Some(if kind == MountKind::Tmpfs {
                            MountType::TMPFS
                        } else {
                            MountType::VOLUME
                        }),
                        read_only: Some(mount.read_only),
                        tmpfs_options: memory(&mount.tmpfs),
                        volume_options: mount.volume.nocopy.then(|| MountVolumeOptions {
                            no_copy: Some(true),
                            ..MountVolumeOptions::default()
                        }),
                        ..Mount::default()
                    });
                }
            }
        }
        Ok((mounts, volumes))
    }

    fn path(&self, source: &str, service: &str) -> Result<PathBuf> {
        if source.starts_with('~') {
            return Err(
                Error::invalid(format!("service `{service}`: `{source}` begins with `~`"))
                    .hint("write a path from the root or relative to the project's folder"),
            );
        }
        // `join` keeps the dots of `./folder`, which the engine refuses.
        let mut path = self.root.clone();
        for part in Path::new(source).components() {
            match part {
                std::path::Component::CurDir => {}
                std::path::Component::ParentDir => drop(path.pop()),
                part => path.push(part),
            }
        }
        Ok(path)
    }

    fn networks(&self, service: &Service) -> BTreeMap<String, Vec<String>> {
        let own = service
            .networks
            .iter()
            .map(|(name, part)| (name.clone(), part.aliases.clone()));
        if service.network_mode.is_some() {
            return BTreeMap::new();
        }
        let mut networks: BTreeMap<String, Vec<String>> = own.collect();
        if networks.is_empty() {
            networks.insert(format!("{}_default", self.project), Vec::new());
        }
        for aliases in networks.values_mut() {
            aliases.insert(0, service.name.clone());
        }
        networks
    }

    /// What is in the service and not in what the engine is told.
    fn notes(&self, service: &Service) -> Vec<String> {
        let deploy = service.deploy.clone().unwrap_or_default();
        let policy = deploy.restart_policy.clone().unwrap_or_default();
        let condition = policy.condition.as_deref();
        let attempts = policy.max_attempts.is_some() && condition != Some("on-failure");
        let start_interval = service
            .healthcheck
            .as_ref()
            .and_then(|check| check.start_interval);
        [
            (
                deploy.resources.reservations.cpus.is_some(),
                "deploy.resources.reservations.cpus",
            ),
            (policy.delay.is_some(), "deploy.restart_policy.delay"),
            (policy.window.is_some(), "deploy.restart_policy.window"),
            (
                attempts,
                "deploy.restart_policy.max_attempts without `on-failure`",
            ),
            (
                start_interval.is_some() && !self.has_start_interval,
                "healthcheck.start_interval",
            ),
        ]
        .into_iter()
        .filter(|(is_there, _)| *is_there)
        .map(|(_, what)| format!("{}: this engine has no {what}", service.name))
        .chain(
            service
                .left_out
                .iter()
                .map(|what| format!("{}: {what}", service.name)),
        )
        .collect()
    }
}

fn memory(fields: &TmpfsFields) -> Option<MountTmpfsOptions> {
    let is_usual = fields.size.is_none() && fields.mode.is_none();
    (!is_usual).then(|| MountTmpfsOptions {
        size_bytes: fields.size.map(signed),
        mode: fields.mode.map(i64::from),
        ..MountTmpfsOptions::default()
    })
}

fn propagation(fields: &BindFields) -> Result<Option<MountBindOptions>> {
    let Some(name) = &fields.propagation else {
        return Ok(None);
    };
    let propagation = name.parse().map_err(|_unknown| {
        Error::invalid(format!("`{name}` is no propagation"))
            .hint("there are private, rprivate, shared, rshared, slave and rslave")
    })?;
    Ok(Some(MountBindOptions {
        propagation: Some(propagation),
        ..MountBindOptions::default()
    }))
}

fn bind(path: &Path, target: String, read_only: bool) -> Mount {
    Mount {
        target: Some(target),
        source: Some(path.display().to_string()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

/// What a container is made from, by the names that causes are told with.
fn fields(
    service: &Service,
    body: &ContainerCreateBody,
    networks: &BTreeMap<String, Vec<String>>,
    files: &Files,
    key: &[u8],
) -> Result<Fields> {
    let mut fields = hash::fields(body, key)?;
    let names: Vec<&String> = networks.keys().collect();
    fields.insert(
        "networks".to_owned(),
        hash::short(&[], format!("{names:?} {networks:?}")),
    );
    for (name, file) in &files.0 {
        let kind = if secrets::is_config(name) {
            "config"
        } else {
            "secret"
        };
        let mode = file.mode.unwrap_or_default().to_be_bytes();
        let what = [&mode, file.content()].concat();
        fields.insert(format!("{kind} {name}"), hash::short(key, what));
    }
    if !service.expose.is_empty() {
        fields.insert(
            "expose".to_owned(),
            hash::short(&[], service.expose.join(" ")),
        );
    }
    Ok(fields)
}

/// Engines before API 1.44 take one network at the start; the others are joined afterwards.
fn first_network(networks: &BTreeMap<String, Vec<String>>) -> Option<NetworkingConfig> {
    let (name, aliases) = networks.first_key_value()?;
    let endpoint = EndpointSettings {
        aliases: Some(aliases.clone()),
        ..EndpointSettings::default()
    };
    Some(NetworkingConfig {
        endpoints_config: Some(HashMap::from([(name.clone(), endpoint)])),
    })
}

fn targets(body: &ContainerCreateBody) -> Vec<String> {
    let host = body.host_config.as_ref();
    let mounts = host
        .and_then(|host| host.mounts.as_ref())
        .into_iter()
        .flatten();
    let tmpfs = host
        .and_then(|host| host.tmpfs.as_ref())
        .into_iter()
        .flatten();
    mounts
        .filter_map(|mount| mount.target.clone())
        .chain(tmpfs.map(|(path, _)| path.clone()))
        .map(|path| path.trim_end_matches('/').to_owned())
        .collect()
}
