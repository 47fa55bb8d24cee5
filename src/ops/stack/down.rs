//! Ending a stack: each service after those that need it, then its networks; its volumes only when that is asked for.

use std::collections::BTreeSet;

use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptions};
use futures_util::future::try_join_all;
use serde::Serialize;
use tokio::sync::watch;

use super::apply::{Progress, Report};
use super::labels;
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

/// Ends the services of a project, or those with these names.
pub(super) async fn down(
    engine: &Engine,
    place: &Place,
    names: &[String],
    volumes: Volumes,
    report: Report<'_>,
) -> Result<Gone> {
    let filter = Filter {
        all: true,
        labels: place.filter(),
        ..Filter::default()
    };
    let (containers, networks) = tokio::try_join!(
        container::list(engine, &filter),
        network::list(engine, place.filter()),
    )?;
    let is_named = |one: &Container| {
        names.is_empty()
            || one
                .service
                .as_ref()
                .is_some_and(|name| names.contains(name))
    };
    let containers: Vec<Container> = containers.into_iter().filter(is_named).collect();
    let networks = if names.is_empty() {
        networks
    } else {
        Vec::new()
    };
    let running = containers.iter().map(|one| one.id.as_str()).collect();
    let running = watch::channel(running).0;
    tokio::try_join!(
        end_all(engine, &containers, &running, volumes, report),
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

/// Each container ends when everything that depends on it has ended.
async fn end_all<'a>(
    engine: &Engine,
    containers: &'a [Container],
    running: &Running<'a>,
    volumes: Volumes,
    report: Report<'_>,
) -> Result<()> {
    let anonymous = if volumes == Volumes::Remove {
        Anonymous::Remove
    } else {
        Anonymous::Keep
    };
    let needs = |user: &Container, service: Option<&str>| {
        let label = user
            .labels
            .get(labels::DEPENDS_ON)
            .map_or("", String::as_str);
        service.is_some_and(|service| labels::dependencies(label).any(|name| name == service))
    };
    try_join_all(containers.iter().map(async |one| {
        let service = one.service.as_deref();
        let users = containers
            .iter()
            .filter(|user| user.id != one.id && needs(user, service));
        let users: Vec<&str> = users.map(|user| user.id.as_str()).collect();
        until(running, |running| {
            !users.iter().any(|user| running.contains(user))
        })
        .await?;
        let name = service.unwrap_or(&one.name);
        if matches!(one.state.as_str(), "running" | "restarting" | "paused") {
            report(Progress::Doing(name, "stopping"));
            container::stop(engine, &one.id, None).await?;
        }
        // Those it needs need not wait until its files are gone, too.
        running.send_modify(|running| {
            running.remove(one.id.as_str());
        });
        container::remove(engine, &one.id, anonymous).await
    }))
    .await
    .map(drop)
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
