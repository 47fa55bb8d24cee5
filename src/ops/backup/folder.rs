//! The folder of backups: one run at a time works in it, and what killed runs left is cleared away.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::files;
use super::manifest::{self, Manifest};
use super::name::{BackupName, PARTIAL};
use super::retention::DELETING;
use super::verify;
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
    let doing = |e| Error::io(format!("cannot clear `{}`", folder.display()), e);
    for file in fs::read_dir(folder).map_err(doing)? {
        let path = file.map_err(doing)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let Some(hidden) = name.strip_prefix('.') else {
            continue;
        };
        if let Some(data) = hidden.strip_suffix(DELETING) {
            if BackupName::parse(data).is_some() {
                remove(&manifest::path_beside(&folder.join(data)))?;
                remove(&path)?;
            }
        } else if let Some(whole) = hidden.strip_suffix(PARTIAL) {
            sweep_partial(folder, &path, whole)?;
        }
    }
    Ok(())
}

/// An unfinished dump goes. A manifest whose dump had got its name already only lacks the last step, which is made up for.
fn sweep_partial(folder: &Path, path: &Path, whole: &str) -> Result<()> {
    if BackupName::parse(whole).is_some() {
        return remove(path);
    }
    let data_name = whole
        .strip_suffix(".json")
        .map(|stem| format!("{stem}.sql.gz"));
    let Some(data_name) = data_name.filter(|name| BackupName::parse(name).is_some()) else {
        return Ok(());
    };
    let data = folder.join(&data_name);
    if is_just_unnamed(path, &data) {
        return fs::rename(path, folder.join(whole))
            .map_err(|e| Error::io(format!("cannot name `{whole}`"), e));
    }
    remove(path)
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

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("cannot remove `{}`", path.display()), e))
        }
        _ => Ok(()),
    }
}
