//! Where it is noted what became of each time.

use super::journal::{Journal, Note};
use super::slot::Coordinator;
use crate::base::Result;

/// The notes, and who starts what.
#[derive(Debug)]
pub enum Book {
    /// In files of one host.
    File(Journal),
}

impl Book {
    /// The files of this host.
    pub const fn journal(&self) -> &Journal {
        match self {
            Self::File(journal) => journal,
        }
    }

    /// Who decides between several daemons.
    pub const fn coordinator(&self) -> Coordinator {
        match self {
            Self::File(_) => Coordinator::File,
        }
    }

    /// The number of our lead; it grows with each change of the leader.
    pub const fn epoch(&self) -> i64 {
        match self {
            Self::File(_) => 0,
        }
    }

    /// The notes of an entry.
    #[expect(clippy::unused_async, reason = "a database has to be waited for")]
    pub async fn notes(&self, entry: &str) -> Result<Vec<Note>> {
        match self {
            Self::File(journal) => journal.notes(entry),
        }
    }

    /// Adds notes.
    #[expect(clippy::unused_async, reason = "a database has to be waited for")]
    pub async fn add(&self, entry: &str, notes: &[Note]) -> Result<()> {
        match self {
            Self::File(journal) => journal.add(entry, notes),
        }
    }
}
