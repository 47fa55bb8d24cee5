//! What lies in a folder of backups, and in what state.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::name::BackupName;
use crate::base::{Error, Result, units};

/// A backup file.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// Its name, read.
    pub name: BackupName,
    /// Its size.
    pub bytes: u64,
    /// What is known about it.
    pub state: State,
}

/// What is known about a backup file without reading it.
#[derive(Debug, Clone)]
pub enum State {
    /// It was verified when it was made, and its size has not changed.
    Good(Box<Manifest>),
    /// It has no manifest: made by hand, or by a run that was killed.
    Unknown,
    /// It or its manifest was changed since; the text says how.
    Damaged(String),
}

impl Entry {
    /// Its manifest, when it is good.
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.state {
            State::Good(manifest) => Some(manifest),
            State::Unknown | State::Damaged(_) => None,
        }
    }

    /// `verified`, `restored`, `no_manifest` or `damaged`.
    pub fn state_word(&self) -> &'static str {
        match &self.state {
            State::Good(manifest) => match manifest.status {
                super::manifest::Status::Verified => "verified",
                super::manifest::Status::Restored => "restored",
            },
            State::Unknown => "no_manifest",
            State::Damaged(_) => "damaged",
        }
    }

    fn of(path: PathBuf, name: BackupName, bytes: u64) -> Self {
        let state = match Manifest::beside(&path) {
            Ok(None) => State::Unknown,
            Ok(Some(manifest)) if manifest.bytes == bytes => State::Good(Box::new(manifest)),
            Ok(Some(manifest)) => State::Damaged(format!(
                "it is {} long, its manifest says {}",
                units::bytes(bytes),
                units::bytes(manifest.bytes)
            )),
            Err(error) => State::Damaged(error.full_message()),
        };
        Self {
            path,
            name,
            bytes,
            state,
        }
    }
}

/// The backups in a folder, newest first; a folder that is not there holds none.
pub fn list(folder: &Path) -> Result<Vec<Entry>> {
    let doing = || format!("cannot list `{}`", folder.display());
    let files = match fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        files => files.map_err(|e| Error::io(doing(), e))?,
    };
    let mut entries = Vec::new();
    for file in files {
        let file = file.map_err(|e| Error::io(doing(), e))?;
        let Some(name) = file.file_name().to_str().and_then(BackupName::parse) else {
            continue;
        };
        let facts = match fs::metadata(file.path()) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            facts => facts.map_err(|e| Error::io(doing(), e))?,
        };
        if facts.is_file() {
            entries.push(Entry::of(file.path(), name, facts.len()));
        }
    }
    entries.sort_by(|a, b| b.name.cmp(&a.name));
    Ok(entries)
}

/// The newest good backup of a database.
pub fn newest_good<'e>(entries: &'e [Entry], database: &str) -> Option<&'e Entry> {
    entries.iter().find(|entry| {
        entry
            .manifest()
            .is_some_and(|manifest| manifest.database == database)
    })
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::sample;
    use super::*;

    #[test]
    fn the_list_is_newest_first_and_tells_states() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| {
            fs::write(folder.path().join(name), content).unwrap();
        };
        let names = [
            "a_backup_20260103_000000.sql.gz",
            "a_backup_20260102_000000.sql.gz",
            "a_backup_20260101_000000.sql.gz",
        ];
        write(names[0], "none");
        write(names[1], "abc");
        write(names[2], "longer");
        sample(names[1]).write(folder.path()).unwrap();
        sample(names[2]).write(folder.path()).unwrap();
        write("notes.txt", "");
        write(".a_backup_20260104_000000.sql.gz.partial", "");

        let entries = list(folder.path()).unwrap();

        let seen: Vec<_> = entries
            .iter()
            .map(|entry| (entry.name.to_string(), entry.state_word()))
            .collect();
        let words = ["no_manifest", "verified", "damaged"];
        let expected: Vec<_> = names.iter().map(|n| (*n).to_owned()).zip(words).collect();
        assert_eq!(seen, expected);
        let newest = newest_good(&entries, "lexiflow_dev").unwrap();
        assert_eq!(newest.name.to_string(), names[1]);
        assert!(newest_good(&entries, "other").is_none());
        assert!(list(&folder.path().join("none")).unwrap().is_empty());
    }
}
