//! Containers: which there are, how they are, and starting, stopping and removing them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bollard::models::{ContainerInspectResponse, ContainerSummary};
use bollard::query_parameters::{
    InspectContainerOptions, KillContainerOptionsBuilder, ListContainersOptionsBuilder,
    RemoveContainerOptionsBuilder, RestartContainerOptionsBuilder, StartContainerOptions,
    StopContainerOptionsBuilder, WaitContainerOptions,
};
use futures_util::StreamExt;
use serde::Serialize;

use super::connect::Engine;
use super::error::failed;
use crate::base::{Error, Kind, Result};

/// Labels that docker compose gives, and we too, so that its tools see our containers.
pub const PROJECT: &str = "com.docker.compose.project";
/// The service a container belongs to.
pub const SERVICE: &str = "com.docker.compose.service";

/// The field of an error that says that somebody else has a port.
pub const PORT_TAKEN: &str = "port_taken";

/// A port that is published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Published {
    /// The address outside.
    pub address: String,
    /// The port outside.
    pub port: u16,
    /// The port inside.
    pub target: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
}

/// One container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Container {
    /// Its identity.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name of its image.
    pub image: String,
    /// The identity of its image.
    pub image_id: String,
    /// `created`, `running`, `paused`, `restarting`, `exited` or `dead`.
    pub state: String,
    /// `starting`, `healthy` or `unhealthy`; nothing without a health test.
    pub health: Option<String>,
    /// The engine's words, such as `Up 2 minutes (healthy)`.
    pub status: String,
    /// The project it belongs to.
    pub project: Option<String>,
    /// The service it is.
    pub service: Option<String>,
    /// The ports it publishes.
    pub ports: Vec<Published>,
    /// The networks it is in.
    pub networks: Vec<String>,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// Its labels.
    #[serde(skip)]
    pub labels: BTreeMap<String, String>,
}

impl Container {
    /// Whether its program runs.
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }

    fn of(summary: ContainerSummary) -> Self {
        let labels: BTreeMap<String, String> =
            summary.labels.unwrap_or_default().into_iter().collect();
        let status = summary.status.unwrap_or_default();
        let names = summary.names.unwrap_or_default();
        let networks = summary
            .network_settings
            .and_then(|settings| settings.networks);
        let mut networks: Vec<String> = networks.unwrap_or_default().into_keys().collect();
        networks.sort();
        Self {
            id: summary.id.unwrap_or_default(),
            name: names
                .first()
                .map(|name| name.trim_start_matches('/').to_owned())
                .unwrap_or_default(),
            image: summary.image.unwrap_or_default(),
            image_id: summary.image_id.unwrap_or_default(),
            state: summary
                .state
                .map(|state| state.to_string())
                .unwrap_or_default(),
            health: health_in(&status).map(str::to_owned),
            status,
            project: labels.get(PROJECT).cloned(),
            service: labels.get(SERVICE).cloned(),
            ports: published(summary.ports.unwrap_or_default()),
            networks,
            created: summary.created.unwrap_or_default(),
            labels,
        }
    }
}

/// The engine's list says the health only in words.
fn health_in(status: &str) -> Option<&'static str> {
    if status.ends_with("(healthy)") {
        Some("healthy")
    } else if status.ends_with("(unhealthy)") {
        Some("unhealthy")
    } else {
        status.ends_with("(health: starting)").then_some("starting")
    }
}

fn published(ports: Vec<bollard::models::PortSummary>) -> Vec<Published> {
    let mut published: Vec<Published> = ports
        .into_iter()
        .filter_map(|port| {
            Some(Published {
                address: port.ip.unwrap_or_default(),
                port: port.public_port?,
                target: port.private_port,
                protocol: port.typ.map(|kind| kind.to_string()).unwrap_or_default(),
            })
        })
        .collect();
    published.sort();
    published
}

/// Which containers are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Also those that do not run.
    pub all: bool,
    /// Only of this project.
    pub project: Option<String>,
    /// Only with these labels, each `name` or `name=value`.
    pub labels: Vec<String>,
    /// Only with this in their name.
    pub name: Option<String>,
}

impl Filter {
    /// All containers of a project, whatever their state.
    pub fn project(name: &str) -> Self {
        Self {
            all: true,
            project: Some(name.to_owned()),
            ..Self::default()
        }
    }

    fn to_map(&self) -> HashMap<String, Vec<String>> {
        let project = self.project.iter().map(|name| format!("{PROJECT}={name}"));
        let labels: Vec<String> = self.labels.iter().cloned().chain(project).collect();
        let mut map = HashMap::new();
        if !labels.is_empty() {
            map.insert("label".to_owned(), labels);
        }
        if let Some(name) = &self.name {
            map.insert("name".to_owned(), vec![name.clone()]);
        }
        map
    }
}

