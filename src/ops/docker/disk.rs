//! What the engine keeps on disk, and throwing away what nothing uses.

use std::collections::HashMap;

use bollard::query_parameters::{
    PruneBuildOptions, PruneContainersOptionsBuilder, PruneImagesOptionsBuilder,
    PruneNetworksOptionsBuilder, PruneVolumesOptionsBuilder,
};
use serde::Serialize;
use serde_json::Value;

use super::connect::Engine;
use super::error::failed;
use super::wire;
use crate::base::Result;

/// How much one kind of thing takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// `images`, `containers`, `volumes` or `build_cache`.
    pub kind: &'static str,
    /// How many there are.
    pub count: usize,
    /// How many of them are in use.
    pub active: usize,
    /// What they take.
    pub bytes: i64,
    /// What throwing away the others would free.
    pub reclaimable_bytes: i64,
}

/// What the engine keeps on disk, by kind.
pub async fn usage(engine: &Engine) -> Result<Vec<Usage>> {
    let df = wire::get_json(engine, "/system/df").await?;
    let all = |key: &str| {
        df.get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let number = |value: &Value, path: &str| {
        value
            .pointer(path)
            .and_then(Value::as_i64)
            .unwrap_or_default()
    };
    let sum = |kind,
               items: &[Value],
               size: &dyn Fn(&Value) -> i64,
               is_active: &dyn Fn(&Value) -> bool| {
        let unused = items.iter().filter(|item| !is_active(item));
        Usage {
            kind,
            count: items.len(),
            active: items.iter().filter(|item| is_active(item)).count(),
            bytes: items.iter().map(size).sum(),
            reclaimable_bytes: unused.map(size).sum(),
        }
    };
    let unshared = |image: &Value| number(image, "/Size") - number(image, "/SharedSize").max(0);
    let mut images = sum("images", &all("Images"), &unshared, &|image| {
        number(image, "/Containers") > 0
    });
    // Layers that images share are counted once.
    images.bytes = df
        .get("LayersSize")
        .and_then(Value::as_i64)
        .unwrap_or(images.bytes);
    let containers = sum(
        "containers",
        &all("Containers"),
        &|one| number(one, "/SizeRw"),
        &|one| one.get("State").and_then(Value::as_str) == Some("running"),
    );
    let volumes = sum(
        "volumes",
        &all("Volumes"),
        &|one| number(one, "/UsageData/Size").max(0),
        &|one| number(one, "/UsageData/RefCount") > 0,
    );
    let cache = sum(
        "build_cache",
        &all("BuildCache"),
        &|one| number(one, "/Size"),
        &|one| {
            one.get("InUse")
                .and_then(Value::as_bool)
                .unwrap_or_default()
        },
    );
    Ok(vec![images, containers, volumes, cache])
}

/// What may be thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unused {
    /// Containers that do not run.
    Containers,
    /// Images without a name.
    Images,
    /// Networks without a container.
    Networks,
    /// What earlier builds left.
    BuildCache,
    /// Volumes without a container: this is data.
    Volumes,
}

/// What was thrown away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Names or identities.
    pub removed: Vec<String>,
    /// What that freed.
    pub freed_bytes: i64,
}

/// Throws away what nothing uses, of one kind; only what carries the label, if one is given.
pub async fn prune(engine: &Engine, what: Unused, label: Option<&str>) -> Result<Pruned> {
    let filters: Filters = label
        .map(|label| ("label".to_owned(), vec![label.to_owned()]))
        .into_iter()
        .collect();
    let pruned = match what {
        Unused::Containers => containers(engine, &filters).await,
        Unused::Images => images(engine, &filters).await,
        Unused::Networks => networks(engine, &filters).await,
        Unused::BuildCache => build_cache(engine).await,
        Unused::Volumes => volumes(engine, &filters).await,
    };
    let (removed, freed) = pruned.map_err(|e| failed("cannot remove what is unused", e))?;
    Ok(Pruned {
        removed,
        freed_bytes: freed.unwrap_or_default(),
    })
}

type Filters = HashMap<String, Vec<String>>;
type Gone = std::result::Result<(Vec<String>, Option<i64>), bollard::errors::Error>;

async fn containers(engine: &Engine, filters: &Filters) -> Gone {
    let options = PruneContainersOptionsBuilder::default().filters(filters);
    let gone = engine
        .client()
        .prune_containers(Some(options.build()))
        .await?;
    Ok((
        gone.containers_deleted.unwrap_or_default(),
        gone.space_reclaimed,
    ))
}

async fn images(engine: &Engine, filters: &Filters) -> Gone {
    let options = PruneImagesOptionsBuilder::default().filters(filters);
    let gone = engine.client().prune_images(Some(options.build())).await?;
    let names = gone.images_deleted.unwrap_or_default().into_iter();
    let names = names.filter_map(|one| one.deleted.or(one.untagged));
    Ok((names.collect(), gone.space_reclaimed))
}

async fn networks(engine: &Engine, filters: &Filters) -> Gone {
    let options = PruneNetworksOptionsBuilder::default().filters(filters);
    let gone = engine
        .client()
        .prune_networks(Some(options.build()))
        .await?;
    Ok((gone.networks_deleted.unwrap_or_default(), None))
}

async fn build_cache(engine: &Engine) -> Gone {
    let gone = engine
        .client()
        .prune_build(None::<PruneBuildOptions>)
        .await?;
    Ok((
        gone.caches_deleted.unwrap_or_default(),
        gone.space_reclaimed,
    ))
}

async fn volumes(engine: &Engine, filters: &Filters) -> Gone {
    let options = PruneVolumesOptionsBuilder::default().filters(filters);
    let gone = engine.client().prune_volumes(Some(options.build())).await?;
    Ok((
        gone.volumes_deleted.unwrap_or_default(),
        gone.space_reclaimed,
    ))
}
