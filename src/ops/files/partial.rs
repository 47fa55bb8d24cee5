//! A file that appears under its name only when it is complete.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::stale;
use crate::base::{Error, Result};

/// Permission bits of a file nobody asked anything special for; the umask takes some away.
const ORDINARY_MODE: u32 = 0o666;

/// A file being written beside the one it will replace. Dropping it removes what was written so far.
#[derive(Debug)]
pub struct Partial {
    target: PathBuf,
    path: PathBuf,
    file: File,
    is_committed: bool,
}

impl Partial {
    /// Starts to write `target`; a link is followed, so that the file it points to is replaced.
    ///
    /// The new file gets `mode`; without one, that of the file it replaces.
    pub fn create(target: &Path, mode: Option<u32>) -> Result<Self> {
        let target = follow(target)?;
        let earlier = target.metadata().ok();
        if earlier.as_ref().is_some_and(Metadata::is_dir) {
            let message = format!("cannot write `{}`: it is a folder", target.display());
            return Err(Error::invalid(message));
        }
        // A name taken from a device or a pipe would be gone for everybody on the machine.
        if earlier.as_ref().is_some_and(|facts| !facts.is_file()) {
            let message = format!("cannot replace `{}`: it is no file", target.display());
            return Err(Error::invalid(message).hint("`fs::append` writes to devices and pipes"));
        }
        let wanted = mode.or_else(|| earlier.as_ref().map(|facts| facts.mode() & 0o7777));
        stale::clear(parent(&target));
        let (path, file) = create_beside(&target, wanted)?;
        let partial = Self {
            target,
            path,
            file,
            is_committed: false,
        };
        partial.adopt(wanted, earlier.as_ref())?;
        Ok(partial)
    }

    /// Gives the new file its mode exactly, and the owner of the file it replaces.
    fn adopt(&self, mode: Option<u32>, earlier: Option<&Metadata>) -> Result<()> {
        if let Some(earlier) = earlier {
            // Only root may give files away; everybody else's are their own already.
            let _not_root =
                std::os::unix::fs::fchown(&self.file, Some(earlier.uid()), Some(earlier.gid()));
        }
        match mode {
            None => Ok(()),
            Some(mode) => self
                .file
                .set_permissions(Permissions::from_mode(mode))
                .map_err(|e| self.error(e)),
        }
    }

    /// The open file to write to.
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Where the file will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Makes the file durable and gives it its name.
    pub fn commit(mut self) -> Result<()> {
        self.file.sync_all().map_err(|e| self.error(e))?;
        std::fs::rename(&self.path, &self.target).map_err(|e| self.error(e))?;
        self.is_committed = true;
        sync_folder(parent(&self.target))
    }

    /// The error of a failure to write.
    pub fn error(&self, source: std::io::Error) -> Error {
        cannot_write(&self.target, source)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_committed {
            // Nothing better can be done about a file that cannot be removed.
            let _left_behind = std::fs::remove_file(&self.path);
        }
    }
}

/// A folder being filled beside its final name. Dropping it removes what was put there so far.
#[derive(Debug)]
pub struct PartialFolder {
    target: PathBuf,
    path: PathBuf,
    is_committed: bool,
}

impl PartialFolder {
    /// Starts to fill `target`, which need not be there.
    pub fn create(target: &Path) -> Result<Self> {
        let name = name_of(target)?;
        loop {
            let path = parent(target).join(partial_name(name));
            match std::fs::create_dir(&path) {
                Ok(()) => {
                    return Ok(Self {
                        target: target.to_owned(),
                        path,
                        is_committed: false,
                    });
                }
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(cannot_write(target, e)),
            }
        }
    }

    /// Where it is being filled.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder its name; an empty folder of that name is replaced.
    pub fn commit(mut self) -> Result<()> {
        std::fs::rename(&self.path, &self.target).map_err(|e| cannot_write(&self.target, e))?;
        self.is_committed = true;
        sync_folder(parent(&self.target))
    }
}

