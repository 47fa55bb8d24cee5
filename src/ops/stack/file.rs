//! A file that a service sees: what is in it stands in the service itself, or in a file of the project.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Deserializer};

use super::form;
use crate::base::{Error, Result, Secret};

/// Bytes that never print: a password is among them more often than not.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Content(Vec<u8>);

impl Content {
    /// The bytes, for the one place that hands them to a server.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl<T: Into<Vec<u8>>> From<T> for Content {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Where the bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Content(Content),
    File(String),
}

/// A file that a service sees, written as its content or as a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    source: Source,
    /// Who may read it, where it is not everybody in the container.
    pub mode: Option<u32>,
}

impl File {
    /// A file with this in it.
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            source: Source::Content(content.into()),
            mode: None,
        }
    }

    /// What is in it; nothing before [`File::load`] has read it.
    pub fn content(&self) -> &[u8] {
        match &self.source {
            Source::Content(content) => content.reveal(),
            Source::File(_) => &[],
        }
    }

    /// The same as a value that does not print.
    pub fn text(&self) -> Secret {
        Secret::new(String::from_utf8_lossy(self.content()))
    }

    /// Reads the file that it is a copy of; paths are relative to the project's folder.
    pub(super) fn load(&mut self, root: &Path) -> Result<()> {
        if let Source::File(name) = &self.source {
            let bytes = std::fs::read(root.join(name));
            let bytes = bytes.map_err(|e| Error::io(format!("cannot read `{name}`"), e))?;
            self.source = Source::Content(bytes.into());
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    content: Option<String>,
    file: Option<String>,
    #[serde(default, deserialize_with = "form::mode")]
    mode: Option<u32>,
}

impl TryFrom<Long> for File {
    type Error = &'static str;

    fn try_from(long: Long) -> Result<Self, Self::Error> {
        let source = match (long.content, long.file) {
            (Some(content), None) => Source::Content(content.into()),
            (None, Some(file)) => Source::File(file),
            _ => return Err("a file has either `content` or `file`"),
        };
        Ok(Self {
            source,
            mode: long.mode,
        })
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        form::short_or_long::<D, Self, Long, std::convert::Infallible>(deserializer, |text| {
            Ok(Self::new(text))
        })
    }
}

/// Files by their names.
pub type Files = BTreeMap<String, File>;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> Result<File, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn a_file_is_its_content_or_a_copy() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a"), b"\xff").unwrap();
        let short = read(json!("hunter2")).unwrap();
        let mut copy = read(json!({"file": "a", "mode": "0400"})).unwrap();

        copy.load(root.path()).unwrap();

        assert_eq!((short.content(), short.mode), (&b"hunter2"[..], None));
        assert_eq!((copy.content(), copy.mode), (&b"\xff"[..], Some(0o400)));
        assert!(!format!("{short:?}").contains("hunter2"));
        let mut missing = read(json!({"file": "b"})).unwrap();
        let error = missing.load(root.path()).unwrap_err();
        assert_eq!(error.message(), "cannot read `b`");
    }

    #[test]
    fn a_file_has_one_source_and_a_mode_of_octal_digits() {
        for value in [
            json!({"content": "a", "file": "b"}),
            json!({"mode": "0400"}),
            json!({"content": "a", "mode": "rw"}),
            json!({"content": "a", "moed": "0400"}),
        ] {
            assert!(read(value.clone()).is_err(), "{value}");
        }
    }
}
