//! Files beside a dump: its checksum as `sha256sum -c` reads it, the roles of its server, Redis' data.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::{self, Temporary};
use super::name::{PARTIAL, stem_of};
use crate::base::{Error, Result};

/// The name of the checksum of a data file.
pub(super) fn checksum_of(file: &str) -> String {
    format!("{file}.sha256")
}

/// The name of the roles that belong to a data file.
pub(super) fn roles_of(file: &str) -> String {
    format!("{}.roles.sql", stem_of(file))
}

/// The name of Redis' data that belong to a data file.
pub(super) fn redis_of(file: &str) -> String {
    format!("{}.rdb", stem_of(file))
}

/// Where Redis' data are that belong to a data file.
pub(super) fn redis_beside(data: &Path) -> PathBuf {
    let name = data.file_name().unwrap_or_default().to_string_lossy();
    data.with_file_name(redis_of(&name))
}

/// The names of all that may lie beside a data file, its manifest apart.
pub(super) fn all_of(file: &str) -> [String; 3] {
    [checksum_of(file), roles_of(file), redis_of(file)]
}

/// A line that `sha256sum -c` reads.
pub(super) fn checksum_line(file: &str, sha256: &str) -> String {
    format!("{sha256}  {file}\n")
}

/// A name that nobody takes for a finished file.
pub(super) fn partial_of(name: &str) -> String {
    format!(".{name}{PARTIAL}")
}

/// Writes a file under a name that nobody takes for a finished one; it goes again unless it is given its name.
pub(super) fn write_partial(folder: &Path, name: &str, content: &[u8]) -> Result<Temporary> {
    let path = folder.join(partial_of(name));
    let guard = Temporary::new(path.clone());
    files::write_private(&path, content)?;
    Ok(guard)
}

/// Gives the files beside a data file their names, those that were written.
pub(super) fn publish(folder: &Path, file: &str) -> Result<()> {
    for name in all_of(file) {
        match fs::rename(folder.join(partial_of(&name)), folder.join(&name)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io(format!("cannot name `{name}`"), e));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes what lies beside a data file.
pub(super) fn remove(folder: &Path, file: &str) -> Result<()> {
    for name in all_of(file) {
        files::remove(&folder.join(name))?;
    }
    Ok(())
}
