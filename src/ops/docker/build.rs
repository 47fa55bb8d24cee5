//! Building images from a folder.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bollard::query_parameters::BuildImageOptionsBuilder;
use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;

use super::auth::Logins;
use super::connect::Engine;
use super::context::{self, Sending};
use super::error::failed;
use super::image;
use crate::base::{Error, Kind, Result};
use crate::ops::lines::Lines;

/// What to build.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// The folder that is sent.
    pub folder: PathBuf,
    /// The file with the instructions, relative to the folder.
    pub dockerfile: Option<String>,
    /// The name the image gets.
    pub tag: String,
    /// The stage to stop at.
    pub target: Option<String>,
    /// Values for the instructions.
    pub args: BTreeMap<String, String>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Whether nothing is taken from an earlier build.
    pub no_cache: bool,
    /// Whether base images are looked for at their registry even if they are here.
    pub pull: bool,
}

/// An image that was built.
#[derive(Debug, Clone, Serialize)]
pub struct Built {
    /// Its identity.
    pub id: String,
    /// Its name.
    pub tag: String,
    /// How much was sent.
    pub context_bytes: u64,
}

/// Builds an image; `report` gets the engine's words line by line.
pub async fn build(
    engine: &Engine,
    options: &BuildOptions,
    logins: &Logins,
    report: &(dyn Fn(&str) + Sync),
) -> Result<Built> {
    let dockerfile = options.dockerfile.as_deref().unwrap_or("Dockerfile");
    let dockerfile = dockerfile.trim_start_matches("./").to_owned();
    let Sending { bytes, made } = context_of(&options.folder, &dockerfile)?;
    let body = bollard::body_try_stream(bytes.map_ok(Into::into));
    let request = request(options, &dockerfile);
    let credentials = Some(logins.all()).filter(|all| !all.is_empty());
    let mut events = Box::pin(
        engine
            .client()
            .build_image(request, credentials, Some(body)),
    );
    let mut lines = Lines::new(engine.redactor());
    let mut tail = Vec::new();
    let mut failure = None;
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                let said = event.stream.or(event.status).unwrap_or_default();
                lines.push(said.as_bytes(), &mut |line| {
                    report(line);
                    tail.push(line.to_owned());
                });
                failure = failure.or(event.error_detail.and_then(|detail| detail.message));
            }
            Err(e) => {
                failure = Some(match e {
                    bollard::errors::Error::DockerStreamError { error } => error,
                    // What could not be read here says more than what the engine makes of it.
                    other => {
                        return Err(ended(made)
                            .await
                            .err()
                            .unwrap_or_else(|| failed(doing(options), other)));
                    }
                });
            }
        }
    }
    if let Some(message) = failure {
        return Err(broken(options, &message, &tail));
    }
    let context_bytes = ended(made).await?;
    let id = image::id(engine, &options.tag).await?;
    let id = id.ok_or_else(|| broken(options, "the engine made no image", &tail))?;
    Ok(Built {
        id,
        tag: options.tag.clone(),
        context_bytes,
    })
}

async fn ended(made: tokio::task::JoinHandle<Result<u64>>) -> Result<u64> {
    made.await
        .map_err(|e| Error::internal("making an archive broke off").because(e))?
}

fn context_of(
    folder: &Path,
    dockerfile: &str,
) -> Result<Sending<impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static>> {
    let file = folder.join(dockerfile);
    if !file.is_file() {
        return Err(
            Error::not_found(format!("no `{}` to build from", file.display()))
                .hint("name another with `dockerfile`, relative to the folder"),
        );
    }
    let entries = context::entries(folder, dockerfile)?;
    Ok(context::send(move |builder| {
        entries
            .iter()
            .try_for_each(|(path, name)| context::add(builder, path, name))
    }))
}

fn request(
    options: &BuildOptions,
    dockerfile: &str,
) -> bollard::query_parameters::BuildImageOptions {
    let plain = |map: &BTreeMap<String, String>| -> HashMap<String, String> {
        map.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    let mut request = BuildImageOptionsBuilder::default()
        .dockerfile(dockerfile)
        .t(&options.tag)
        .nocache(options.no_cache)
        .rm(true)
        .forcerm(true)
        .buildargs(&plain(&options.args))
        .labels(&plain(&options.labels));
    if let Some(target) = &options.target {
        request = request.target(target);
    }
    if options.pull {
        request = request.pull("1");
    }
    request.build()
}

fn doing(options: &BuildOptions) -> String {
    format!(
        "cannot build `{}` from `{}`",
        options.tag,
        options.folder.display()
    )
}

fn broken(options: &BuildOptions, message: &str, tail: &[String]) -> Error {
    let last = tail[tail.len().saturating_sub(10)..].join("\n");
    Error::new(Kind::Docker, doing(options))
        .because(message.trim().to_owned())
        .field("output", last)
}
