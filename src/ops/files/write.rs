//! Writes files and makes folders.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::partial::Partial;
use crate::base::{Error, Result};
use crate::ops::measure;

/// Replaces a file with these bytes, all or nothing, and durably.
pub fn write(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<()> {
    let partial = Partial::create(path, mode)?;
    partial
        .file()
        .write_all(bytes)
        .map_err(|e| partial.error(e))?;
    measure::bytes(bytes.len() as u64);
    partial.commit()
}

/// Adds bytes to the end of a file, which is made when it is not there (with `mode`).
pub fn append(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<()> {
    appended(path, bytes, mode).map(drop)
}

/// The same, and the bytes are on the disk when it returns: they outlast a loss of power.
pub fn append_durably(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<()> {
    let synced = appended(path, bytes, mode)?.sync_data();
    synced.map_err(|e| Error::io(format!("cannot append to `{}`", path.display()), e))
}

fn appended(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<File> {
    let appended = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(mode.unwrap_or(0o666))
        .open(path)
        .and_then(|mut file| file.write_all(bytes).map(|()| file));
    appended.map_err(|e| Error::io(format!("cannot append to `{}`", path.display()), e))
}

/// Makes a folder and those above it; one that is there already is fine.
pub fn make_dir(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path)
        .map_err(|e| Error::io(format!("cannot make folder `{}`", path.display()), e))
}

/// Makes a folder that only its owner can enter, and those above it as usual.
pub fn make_private_dir(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| Error::io(format!("cannot make folder `{}`", path.display()), e))
}
