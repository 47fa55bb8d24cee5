//! Which driver runs the services: the one that is named, or the one that fits.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crate::base::text::{did_you_mean, list};
use crate::base::{Error, Result};
use crate::host::{Host, docker};
use crate::ops::docker::auth::Logins;
use crate::ops::docker::{Engine, image};
use crate::ops::native::{Driver as NativeDriver, Search};
use crate::ops::stack::wanted::{self, Place};
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

/// Where a port is published that names no address.
pub(super) fn bind(host: &Host) -> IpAddr {
    let own = host.project().config().bind;
    own.unwrap_or(Ipv4Addr::LOCALHOST.into())
}

/// The folder of what the Docker driver keeps of the profile.
fn secrets(host: &Host) -> PathBuf {
    let folder = host.project().state().join("secrets");
    folder.join(host.profile().as_str())
}

/// The Docker driver of the profile on an engine.
fn on(host: &Host, engine: Engine) -> DockerDriver {
    let project = host.project();
    let profile = host.profile();
    let place = Place {
        project: stack_name(&project.name(), profile.as_str()),
        profile: profile.as_str().to_owned(),
        root: project.root().to_owned(),
        secrets: secrets(host),
        bind: bind(host),
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
    let needs_docker =
        !services.is_empty() && services.iter().all(|service| service.native.is_none());
    let docker = match docker::connect(host).await {
        Ok(engine) => on(host, engine),
        Err(error) => {
            return match wanted::remembered(&secrets(host)) {
                Some(stack) if native.is_in_use() => Err(both(host, &stack)),
                Some(stack) => Err(out_of_reach(host, &stack, &error)),
                None if needs_docker => Err(error),
                None => Ok(Choice::native(native, error.message(), services)),
            };
        }
    };
    match (native.is_in_use(), docker.has_data().await?) {
        (true, true) => return Err(both(host, &docker.place.project)),
        (true, false) => return Ok(Choice::known(Driver::Native(native))),
        (false, true) => return Ok(Choice::known(Driver::Docker(Box::new(docker)))),
        (false, false) => {}
    }
    if services.is_empty() {
        return Ok(Choice::known(Driver::Native(native)));
    }
    let missing = missing(&docker, services).await?;
    if let Some(image) = missing.filter(|_| !needs_docker) {
        let why = format!("image `{image}` is not here and cannot be pulled");
        return Ok(Choice::native(native, &why, services));
    }
    let address = &docker.engine.endpoint().address;
    Ok(Choice {
        why: Some(format!("driver docker: an engine answers at {address}")),
        driver: Driver::Docker(Box::new(docker)),
    })
}

impl Choice {
    /// Nothing need be said about it.
    const fn known(driver: Driver) -> Self {
        Self { driver, why: None }
    }

    /// The native driver, for this reason: one line says what it does and what not.
    fn native(driver: NativeDriver, reason: &str, services: &[Service]) -> Self {
        let names = |is_native: bool| -> Vec<String> {
            let those = services
                .iter()
                .filter(|service| service.native.is_some() == is_native);
            those.map(|service| service.name.clone()).collect()
        };
        let (served, left) = (names(true), names(false));
        let part = |before: &str, names: &[String]| match names {
            [] => String::new(),
            names => format!("{before}{}", list(names)),
        };
        let (served, left) = (part(": it serves ", &served), part(", not ", &left));
        let why = format!("driver native, since {reason}{served}{left}");
        Self {
            driver: Driver::Native(driver),
            why: Some(why),
        }
    }
}

fn both(host: &Host, stack: &str) -> Error {
    let profile = host.profile();
    let folder = host.project().state().join("native").join(profile.as_str());
    let message = format!(
        "profile `{profile}` has data of both drivers: native in `{}`, docker in the stack `{stack}`",
        host.project().display(&folder),
    );
    Error::refused(message).hint("say which one: `--driver native` or `--driver docker`")
}

/// The profile's data is in Docker and cannot be reached: an empty database in its place would look like a loss.
fn out_of_reach(host: &Host, stack: &str, error: &Error) -> Error {
    let message = format!(
        "profile `{}` is in Docker, in the stack `{stack}`, and {}",
        host.profile(),
        error.message()
    );
    let start = error.hint_text().unwrap_or("start the engine");
    Error::unavailable(message).hint(format!(
        "{start}; `--driver native` begins beside it with an empty database"
    ))
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
