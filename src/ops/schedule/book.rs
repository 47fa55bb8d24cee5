//! Where it is noted what became of each time.

use super::journal::{Journal, Note};
use super::shared::Shared;
use super::slot::Coordinator;
use crate::base::Result;

/// The notes, and who starts what.
#[derive(Debug)]
pub enum Book {
    /// In files of one host.
    File(Journal),
    /// In a database, for several hosts.
    Pg {
        /// The files of this host: which runs live here.
        journal: Journal,
        /// The rows.
        shared: Box<Shared>,
        /// The number of our lead; it grows with each change of the leader.
        epoch: i64,
    },
}

impl Book {
    /// The files of this host.
    pub const fn journal(&self) -> &Journal {
        match self {
            Self::File(journal) | Self::Pg { journal, .. } => journal,
        }
    }

    /// Who decides between several daemons.
    pub const fn coordinator(&self) -> Coordinator {
        match self {
            Self::File(_) => Coordinator::File,
            Self::Pg { .. } => Coordinator::Pg,
        }
    }

    /// The number of our lead.
    pub const fn epoch(&self) -> i64 {
        match self {
            Self::File(_) => 0,
            Self::Pg { epoch, .. } => *epoch,
        }
    }

    /// The notes of an entry.
    pub async fn notes(&self, entry: &str) -> Result<Vec<Note>> {
        match self {
            Self::File(journal) => journal.notes(entry),
            Self::Pg { shared, .. } => shared.notes(entry).await.map(super::journal::counting),
        }
    }

    /// Adds notes.
    pub async fn add(&self, entry: &str, notes: &[Note]) -> Result<()> {
        match self {
            Self::File(journal) => journal.add(entry, notes),
            Self::Pg { shared, .. } => shared.add(entry, notes).await,
        }
    }
}
