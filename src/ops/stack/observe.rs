//! What there is of a stack: its containers, networks and volumes, and the images it needs.

use std::collections::BTreeMap;

use bollard::models::ImageInspect;
use bollard::query_parameters::ListVolumesOptions;
use futures_util::future::try_join_all;

use super::hash::Fields;
use super::labels;
use super::wanted::{Place, Wanted};
use crate::base::{Error, Result};
use crate::ops::docker::container::{self, Container, Filter};
use crate::ops::docker::network::{self, Network};
use crate::ops::docker::{Engine, failed, image};

/// A container of the stack.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The container.
    pub container: Container,
    /// What it was made from.
    pub fields: Fields,
}

/// What matters of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// Its identity.
    pub id: String,
    /// Its own health test.
    pub test: Vec<String>,
    /// The paths it wants volumes at.
    pub volumes: Vec<String>,
}

impl From<ImageInspect> for Image {
    fn from(image: ImageInspect) -> Self {
        let config = image.config.unwrap_or_default();
        let test = config.healthcheck.and_then(|check| check.test);
        Self {
            id: image.id.unwrap_or_default(),
            test: test.unwrap_or_default(),
            volumes: config.volumes.unwrap_or_default(),
        }
    }
}

/// What there is.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The stack's containers by service, the newest first.
    pub services: BTreeMap<String, Vec<Seen>>,
    /// Names of containers that are not the stack's, with their project.
    pub strangers: BTreeMap<String, Option<String>>,
    /// Networks by name, with their project.
    pub networks: BTreeMap<String, Option<String>>,
    /// Second networks of one name, which a run that was cut off may leave.
    pub surplus: Vec<String>,
    /// Volumes by name, with their project.
    pub volumes: BTreeMap<String, Option<String>>,
    /// The images that are needed and there, by name.
    pub images: BTreeMap<String, Image>,
}

/// Looks at everything at once.
pub async fn observe(engine: &Engine, place: &Place, wanted: &[Wanted]) -> Result<Observed> {
    let project = place.project.as_str();
    let root = place.root.display().to_string();
    let all = Filter {
        all: true,
        ..Filter::default()
    };
    let images = wanted.iter().map(|one| one.image.as_str());
    let (containers, networks, volumes, images) = tokio::try_join!(
        container::list(engine, &all),
        network::list(engine, Vec::new()),
        volumes(engine),
        images_of(engine, images),
    )?;
    let (networks, surplus) = by_name(networks, project);
    let mut observed = Observed {
        networks,
        surplus,
        volumes,
        images,
        ..Observed::default()
    };
    for container in containers {
        if container.project.as_deref() == Some(project)
            && let Some(service) = container.service.clone()
        {
            match container.labels.get(labels::FOLDER) {
                Some(folder) if *folder != root => return Err(foreign(project, folder)),
                _ => {}
            }
            let config = container.labels.get(labels::CONFIG);
            let fields = config
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default();
            observed
                .services
                .entry(service)
                .or_default()
                .push(Seen { container, fields });
        } else {
            observed.strangers.insert(container.name, container.project);
        }
    }
    for containers in observed.services.values_mut() {
        containers.sort_by_key(|seen| std::cmp::Reverse(seen.container.created));
    }
    Ok(observed)
}

fn foreign(project: &str, folder: &str) -> Error {
    let message = format!("the stack `{project}` belongs to the project in `{folder}`");
    Error::refused(message).hint(format!(
        "give this project another `name` in lexi.toml, or end the other one: `docker compose -p {project} down`"
    ))
}

/// Networks by name with their project; of several of the stack's with one name, all but the first are too many.
fn by_name(all: Vec<Network>, project: &str) -> (BTreeMap<String, Option<String>>, Vec<String>) {
    let (mut networks, mut surplus) = (BTreeMap::new(), Vec::new());
    for mut network in all {
        let owner = network.labels.remove(labels::PROJECT);
        if networks.contains_key(&network.name) && owner.as_deref() == Some(project) {
            surplus.push(network.id);
        } else {
            networks.insert(network.name, owner);
        }
    }
    (networks, surplus)
}

async fn volumes(engine: &Engine) -> Result<BTreeMap<String, Option<String>>> {
    let found = engine
        .client()
        .list_volumes(None::<ListVolumesOptions>)
        .await;
    let found = found.map_err(|e| failed("cannot list the volumes", e))?;
    let found = found.volumes.unwrap_or_default().into_iter();
    Ok(found
        .map(|mut one| (one.name, one.labels.remove(labels::PROJECT)))
        .collect())
}

/// The images with these names that are there.
pub(super) async fn images_of(
    engine: &Engine,
    names: impl Iterator<Item = &str>,
) -> Result<BTreeMap<String, Image>> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let all = names.into_iter().map(async |name| {
        let found = image::inspect(engine, name).await?;
        Ok::<_, Error>(found.map(|found| (name.to_owned(), found.into())))
    });
    Ok(try_join_all(all).await?.into_iter().flatten().collect())
}
