//! Where it is noted what became of each time.

use tokio_util::sync::CancellationToken;

use super::journal::{self, Journal, Note};
use super::shared::Shared;
use super::slot::{Coordinator, Slot};
use crate::base::{Error, Result};

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
        /// Cancelled when the lead is lost: nobody waits for the database any more then.
        lost: CancellationToken,
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

    /// Cancelled when the lead is lost, which one among daemons of one host never is.
    pub fn lost(&self) -> CancellationToken {
        match self {
            Self::File(_) => CancellationToken::new(),
            Self::Pg { lost, .. } => lost.clone(),
        }
    }

    /// Whether the lead was lost.
    pub fn is_lost(&self) -> bool {
        match self {
            Self::File(_) => false,
            Self::Pg { lost, .. } => lost.is_cancelled(),
        }
    }

    /// The notes of an entry.
    pub async fn notes(&self, entry: &str) -> Result<Vec<Note>> {
        match self {
            Self::File(journal) => journal.notes(entry),
            Self::Pg { shared, lost, .. } => until(lost, shared.notes(entry))
                .await
                .map(super::journal::counting),
        }
    }

    /// The same, with whether the entry is on in any case.
    pub async fn notes_and_switch(&self, entry: &str) -> Result<Vec<Note>> {
        let mut notes = self.notes(entry).await?;
        if let Self::Pg { shared, lost, .. } = self
            && !notes.is_empty()
            && journal::last_switch(&notes).is_none()
        {
            // The notes of long ago are not read.
            let switch = until(lost, shared.switch(entry)).await?;
            notes.splice(0..0, switch);
        }
        Ok(notes)
    }

    /// Whether nothing was decided yet about a time.
    pub async fn is_free(&self, slot: &Slot) -> Result<bool> {
        let is_free = journal::is_free(&self.notes(&slot.entry).await?, slot);
        match self {
            Self::File(_) => Ok(is_free),
            // The notes of long ago are not read, but no start is forgotten for a month.
            Self::Pg { shared, lost, .. } => {
                Ok(is_free && !until(lost, shared.is_started(slot)).await?)
            }
        }
    }

    /// Adds notes.
    pub async fn add(&self, entry: &str, notes: &[Note]) -> Result<()> {
        match self {
            Self::File(journal) => journal.add(entry, notes),
            Self::Pg { shared, lost, .. } => until(lost, shared.add(entry, notes)).await,
        }
    }
}

/// Waits for an answer for as long as we lead: runs that must be stopped cannot wait for a database out of reach.
async fn until<T>(lost: &CancellationToken, answer: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        () = lost.cancelled() => Err(Error::unavailable("the lead is lost")),
        answer = answer => answer,
    }
}
