//! Networks: listing, making and removing them.

use std::collections::{BTreeMap, HashMap};

use bollard::models::NetworkDisconnectRequest;
use bollard::query_parameters::ListNetworksOptionsBuilder;
use serde_json::json;

use super::connect::Engine;
use super::error::failed;
use super::wire;
use crate::base::{Kind, Result};

/// One network. Engines before API 1.44 let several have one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its identity.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// The networks with all of these labels, each `name` or `name=value`.
pub async fn list(engine: &Engine, labels: Vec<String>) -> Result<Vec<Network>> {
    let filters: HashMap<&str, Vec<String>> = [("label", labels)]
        .into_iter()
        .filter(|(_, labels)| !labels.is_empty())
        .collect();
    let options = ListNetworksOptionsBuilder::default()
        .filters(&filters)
        .build();
    let found = engine.client().list_networks(Some(options)).await;
    let found = found.map_err(|e| failed("cannot list the networks", e))?;
    let networks = found.into_iter().map(|one| Network {
        id: one.id.unwrap_or_default(),
        name: one.name.unwrap_or_default(),
        labels: one.labels.unwrap_or_default().into_iter().collect(),
    });
    Ok(networks.collect())
}

/// Makes a bridge network, unless one of that name is there.
pub async fn create(engine: &Engine, name: &str, labels: &BTreeMap<String, String>) -> Result<()> {
    let body =
        json!({ "Name": name, "CheckDuplicate": true, "Driver": "bridge", "Labels": labels });
    let doing = format!("cannot make network `{name}`");
    match wire::post_json(engine, "/networks/create", &body.to_string(), &doing).await {
        Err(error) if error.kind() == Kind::Conflict => Ok(()),
        other => other,
    }
}

/// Takes a container's end of a network away, which an engine that crashed may have left; one that is not there is fine.
pub async fn cut(engine: &Engine, network: &str, container: &str) {
    let request = NetworkDisconnectRequest {
        container: container.to_owned(),
        force: Some(true),
    };
    let client = engine.client();
    let _not_there = client.disconnect_network(network, request).await;
}

/// Removes a network by its identity or name; one that is gone is no error.
pub async fn remove(engine: &Engine, name: &str) -> Result<()> {
    let removed = engine.client().remove_network(name).await;
    match removed.map_err(|e| failed(format!("cannot remove network `{name}`"), e)) {
        Err(error) if error.kind() == Kind::NotFound => Ok(()),
        other => other,
    }
}
