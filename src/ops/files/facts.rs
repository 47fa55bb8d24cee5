//! What is known about files, folders and the disk they are on.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::base::text::hex;
use crate::base::{Cancel, Error, Result};

/// What a file, folder or link is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stat {
    /// Bytes.
    pub size: u64,
    /// When it was last changed, in milliseconds since 1970.
    pub modified: i64,
    /// Whether it is a file, or a link to one.
    pub is_file: bool,
    /// Whether it is a folder, or a link to one.
    pub is_dir: bool,
    /// Whether the path itself is a link.
    pub is_link: bool,
    /// The permissions as four octal digits, such as `0644`.
    pub mode: String,
}

/// What is known about a path; of what a link leads to, when it leads anywhere.
pub fn stat(path: &Path) -> Result<Stat> {
    let fail = |e| Error::io(format!("cannot look at `{}`", path.display()), e);
    let own = fs::symlink_metadata(path).map_err(fail)?;
    let is_link = own.is_symlink();
    let facts = fs::metadata(path).unwrap_or(own);
    Ok(Stat {
        size: facts.len(),
        modified: facts.mtime() * 1000 + facts.mtime_nsec() / 1_000_000,
        is_file: facts.is_file(),
        is_dir: facts.is_dir(),
        is_link,
        mode: format!("{:04o}", facts.mode() & 0o7777),
    })
}

/// What a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Usage {
    /// The sum of the sizes of its files.
    pub bytes: u64,
    /// How much of the disk they take.
    pub disk_bytes: u64,
    /// How many files and links.
    pub files: u64,
    /// How many folders, without itself.
    pub folders: u64,
}

/// Adds up a file or a folder with all it holds; links are not followed, and a file with two names counts twice.
pub fn usage(path: &Path, cancel: &Cancel) -> Result<Usage> {
    let mut usage = Usage::default();
    for entry in WalkDir::new(path) {
        cancel.check()?;
        let seen = entry.and_then(|entry| Ok((entry.metadata()?, entry.depth())));
        let (facts, depth) = match seen {
            Ok(seen) => seen,
            // It went away while it was looked at.
            Err(e) if e.depth() > 0 && is_gone(&e) => continue,
            Err(e) => {
                let shown = e.path().unwrap_or(path).display().to_string();
                return Err(Error::io(format!("cannot look at `{shown}`"), e.into()));
            }
        };
        usage.disk_bytes += facts.blocks() * 512;
        if facts.is_dir() {
            usage.folders += u64::from(depth > 0);
        } else {
            usage.files += 1;
            usage.bytes += facts.len();
        }
    }
    Ok(usage)
}

fn is_gone(e: &walkdir::Error) -> bool {
    e.io_error()
        .is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound)
}

/// The room on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// Bytes that we may still write.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// The room on the disk that holds a path, or would hold it.
pub fn disk(path: &Path) -> Result<Disk> {
    let existing = path.ancestors().find(|path| path.exists());
    let existing = existing.unwrap_or(Path::new("."));
    let facts = rustix::fs::statvfs(existing)
        .map_err(|e| Error::io(format!("cannot look at `{}`", path.display()), e.into()))?;
    Ok(Disk {
        free: facts.f_bavail * facts.f_frsize,
        total: facts.f_blocks * facts.f_frsize,
    })
}

/// The SHA-256 of bytes in lower-case hexadecimal digits.
pub fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of a file in lower-case hexadecimal digits.
pub fn sha256(path: &Path, cancel: &Cancel) -> Result<String> {
    let fail = |e| Error::io(format!("cannot read `{}`", path.display()), e);
    let mut file = File::open(path).map_err(fail)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        cancel.check()?;
        let count = file.read(&mut buffer).map_err(fail)?;
        if count == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&buffer[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_known_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("abc");
        fs::write(&path, "abc").unwrap();

        assert_eq!(
            sha256(&path, &Cancel::root()).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_folder_is_added_up_without_following_links() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("a"), "12345").unwrap();
        fs::write(dir.path().join("sub/b"), "123").unwrap();
        std::os::unix::fs::symlink("/", dir.path().join("sub/root")).unwrap();

        let usage = usage(dir.path(), &Cancel::root()).unwrap();

        assert_eq!((usage.bytes, usage.files, usage.folders), (9, 3, 1));
    }

    #[test]
    fn a_broken_link_is_still_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("link");
        std::os::unix::fs::symlink("nowhere", &path).unwrap();

        let stat = stat(&path).unwrap();

        assert!(stat.is_link && !stat.is_file && !stat.is_dir);
    }

    #[test]
    fn the_disk_of_a_path_that_is_not_there_yet_is_known() {
        let disk = disk(Path::new("/no/such/path")).unwrap();

        assert!(disk.total > 0 && disk.free <= disk.total);
    }
}
