//! The parts of a service that say what it needs: mounts, health, dependencies, networks.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::form;
use crate::base::{Error, Result};

/// What kind of thing is mounted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountKind {
    /// A named volume, or one without a name.
    #[default]
    Volume,
    /// A folder or file of the host.
    Bind,
    /// Memory.
    Tmpfs,
}

/// Something mounted into a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MountFields {
    /// What kind of thing.
    #[serde(rename = "type")]
    pub kind: MountKind,
    /// The volume's name or the host's path.
    #[serde(default)]
    pub source: Option<String>,
    /// Where it is mounted.
    pub target: String,
    /// Whether it cannot be written.
    #[serde(default)]
    pub read_only: bool,
    /// What only a folder of the host has.
    #[serde(default)]
    pub bind: BindFields,
    /// What only a volume has.
    #[serde(default)]
    pub volume: VolumeFields,
    /// What only memory has.
    #[serde(default)]
    pub tmpfs: TmpfsFields,
    /// For another system than this; it is read and means nothing.
    #[serde(default)]
    pub consistency: Option<String>,
}

/// A folder of the host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BindFields {
    /// How mounts below it are shared: `rprivate`, `rshared`, `rslave` ..
    pub propagation: Option<String>,
    /// Whether it is made when it is not there; below the project's folder it is.
    pub create_host_path: Option<bool>,
}

/// A volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VolumeFields {
    /// Whether a new one begins empty, without what the image has there.
    pub nocopy: bool,
}

/// Memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TmpfsFields {
    /// Bytes at most.
    #[serde(deserialize_with = "form::size")]
    pub size: Option<u64>,
    /// Permissions.
    #[serde(deserialize_with = "form::mode")]
    pub mode: Option<u32>,
}

/// A mount, written `name:/path`, `./folder:/path:ro` or as a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount(pub MountFields);

impl MountFields {
    /// Reads `ro`, `rw`, `nocopy` and a propagation; labels for files (`z`, `Z`) are for other systems.
    fn options(&mut self, text: &str) -> Option<()> {
        for option in text.split(',') {
            match option {
                "ro" => self.read_only = true,
                "rw" | "z" | "Z" | "cached" | "delegated" | "consistent" => {}
                "nocopy" => self.volume.nocopy = true,
                "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => {
                    self.bind.propagation = Some(option.to_owned());
                }
                _ => return None,
            }
        }
        Some(())
    }
}

impl FromStr for Mount {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::invalid(format!("`{text}` is not a volume"))
                .hint("write `\"name:/path\"` or `\"./folder:/path:ro\"`")
        };
        let mut rest = text;
        let mut fields = MountFields::default();
        // Behind the last path stand options, none of which begins like one.
        if let Some((before, options)) = text
            .rsplit_once(':')
            .filter(|(_, last)| !last.starts_with('/'))
        {
            rest = before;
            fields.options(options).ok_or_else(bad)?;
        }
        let (source, target) = match rest.split_once(':') {
            Some((source, target)) => (Some(source), target),
            None => (None, rest),
        };
        if !target.starts_with('/') || target.contains(':') || source == Some("") {
            return Err(bad());
        }
        let is_path = source.is_some_and(|source| source.starts_with(['.', '/', '~']));
        Ok(Self(MountFields {
            kind: if is_path {
                MountKind::Bind
            } else {
                MountKind::Volume
            },
            source: source.map(str::to_owned),
            target: target.to_owned(),
            ..fields
        }))
    }
}

impl From<MountFields> for Mount {
    fn from(fields: MountFields) -> Self {
        Self(fields)
    }
}

impl<'de> Deserialize<'de> for Mount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        form::short_or_long::<D, Self, MountFields, Error>(deserializer, str::parse)
    }
}

/// How a service's health is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Healthcheck {
    /// `["CMD", ..]`, `["CMD-SHELL", line]`, `["NONE"]`; one line is a shell's.
    #[serde(deserialize_with = "health_test")]
    pub test: Vec<String>,
    /// Between two questions.
    #[serde(deserialize_with = "form::duration")]
    pub interval: Option<Duration>,
    /// How long an answer may take.
    #[serde(deserialize_with = "form::duration")]
    pub timeout: Option<Duration>,
    /// How many failures in a row make it unhealthy.
    pub retries: Option<u32>,
    /// How long after the start failures do not count.
    #[serde(deserialize_with = "form::duration")]
    pub start_period: Option<Duration>,
    /// Between two questions while it starts.
    #[serde(deserialize_with = "form::duration")]
    pub start_interval: Option<Duration>,
    /// No question is asked, not even the image's own.
    pub disable: bool,
}

