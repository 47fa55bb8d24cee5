//! Temporary files and folders that go when the run ends.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::base::settings::Environment;
use crate::base::{Error, Result};

/// The temporary files of one run. Dropping it removes them.
#[derive(Debug)]
pub struct Temps {
    folder: PathBuf,
    made: Mutex<Vec<PathBuf>>,
    counter: AtomicU64,
}

impl Temps {
    /// Where the environment says that temporary files go.
    pub fn new(environment: &Environment) -> Self {
        let folder = environment
            .get("TMPDIR")
            .filter(|folder| !folder.is_empty());
        Self {
            folder: folder.unwrap_or("/tmp").into(),
            made: Mutex::default(),
            counter: AtomicU64::new(0),
        }
    }

    /// Makes an empty folder that only we may enter.
    pub fn folder(&self) -> Result<PathBuf> {
        self.make("", |path| fs::DirBuilder::new().mode(0o700).create(path))
    }

    /// Makes an empty file that only we may read, with a name that ends in `suffix`.
    pub fn file(&self, suffix: &str) -> Result<PathBuf> {
        if suffix.contains('/') {
            return Err(Error::invalid(format!(
                "`{suffix}` is no end of a file's name"
            )));
        }
        self.make(suffix, |path| {
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            options.open(path).map(|_| ())
        })
    }

    fn make(&self, suffix: &str, make: impl Fn(&Path) -> std::io::Result<()>) -> Result<PathBuf> {
        loop {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let stamp = now.unwrap_or_default().as_nanos();
            let count = self.counter.fetch_add(1, Ordering::Relaxed);
            let name = format!("lexi-{:x}-{stamp:x}-{count}{suffix}", std::process::id());
            let path = self.folder.join(name);
            match make(&path) {
                Ok(()) => {
                    self.lock().push(path.clone());
                    return Ok(path);
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => {
                    let message = format!("cannot make `{}`", path.display());
                    return Err(Error::io(message, e));
                }
            }
        }
    }

    /// Whether a path is one of them, or below one.
    pub fn holds(&self, path: &Path) -> bool {
        let is_above = |made: &PathBuf| {
            let real = made.canonicalize();
            real.is_ok_and(|real| path.starts_with(real))
        };
        self.lock().iter().any(is_above)
    }

    /// Removes everything that was made.
    pub fn clear(&self) {
        for path in std::mem::take(&mut *self.lock()) {
            // A script may have removed it already, and a link may stand where it was.
            let _gone = if path.is_dir() && !path.is_symlink() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<PathBuf>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Temps {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_goes_with_the_run() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::of(&[("TMPDIR", dir.path().to_str().unwrap())]);
        let temps = Temps::new(&environment);

        let folder = temps.folder().unwrap();
        fs::write(folder.join("a"), "").unwrap();
        let file = temps.file(".sql").unwrap();
        assert!(file.is_file() && file.extension().unwrap() == "sql");
        assert!(temps.file("/../x").is_err());

        drop(temps);

        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
