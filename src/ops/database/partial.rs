//! A file that is there only when it is complete.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};

use crate::base::{Error, Kind, Result};

/// A row is small and a write to a file is a trip to another thread.
const BUFFER: usize = 256 << 10;

/// A file that gets its name only when it is complete, and is removed when it never is.
#[derive(Debug)]
pub(super) struct PartialFile {
    file: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
    is_published: bool,
}

impl PartialFile {
    /// Begins to write next to the path.
    pub(super) async fn create(path: &Path) -> Result<Self> {
        let name = path.file_name().ok_or_else(|| {
            Error::invalid(format!("`{}` is not the name of a file", path.display()))
        })?;
        let unique = format!(".{}.{}.partial", name.display(), std::process::id());
        let partial = path.with_file_name(unique);
        // Rows are confidential: only a file that was there keeps the rights that somebody gave it.
        let mode = std::fs::metadata(path).map_or(0o600, |earlier| earlier.mode() & 0o777);
        let mut options = File::options();
        let file = options.write(true).create_new(true).mode(mode);
        let file = file.open(&partial).await;
        let file = file.map_err(|e| Error::io(format!("cannot write `{}`", path.display()), e))?;
        Ok(Self {
            file: BufWriter::with_capacity(BUFFER, file),
            partial,
            path: path.to_owned(),
            is_published: false,
        })
    }

    /// Writes some more.
    pub(super) async fn write(&mut self, chunk: &[u8]) -> Result<()> {
        let written = self.file.write_all(chunk).await;
        written.map_err(|e| self.failed(e))
    }

    /// Gives it its name; until here nothing was changed.
    pub(super) async fn publish(mut self) -> Result<()> {
        self.file.flush().await.map_err(|e| self.failed(e))?;
        self.file
            .get_ref()
            .sync_all()
            .await
            .map_err(|e| self.failed(e))?;
        let renamed = tokio::fs::rename(&self.partial, &self.path).await;
        renamed.map_err(|e| self.failed(e))?;
        self.is_published = true;
        Ok(())
    }

    fn failed(&self, error: std::io::Error) -> Error {
        let message = format!(
            "cannot write `{}`; nothing was left there",
            self.path.display()
        );
        Error::new(Kind::Io, message).because(error)
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.is_published {
            // It may never have been there; either way it is gone.
            let _gone = std::fs::remove_file(&self.partial);
        }
    }
}