fn health_test<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let test = form::one_or_many(deserializer)?;
    match test.first().map(String::as_str) {
        None | Some("NONE" | "CMD" | "CMD-SHELL") => Ok(test),
        Some(_) if test.len() == 1 => Ok(vec!["CMD-SHELL".to_owned(), test[0].clone()]),
        Some(first) => Err(D::Error::custom(format!(
            "a test is one line or a list that starts with CMD, CMD-SHELL or NONE, not with `{first}`"
        ))),
    }
}

/// What must be true of another service first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It runs.
    #[default]
    ServiceStarted,
    /// Its health test passes.
    ServiceHealthy,
    /// It ran to its end.
    ServiceCompletedSuccessfully,
}

/// One dependency, in the long form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dependency {
    /// What must be true of it.
    pub condition: Condition,
    /// Whether this is restarted with it.
    pub restart: bool,
    /// Whether it must be in the stack (it must, when nothing is said).
    pub required: Option<bool>,
}

/// `["a", "b"]` or `{ a: { condition: .. } }`.
pub(super) fn depends_on<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Dependency>, D::Error> {
    named(deserializer)
}

/// The network's part in one service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attachment {
    /// Further names of the service in this network.
    pub aliases: Vec<String>,
}

/// `["a", "b"]` or `{ a: { aliases: [..] } }`.
pub(super) fn networks<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Attachment>, D::Error> {
    named(deserializer)
}

fn named<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Default + serde::de::DeserializeOwned,
{
    match Value::deserialize(deserializer)? {
        Value::Array(names) => names
            .iter()
            .map(|name| Ok((form::scalar(name).map_err(D::Error::custom)?, T::default())))
            .collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| match value {
                Value::Null => Ok((name, T::default())),
                value => {
                    let value = serde_json::from_value(value);
                    let value = value.map_err(|e| D::Error::custom(format!("`{name}`: {e}")))?;
                    Ok((name, value))
                }
            })
            .collect(),
        _ => Err(D::Error::custom("expected a list of names or a map")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_in_every_short_form() {
        let cases = [
            ("data:/var/lib", MountKind::Volume, Some("data"), false),
            ("./src:/app:ro", MountKind::Bind, Some("./src"), true),
            ("/cache", MountKind::Volume, None, false),
            ("data:/d:rw,z", MountKind::Volume, Some("data"), false),
            ("/src:/app:ro,rslave", MountKind::Bind, Some("/src"), true),
        ];
        for (text, kind, source, read_only) in cases {
            let Mount(mount) = text.parse().unwrap();
            assert_eq!(
                (mount.kind, mount.source.as_deref(), mount.read_only),
                (kind, source, read_only)
            );
        }
        for text in ["", "data", "a:b", ":/x", "a:/x:rx", "a:/x:"] {
            assert!(text.parse::<Mount>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_long_form_of_a_mount_has_what_belongs_to_its_kind() {
        let read = |value: Value| serde_json::from_value::<Mount>(value);
        let memory = serde_json::json!({
            "type": "tmpfs", "target": "/t", "tmpfs": {"size": "64m", "mode": "1777"},
        });

        let Mount(memory) = read(memory).unwrap();

        assert_eq!(memory.tmpfs.size, Some(64 * 1024 * 1024));
        assert_eq!(memory.tmpfs.mode, Some(0o1777));
        let misspelt =
            serde_json::json!({"type": "bind", "target": "/t", "bind": {"propagaton": "x"}});
        assert!(read(misspelt).is_err());
    }

    #[test]
    fn one_line_of_a_health_test_is_a_shells() {
        let read = |test: Value| {
            serde_json::from_value::<Healthcheck>(
                serde_json::json!({"test": test, "interval": "5s"}),
            )
        };

        let check = read("redis-cli ping".into()).unwrap();

        assert_eq!(check.test, ["CMD-SHELL", "redis-cli ping"]);
        assert_eq!(check.interval, Some(Duration::from_secs(5)));
        assert!(read(serde_json::json!(["redis-cli", "ping"])).is_err());
    }
}
