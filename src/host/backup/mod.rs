//! The `backup` namespace: backups of the profile's database, made, looked at, thinned out and restored.

pub mod keeping;
pub mod looking;
pub mod making;
pub mod ready;
pub mod redis;
pub mod restoring;
mod shape;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rhai::Module;

use super::{Host, permit};
use crate::base::units::parse_duration;
use crate::base::{Error, Result};
use crate::ops::backup::{Container, Options, Pin};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    let mut module = rhai::exported_module!(making::api);
    module.combine(rhai::exported_module!(looking::api));
    module.combine(rhai::exported_module!(keeping::api));
    module.combine(rhai::exported_module!(restoring::api));
    module.combine(rhai::exported_module!(redis::api));
    module
}

/// The folder of backups: the option, else the setting `BACKUP_DIR`, below the project's root.
fn folder(host: &Host, option: Option<&str>) -> Result<PathBuf> {
    let folder = match option {
        Some(folder) => folder,
        None => host.settings().require("BACKUP_DIR")?,
    };
    let path = crate::ops::files::normal(&host.project().path(folder));
    // The folder of the setting was looked at with the function's other needs.
    match option {
        Some(_) => permit::write(host, path),
        None => Ok(path),
    }
}

/// The container that the server of a target runs in, if it does.
pub(super) async fn container_of(
    host: &Host,
    target: &crate::ops::database::Target,
) -> Result<Option<Container>> {
    let found = super::stack::container_of(host, &target.host, target.port).await?;
    Ok(found.map(|(engine, id, service)| Container {
        engine,
        id,
        service,
    }))
}

/// What a backup needs to know besides its options; owned, so that a request can borrow from it.
struct Surroundings {
    target: crate::ops::database::Target,
    folder: PathBuf,
    scratch: PathBuf,
    project: String,
    container: Option<Container>,
}

impl Surroundings {
    fn of(host: &Host, dir: Option<&str>) -> Result<Self> {
        Ok(Self {
            target: host.database()?,
            folder: folder(host, dir)?,
            scratch: host.project().state().join("tmp"),
            project: host.project().name(),
            container: None,
        })
    }

    /// Finds the container that the server runs in; where there is none, `pg_dump` of this machine is looked for.
    async fn find_container(&mut self, host: &Host) -> Result<()> {
        self.container = container_of(host, &self.target).await?;
        Ok(())
    }

    fn request<'a>(&'a self, host: &'a Host, options: Options) -> crate::ops::backup::Create<'a> {
        crate::ops::backup::Create {
            target: &self.target,
            folder: &self.folder,
            scratch: &self.scratch,
            project: &self.project,
            profile: host.profile().as_str(),
            registry: host.processes(),
            container: self.container.as_ref(),
            redis: None,
            options,
        }
    }
}

/// `true` for ever, `"7d"` for so long, `false` or nothing for no pin.
fn pin(value: Option<&serde_json::Value>) -> Result<Option<Pin>> {
    use serde_json::Value;
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::Bool(true)) => Ok(Some(Pin::Forever)),
        Some(Value::String(text)) => {
            let end = jiff::SignedDuration::try_from(parse_duration(text)?)
                .ok()
                .and_then(|length| Timestamp::now().checked_add(length).ok());
            Ok(Some(end.map_or(Pin::Forever, Pin::Until)))
        }
        Some(other) => Err(Error::invalid(format!("`{other}` is not a pin"))
            .hint("write `true`, or for how long, such as `\"7d\"`")),
    }
}

/// How long to wait for another run, as an option says it.
fn wait_limit(option: Option<&str>) -> Result<Duration> {
    option.map_or(Ok(Options::default().wait), parse_duration)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pin_is_a_word_or_a_time() {
        assert_eq!(pin(None).unwrap(), None);
        assert_eq!(pin(Some(&json!(false))).unwrap(), None);
        assert_eq!(pin(Some(&json!(true))).unwrap(), Some(Pin::Forever));
        assert!(matches!(
            pin(Some(&json!("7d"))).unwrap(),
            Some(Pin::Until(_))
        ));
        assert!(pin(Some(&json!(7))).is_err());
    }
}
