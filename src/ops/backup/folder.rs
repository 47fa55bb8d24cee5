//! The folder of backups: one run at a time works in it, and what killed runs left is cleared away.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::files::{self, remove};
use super::manifest::{self, Manifest};
use super::name::{BackupName, PARTIAL};
use super::retention::DELETING;
use super::{sidecar, verify};
use crate::base::{Error, Result};
use crate::ops::lock::{self, Lock, OnBusy};

const LOCK: &str = ".lock";

/// Takes the folder, waiting so long while another run has it.
pub(super) async fn lock(folder: &Path, wait: Duration) -> Result<Lock> {
    files::make_folder(folder)?;
    let name = format!("folder {}", folder.display());
    let held = lock::acquire_file(&folder.join(LOCK), &name, "backup", OnBusy::Wait(wait)).await?;
    held.ok_or_else(|| Error::internal("waiting for a lock ended without one"))
}

/// Clears away what killed runs left; only with the lock, so that nothing of a living run is touched.
pub(super) fn sweep(folder: &Path, _lock: &Lock) -> Result<()> {
    let mut hidden = hidden_files(folder)?;
    // Manifests come first: they say which of the other files only lack their names.
    hidden.sort_by_key(|name| !name.ends_with(&format!(".json{PARTIAL}")));
    for name in hidden {
        let path = folder.join(format!(".{name}"));
        if let Some(data) = name.strip_suffix(DELETING) {
            if BackupName::parse(data).is_some() {
                remove(&manifest::path_beside(&folder.join(data)))?;
                sidecar::remove(folder, data)?;
                remove(&path)?;
            }
        } else if let Some(whole) = name.strip_suffix(PARTIAL) {
            sweep_partial(folder, &path, whole)?;
        }
    }
    Ok(())
}

/// The names of hidden files, without their dots.
fn hidden_files(folder: &Path) -> Result<Vec<String>> {
    let doing = |e| Error::io(format!("cannot clear `{}`", folder.display()), e);
    let mut found = Vec::new();
    for file in fs::read_dir(folder).map_err(doing)? {
        let name = file.map_err(doing)?.file_name();
        found.extend(
            name.to_str()
                .and_then(|name| name.strip_prefix('.'))
                .map(str::to_owned),
        );
    }
    Ok(found)
}

/// An unfinished file goes. A manifest whose dump had got its name already only lacks the last steps, which are made up for.
fn sweep_partial(folder: &Path, path: &Path, whole: &str) -> Result<()> {
    let Some(data_name) = data_of(whole) else {
        return Ok(());
    };
    let is_manifest = *whole == super::name::manifest_of(&data_name);
    if is_manifest && is_just_unnamed(path, &folder.join(&data_name)) {
        sidecar::publish(folder, &data_name)?;
        return fs::rename(path, folder.join(whole))
            .map_err(|e| Error::io(format!("cannot name `{whole}`"), e));
    }
    remove(path)
}

/// The data file that a file of ours belongs to.
fn data_of(name: &str) -> Option<String> {
    let suffixes = [".sql.gz", ".sql.gz.sha256", ".json", ".roles.sql", ".rdb"];
    let stem = suffixes
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))?;
    let data = format!("{stem}.sql.gz");
    BackupName::parse(&data).is_some().then_some(data)
}

fn is_just_unnamed(partial: &Path, data: &Path) -> bool {
    if !data.is_file() || manifest::path_beside(data).exists() {
        return false;
    }
    let manifest = fs::read_to_string(partial)
        .ok()
        .and_then(|text| serde_json::from_str::<Manifest>(&text).ok());
    let read = verify::read_now(data).ok();
    manifest.zip(read).is_some_and(|(manifest, read)| {
        manifest.sha256 == read.sha256 && manifest.bytes == read.bytes
    })
}
