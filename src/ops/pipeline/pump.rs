//! The thread in the middle: pulls bytes through the stages and writes them.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc::{Receiver, Sender};

use super::plan::Facts;
use super::stage::{SharedFacts, Stage, lock};

/// What goes through a queue. A queue that closes without an end was given up.
#[derive(Debug)]
pub(super) enum Piece {
    Bytes(Vec<u8>),
    End,
}

/// How many pieces wait in a queue.
pub(super) const QUEUE: usize = 4;

/// How large a piece is.
pub(super) const PIECE: usize = 128 * 1024;

/// Where the bytes go.
#[derive(Debug)]
pub(super) enum Output {
    File(File),
    Memory(Vec<u8>, usize),
    Queue(Sender<Piece>),
    Nothing,
}

/// What is left when all went through.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) facts: Facts,
    pub(super) memory: Vec<u8>,
}

/// The other end was given up; its own error says why.
#[derive(Debug, thiserror::Error)]
#[error("given up")]
pub(super) struct GivenUp;

/// More bytes than the caller wanted in memory.
#[derive(Debug, thiserror::Error)]
#[error("more than {0} bytes")]
pub(super) struct TooMuch(pub(super) usize);

/// Pulls everything through; blocks, so it needs a thread of its own.
pub(super) fn pump(
    input: Receiver<Piece>,
    stages: &[Stage],
    mut output: Output,
    is_given_up: &AtomicBool,
) -> io::Result<Done> {
    let facts = SharedFacts::default();
    let first: Box<dyn Read + Send> = Box::new(QueueReader::new(input));
    let mut reader = stages
        .iter()
        .fold(first, |before, stage| stage.reader(before, &facts));
    let mut buffer = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        if is_given_up.load(Ordering::Relaxed) {
            return Err(io::Error::other(GivenUp));
        }
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        output.write(&buffer[..count])?;
        bytes += u64::try_from(count).unwrap_or_default();
    }
    let memory = output.finish()?;
    let facts = Facts {
        bytes,
        ..std::mem::take(&mut *lock(&facts))
    };
    Ok(Done { facts, memory })
}

impl Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(bytes),
            Self::Nothing => Ok(()),
            Self::Memory(memory, limit) if memory.len() + bytes.len() > *limit => {
                Err(io::Error::other(TooMuch(*limit)))
            }
            Self::Memory(memory, _) => {
                memory.extend_from_slice(bytes);
                Ok(())
            }
            Self::Queue(queue) => send(queue, Piece::Bytes(bytes.to_vec())),
        }
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::File(file) => file.sync_all().map(|()| Vec::new()),
            Self::Nothing => Ok(Vec::new()),
            Self::Memory(memory, _) => Ok(memory),
            Self::Queue(queue) => send(&queue, Piece::End).map(|()| Vec::new()),
        }
    }
}

fn send(queue: &Sender<Piece>, piece: Piece) -> io::Result<()> {
    let sent = queue.blocking_send(piece);
    sent.map_err(|_closed| io::Error::other(GivenUp))
}

/// Reads the pieces of a queue as one stream.
#[derive(Debug)]
struct QueueReader {
    queue: Receiver<Piece>,
    piece: Vec<u8>,
    position: usize,
    is_ended: bool,
}

impl QueueReader {
    const fn new(queue: Receiver<Piece>) -> Self {
        Self {
            queue,
            piece: Vec::new(),
            position: 0,
            is_ended: false,
        }
    }
}

impl Read for QueueReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.position == self.piece.len() && !self.is_ended {
            match self.queue.blocking_recv() {
                Some(Piece::Bytes(bytes)) => (self.piece, self.position) = (bytes, 0),
                Some(Piece::End) => self.is_ended = true,
                None => return Err(io::Error::other(GivenUp)),
            }
        }
        let rest = &self.piece[self.position..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.position += count;
        Ok(count)
    }
}

/// Tells the thread to stop when the future that waits for it is dropped.
#[derive(Debug)]
pub(super) struct GiveUpOnDrop(pub(super) Arc<AtomicBool>);

impl Drop for GiveUpOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
