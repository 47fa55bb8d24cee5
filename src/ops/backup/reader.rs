//! Reads a dump file whatever way it is packed, and measures what is on disk while it goes by.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::base::text::hex;
use crate::base::{Error, Result};

/// How much is read at once.
pub(super) const BUFFER: usize = 256 * 1024;

/// A reader or writer that counts and hashes what passes.
pub(super) struct Meter<S> {
    inner: S,
    hash: Sha256,
    bytes: u64,
}

impl<S> Meter<S> {
    /// Measures what passes through `inner` from now on.
    pub(super) fn new(inner: S) -> Self {
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
    pub(super) fn finish(self) -> (S, String) {
        (self.inner, hex(&self.hash.finalize()))
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count(&buffer[..read]);
        Ok(read)
    }
}

impl<W: io::Write> io::Write for Meter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.count(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

type Measured = BufReader<Meter<File>>;

enum Packed {
    Plain(Measured),
    Gzip(Box<MultiGzDecoder<Measured>>),
}

/// A dump file that is being read.
pub(super) struct DumpReader {
    packed: Packed,
    path: PathBuf,
}

impl DumpReader {
    /// Opens a dump that is plain text or gzip; anything else is refused with what to do about it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let doing = |e| Error::io(format!("cannot read `{}`", path.display()), e);
        let file = File::open(path).map_err(doing)?;
        let mut file = BufReader::with_capacity(BUFFER, Meter::new(file));
        let start = file.fill_buf().map_err(doing)?;
        if let Some(error) = foreign(path, start) {
            return Err(error);
        }
        let packed = if start.starts_with(&[0x1f, 0x8b]) {
            Packed::Gzip(Box::new(MultiGzDecoder::new(file)))
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
        };
        read.map_err(|e| self.damaged(e))
    }

    /// How many bytes of the file have been read.
    pub(super) fn position(&self) -> u64 {
        match &self.packed {
            Packed::Plain(file) => file.get_ref().bytes(),
            Packed::Gzip(gzip) => gzip.get_ref().get_ref().bytes(),
        }
    }

    /// The file's SHA-256; only right after it was read to its end.
    pub(super) fn finish(self) -> String {
        let file = match self.packed {
            Packed::Plain(file) => file,
            Packed::Gzip(gzip) => gzip.into_inner(),
        };
        file.into_inner().finish().1
    }

    fn damaged(&self, error: io::Error) -> Error {
        let path = self.path.display();
        let why = match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends in the middle",
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => "it is damaged",
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
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("packed with zstd", format!("zstd -d {path}")),
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
