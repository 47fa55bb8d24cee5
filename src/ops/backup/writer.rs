//! Writes a dump as it streams in: scanned, packed, hashed, on threads of its own.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{Advice, fadvise};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::reader::Meter;
use super::scanner::{Facts, Scanner};
use super::{files, gzip};
use crate::base::{Error, Result, units};

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    /// What the dump holds.
    pub(super) facts: Facts,
    /// Bytes of the file.
    pub(super) bytes: u64,
    /// The file's SHA-256, in hexadecimal.
    pub(super) sha256: String,
}

/// How many pieces may wait to be written.
const QUEUE: usize = 4;

enum Message {
    Piece(Vec<u8>),
    End,
}

/// The way to the thread that writes.
pub(super) struct Writer {
    sender: mpsc::Sender<Message>,
    thread: JoinHandle<Result<Written>>,
}

impl Writer {
    /// Makes the file and starts the thread.
    pub(super) fn start(path: &Path, level: u32) -> Result<Self> {
        let file = files::create_private(path).map_err(|e| writing(path, e))?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let path = path.to_owned();
        let thread = tokio::task::spawn_blocking(move || write(file, &path, level, receiver));
        Ok(Self { sender, thread })
    }

    /// Hands on a piece; `false` when the thread has stopped, which [`Writer::finish`] explains.
    pub(super) async fn send(&self, piece: Vec<u8>) -> bool {
        self.sender.send(Message::Piece(piece)).await.is_ok()
    }

    /// Why the thread has stopped.
    pub(super) async fn failure(self) -> Error {
        let stopped = || Error::internal("the thread that writes a backup stopped early");
        self.finish().await.err().unwrap_or_else(stopped)
    }

    /// Says that the dump is complete, and waits until the file is on the disk.
    pub(super) async fn finish(self) -> Result<Written> {
        // A thread that stopped early does not hear this; its own result says why it stopped.
        let _stopped = self.sender.send(Message::End).await;
        drop(self.sender);
        let result = self.thread.await;
        result.map_err(|e| Error::internal("the thread that writes a backup ended").because(e))?
    }
}

fn write(
    file: File,
    path: &Path,
    level: u32,
    mut pieces: mpsc::Receiver<Message>,
) -> Result<Written> {
    let failed = |e| writing(path, e);
    let mut scanner = Scanner::new();
    let next = || match pieces.blocking_recv() {
        Some(Message::Piece(piece)) => {
            scanner.feed(&piece);
            Ok(Some(piece))
        }
        Some(Message::End) => Ok(None),
        // Nobody said that this is the end: the dump was given up.
        None => Err(io::Error::other("the backup was given up")),
    };
    let meter = gzip::pack(Meter::new(file), level, next).map_err(failed)?;
    let bytes = meter.bytes();
    let (file, sha256) = meter.finish();
    file.sync_all().map_err(failed)?;
    // So that reading it back reads the disk. Where that cannot be asked for, the cache is read.
    let _unsupported = fadvise(&file, 0, None, Advice::DontNeed);
    Ok(Written {
        facts: scanner.finish(),
        bytes,
        sha256,
    })
}

fn writing(path: &Path, error: io::Error) -> Error {
    let doing = format!("cannot write `{}`", path.display());
    if error.kind() == io::ErrorKind::StorageFull {
        let folder = path.parent().unwrap_or(path);
        return Error::io(doing, error).hint(format!(
            "free space in `{}`; {}",
            folder.display(),
            super::space::free(folder).map_or_else(
                |_unknown| "how much is free is not known".to_owned(),
                |free| format!("{} are free", units::bytes(free))
            )
        ));
    }
    Error::io(doing, error)
}
