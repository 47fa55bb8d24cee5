//! Reads a dump file whatever way it is packed, and measures what is on disk while it goes by.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::zstd::{Unpack, is_zstd};
use crate::base::text::hex;
use crate::base::{Error, Result};

/// How much is read at once.
pub(super) const BUFFER: usize = 256 * 1024;

/// A writer that counts and hashes what passes.
pub(super) struct Meter<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W> Meter<W> {
    /// Measures what passes through `inner` from now on.
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    /// How many bytes have passed.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What is measured, and the SHA-256 in hexadecimal.
    pub(super) fn finish(self) -> (W, String) {
        (self.inner, hex(&self.hash.finalize()))
    }
}

impl<W: io::Write> io::Write for Meter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(super) fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// How many pieces of a file are read ahead.
const AHEAD: usize = 4;

/// A file that is read and hashed ahead on a thread of its own, so that unpacking it need not wait for that.
struct Ahead {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
    bytes: u64,
    thread: JoinHandle<String>,
}

impl Ahead {
    fn start(file: File) -> Self {
        let (give, pieces) = sync_channel(AHEAD);
        Self {
            pieces,
            piece: Vec::new(),
            at: 0,
            bytes: 0,
            thread: thread::spawn(move || read_all(file, &give)),
        }
    }

    /// The SHA-256 of all there was.
    fn finish(self) -> io::Result<String> {
        let ended = |_panic| io::Error::other("the thread that reads ended");
        self.thread.join().map_err(ended)
    }
}

/// Reads to the end, or until nobody takes the pieces any more; gives the SHA-256.
fn read_all(mut file: File, give: &SyncSender<io::Result<Vec<u8>>>) -> String {
    let mut hash = Sha256::new();
    loop {
        let mut piece = Vec::with_capacity(BUFFER);
        let read = file.by_ref().take(BUFFER as u64).read_to_end(&mut piece);
        let is_end = !matches!(read, Ok(1..));
        hash.update(&piece);
        let given = match read {
            Ok(0) => Ok(()),
            Ok(_) => give.send(Ok(piece)),
            Err(e) => give.send(Err(e)),
        };
        if is_end || given.is_err() {
            return hex(&hash.finalize());
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.fill_buf()?;
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Ahead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.piece.len()
            && let Ok(piece) = self.pieces.recv()
        {
            (self.piece, self.at) = (piece?, 0);
            self.bytes += self.piece.len() as u64;
        }
        Ok(&self.piece[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

enum Packed {
    Plain(Ahead),
    Gzip(Box<MultiGzDecoder<Ahead>>),
    Zstd(Box<Unpack<Ahead>>),
}

/// A dump file that is being read.
pub(super) struct DumpReader {
    packed: Packed,
    path: PathBuf,
}

impl DumpReader {
    /// Opens a dump that is plain text, gzip or zstd; anything else is refused with what to do about it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let doing = |e| Error::io(format!("cannot read `{}`", path.display()), e);
        let file = File::open(path).map_err(doing)?;
        let mut file = Ahead::start(file);
        let start = file.fill_buf().map_err(doing)?;
        if let Some(error) = foreign(path, start) {
            return Err(error);
        }
        let packed = if start.starts_with(&[0x1f, 0x8b]) {
            Packed::Gzip(Box::new(MultiGzDecoder::new(file)))
        } else if is_zstd(start) {
            Packed::Zstd(Box::new(Unpack::new(file)))
        } else {
            Packed::Plain(file)
        };
        Ok(Self {
            packed,
            path: path.to_owned(),
        })
    }

    /// Reads on; 0 at the end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = match &mut self.packed {
            Packed::Plain(file) => file.read(buffer),
            Packed::Gzip(gzip) => gzip.read(buffer),
            Packed::Zstd(zstd) => zstd.read(buffer),
        };
        read.map_err(|e| self.damaged(e))
    }

    /// How many bytes of the file have been read.
    pub(super) fn position(&self) -> u64 {
        match &self.packed {
            Packed::Plain(file) => file.bytes,
            Packed::Gzip(gzip) => gzip.get_ref().bytes,
            Packed::Zstd(zstd) => zstd.get_ref().bytes,
        }
    }

    /// The file's SHA-256; only right after it was read to its end.
    pub(super) fn finish(self) -> Result<String> {
        let file = match self.packed {
            Packed::Plain(file) => file,
            Packed::Gzip(gzip) => gzip.into_inner(),
            Packed::Zstd(zstd) => zstd.into_inner(),
        };
        let path = self.path.display();
        file.finish()
            .map_err(|e| Error::io(format!("cannot read `{path}`"), e))
    }

    fn damaged(&self, error: io::Error) -> Error {
        let path = self.path.display();
        let why = match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends in the middle",
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => "it is damaged",
            io::ErrorKind::Unsupported => {
                let what = format!("`{path}` is packed in a way that is not read here: {error}");
                return Error::refused(what).hint(format!(
                    "make plain SQL of it first: `zstd -d --long=31 {path}`"
                ));
            }
            _ => return Error::io(format!("cannot read `{path}`"), error),
        };
        Error::corrupt(format!("`{path}` is not usable: {why}"))
            .because(error)
            .hint("pick another: `lexi run restore`")
    }
}

/// The error for a file that is packed in a way that is not read here.
fn foreign(path: &Path, start: &[u8]) -> Option<Error> {
    let path = path.display();
    let (what, remedy) = match start {
        [0xfd, b'7', b'z', b'X', b'Z', ..] => ("packed with xz", format!("xz -dk {path}")),
        [b'B', b'Z', b'h', ..] => ("packed with bzip2", format!("bzip2 -dk {path}")),
        // Its own format, or the first member of a tar archive.
        [b'P', b'G', b'D', b'M', b'P', ..] | [b't', b'o', b'c', b'.', b'd', b'a', b't', 0, ..] => (
            "an archive of pg_dump, not plain SQL",
            format!("pg_restore -f {path}.sql {path}"),
        ),
        _ => return None,
    };
    Some(
        Error::refused(format!("`{path}` is {what}"))
            .hint(format!("make plain SQL of it first: `{remedy}`")),
    )
}
