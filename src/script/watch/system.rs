//! What the system tells about files, in the few words that matter here.
//!
//! Folders are watched and not files, as a file that an editor replaces is another one afterwards. A file counts when it is
//! closed after writing or moved into place: before that it may be half written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::base::{Error, Project, Result};

/// What was seen of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It was closed after writing or moved into place.
    Touched(PathBuf),
    /// It was moved away or removed; it may have been a folder.
    Gone(PathBuf),
    /// Somebody is writing to it.
    Writing(PathBuf),
    /// A folder came or went: there may be others to watch.
    Folders,
    /// The system has lost count: look at everything.
    Overflow,
    /// Our own mark: all that was before it has been told.
    Cookie,
}

/// What one event says.
fn seen(event: &Event, cookie: &Path) -> Vec<Seen> {
    if event.need_rescan() {
        return vec![Seen::Overflow];
    }
    let last = || event.paths.last().cloned();
    let found = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => match last() {
            Some(path) if path == cookie => Some(Seen::Cookie),
            path => path.map(Seen::Touched),
        },
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => None,
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
            return event.paths.iter().cloned().map(Seen::Gone).collect();
        }
        EventKind::Modify(ModifyKind::Name(_)) => {
            let moved = |path: &PathBuf| {
                if path.is_dir() {
                    Seen::Folders
                } else {
                    Seen::Touched(path.clone())
                }
            };
            return event.paths.iter().map(moved).collect();
        }
        EventKind::Remove(_) => last().filter(|path| path != cookie).map(Seen::Gone),
        // A file that was just made is empty until it is written and closed.
        EventKind::Modify(ModifyKind::Data(_)) | EventKind::Create(CreateKind::File) => {
            last().filter(|path| path != cookie).map(Seen::Writing)
        }
        EventKind::Create(CreateKind::Folder) => Some(Seen::Folders),
        _ => None,
    };
    found.into_iter().collect()
}

/// A watch on folders.
pub struct Watch {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    cookie: Cookie,
}

/// A file of our own in a watched folder: its event comes behind all that happened before it was written.
#[derive(Debug, Clone)]
pub struct Cookie(PathBuf);

impl Cookie {
    fn of(project: &Project) -> Result<Self> {
        let folder = project.state().join("watch");
        std::fs::create_dir_all(&folder)
            .map_err(|e| Error::io(format!("cannot make `{}`", project.display(&folder)), e))?;
        Ok(Self(folder.join(std::process::id().to_string())))
    }

    /// Writes the mark, and says whether it could.
    pub fn leave(&self) -> bool {
        std::fs::write(&self.0, "").is_ok()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may never have been written.
        let _not_there = std::fs::remove_file(&self.cookie.0);
    }
}

impl Watch {
    /// Starts to watch nothing yet; tells what it sees through `tell`.
    pub fn start(project: &Project, tell: impl Fn(Seen) + Send + 'static) -> Result<Self> {
        let cookie = Cookie::of(project)?;
        let mark = cookie.0.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let found =
                event.map_or_else(|_lost| vec![Seen::Overflow], |event| seen(&event, &mark));
            for seen in found {
                tell(seen);
            }
        });
        let watcher = watcher.map_err(|e| refused(&e))?;
        let mut watch = Self {
            watcher,
            watched: BTreeSet::new(),
            cookie,
        };
        watch.add(project.state().join("watch"))?;
        Ok(watch)
    }

    /// The mark of this watch.
    pub fn cookie(&self) -> Cookie {
        self.cookie.clone()
    }

    /// Watches these folders too; those that are watched stay. One that was removed and made again is another one, though
    /// its path is known, so each is added once more.
    pub fn folders(&mut self, folders: BTreeSet<PathBuf>) -> Result<()> {
        self.watched.retain(|folder| folder.is_dir());
        for folder in folders {
            if folder.is_dir() {
                self.add(folder)?;
            }
        }
        Ok(())
    }

    /// Whether this is a folder that is watched.
    pub fn has(&self, path: &Path) -> bool {
        self.watched.contains(path)
    }

    fn add(&mut self, folder: PathBuf) -> Result<()> {
        match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.watched.insert(folder);
                Ok(())
            }
            // It went while we looked: its own event follows.
            Err(_gone) if !folder.is_dir() => Ok(()),
            Err(error) => Err(refused(&error)),
        }
    }
}

/// The system has limits for watches, which its own words hide.
fn refused(error: &notify::Error) -> Error {
    let refused =
        Error::usage("the system does not let us watch more files").because(error.to_string());
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => refused.hint(
            "raise the limit: `sysctl fs.inotify.max_user_watches=524288` (as root), or use `--poll`",
        ),
        _ => refused.hint(
            "raise the limit: `sysctl fs.inotify.max_user_instances=512` (as root), or use `--poll`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{DataChange, Flag, MetadataKind};

    #[test]
    fn only_whole_files_count() {
        let (file, cookie) = (
            PathBuf::from("/p/a.rhai"),
            PathBuf::from("/p/.lexi/watch/1"),
        );
        let says = |kind, path: &PathBuf| seen(&Event::new(kind).add_path(path.clone()), &cookie);
        let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));

        assert_eq!(says(closed, &file), [Seen::Touched(file.clone())]);
        assert_eq!(says(closed, &cookie), [Seen::Cookie]);
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        assert_eq!(says(written, &file), [Seen::Writing(file.clone())]);
        assert_eq!(says(written, &cookie), []);
        assert_eq!(
            says(
                EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)),
                &file
            ),
            []
        );
        assert_eq!(
            says(EventKind::Access(AccessKind::Open(AccessMode::Any)), &file),
            []
        );
        assert_eq!(
            says(EventKind::Create(CreateKind::Folder), &file),
            [Seen::Folders]
        );
        let moved = EventKind::Modify(ModifyKind::Name(RenameMode::To));
        assert_eq!(says(moved, &file), [Seen::Touched(file.clone())]);
    }

    #[test]
    fn lost_events_are_told() {
        let event = Event::new(EventKind::Other).set_flag(Flag::Rescan);

        assert_eq!(seen(&event, Path::new("/c")), [Seen::Overflow]);
    }
}