impl Drop for PartialFolder {
    fn drop(&mut self) {
        if !self.is_committed {
            // Nothing better can be done about a folder that cannot be removed.
            let _left_behind = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Makes what was renamed, made or removed in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    match synced {
        // Some file systems cannot do this for folders, and need not.
        Err(e) if !matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            let message = format!("cannot make `{}` durable", folder.display());
            Err(Error::io(message, e))
        }
        _ => Ok(()),
    }
}

fn create_beside(target: &Path, mode: Option<u32>) -> Result<(PathBuf, File)> {
    let name = name_of(target)?;
    loop {
        let path = parent(target).join(partial_name(name));
        let opened = OpenOptions::new()
            .write(true)
            .read(true)
            .create_new(true)
            .mode(mode.unwrap_or(ORDINARY_MODE) & 0o777)
            .open(&path);
        match opened {
            Ok(file) => {
                if stale::hold(&file) {
                    return Ok((path, file));
                }
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(cannot_write(target, e)),
        }
    }
}

fn name_of(target: &Path) -> Result<&std::ffi::OsStr> {
    target.file_name().ok_or_else(|| {
        let message = format!("cannot write `{}`: it names no file", target.display());
        Error::invalid(message)
    })
}

fn partial_name(name: &std::ffi::OsStr) -> OsString {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let stamp = now.unwrap_or_default().as_nanos();
    let mut partial = OsString::from(".");
    partial.push(name);
    partial.push(format!(
        ".{:x}{stamp:x}{}",
        std::process::id(),
        stale::ENDING
    ));
    partial
}

fn cannot_write(target: &Path, source: std::io::Error) -> Error {
    let folder = parent(target);
    let lacks_folder = source.kind() == ErrorKind::NotFound && !folder.exists();
    let may_not = source.kind() == ErrorKind::PermissionDenied;
    let error = Error::io(format!("cannot write `{}`", target.display()), source);
    if lacks_folder {
        error.hint(format!(
            "make the folder first: `fs::make_dir(\"{}\")`",
            folder.display()
        ))
    } else if may_not {
        error.hint(format!(
            "a file is replaced as a whole, so its folder `{0}` has to be writable (an untrusted script: \
             `--allow-write {0}`); `fs::append` needs the file alone",
            folder.display()
        ))
    } else {
        error
    }
}

/// The folder that holds a path; the current one for a bare name.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Where a link leads; a link to nothing leads to what it names.
fn follow(target: &Path) -> Result<PathBuf> {
    if !target.is_symlink() {
        return Ok(target.to_owned());
    }
    target.canonicalize().or_else(|_| {
        let named = std::fs::read_link(target).map_err(|e| cannot_write(target, e))?;
        Ok(parent(target).join(named))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_file_appears_only_when_it_is_complete() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.txt");

        let partial = Partial::create(&target, Some(0o600)).unwrap();
        partial.file().write_all(b"new").unwrap();
        assert!(!target.exists() && names(dir.path()).len() == 1);
        partial.commit().unwrap();

        assert_eq!(std::fs::read(&target).unwrap(), b"new");
        assert_eq!(target.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(names(dir.path()), ["a.txt"]);
    }

    #[test]
    fn a_dropped_partial_leaves_the_earlier_file_alone() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.txt");
        std::fs::write(&target, "old").unwrap();

        drop(Partial::create(&target, None).unwrap());

        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["a.txt"]);
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_a_link_stays_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("a"), dir.path().join("link"));
        std::fs::write(&target, "old").unwrap();
        std::fs::set_permissions(&target, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("a", &link).unwrap();

        let partial = Partial::create(&link, None).unwrap();
        partial.file().write_all(b"new").unwrap();
        partial.commit().unwrap();

        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
        assert_eq!(target.metadata().unwrap().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_missing_folder_is_named_with_what_makes_it() {
        let error = Partial::create(Path::new("/no/such/file"), None).unwrap_err();

        assert_eq!(
            error.hint_text(),
            Some("make the folder first: `fs::make_dir(\"/no/such\")`")
        );
    }

    #[test]
    fn a_device_or_a_pipe_is_not_replaced() {
        for path in ["/dev/null", "/dev/full"] {
            let error = Partial::create(Path::new(path), None).unwrap_err();

            assert_eq!(
                error.message(),
                format!("cannot replace `{path}`: it is no file")
            );
        }
    }
}
