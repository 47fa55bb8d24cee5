//! Copies and moves files and folders.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use walkdir::WalkDir;

use super::partial::{Partial, PartialFolder, parent, sync_folder};
use super::remove::remove;
use super::walk::normal;
use crate::base::{Cancel, Error, Kind, Result};

/// How much is copied between two looks at the request to stop.
const PIECE: u64 = 16 * 1024 * 1024;

/// What to do with what has the new name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone and fail.
    Keep,
    /// Replace it.
    Replace,
}

/// Copies a file, or a folder with all it holds, to a new name; it appears there when it is complete. Links stay links.
pub fn copy(from: &Path, to: &Path, existing: Existing, cancel: &Cancel) -> Result<()> {
    let facts = look(from)?;
    refuse_existing(to, existing)?;
    if facts.is_dir() {
        refuse_inside(from, to)?;
        let partial = PartialFolder::create(to)?;
        copy_tree(from, partial.path(), cancel)?;
        make_room(to, existing)?;
        partial.commit()
    } else {
        copy_file(
            from,
            &from.metadata().map_err(|e| cannot_copy(from, e))?,
            to,
            cancel,
        )
    }
}

/// Gives a file or folder another name, also on another disk.
pub fn rename(from: &Path, to: &Path, existing: Existing, cancel: &Cancel) -> Result<()> {
    let facts = look(from)?;
    refuse_existing(to, existing)?;
    if facts.is_dir() {
        refuse_inside(from, to)?;
        make_room(to, existing)?;
    } else if to.is_dir() && !to.is_symlink() {
        make_room(to, existing)?;
    }
    match fs::rename(from, to) {
        Ok(()) => sync_folder(parent(to)),
        Err(e) if e.kind() == ErrorKind::CrossesDevices => {
            if facts.is_symlink() {
                copy_link(from, to)?;
            } else {
                copy(from, to, existing, cancel)?;
            }
            remove(from, to).map(|_| ())
        }
        Err(e) => {
            let message = format!("cannot move `{}` to `{}`", from.display(), to.display());
            Err(Error::io(message, e))
        }
    }
}

fn look(from: &Path) -> Result<Metadata> {
    fs::symlink_metadata(from).map_err(|e| cannot_copy(from, e))
}

fn refuse_existing(to: &Path, existing: Existing) -> Result<()> {
    if existing == Existing::Keep && fs::symlink_metadata(to).is_ok() {
        let message = format!("`{}` is already there", to.display());
        return Err(Error::new(Kind::Conflict, message)
            .hint("replace it with the option `overwrite: true`"));
    }
    Ok(())
}

fn refuse_inside(from: &Path, to: &Path) -> Result<()> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| normal(path));
    let target = real(parent(to)).join(to.file_name().unwrap_or_default());
    if target.starts_with(real(from)) {
        let (from, to) = (from.display(), to.display());
        return Err(Error::invalid(format!("`{to}` is inside `{from}`")));
    }
    if real(from).starts_with(&target) {
        let (from, to) = (from.display(), to.display());
        return Err(Error::invalid(format!("`{to}` holds `{from}`")));
    }
    Ok(())
}

/// Takes away what is replaced, as late as possible.
fn make_room(to: &Path, existing: Existing) -> Result<()> {
    match existing {
        Existing::Replace if fs::symlink_metadata(to).is_ok() => {
            let removed = if to.is_dir() && !to.is_symlink() {
                fs::remove_dir_all(to)
            } else {
                fs::remove_file(to)
            };
            removed.map_err(|e| Error::io(format!("cannot replace `{}`", to.display()), e))
        }
        _ => Ok(()),
    }
}

fn copy_tree(from: &Path, to: &Path, cancel: &Cancel) -> Result<()> {
    let mut folders = Vec::new();
    for entry in WalkDir::new(from).sort_by_file_name() {
        cancel.check()?;
        let entry = entry.map_err(|e| {
            let path = e.path().unwrap_or(from).to_owned();
            cannot_copy(&path, e.into())
        })?;
        let below = entry.path().strip_prefix(from).unwrap_or(Path::new(""));
        let target = to.join(below);
        let facts = entry
            .metadata()
            .map_err(|e| cannot_copy(entry.path(), e.into()))?;
        if facts.is_dir() {
            if entry.depth() > 0 {
                fs::create_dir(&target).map_err(|e| cannot_copy(&target, e))?;
            }
            folders.push((target, facts.permissions()));
        } else if facts.is_symlink() {
            copy_link(entry.path(), &target)?;
        } else {
            copy_file(entry.path(), &facts, &target, cancel)?;
        }
    }
    // A folder that may not be written to gets its permissions when nothing is written to it any more.
    for (folder, permissions) in folders.into_iter().rev() {
        // By the open folder: a script that is confined may not change a mode by a name.
        let set = File::open(&folder).and_then(|open| open.set_permissions(permissions.clone()));
        set.or_else(|_unreadable| fs::set_permissions(&folder, permissions))
            .map_err(|e| cannot_copy(&folder, e))?;
    }
    Ok(())
}

