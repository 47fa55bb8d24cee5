//! The manifest beside a backup: what it holds and how it was made. It is written last, so a backup that has one is whole.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::files;
use super::name::manifest_of;
use super::scanner::Facts;
use crate::base::{Error, Result};

/// The layout that this version writes and reads.
const FORMAT: u32 = 1;

/// What is known about a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout of this file.
    pub format: u32,
    /// The name of the data file.
    pub file: String,
    /// How far it was looked at.
    pub status: Status,
    /// The database that was dumped.
    pub database: String,
    /// The profile that it belonged to.
    pub profile: String,
    /// A word of the person who made it.
    pub label: Option<String>,
    /// Whether and how long retention leaves it alone.
    pub pin: Option<Pin>,
    /// Bytes of the data file.
    pub bytes: u64,
    /// The data file's SHA-256, in hexadecimal.
    pub sha256: String,
    /// What the dump holds.
    pub facts: Facts,
    /// How large the database was, to guess from how much the next dump will be.
    #[serde(default)]
    pub database_bytes: Option<u64>,
    /// What a dump loses of its database.
    pub settings: super::settings::DatabaseSettings,
    /// The newest migration, when there is a history.
    pub migration: Option<i64>,
    /// The version of `pg_dump`.
    pub tool: String,
    /// The service in whose container it ran; none for one of this machine.
    #[serde(default)]
    pub tool_service: Option<String>,
    /// The version of the tool that wrote this.
    pub lexi_version: String,
    /// When it was begun.
    pub started: Timestamp,
    /// When it was done.
    pub finished: Timestamp,
    /// How long it took.
    pub ms: u64,
    /// How long its steps took.
    #[serde(default)]
    pub times: Times,
    /// Tables whose rows were left out, as they were asked for.
    #[serde(default)]
    pub excluded: Vec<String>,
    /// The roles of the server, when they were asked for; they are in a file beside.
    #[serde(default)]
    pub roles: Option<Sidecar>,
    /// Redis' data, when they were asked for; they are in a file beside.
    #[serde(default)]
    pub redis: Option<super::redis::Saved>,
}

/// How long the steps of a backup took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Times {
    /// Dumping, up to the file being on the disk.
    #[serde(rename = "dump_ms")]
    pub dump: u64,
    /// Reading it back from the disk.
    #[serde(rename = "verify_ms")]
    pub verify: u64,
    /// Restoring it to prove it.
    #[serde(rename = "restore_ms")]
    pub restore: Option<u64>,
}

/// A file beside the data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Its bytes.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// How far a backup was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Read back from disk whole, with the right checksum.
    Verified,
    /// Restored into a database, every row counted.
    Restored,
}

/// How long retention leaves a backup alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pin {
    /// Until somebody unpins it.
    Forever,
    /// Until this time.
    Until(Timestamp),
}

impl Pin {
    /// A pin of some days from `now`.
    pub fn days(days: i64, now: Timestamp) -> Self {
        now.checked_add((days * 24).hours())
            .map_or(Self::Forever, Self::Until)
    }

    /// Whether it still holds.
    pub fn holds(self, now: Timestamp) -> bool {
        match self {
            Self::Forever => true,
            Self::Until(end) => now < end,
        }
    }
}

impl Manifest {
    /// The layout of new manifests.
    pub(super) const FORMAT: u32 = FORMAT;

    /// The manifest beside a data file; `None` when there is none.
    pub fn beside(data: &Path) -> Result<Option<Self>> {
        let path = path_beside(data);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, data).map(Some),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io(format!("cannot read `{}`", path.display()), e)),
        }
    }

    fn parse(text: &str, data: &Path) -> Result<Self> {
        let path = path_beside(data);
        let damaged = |why: String| {
            Error::corrupt(format!("manifest `{}` is not usable", path.display()))
                .because(why)
                .hint("restore it from a copy, or move it away to treat the dump as a foreign one")
        };
        let manifest: Self = serde_json::from_str(text).map_err(|e| damaged(e.to_string()))?;
        let file = data.file_name().unwrap_or_default().to_string_lossy();
        if manifest.format != FORMAT {
            return Err(damaged(format!(
                "it has format {}, this version reads format {FORMAT}",
                manifest.format
            )));
        }
        if manifest.file != file {
            return Err(damaged(format!("it belongs to `{}`", manifest.file)));
        }
        Ok(manifest)
    }

    /// Writes it beside its data file, in one step: there is the old one or the new one, never a half.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let partial = self.write_partial(folder)?;
        let path = folder.join(manifest_of(&self.file));
        fs::rename(&partial, &path)
            .map_err(|e| Error::io(format!("cannot write `{}`", path.display()), e))?;
        files::sync_folder(folder)
    }

    /// Writes it under a name that nobody takes for a manifest.
    pub(super) fn write_partial(&self, folder: &Path) -> Result<PathBuf> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|e| Error::internal("cannot write a manifest").because(e))?;
        let path = folder.join(partial_of(&self.file));
        files::write_private(&path, format!("{text}\n").as_bytes())?;
        Ok(path)
    }
}

/// Where the manifest of a data file is.
pub(super) fn path_beside(data: &Path) -> PathBuf {
    let name = data.file_name().unwrap_or_default().to_string_lossy();
    data.with_file_name(manifest_of(&name))
}

/// The name of a manifest that is not in force yet.
pub(super) fn partial_of(file: &str) -> String {
    format!(".{}{}", manifest_of(file), super::name::PARTIAL)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn sample(file: &str) -> Manifest {
        Manifest {
            format: FORMAT,
            file: file.to_owned(),
            status: Status::Verified,
            database: "lexiflow_dev".to_owned(),
            profile: "dev".to_owned(),
            label: None,
            pin: None,
            bytes: 3,
            sha256: "00".to_owned(),
            facts: Facts::default(),
            settings: super::super::settings::DatabaseSettings::default(),
            migration: Some(3),
            tool: "15.18".to_owned(),
            tool_service: None,
            database_bytes: None,
            lexi_version: "0.1.0".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            finished: Timestamp::UNIX_EPOCH,
            ms: 1,
            times: Times::default(),
            excluded: Vec::new(),
            roles: None,
            redis: None,
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = sample("a_backup_20260731_020000.sql.gz");
        manifest.pin = Some(Pin::days(7, Timestamp::UNIX_EPOCH));

        manifest.write(folder.path()).unwrap();

        let back = Manifest::beside(&folder.path().join(&manifest.file)).unwrap();
        assert_eq!(back, Some(manifest));
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn a_manifest_of_another_file_or_format_is_refused() {
        let data = Path::new("a_backup_20260731_020000.sql.gz");
        let mut other = sample("b.sql.gz");
        let text = serde_json::to_string(&other).unwrap();
        assert!(
            Manifest::parse(&text, data)
                .unwrap_err()
                .full_message()
                .contains("`b.sql.gz`")
        );

        other.file = data.display().to_string();
        other.format = 2;
        let text = serde_json::to_string(&other).unwrap();
        assert!(
            Manifest::parse(&text, data)
                .unwrap_err()
                .full_message()
                .contains("format 2")
        );
        assert!(Manifest::parse("{", data).is_err());
    }

    #[test]
    fn a_pin_holds_until_its_end() {
        let now = Timestamp::UNIX_EPOCH;
        let pin = Pin::days(7, now);
        assert!(pin.holds(now + 167.hours()));
        assert!(!pin.holds(now + 168.hours()));
        assert!(Pin::Forever.holds(Timestamp::MAX));
    }
}
