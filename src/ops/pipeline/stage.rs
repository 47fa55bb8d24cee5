//! The stages: each reads from the one before it.

use std::io::{self, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Compression;
use flate2::bufread::{GzEncoder, MultiGzDecoder};
use sha2::{Digest, Sha256};

use super::plan::Facts;
use crate::base::text::hex;

/// What happens to bytes on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Gzip(u32),
    Gunzip,
    Sha256,
    Count,
}

/// How much is read from the stage before at once.
const BUFFER: usize = 64 * 1024;

/// What stages tell at their end.
pub(super) type SharedFacts = Arc<Mutex<Facts>>;

impl Stage {
    /// This stage as a reader on top of the one before.
    pub(super) fn reader(
        self,
        before: Box<dyn Read + Send>,
        facts: &SharedFacts,
    ) -> Box<dyn Read + Send> {
        let facts = Arc::clone(facts);
        match self {
            Self::Gzip(level) => Box::new(GzEncoder::new(
                BufReader::with_capacity(BUFFER, before),
                Compression::new(level),
            )),
            Self::Gunzip => Box::new(Gunzip::new(BufReader::with_capacity(BUFFER, before))),
            Self::Sha256 => Box::new(Hashing {
                before,
                hash: Sha256::new(),
                facts,
            }),
            Self::Count => Box::new(Counting {
                before,
                bytes: 0,
                facts,
            }),
        }
    }
}

/// Marks an error as damage of the compressed bytes, to tell it from a failure to read them.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Damaged(&'static str);

/// Reads gzip, all of its members to the very end; what is not whole is [`Damaged`].
pub(crate) struct Gunzip<R>(MultiGzDecoder<R>);

impl<R: io::BufRead> Gunzip<R> {
    pub(crate) fn new(compressed: R) -> Self {
        Self(MultiGzDecoder::new(compressed))
    }
}

impl<R: io::BufRead> Read for Gunzip<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::other(Damaged("the end is missing")),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                io::Error::other(Damaged(what_is_wrong(&e)))
            }
            _ => e,
        })
    }
}

fn what_is_wrong(e: &io::Error) -> &'static str {
    let text = e.to_string();
    if text.contains("header") {
        "bytes that are not gzip stand where a gzip header should"
    } else if text.contains("checksum") {
        "the checksum differs"
    } else {
        "the compressed bytes are damaged"
    }
}

struct Hashing {
    before: Box<dyn Read + Send>,
    hash: Sha256,
    facts: SharedFacts,
}

impl Read for Hashing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.before.read(into)?;
        self.hash.update(&into[..count]);
        if count == 0 && !into.is_empty() {
            let digest = hex(&self.hash.clone().finalize());
            lock(&self.facts).sha256 = Some(digest);
        }
        Ok(count)
    }
}

struct Counting {
    before: Box<dyn Read + Send>,
    bytes: u64,
    facts: SharedFacts,
}

impl Read for Counting {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.before.read(into)?;
        self.bytes += u64::try_from(count).unwrap_or_default();
        lock(&self.facts).raw_bytes = Some(self.bytes);
        Ok(count)
    }
}

pub(super) fn lock(facts: &Mutex<Facts>) -> std::sync::MutexGuard<'_, Facts> {
    facts.lock().unwrap_or_else(PoisonError::into_inner)
}
