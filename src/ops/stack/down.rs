//! Ending a stack: each service after those that need it, then its networks; its volumes only when that is asked for.

use std::collections::BTreeSet;

use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptions};
use futures_util::future::try_join_all;
use serde::Serialize;
use tokio::sync::watch;

use super::apply::{Progress, Report};
use super::labels;
use super::plan::{Action, Kind, Plan};
use super::stopping::Stopping;
use super::wanted::Place;
use crate::base::{Error, Result};
use crate::ops::docker::container::{self, Anonymous, Container, Filter};
use crate::ops::docker::network::{self, Network};
use crate::ops::docker::{Engine, failed};

/// What becomes of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volumes {
    /// It stays.
    Keep,
    /// It goes.
    Remove,
}

/// What was taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Gone {
    /// Services whose containers were there.
    pub services: Vec<String>,
    /// Networks.
    pub networks: Vec<String>,
    /// Volumes.
    pub volumes: Vec<String>,
}

/// What of a project is ended: containers and networks.
struct Parts {
    containers: Vec<Container>,
    networks: Vec<Network>,
}

/// All of a project, or of its services those with these names.
async fn look(engine: &Engine, place: &Place, names: &[String]) -> Result<Parts> {
    let filter = Filter {
        all: true,
        labels: place.filter(),
        ..Filter::default()
    };
    let (mut containers, mut networks) = tokio::try_join!(
        container::list(engine, &filter),
        network::list(engine, place.filter()),
    )?;
    if !names.is_empty() {
        let is_named = |one: &Container| {
            one.service
                .as_ref()
                .is_some_and(|name| names.contains(name))
        };
        containers.retain(is_named);
        networks.clear();
    }
    Ok(Parts {
        containers,
        networks,
    })
}

/// What `down` would do.
pub(super) async fn plan(
    engine: &Engine,
    place: &Place,
    names: &[String],
    wanted: Volumes,
) -> Result<Plan> {
    let parts = look(engine, place, names).await?;
    let mut actions: Vec<Action> = services_of(&parts.containers)
        .iter()
        .map(|name| Action::gone(Kind::Service, name))
        .collect();
    let networks = parts.networks.iter();
    actions.extend(networks.map(|one| Action::gone(Kind::Network, &one.name)));
    if names.is_empty() && wanted == Volumes::Remove {
        let volumes = volumes(engine, place).await?;
        actions.extend(volumes.iter().map(|name| Action::gone(Kind::Volume, name)));
    }
    Ok(Plan {
        actions,
        ..Plan::default()
    })
}

/// Ends the services of a project, or those with these names.
pub(super) async fn down(
    engine: &Engine,
    place: &Place,
    names: &[String],
    volumes: Volumes,
    report: Report<'_>,
) -> Result<Gone> {
    let Parts {
        containers,
        networks,
    } = look(engine, place, names).await?;
    let ending = Ending {
        engine,
        stopping: Stopping::of(place),
        volumes,
        report,
    };
    let running = containers.iter().map(|one| one.id.as_str()).collect();
    let running = watch::channel(running).0;
    tokio::try_join!(
        ending.all(&containers, &running),
        remove_networks(engine, &networks, &running),
    )?;
    let mut gone = Gone {
        services: services_of(&containers),
        networks: networks.into_iter().map(|one| one.name).collect(),
        volumes: Vec::new(),
    };
    if names.is_empty() && volumes == Volumes::Remove {
        gone.volumes = remove_volumes(engine, place).await?;
    }
    Ok(gone)
}

/// The identities of containers that may still run.
type Running<'a> = watch::Sender<BTreeSet<&'a str>>;

/// Networks go as soon as nothing runs in them; that the containers are removed at the same time is no matter to them.
async fn remove_networks(
    engine: &Engine,
    networks: &[Network],
    running: &Running<'_>,
) -> Result<()> {
    until(running, BTreeSet::is_empty).await?;
    let all = networks.iter().map(|one| network::remove(engine, &one.id));
    try_join_all(all).await.map(drop)
}

async fn until<'a>(
    running: &Running<'a>,
    holds: impl FnMut(&BTreeSet<&'a str>) -> bool,
) -> Result<()> {
    let mut seen = running.subscribe();
    let reached = seen.wait_for(holds).await;
    reached
        .map(drop)
        .map_err(|e| Error::internal("nobody watches the stack").because(e.to_string()))
}

fn services_of(containers: &[Container]) -> Vec<String> {
    let names: BTreeSet<String> = containers
        .iter()
        .filter_map(|one| one.service.clone())
        .collect();
    names.into_iter().collect()
}

/// Whether a container's service depends on another.
fn needs(user: &Container, service: Option<&str>) -> bool {
    let label = user
        .labels
        .get(labels::DEPENDS_ON)
        .map_or("", String::as_str);
    service.is_some_and(|service| labels::dependencies(label).any(|name| name == service))
}

/// How containers are ended.
struct Ending<'a> {
    engine: &'a Engine,
    stopping: Stopping,
    volumes: Volumes,
    report: Report<'a>,
}

impl Ending<'_> {
    /// Each container ends when everything that depends on it has ended.
    async fn all<'a>(&self, containers: &'a [Container], running: &Running<'a>) -> Result<()> {
        let each = containers.iter().map(async |one| {
            let service = one.service.as_deref();
            let users = containers
                .iter()
                .filter(|user| user.id != one.id && needs(user, service));
            let users: Vec<&str> = users.map(|user| user.id.as_str()).collect();
            until(running, |running| {
                !users.iter().any(|user| running.contains(user))
            })
            .await?;
            self.one(one).await?;
            // Those it needs need not wait until its files are gone, too.
            running.send_modify(|running| {
                running.remove(one.id.as_str());
            });
            let anonymous = match self.volumes {
                Volumes::Remove => Anonymous::Remove,
                Volumes::Keep => Anonymous::Keep,
            };
            container::remove(self.engine, &one.id, anonymous).await
        });
        try_join_all(each).await.map(drop)
    }

    async fn one(&self, one: &Container) -> Result<()> {
        if !matches!(one.state.as_str(), "running" | "restarting" | "paused") {
            return Ok(());
        }
        let name = one.service.as_deref().unwrap_or(&one.name);
        (self.report)(Progress::Doing(name, "stopping"));
        self.stopping.stop(self.engine, &one.id).await
    }
}

/// The names of a project's volumes.
pub(super) async fn volumes(engine: &Engine, place: &Place) -> Result<Vec<String>> {
    let filters = [("label", place.filter())].into();
    let options = ListVolumesOptionsBuilder::default()
        .filters(&filters)
        .build();
    let found = engine.client().list_volumes(Some(options)).await;
    let found = found.map_err(|e| failed("cannot list the volumes", e))?;
    let found = found.volumes.unwrap_or_default().into_iter();
    Ok(found.map(|one| one.name).collect())
}

async fn remove_volumes(engine: &Engine, place: &Place) -> Result<Vec<String>> {
    let names = volumes(engine, place).await?;
    try_join_all(names.iter().map(async |name| {
        let removed = engine
            .client()
            .remove_volume(name, None::<RemoveVolumeOptions>)
            .await;
        removed.map_err(|e| failed(format!("cannot remove volume `{name}`"), e))
    }))
    .await?;
    Ok(names)
}
