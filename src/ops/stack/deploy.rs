//! The parts of a service that say how it is built, how much it may use and when it is started again.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::form;
use crate::base::{Error, Result};

/// When a service that ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restart {
    /// Never.
    #[default]
    No,
    /// Whenever it ended.
    Always,
    /// Unless it was stopped by hand.
    UnlessStopped,
    /// When it failed, at most this often.
    OnFailure(Option<u32>),
}

impl FromStr for Restart {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (word, times) = text
            .split_once(':')
            .map_or((text, None), |(w, t)| (w, Some(t)));
        let bad = || {
            Error::invalid(format!("`{text}` is not a restart policy")).hint(
                "policies are `no`, `always`, `unless-stopped`, `on-failure` and `on-failure:3`",
            )
        };
        match (word, times) {
            ("no" | "false", None) => Ok(Self::No),
            ("always", None) => Ok(Self::Always),
            ("unless-stopped", None) => Ok(Self::UnlessStopped),
            ("on-failure", None) => Ok(Self::OnFailure(None)),
            ("on-failure", Some(times)) => {
                let times = times.parse().map_err(|_not_a_number| bad())?;
                Ok(Self::OnFailure(Some(times)))
            }
            _ => Err(bad()),
        }
    }
}

impl<'de> Deserialize<'de> for Restart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = form::scalar(&Value::deserialize(deserializer)?).map_err(D::Error::custom)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// How an image is built.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BuildFields {
    /// The folder that is sent to the engine.
    pub context: String,
    /// The file with the instructions, relative to the context.
    pub dockerfile: Option<String>,
    /// The stage to stop at.
    pub target: Option<String>,
    /// Values for the instructions.
    #[serde(deserialize_with = "form::pairs")]
    pub args: BTreeMap<String, String>,
    /// Labels of the image.
    #[serde(deserialize_with = "form::pairs")]
    pub labels: BTreeMap<String, String>,
    /// Whether nothing is taken from an earlier build.
    pub no_cache: bool,
    /// Whether base images are looked for at their registry even if they are here.
    pub pull: bool,
}

/// A build, written as its folder or as a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build(pub BuildFields);

impl From<BuildFields> for Build {
    fn from(fields: BuildFields) -> Self {
        Self(fields)
    }
}

impl<'de> Deserialize<'de> for Build {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        form::short_or_long::<D, Self, BuildFields, Infallible>(deserializer, |context| {
            Ok(Self(BuildFields {
                context: context.to_owned(),
                ..BuildFields::default()
            }))
        })
    }
}

/// An amount of CPU and memory.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Amount {
    /// CPUs, such as `"0.5"`.
    #[serde(deserialize_with = "form::number")]
    pub cpus: Option<f64>,
    /// Bytes, such as `"512m"`.
    #[serde(deserialize_with = "form::size")]
    pub memory: Option<u64>,
    /// Processes.
    pub pids: Option<i64>,
}

/// How much of the machine a service may use, and has to itself.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resources {
    /// At most.
    pub limits: Amount,
    /// At least.
    pub reservations: Amount,
}

/// When and how often it is started again, with times.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RestartPolicy {
    /// `none`, `on-failure` or `any`.
    pub condition: Option<String>,
    /// Before another try.
    #[serde(deserialize_with = "form::duration")]
    pub delay: Option<Duration>,
    /// At most this often.
    pub max_attempts: Option<u32>,
    /// How long it must run to count as started.
    #[serde(deserialize_with = "form::duration")]
    pub window: Option<Duration>,
}

/// The `deploy` section.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deploy {
    /// Limits and reservations.
    pub resources: Resources,
    /// Restarts.
    pub restart_policy: Option<RestartPolicy>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restart_policies_are_read() {
        assert_eq!(
            "on-failure:3".parse::<Restart>().unwrap(),
            Restart::OnFailure(Some(3))
        );
        assert_eq!(
            "unless-stopped".parse::<Restart>().unwrap(),
            Restart::UnlessStopped
        );
        assert!("sometimes".parse::<Restart>().is_err());
        assert!("always:3".parse::<Restart>().is_err());
    }
}
