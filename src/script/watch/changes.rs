//! What watched files hold, so that a save that changes nothing is none.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::script::inputs::is_script;
use crate::script::sources::{Digest, digest, digest_of};

/// What a file holds now. A script is read once: its text is the one that the digest is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Now {
    /// It is not there.
    Gone,
    /// It is not a script, or not one that can be read as text.
    File(Digest),
    /// A script's text.
    Script(Digest, String),
}

impl Now {
    fn of(path: &Path) -> Self {
        if !is_script(path) {
            return digest(path).map_or(Self::Gone, Self::File);
        }
        let Ok(bytes) = std::fs::read(path) else {
            return Self::Gone;
        };
        let digest = digest_of(&bytes);
        String::from_utf8(bytes).map_or(Self::File(digest), |text| Self::Script(digest, text))
    }

    /// Whether the file is there.
    pub const fn is_there(&self) -> bool {
        !matches!(self, Self::Gone)
    }

    /// Whether the file is there and holds nothing.
    pub fn is_empty(&self) -> bool {
        self.digest().is_some_and(|digest| digest == digest_of(b""))
    }

    /// The text of a script.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Script(_, text) => Some(text),
            Self::File(_) | Self::Gone => None,
        }
    }

    const fn digest(&self) -> Option<Digest> {
        match self {
            Self::File(digest) | Self::Script(digest, _) => Some(*digest),
            Self::Gone => None,
        }
    }
}

/// Changed files with what they hold now.
pub type Changed = BTreeMap<PathBuf, Now>;

/// The files that are watched, each with what it held when it was last looked at; nothing for one that was not there.
#[derive(Debug, Default)]
pub struct Changes {
    known: BTreeMap<PathBuf, Option<Digest>>,
}

impl Changes {
    /// Looks at files for the first time, or at new ones, without calling them changed.
    pub fn learn(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        for file in files {
            if let Entry::Vacant(new) = self.known.entry(file) {
                let digest = digest(new.key());
                new.insert(digest);
            }
        }
    }

    /// Takes a script for known that was read before: what is on disk by now may be another text.
    pub fn learn_text(&mut self, file: PathBuf, text: &str) {
        self.known.insert(file, Some(digest_of(text.as_bytes())));
    }

    /// The files that are known, whether they are there or not.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.known.keys().map(PathBuf::as_path)
    }

    /// Those of these files that hold something else than before, with what they hold now.
    pub fn look(&self, files: &BTreeSet<PathBuf>) -> Changed {
        let now = files.iter().map(|file| (file.clone(), Now::of(file)));
        let before = |file: &PathBuf| self.known.get(file).copied().flatten();
        now.filter(|(file, now)| before(file) != now.digest())
            .collect()
    }

    /// Takes what was found to be so from now on.
    pub fn accept(&mut self, found: &Changed) {
        let found = found.iter();
        self.known
            .extend(found.map(|(file, now)| (file.clone(), now.digest())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_of_the_same_text_is_no_change_and_a_lost_file_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.rhai");
        std::fs::write(&file, "one").unwrap();
        let (mut changes, all) = (Changes::default(), BTreeSet::from([file.clone()]));
        changes.learn([file.clone()]);

        std::fs::write(&file, "one").unwrap();
        assert!(changes.look(&all).is_empty());
        std::fs::write(&file, "two").unwrap();
        let found = changes.look(&all);
        assert_eq!(found[&file].text(), Some("two"));
        changes.accept(&found);
        assert!(changes.look(&all).is_empty());
        std::fs::remove_file(&file).unwrap();
        assert_eq!(changes.look(&all).get(&file), Some(&Now::Gone));
    }

    #[test]
    fn a_script_that_was_saved_while_it_was_read_has_changed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.rhai");
        std::fs::write(&file, "newer").unwrap();
        let mut changes = Changes::default();

        changes.learn_text(file.clone(), "older");

        let found = changes.look(&BTreeSet::from([file.clone()]));
        assert_eq!(found[&file].text(), Some("newer"));
    }
}
