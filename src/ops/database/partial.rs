//! A file of rows that is there only when it is complete.

use std::path::Path;

use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};

use crate::base::{Error, Result};
use crate::ops::files::Partial;

/// A row is small and a write to a file is a trip to another thread.
const BUFFER: usize = 256 << 10;

/// Rows being written to a file that gets its name only when it is complete, and is removed when it never is.
#[derive(Debug)]
pub(super) struct PartialFile {
    rows: BufWriter<File>,
    file: Partial,
}

impl PartialFile {
    /// Begins to write next to the path.
    pub(super) fn create(path: &Path) -> Result<Self> {
        // Rows are confidential: only a file that was there keeps the rights that somebody gave it.
        let mode = (!path.exists()).then_some(0o600);
        let file = Partial::create(path, mode)?;
        let same = file.file().try_clone().map_err(|e| file.error(e))?;
        Ok(Self {
            rows: BufWriter::with_capacity(BUFFER, File::from_std(same)),
            file,
        })
    }

    /// Writes some more.
    pub(super) async fn write(&mut self, chunk: &[u8]) -> Result<()> {
        let written = self.rows.write_all(chunk).await;
        written.map_err(|e| self.file.error(e))
    }

    /// Gives it its name; until here nothing was changed.
    pub(super) async fn publish(mut self) -> Result<()> {
        let flushed = self.rows.flush().await;
        flushed.map_err(|e| self.file.error(e))?;
        let committed = tokio::task::spawn_blocking(move || self.file.commit()).await;
        committed.map_err(|e| Error::internal("a file could not be completed").because(e))?
    }
}