/// The containers that a filter lets through, by name.
pub async fn list(engine: &Engine, filter: &Filter) -> Result<Vec<Container>> {
    let options = ListContainersOptionsBuilder::default()
        .all(filter.all)
        .filters(&filter.to_map())
        .build();
    let found = engine.client().list_containers(Some(options)).await;
    let found = found.map_err(|e| failed("cannot list the containers", e))?;
    let mut containers: Vec<Container> = found.into_iter().map(Container::of).collect();
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(containers)
}

/// All that the engine knows of a container.
pub async fn inspect(engine: &Engine, name: &str) -> Result<ContainerInspectResponse> {
    let found = engine
        .client()
        .inspect_container(name, None::<InspectContainerOptions>)
        .await;
    found.map_err(|e| {
        absent(
            name,
            failed(format!("cannot look at container `{name}`"), e),
        )
    })
}

fn absent(name: &str, error: Error) -> Error {
    if error.kind() == Kind::NotFound {
        Error::not_found(format!("there is no container `{name}`"))
            .hint("see which there are: `docker::ps(#{ all: true })`")
            .field("status", 404)
            .field("container", name)
    } else {
        error
    }
}

/// Starts a container; one that runs stays.
pub async fn start(engine: &Engine, name: &str) -> Result<()> {
    let started = engine
        .client()
        .start_container(name, None::<StartContainerOptions>)
        .await;
    started.map_err(|e| {
        let error = failed(format!("cannot start container `{name}`"), e);
        let is_port = error.full_message().contains("port is already allocated")
            || error.full_message().contains("address already in use");
        if is_port {
            error
                .hint("see who has it: `ss -ltnp`, or publish another port")
                .field(PORT_TAKEN, true)
        } else {
            error
        }
    })
}

/// Stops a container; after `grace` it is killed.
pub async fn stop(engine: &Engine, name: &str, grace: Option<Duration>) -> Result<()> {
    let mut options = StopContainerOptionsBuilder::default();
    if let Some(seconds) = grace.and_then(|grace| i32::try_from(grace.as_secs()).ok()) {
        options = options.t(seconds);
    }
    let stopped = engine
        .client()
        .stop_container(name, Some(options.build()))
        .await;
    settled(stopped, name, "stop")
}

/// Stops a container and starts it again.
pub async fn restart(engine: &Engine, name: &str, grace: Option<Duration>) -> Result<()> {
    let mut options = RestartContainerOptionsBuilder::default();
    if let Some(seconds) = grace.and_then(|grace| i32::try_from(grace.as_secs()).ok()) {
        options = options.t(seconds);
    }
    let restarted = engine
        .client()
        .restart_container(name, Some(options.build()))
        .await;
    settled(restarted, name, "restart")
}

/// Sends a signal to a container's first process.
pub async fn kill(engine: &Engine, name: &str, signal: &str) -> Result<()> {
    let options = KillContainerOptionsBuilder::default()
        .signal(signal)
        .build();
    let killed = engine.client().kill_container(name, Some(options)).await;
    settled(killed, name, "signal")
}

/// What becomes of the volumes without a name that a container's image declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anonymous {
    /// They stay.
    Keep,
    /// They go with the container.
    Remove,
}

/// Removes a container, running or not; one that is gone is no error.
pub async fn remove(engine: &Engine, name: &str, anonymous: Anonymous) -> Result<()> {
    let options = RemoveContainerOptionsBuilder::default()
        .force(true)
        .v(anonymous == Anonymous::Remove)
        .build();
    match engine.client().remove_container(name, Some(options)).await {
        Ok(()) => Ok(()),
        Err(e) => {
            let error = failed(format!("cannot remove container `{name}`"), e);
            let is_going = error.kind() == Kind::Conflict
                && error.full_message().contains("already in progress");
            match error.kind() {
                Kind::NotFound => Ok(()),
                _ if is_going => Ok(()),
                _ => Err(error),
            }
        }
    }
}

/// Waits until a container ends; gives its exit code.
pub async fn wait(engine: &Engine, name: &str) -> Result<i64> {
    let mut answers = Box::pin(
        engine
            .client()
            .wait_container(name, None::<WaitContainerOptions>),
    );
    match answers.next().await {
        Some(Ok(answer)) => Ok(answer.status_code),
        Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(code),
        Some(Err(e)) => Err(absent(
            name,
            failed(format!("cannot wait for container `{name}`"), e),
        )),
        None => Err(Error::new(
            Kind::Docker,
            format!("nobody knows how container `{name}` ended"),
        )),
    }
}

fn settled(
    answer: std::result::Result<(), bollard::errors::Error>,
    name: &str,
    verb: &str,
) -> Result<()> {
    answer.map_err(|e| absent(name, failed(format!("cannot {verb} container `{name}`"), e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_health_is_in_the_words_of_the_list() {
        assert_eq!(health_in("Up 2 minutes (healthy)"), Some("healthy"));
        assert_eq!(health_in("Up 2 minutes (unhealthy)"), Some("unhealthy"));
        assert_eq!(
            health_in("Up 1 second (health: starting)"),
            Some("starting")
        );
        assert_eq!(health_in("Up 2 minutes"), None);
    }
}
