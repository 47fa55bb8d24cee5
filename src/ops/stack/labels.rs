//! The labels by which a stack's parts are found again: those of docker compose, so that its tools see them, and our own.

use std::collections::BTreeMap;

use super::part::Condition;
use super::service::Service;

pub use crate::ops::docker::container::{PROJECT, SERVICE};

/// Which network or volume something is, by its name in the stack.
pub const NETWORK: &str = "com.docker.compose.network";
/// The same of a volume.
pub const VOLUME: &str = "com.docker.compose.volume";
/// What a service depends on, as compose writes it.
pub const DEPENDS_ON: &str = "com.docker.compose.depends_on";
/// The folder of the project: two projects may have the same name.
pub const FOLDER: &str = "com.docker.compose.project.working_dir";
/// What a container was made from: a short hash for each part, as JSON.
pub const CONFIG: &str = "dev.lexi.config";
/// The profile it belongs to.
pub const PROFILE: &str = "dev.lexi.profile";

/// The labels of a service's container, without the service's own.
pub(super) fn of_service(
    project: &str,
    profile: &str,
    root: &str,
    service: &Service,
) -> BTreeMap<String, String> {
    let depends_on = service.depends_on.iter().map(|(name, dependency)| {
        let condition = match dependency.condition {
            Condition::ServiceStarted => "service_started",
            Condition::ServiceHealthy => "service_healthy",
            Condition::ServiceCompletedSuccessfully => "service_completed_successfully",
        };
        format!("{name}:{condition}:{}", dependency.restart)
    });
    [
        (PROJECT, project.to_owned()),
        (SERVICE, service.name.clone()),
        (PROFILE, profile.to_owned()),
        ("com.docker.compose.container-number", "1".to_owned()),
        ("com.docker.compose.oneoff", "False".to_owned()),
        (FOLDER, root.to_owned()),
        (
            "com.docker.compose.project.config_files",
            format!("{root}/lexi.toml"),
        ),
        (DEPENDS_ON, depends_on.collect::<Vec<_>>().join(",")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// The names in a label that says what a service depends on.
pub(super) fn dependencies(label: &str) -> impl Iterator<Item = &str> {
    label
        .split(',')
        .filter_map(|one| one.split(':').next())
        .filter(|name| !name.is_empty())
}
