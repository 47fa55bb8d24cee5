//! Reads a whole dump file and tells whether it is what it should be. No server is asked.

use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::progress::{OnProgress, Progress, Step};
use super::reader::{BUFFER, DumpReader};
use super::scanner::{Facts, Scanner};
use crate::base::{Error, Result};

/// A dump file that was read to its end and found whole.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Where it is.
    pub path: PathBuf,
    /// Its manifest, when it has one.
    pub manifest: Option<Manifest>,
    /// What it holds.
    pub facts: Facts,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Reads a dump file and its manifest, if it has one, and refuses what is damaged, cut or changed.
pub fn verify(path: &Path, on: OnProgress<'_>) -> Result<Verified> {
    let manifest = Manifest::beside(path)?;
    let read = read(path, on)?;
    if let Some(manifest) = &manifest {
        compare(&read, manifest)?;
    }
    read.facts.complete().map_err(|e| not_usable(path, e))?;
    Ok(Verified { manifest, ..read })
}

/// Reads a dump file to its end.
pub(super) fn read(path: &Path, on: OnProgress<'_>) -> Result<Verified> {
    let mut reader = DumpReader::open(path)?;
    let size = reader.size();
    let mut scanner = Scanner::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        scanner.feed(&buffer[..count]);
        on(Progress::of(Step::Verify, reader.position(), Some(size)));
    }
    let bytes = reader.position();
    Ok(Verified {
        path: path.to_owned(),
        manifest: None,
        facts: scanner.finish(),
        bytes,
        sha256: reader.finish(),
    })
}

fn compare(read: &Verified, manifest: &Manifest) -> Result<()> {
    let changed = |what: &str| {
        let path = read.path.display();
        Error::corrupt(format!("`{path}` is not what its manifest says: {what}"))
            .hint("pick another: `lexi run restore`")
    };
    if read.bytes != manifest.bytes {
        return Err(changed("its size differs"));
    }
    if read.sha256 != manifest.sha256 {
        return Err(changed("its checksum differs"));
    }
    // The checksum covers the file; what the manifest claims about it has to be looked at by itself.
    if read.facts.tables != manifest.facts.tables {
        return Err(changed("the rows of its tables differ"));
    }
    Ok(())
}

pub(super) fn not_usable(path: &Path, why: Error) -> Error {
    why.context(format!("`{}` is not usable", path.display()))
        .hint("pick another: `lexi run restore`")
}
