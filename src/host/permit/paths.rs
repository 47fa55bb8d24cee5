//! Paths: where one really is, and whether that lies in what was granted.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::refusal::Wanted;
use super::{Access, Permit, current};
use crate::base::Result;
use crate::host::Host;

impl Permit {
    /// Whether a path may be read or written: without `..`, and where it really is, whatever links lead there.
    pub(super) fn path(&self, host: &Host, access: Access, path: &Path) -> Result<()> {
        let shown = path.display().to_string();
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(self.refuse(Wanted::Upward(&shown)));
        }
        let place = resolve(&host.project().path(path));
        let Some(place) = place else {
            return Err(self.refuse(Wanted::Lost(&shown)));
        };
        if self.covers(host, access, &place) {
            return Ok(());
        }
        let shown = host.project().display(&host.project().path(path));
        Err(self.refuse(Wanted::Path(access, &shown)))
    }

    /// Whether a place, with all links on its way followed, lies in what was granted.
    pub(super) fn covers(&self, host: &Host, access: Access, place: &Path) -> bool {
        let grants = match access {
            Access::Read => &self.allow.read,
            Access::Write => &self.allow.write,
        };
        let mut roots = grants
            .iter()
            .filter_map(|grant| resolve(&host.project().path(grant)));
        // Who may write at all gets temporary files, and those may be read again.
        let is_own = || !self.allow.write.is_empty() && host.temps().holds(place);
        roots.any(|root| place.starts_with(root)) || is_own()
    }
}

/// A path with all links followed; what is not there yet lies below what is. None where a link leads nowhere, or where
/// it cannot be told.
pub(super) fn resolve(path: &Path) -> Option<PathBuf> {
    let mut missing = Vec::new();
    let mut at = path;
    loop {
        match at.canonicalize() {
            Ok(real) => {
                return Some(
                    missing
                        .iter()
                        .rev()
                        .fold(real, |real, name| real.join(name)),
                );
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(_) => return None,
        }
        if at.symlink_metadata().is_ok() {
            return None;
        }
        missing.push(at.file_name()?);
        at = at.parent()?;
    }
}

/// A path that the running script wants to read, below the project's folder.
pub(in crate::host) fn read(host: &Host, path: impl AsRef<Path>) -> Result<PathBuf> {
    reach(host, Access::Read, path.as_ref())
}

/// A path that the running script wants to write, below the project's folder.
pub(in crate::host) fn write(host: &Host, path: impl AsRef<Path>) -> Result<PathBuf> {
    reach(host, Access::Write, path.as_ref())
}

fn reach(host: &Host, access: Access, path: &Path) -> Result<PathBuf> {
    if let Some(permit) = current() {
        permit.path(host, access, path)?;
    }
    Ok(host.project().path(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_where_links_lead_and_a_link_to_nowhere_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("real")).unwrap();
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).unwrap();
        std::os::unix::fs::symlink("/no/such/place", root.join("nowhere")).unwrap();

        assert_eq!(
            resolve(&root.join("link/new/file")),
            Some(root.join("real/new/file"))
        );
        assert_eq!(resolve(&root.join("nowhere")), None);
        assert_eq!(resolve(&root.join("nowhere/below")), None);
    }
}