fn copy_link(from: &Path, to: &Path) -> Result<()> {
    fs::read_link(from)
        .and_then(|target| symlink(target, to))
        .map_err(|e| cannot_copy(from, e))
}

fn copy_file(from: &Path, facts: &Metadata, to: &Path, cancel: &Cancel) -> Result<()> {
    if !facts.is_file() {
        let message = format!("cannot copy `{}`: it is no file", from.display());
        return Err(Error::invalid(message));
    }
    let source = File::open(from).map_err(|e| cannot_copy(from, e))?;
    let partial = Partial::create(to, Some(facts.mode() & 0o7777))?;
    loop {
        cancel.check()?;
        let copied = io::copy(&mut (&source).take(PIECE), &mut partial.file());
        if copied.map_err(|e| partial.error(e))? == 0 {
            break;
        }
    }
    // Again, now that it is written: writing takes away the bits that lend rights.
    let permissions = fs::Permissions::from_mode(facts.mode() & 0o7777);
    let set = partial.file().set_permissions(permissions);
    set.map_err(|e| cannot_copy(from, e))?;
    partial.commit()
}

fn cannot_copy(path: &Path, e: io::Error) -> Error {
    Error::io(format!("cannot copy `{}`", path.display()), e)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from");
        fs::create_dir_all(from.join("sub/empty")).unwrap();
        fs::write(from.join("run.sh"), "#!/bin/sh").unwrap();
        fs::set_permissions(from.join("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
        fs::write(from.join("sub/a"), "a").unwrap();
        symlink("../run.sh", from.join("sub/link")).unwrap();
        fs::set_permissions(from.join("sub"), fs::Permissions::from_mode(0o555)).unwrap();
        dir
    }

    #[test]
    fn a_tree_is_copied_with_modes_and_links() {
        let dir = tree();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));

        copy(&from, &to, Existing::Keep, &Cancel::root()).unwrap();

        assert_eq!(to.join("run.sh").metadata().unwrap().mode() & 0o777, 0o750);
        assert_eq!(to.join("sub").metadata().unwrap().mode() & 0o777, 0o555);
        assert_eq!(
            fs::read_link(to.join("sub/link")).unwrap(),
            Path::new("../run.sh")
        );
        assert!(to.join("sub/empty").is_dir());
        let error = copy(&from, &to, Existing::Keep, &Cancel::root()).unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
        copy(&from, &to, Existing::Replace, &Cancel::root()).unwrap();
    }

    #[test]
    fn a_tree_is_not_copied_into_itself() {
        let dir = tree();
        let from = dir.path().join("from");

        for to in [
            from.join("in"),
            from.clone(),
            dir.path().join("from/sub/../x"),
        ] {
            let error = copy(&from, &to, Existing::Replace, &Cancel::root()).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid, "{}", to.display());
        }
        let inner = from.join("sub");
        let error = rename(&inner, &from, Existing::Replace, &Cancel::root()).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(inner.join("a").exists());
    }

    #[test]
    fn a_stopped_copy_leaves_nothing() {
        let dir = tree();
        let cancel = Cancel::root();
        cancel.cancel(crate::base::Reason::Sibling);

        let from = dir.path().join("from");
        let error = copy(&from, &dir.path().join("to"), Existing::Keep, &cancel).unwrap_err();

        assert_eq!(error.kind(), Kind::Cancelled);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_moved_and_replaces_only_when_told() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();

        assert!(rename(&from, &to, Existing::Keep, &Cancel::root()).is_err());
        rename(&from, &to, Existing::Replace, &Cancel::root()).unwrap();

        assert_eq!(fs::read(&to).unwrap(), b"new");
        assert!(!from.exists());
    }
}
