//! Which driver runs the services: the one that is named, or the one that fits.

use crate::base::text::did_you_mean;
use crate::base::{Error, Result};
use crate::host::{Host, docker};
use crate::ops::docker::auth::Logins;
use crate::ops::docker::{Engine, image};
use crate::ops::native::{Driver as NativeDriver, Search};
use crate::ops::stack::wanted::Place;
use crate::ops::stack::{DockerDriver, Service};

/// What the command line or the settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Auto,
    Native,
    Docker,
}

/// The driver of this run.
pub(super) enum Driver {
    /// Processes of this machine.
    Native(NativeDriver),
    /// Containers.
    Docker(Box<DockerDriver>),
}

impl Driver {
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Native(_) => "native",
            Self::Docker(_) => "docker",
        }
    }

    /// Whether any service of the profile has data.
    pub(super) async fn has_data(&self) -> Result<bool> {
        match self {
            Self::Native(driver) => Ok(driver.has_data()),
            Self::Docker(driver) => driver.has_data().await,
        }
    }
}

/// A driver, and why it is that one where nobody has named one.
pub(super) struct Choice {
    pub(super) driver: Driver,
    pub(super) why: Option<String>,
}

/// From `--driver`, else `LEXI_DRIVER`, else `driver` in `lexi.toml`.
pub(super) fn named(host: &Host) -> Result<Named> {
    let setting = host
        .settings()
        .get("LEXI_DRIVER")
        .filter(|name| !name.is_empty());
    let name = host
        .flags()
        .driver
        .as_deref()
        .or(setting)
        .or(host.project().config().driver.as_deref())
        .unwrap_or("auto");
    match name {
        "auto" => Ok(Named::Auto),
        "native" => Ok(Named::Native),
        "docker" => Ok(Named::Docker),
        other => {
            let near = did_you_mean(other, ["auto", "native", "docker"]);
            let hint = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
            Err(Error::usage(format!("unknown driver `{other}`"))
                .hint(format!("{hint}drivers are auto, native and docker")))
        }
    }
}

/// The native driver of the profile.
pub(super) fn native(host: &Host) -> NativeDriver {
    let search = Search::from_settings(host.settings());
    NativeDriver::new(&host.project().state(), host.profile(), search)
}

/// The Docker driver of the profile on an engine.
fn on(host: &Host, engine: Engine) -> DockerDriver {
    let project = host.project();
    let profile = host.profile();
    let bind = project.config().bind;
    let place = Place {
        project: stack_name(&project.name(), profile.as_str()),
        profile: profile.as_str().to_owned(),
        root: project.root().to_owned(),
        secrets: project.state().join("secrets").join(profile.as_str()),
        bind: bind.unwrap_or(std::net::Ipv4Addr::LOCALHOST.into()),
        has_start_interval: engine.speaks(1, 44),
    };
    DockerDriver {
        engine,
        place,
        logins: Logins::new(host.settings().environment(), host.processes()),
    }
}

/// What engines take as the name of a stack: small letters, digits, `-` and `_`.
fn stack_name(project: &str, profile: &str) -> String {
    let name = project.to_lowercase();
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
                c
            } else {
                '-'
            }
        })
        .collect();
    let name = name.trim_matches(['-', '_']);
    let name = if name.is_empty() { "project" } else { name };
    format!("{name}-{profile}")
}

/// The driver for what is there already; a new project's is native until something was started.
pub(super) async fn existing(host: &Host) -> Result<Driver> {
    Ok(choose(host, &[]).await?.driver)
}

/// The driver for these services.
pub(super) async fn choose(host: &Host, services: &[Service]) -> Result<Choice> {
    let driver = match named(host)? {
        Named::Native => Driver::Native(native(host)),
        Named::Docker => {
            let engine = docker::connect(host).await;
            Driver::Docker(Box::new(on(
                host,
                engine.map_err(|e| or_native(e, services))?,
            )))
        }
        Named::Auto => return fitting(host, services).await,
    };
    Ok(Choice { driver, why: None })
}

/// Where no engine is, the native driver may do.
fn or_native(error: Error, services: &[Service]) -> Error {
    let hint = error.hint_text().unwrap_or_default().to_owned();
    let may_do = services.is_empty() || services.iter().any(|service| service.native.is_some());
    if may_do {
        error.hint(format!(
            "{hint}, or use the native driver: `--driver native`"
        ))
    } else {
        error
    }
}

/// The driver that has the profile's data; for a new one Docker where it can run the services, else native.
async fn fitting(host: &Host, services: &[Service]) -> Result<Choice> {
    let native = native(host);
    let engine = docker::connect(host).await;
    let needs_docker =
        !services.is_empty() && services.iter().all(|service| service.native.is_none());
    let docker = match engine {
        Ok(engine) => on(host, engine),
        Err(error) if needs_docker => return Err(error),
        Err(error) => {
            let why = format!("driver native: {}", error.message());
            return Ok(Choice {
                driver: Driver::Native(native),
                why: Some(why),
            });
        }
    };
    match (native.has_data(), docker.has_data().await?) {
        (true, true) => Err(both(host, &docker)),
        (true, false) => Ok(Choice {
            driver: Driver::Native(native),
            why: None,
        }),
        (false, true) => Ok(Choice {
            driver: Driver::Docker(Box::new(docker)),
            why: None,
        }),
        (false, false) if needs_docker => Ok(Choice {
            driver: Driver::Docker(Box::new(docker)),
            why: None,
        }),
        (false, false) => Ok(match missing(&docker, services).await? {
            Some(image) => {
                let why =
                    format!("driver native: image `{image}` is not here and cannot be pulled");
                Choice {
                    driver: Driver::Native(native),
                    why: Some(why),
                }
            }
            None if services.is_empty() => Choice {
                driver: Driver::Native(native),
                why: None,
            },
            None => {
                let address = &docker.engine.endpoint().address;
                let why = Some(format!("driver docker: an engine answers at {address}"));
                Choice {
                    driver: Driver::Docker(Box::new(docker)),
                    why,
                }
            }
        }),
    }
}

fn both(host: &Host, docker: &DockerDriver) -> Error {
    let profile = host.profile();
    let folder = host.project().state().join("native").join(profile.as_str());
    let message = format!(
        "profile `{profile}` has data of both drivers: native in `{}`, docker in the stack `{}`",
        host.project().display(&folder),
        docker.place.project
    );
    Error::refused(message).hint("say which one: `--driver native` or `--driver docker`")
}

/// An image that is neither here nor to be had.
async fn missing(docker: &DockerDriver, services: &[Service]) -> Result<Option<String>> {
    for service in services {
        let Some(name) = service.image.as_deref().filter(|_| service.build.is_none()) else {
            continue;
        };
        let is_here = image::id(&docker.engine, name).await?.is_some();
        if !is_here && !image::can_pull(&docker.engine, name, &docker.logins).await {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stacks_name_is_what_engines_take() {
        assert_eq!(stack_name("LexiFlow", "dev"), "lexiflow-dev");
        assert_eq!(stack_name(".tmpA b", "test"), "tmpa-b-test");
        assert_eq!(stack_name("...", "test"), "project-test");
    }
}
