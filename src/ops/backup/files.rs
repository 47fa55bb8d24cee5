//! Files that only their owner may read, written so that they are there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::base::{Error, Result};

/// Makes the folder of backups for its owner only, unless it is there already.
pub(super) fn make_folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| Error::io(format!("cannot make folder `{}`", folder.display()), e))
}

/// Makes a new file for its owner only; an error when there is one.
pub(super) fn create_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .read(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Makes a file that is there its owner's only, and brings it to the disk.
pub(super) fn make_private(path: &Path) -> Result<()> {
    let own = || {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        File::open(path)?.sync_all()
    };
    own().map_err(|e| Error::io(format!("cannot write `{}`", path.display()), e))
}

/// Writes a small file for its owner only, over a stale one if need be, and brings it to the disk.
pub(super) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let write = || {
        match fs::remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = create_private(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|e| Error::io(format!("cannot write `{}`", path.display()), e))
}

/// Removes a file; one that is gone already is as good.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("cannot remove `{}`", path.display()), e))
        }
        _ => Ok(()),
    }
}

/// Brings the names in a folder to the disk.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| Error::io(format!("cannot sync folder `{}`", folder.display()), e))
}

/// A file that is removed when this is dropped, unless it was kept.
#[derive(Debug)]
pub(super) struct Temporary {
    path: Option<PathBuf>,
}

impl Temporary {
    /// Guards a file.
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path: Some(path) }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// Leaves the file where it is.
    pub(super) fn keep(mut self) {
        self.path = None;
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Gone already is as good; anything else is found and removed by the next backup.
            let _best_effort = fs::remove_file(path);
        }
    }
}
