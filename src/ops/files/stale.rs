//! Files that a killed program was writing: hidden, with part of the content of what they were to become.
//!
//! Who writes one holds a lock on it, which ends with the process. A file that nobody holds and that was not touched for a
//! while is removed when something is next written in its folder.

use std::collections::BTreeSet;
use std::fs::{DirEntry, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

/// How the name of a file that is being written ends.
pub(super) const ENDING: &str = ".partial";

/// A file that was touched since may be that of a program which is about to lock it.
const UNTOUCHED: Duration = Duration::from_mins(1);

/// The fewest hexadecimal digits in front of the ending: a process and a time in nanoseconds.
const DIGITS: usize = 16;

/// The folders that were looked through: once in the life of a process.
static SEEN: LazyLock<Mutex<BTreeSet<PathBuf>>> = LazyLock::new(Mutex::default);

/// Holds a file that was just made, so that nobody removes it. False when somebody has removed it already.
pub(super) fn hold(file: &File) -> bool {
    // A file system without locks keeps what a killed program leaves.
    let _unheld = flock(file, FlockOperation::NonBlockingLockExclusive);
    file.metadata().is_ok_and(|facts| facts.nlink() > 0)
}

/// Removes what killed programs left in a folder, when it is first written to. That is no reason not to write.
pub(super) fn clear(folder: &Path) {
    let is_new = SEEN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(folder.to_owned());
    if is_new {
        remove_from(folder);
    }
}

fn remove_from(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(is_left) {
        let Ok(file) = File::open(entry.path()) else {
            continue;
        };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            tracing::debug!(path = %entry.path().display(), "removed what a killed program left");
            // It stays where the folder may not be changed.
            let _still_there = std::fs::remove_file(entry.path());
        }
    }
}

/// Whether it is named as one of ours, is a file, and was not touched for a while.
fn is_left(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let ours = name
        .to_str()
        .filter(|name| name.starts_with('.'))
        .and_then(|name| name.strip_suffix(ENDING))
        .and_then(|name| name.rsplit_once('.'));
    let is_ours = ours.is_some_and(|(_, stamp)| {
        stamp.len() >= DIGITS && stamp.chars().all(|letter| letter.is_ascii_hexdigit())
    });
    let is_untouched = || {
        let facts = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some(facts.modified().ok()?.elapsed().ok()? > UNTOUCHED)
    };
    is_ours && is_untouched() == Some(true)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::{Partial, write};
    use super::*;

    /// A file of this name that was last touched so long ago.
    fn aged(folder: &Path, name: &str, age: Duration) -> File {
        let file = File::create(folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        file
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_program_left_goes_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let hour = Duration::from_hours(1);
        aged(dir.path(), ".a.txt.1234567890abcdef12.partial", hour);
        aged(
            dir.path(),
            ".b.txt.1234567890abcdef13.partial",
            Duration::ZERO,
        );
        aged(dir.path(), ".c.txt.partial", hour);
        aged(dir.path(), ".d.txt.not-hexadecimal-digits.partial", hour);
        aged(dir.path(), "e.txt.1234567890abcdef14.partial", hour);
        let written = aged(dir.path(), ".f.txt.1234567890abcdef15.partial", hour);
        assert!(hold(&written));

        write(&dir.path().join("new.txt"), b"new", None).unwrap();

        assert_eq!(
            names(dir.path()),
            [
                ".b.txt.1234567890abcdef13.partial",
                ".c.txt.partial",
                ".d.txt.not-hexadecimal-digits.partial",
                ".f.txt.1234567890abcdef15.partial",
                "e.txt.1234567890abcdef14.partial",
                "new.txt",
            ]
        );
    }

    #[test]
    fn what_is_being_written_is_held() {
        let dir = tempfile::tempdir().unwrap();
        let partial = Partial::create(&dir.path().join("slow.txt"), None).unwrap();
        let hidden = names(dir.path());
        partial
            .file()
            .set_modified(SystemTime::now() - Duration::from_hours(1))
            .unwrap();

        remove_from(dir.path());
        assert_eq!(names(dir.path()), hidden);

        partial.commit().unwrap();
        assert_eq!(names(dir.path()), ["slow.txt"]);
    }

    #[test]
    fn a_file_that_was_removed_before_it_was_held_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::create(dir.path().join("gone")).unwrap();
        std::fs::remove_file(dir.path().join("gone")).unwrap();

        assert!(!hold(&file));
    }
}
