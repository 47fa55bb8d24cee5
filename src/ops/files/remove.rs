//! Removes files and folders, and refuses to remove what everything else stands on.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::partial::parent;
use crate::base::{Error, Result};

/// Removes a file, a link (not what it leads to) or a folder with all it holds; gives whether there was anything.
///
/// `keep` and every folder above it are refused.
pub fn remove(path: &Path, keep: &Path) -> Result<bool> {
    let fail = |e| Error::io(format!("cannot remove `{}`", path.display()), e);
    let facts = match fs::symlink_metadata(path) {
        Ok(facts) => facts,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(false);
        }
        Err(e) => return Err(fail(e)),
    };
    refuse_the_ground(path, keep)?;
    if facts.is_dir() {
        fs::remove_dir_all(path).map_err(fail)?;
    } else {
        fs::remove_file(path).map_err(fail)?;
    }
    Ok(true)
}

fn refuse_the_ground(path: &Path, keep: &Path) -> Result<()> {
    let real = real(path)?;
    let keep = keep
        .canonicalize()
        .map_err(|e| Error::io(format!("cannot find `{}`", keep.display()), e))?;
    if !keep.starts_with(&real) {
        return Ok(());
    }
    let what = if real == keep {
        "it is the project"
    } else {
        "it holds the project"
    };
    Err(Error::refused(format!(
        "will not remove `{}`: {what}",
        path.display()
    )))
}

/// The path with the links in the folders above it resolved, but not itself, since a link is removed as a link.
fn real(path: &Path) -> Result<PathBuf> {
    let found = match path.file_name() {
        Some(name) => parent(path).canonicalize().map(|folder| folder.join(name)),
        None => path.canonicalize(),
    };
    found.map_err(|e| Error::io(format!("cannot find `{}`", path.display()), e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Kind;

    #[test]
    fn the_project_and_what_holds_it_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("project");
        fs::create_dir_all(project.join("sub")).unwrap();
        std::os::unix::fs::symlink(dir.path(), project.join("out")).unwrap();

        for path in ["", ".", "..", "sub/..", "out/project", "../../..", "/"] {
            let error = remove(&project.join(path), &project).unwrap_err();
            assert_eq!(error.kind(), Kind::Refused, "{path}");
        }
        assert!(project.is_dir());
    }

    #[test]
    fn a_link_is_removed_and_not_what_it_leads_to() {
        let dir = tempfile::tempdir().unwrap();
        let (project, other) = (dir.path().join("project"), dir.path().join("other"));
        fs::create_dir_all(project.join("tree")).unwrap();
        fs::create_dir(&other).unwrap();
        fs::write(other.join("keep"), "").unwrap();
        std::os::unix::fs::symlink(&other, project.join("tree/link")).unwrap();
        std::os::unix::fs::symlink(&other, project.join("link")).unwrap();

        assert!(remove(&project.join("tree"), &project).unwrap());
        assert!(remove(&project.join("link"), &project).unwrap());

        assert!(other.join("keep").exists());
        assert!(!remove(&project.join("link"), &project).unwrap());
    }
}
