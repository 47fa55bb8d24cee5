//! The folder of backups: one run at a time works in it, and what killed runs left is cleared away.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::files;
use super::manifest::{self, Manifest};
use super::name::{BackupName, PARTIAL};
use super::retention::DELETING;
use super::verify;
use crate::base::{Error, Kind, Result, units};

const LOCK: &str = ".lock";

/// The right to change a folder of backups; given back when dropped, or when the process ends however it ends.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

/// Takes the folder, waiting so long while another run has it.
pub(super) async fn lock(folder: &Path, wait: Duration) -> Result<FolderLock> {
    files::make_folder(folder)?;
    let path = folder.join(LOCK);
    let doing = |e| Error::io(format!("cannot lock `{}`", folder.display()), e);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(doing)?;
    let start = Instant::now();
    while let Err(e) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
        if e != rustix::io::Errno::WOULDBLOCK {
            return Err(doing(e.into()));
        }
        if start.elapsed() >= wait {
            return Err(held(folder, &mut file, wait));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let holder = format!(
        "process {} since {}\n",
        std::process::id(),
        jiff::Timestamp::now()
    );
    let noted = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(holder.as_bytes()));
    noted.map_err(doing)?;
    Ok(FolderLock { _file: file })
}

fn held(folder: &Path, file: &mut File, waited: Duration) -> Error {
    let mut holder = String::new();
    // Who holds it is only for the message; the lock itself is what counts.
    let _unreadable = file.read_to_string(&mut holder);
    let holder = match holder.trim() {
        "" => "another run".to_owned(),
        holder => holder.to_owned(),
    };
    Error::new(
        Kind::Locked,
        format!(
            "folder `{}` is in use by {holder}; waited {}",
            folder.display(),
            units::duration(waited)
        ),
    )
    .hint("wait until it is done, or end that process")
}

/// Clears away what killed runs left; only with the lock, so that nothing of a living run is touched.
pub(super) fn sweep(folder: &Path, _lock: &FolderLock) -> Result<()> {
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
    let read = verify::read(data, &|_| {}).ok();
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
