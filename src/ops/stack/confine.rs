//! The parts of a service that say what its processes may do and use, beyond CPU and memory: limits, devices, log driver.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::form;
use crate::base::{Error, Result};

/// A limit of the kernel: what a process may raise it to, and what it begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ulimit {
    /// At the start.
    pub soft: i64,
    /// At most.
    pub hard: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UlimitFields {
    soft: i64,
    hard: i64,
}

impl From<UlimitFields> for Ulimit {
    fn from(fields: UlimitFields) -> Self {
        Self {
            soft: fields.soft,
            hard: fields.hard,
        }
    }
}

impl<'de> Deserialize<'de> for Ulimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        form::short_or_long::<D, Self, UlimitFields, String>(deserializer, |text| {
            let both = text
                .parse()
                .map_err(|_not_one| format!("`{text}` is not a whole number"))?;
            Ok(Self {
                soft: both,
                hard: both,
            })
        })
    }
}

/// Where the engine puts what a service says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logging {
    /// `json-file`, `local`, `journald` ..
    pub driver: Option<String>,
    /// The driver's own, such as `max-size`.
    #[serde(deserialize_with = "form::pairs")]
    pub options: BTreeMap<String, String>,
}

/// A device of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceFields {
    /// Its path here.
    pub source: String,
    /// Its path inside; the same without it.
    #[serde(default)]
    pub target: Option<String>,
    /// `r`, `w` and `m` (make); all without it.
    #[serde(default)]
    pub permissions: Option<String>,
}

/// A device, written `/dev/a`, `/dev/a:/dev/b`, `/dev/a:/dev/b:rw` or as a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device(pub DeviceFields);

impl FromStr for Device {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let is_path = |part: &&str| part.starts_with('/');
        let (source, target, permissions) = match parts.as_slice() {
            [source] => (source, None, None),
            [source, target] => (source, Some(target), None),
            [source, target, permissions] => (source, Some(target), Some(permissions)),
            _ => (&"", None, None),
        };
        if !is_path(source) || target.is_some_and(|target| !is_path(target)) {
            return Err(Error::invalid(format!("`{text}` is not a device")).hint(
                "write `\"/dev/a:/dev/b:rw\"`: its path here, its path inside, what may be done",
            ));
        }
        let owned = |part: Option<&&str>| part.map(|part| (*part).to_owned());
        Ok(Self(DeviceFields {
            source: (*source).to_owned(),
            target: owned(target),
            permissions: owned(permissions),
        }))
    }
}

impl From<DeviceFields> for Device {
    fn from(fields: DeviceFields) -> Self {
        Self(fields)
    }
}

impl<'de> Deserialize<'de> for Device {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        form::short_or_long::<D, Self, DeviceFields, Error>(deserializer, str::parse)
    }
}

/// A file with `NAME=value` lines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvFileFields {
    /// Its path in the project.
    pub path: String,
    /// Whether it must be there.
    #[serde(default = "yes")]
    pub required: bool,
}

const fn yes() -> bool {
    true
}

/// A file with variables, written as its path or as a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile(pub EnvFileFields);

impl From<EnvFileFields> for EnvFile {
    fn from(fields: EnvFileFields) -> Self {
        Self(fields)
    }
}

impl<'de> Deserialize<'de> for EnvFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        form::short_or_long::<D, Self, EnvFileFields, Infallible>(deserializer, |path| {
            Ok(Self(EnvFileFields {
                path: path.to_owned(),
                required: true,
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn limits_devices_and_files_have_a_short_and_a_long_form() {
        let short: Ulimit = serde_json::from_value(json!(65_535)).unwrap();
        let long: Ulimit = serde_json::from_value(json!({"soft": 1, "hard": 2})).unwrap();
        assert_eq!((short.soft, short.hard), (65_535, 65_535));
        assert_eq!((long.soft, long.hard), (1, 2));
        assert!(serde_json::from_value::<Ulimit>(json!("many")).is_err());

        let Device(device) = "/dev/a:/dev/b:r".parse().unwrap();
        assert_eq!(device.target.as_deref(), Some("/dev/b"));
        assert_eq!(device.permissions.as_deref(), Some("r"));
        for text in ["", "a", "/dev/a:b", "/dev/a:/b:r:x"] {
            assert!(text.parse::<Device>().is_err(), "{text}");
        }

        let file: EnvFile = serde_json::from_value(json!(".env.app")).unwrap();
        assert!(file.0.required);
        let file: EnvFile =
            serde_json::from_value(json!({"path": "a", "required": false})).unwrap();
        assert!(!file.0.required);
    }
}
