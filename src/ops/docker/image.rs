//! Images: which are there, and getting those that are not.

use std::collections::HashMap;

use bollard::models::{CreateImageInfo, ImageInspect};
use bollard::query_parameters::{
    CreateImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder,
    TagImageOptionsBuilder,
};
use futures_util::StreamExt;
use serde::Serialize;

use super::auth::{HUB, Logins, registry_of};
use super::connect::Engine;
use super::error::failed;
use crate::base::{Error, Kind, Result};

/// One image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Its identity.
    pub id: String,
    /// Its names, each with its tag.
    pub tags: Vec<String>,
    /// Its size with all its layers.
    pub bytes: i64,
    /// When it was made, in seconds since 1970.
    pub created: i64,
}

/// How far a pull is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pulling {
    /// What has come.
    pub done_bytes: u64,
    /// What is to come in all, as far as it is known.
    pub total_bytes: u64,
    /// Layers.
    pub layers: usize,
}

/// All images that have a name, or those whose name matches a pattern.
pub async fn list(engine: &Engine, pattern: Option<&str>) -> Result<Vec<Image>> {
    let mut options = ListImagesOptionsBuilder::default();
    let filters: HashMap<&str, Vec<&str>> = pattern
        .map(|name| ("reference", vec![name]))
        .into_iter()
        .collect();
    options = options.filters(&filters);
    let found = engine.client().list_images(Some(options.build())).await;
    let found = found.map_err(|e| failed("cannot list the images", e))?;
    let mut images: Vec<Image> = found
        .into_iter()
        .map(|image| Image {
            id: image.id,
            tags: image
                .repo_tags
                .into_iter()
                .filter(|tag| tag != "<none>:<none>")
                .collect(),
            bytes: image.size,
            created: image.created,
        })
        .collect();
    images.sort_by(|a, b| a.tags.cmp(&b.tags));
    Ok(images)
}

/// All that the engine knows of an image, if it is there.
pub async fn inspect(engine: &Engine, name: &str) -> Result<Option<ImageInspect>> {
    match engine.client().inspect_image(name).await {
        Ok(image) => Ok(Some(image)),
        Err(e) => {
            let error = failed(format!("cannot look at image `{name}`"), e);
            if error.kind() == Kind::NotFound {
                Ok(None)
            } else {
                Err(error)
            }
        }
    }
}

/// The identity of an image, if it is there.
pub async fn id(engine: &Engine, name: &str) -> Result<Option<String>> {
    Ok(inspect(engine, name).await?.and_then(|image| image.id))
}

/// Gets an image from its registry; gives its identity.
pub async fn pull(
    engine: &Engine,
    name: &str,
    logins: &Logins,
    report: &(dyn Fn(Pulling) + Sync),
) -> Result<String> {
    let login = logins.for_image(name).await?;
    let user = login.as_ref().and_then(|login| login.username.clone());
    let whole = with_tag(name);
    let options = CreateImageOptionsBuilder::default()
        .from_image(&whole)
        .build();
    let mut events = Box::pin(engine.client().create_image(Some(options), None, login));
    let mut layers = HashMap::new();
    let pulling = || format!("cannot pull `{name}`");
    while let Some(event) = events.next().await {
        let event = event.map_err(|e| refused(failed(pulling(), e), name, user.as_deref()));
        note(&mut layers, event?);
        report(sum(&layers));
    }
    let missing = || Error::new(Kind::Docker, pulling());
    id(engine, name).await?.ok_or_else(missing)
}

/// What a registry did not give, in words: the engine hands on what the registry said, and how, as it came.
fn refused(error: Error, name: &str, user: Option<&str>) -> Error {
    let said = error.full_message().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let registry = registry_of(name);
    let shown = if registry == HUB {
        "docker.io"
    } else {
        registry
    };
    let (kind, why, hint) = if has(&["no basic auth credentials", "unauthorized", "denied"]) {
        let why = match user {
            Some(user) => format!("the registry `{shown}` refuses the login of `{user}`"),
            None => format!("the registry `{shown}` wants a login, or has no such image"),
        };
        (Kind::Refused, why, format!("`docker login {shown}`"))
    } else if has(&["manifest unknown", "not found", "repository does not exist"]) {
        let why = "the registry has no such image".to_owned();
        (Kind::NotFound, why, "check its name and tag".to_owned())
    } else {
        return error.field("image", name);
    };
    Error::new(kind, format!("{}: {why}", error.message()))
        .field("image", name)
        .hint(hint)
}

/// How long a registry may take to say whether it has an image.
const ANSWER_LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

/// Whether a registry that can be reached has an image.
pub async fn can_pull(engine: &Engine, name: &str, logins: &Logins) -> bool {
    let Ok(login) = logins.for_image(name).await else {
        return false;
    };
    let asked = engine.client().inspect_registry_image(name, login);
    matches!(tokio::time::timeout(ANSWER_LIMIT, asked).await, Ok(Ok(_)))
}

/// Without a tag the engine would pull every one there is.
fn with_tag(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains([':', '@']) {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}

fn note(layers: &mut HashMap<String, (u64, u64)>, event: CreateImageInfo) {
    let is_layer = event.status.as_deref() == Some("Downloading");
    let Some(id) = event.id else { return };
    let known = layers.entry(id).or_default();
    let detail = event.progress_detail.filter(|_| is_layer);
    if let Some(detail) = detail {
        let number = |value: Option<i64>| value.and_then(|n| u64::try_from(n).ok());
        known.0 = number(detail.current).unwrap_or(known.0);
        known.1 = number(detail.total).unwrap_or(known.1);
    }
    if event.status.as_deref() == Some("Download complete") {
        known.0 = known.1;
    }
}

fn sum(layers: &HashMap<String, (u64, u64)>) -> Pulling {
    Pulling {
        done_bytes: layers.values().map(|(done, _)| done).sum(),
        total_bytes: layers.values().map(|(_, total)| total).sum(),
        layers: layers.len(),
    }
}

/// Gives an image one more name.
pub async fn tag(engine: &Engine, image: &str, name: &str) -> Result<()> {
    let full = with_tag(name);
    let (repository, tag) = full.rsplit_once(':').unwrap_or((&full, "latest"));
    let options = TagImageOptionsBuilder::default().repo(repository).tag(tag);
    let tagged = engine
        .client()
        .tag_image(image, Some(options.build()))
        .await;
    tagged.map_err(|e| failed(format!("cannot name image `{image}` `{name}`"), e))
}

/// Takes an image away; one that a container uses stays, unless forced.
pub async fn remove(engine: &Engine, name: &str, force: bool) -> Result<()> {
    let options = RemoveImageOptionsBuilder::default().force(force).build();
    let removed = engine
        .client()
        .remove_image(name, Some(options), None)
        .await;
    removed.map_err(|e| failed(format!("cannot remove image `{name}`"), e))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_tag_means_the_latest() {
        assert_eq!(with_tag("redis"), "redis:latest");
        assert_eq!(with_tag("localhost:5000/a"), "localhost:5000/a:latest");
        assert_eq!(with_tag("a/b:1"), "a/b:1");
        assert_eq!(with_tag("a@sha256:00"), "a@sha256:00");
    }
}
