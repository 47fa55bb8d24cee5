//! What watched files hold, so that a save that changes nothing is none.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::script::sources::{Digest, digest};

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

    /// The files that are known, whether they are there or not.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.known.keys().map(PathBuf::as_path)
    }

    /// Those of these files that hold something else than before, with what they hold now.
    pub fn look(&self, files: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Option<Digest>> {
        let now = files.iter().map(|file| (file.clone(), digest(file)));
        let before = |file: &PathBuf| self.known.get(file).copied().flatten();
        now.filter(|(file, now)| before(file) != *now).collect()
    }

    /// Takes what was found to be so from now on.
    pub fn accept(&mut self, found: BTreeMap<PathBuf, Option<Digest>>) {
        self.known.extend(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_of_the_same_text_is_no_change_and_a_lost_file_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a");
        std::fs::write(&file, "one").unwrap();
        let (mut changes, all) = (Changes::default(), BTreeSet::from([file.clone()]));
        changes.learn([file.clone()]);

        std::fs::write(&file, "one").unwrap();
        assert!(changes.look(&all).is_empty());
        std::fs::write(&file, "two").unwrap();
        let found = changes.look(&all);
        assert_eq!(found.len(), 1);
        changes.accept(found);
        assert!(changes.look(&all).is_empty());
        std::fs::remove_file(&file).unwrap();
        assert_eq!(changes.look(&all).get(&file), Some(&None));
    }
}
