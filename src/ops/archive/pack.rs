//! Makes tar archives.

use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use walkdir::{DirEntry, WalkDir};

use super::is_compressed;
use crate::base::{Cancel, Error, Kind, Result};
use crate::ops::files::Partial;

/// What went into an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Packed {
    /// Files, folders and links.
    pub entries: u64,
    /// The sum of the sizes of the files.
    pub raw_bytes: u64,
}

/// Packs what a folder holds, or one file, into an archive that appears when it is complete; compressed when its name
/// ends in `.gz` or `.tgz`. Names in it are relative to the folder, in order; links stay links.
pub fn pack(from: &Path, to: &Path, level: u32, cancel: &Cancel) -> Result<Packed> {
    let partial = Partial::create(to, None)?;
    let sink = Guarded {
        file: BufWriter::with_capacity(256 * 1024, partial.file()),
        cancel,
    };
    let fail = |e: io::Error| cancel.check().err().unwrap_or_else(|| partial.error(e));
    let packed = if is_compressed(to) {
        let mut encoder = GzEncoder::new(sink, Compression::new(level.min(9)));
        let packed = pack_into(&mut encoder, from, &partial, cancel)?;
        encoder
            .finish()
            .and_then(|mut sink| sink.flush())
            .map_err(fail)?;
        packed
    } else {
        let mut sink = sink;
        let packed = pack_into(&mut sink, from, &partial, cancel)?;
        sink.flush().map_err(fail)?;
        packed
    };
    partial.commit()?;
    Ok(packed)
}

fn pack_into(
    sink: &mut impl Write,
    from: &Path,
    partial: &Partial,
    cancel: &Cancel,
) -> Result<Packed> {
    let mut builder = tar::Builder::new(sink);
    let mut packed = Packed::default();
    let own = partial.target().canonicalize().ok();
    for entry in WalkDir::new(from).sort_by_file_name() {
        cancel.check()?;
        let entry = entry.map_err(|e| {
            let path = e.path().unwrap_or(from).to_owned();
            cannot_pack(&path, e.into())
        })?;
        let is_itself = is_partial(&entry, partial) || own.as_deref() == Some(entry.path());
        let is_root = entry.depth() == 0 && entry.file_type().is_dir();
        if is_root || is_itself {
            continue;
        }
        packed.raw_bytes += add(&mut builder, &entry, from).map_err(|e| match cancel.check() {
            Err(stopped) => stopped,
            Ok(()) => e,
        })?;
        packed.entries += 1;
    }
    builder.finish().map_err(|e| partial.error(e))?;
    Ok(packed)
}

/// Whether an entry is the archive that is being written.
fn is_partial(entry: &DirEntry, partial: &Partial) -> bool {
    use std::os::unix::fs::MetadataExt;
    let facts = (entry.metadata(), partial.file().metadata());
    matches!(facts, (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

fn add(builder: &mut tar::Builder<impl Write>, entry: &DirEntry, from: &Path) -> Result<u64> {
    let path = entry.path();
    let fail = |e: io::Error| cannot_pack(path, e);
    let name = match path.strip_prefix(from) {
        Ok(below) if !below.as_os_str().is_empty() => below,
        _ => Path::new(entry.file_name()),
    };
    let facts = entry.metadata().map_err(|e| fail(e.into()))?;
    let mut header = tar::Header::new_gnu();
    header.set_metadata(&facts);
    if facts.is_file() {
        let file = Exact::open(path, &facts).map_err(fail)?;
        builder.append_data(&mut header, name, file).map_err(fail)?;
        return Ok(facts.len());
    }
    header.set_size(0);
    if facts.is_dir() {
        builder
            .append_data(&mut header, name, io::empty())
            .map_err(fail)?;
    } else if facts.is_symlink() {
        let target = std::fs::read_link(path).map_err(fail)?;
        builder
            .append_link(&mut header, name, target)
            .map_err(fail)?;
    } else {
        let message = format!(
            "cannot pack `{}`: it is no file, folder or link",
            path.display()
        );
        return Err(Error::invalid(message));
    }
    Ok(0)
}

fn cannot_pack(path: &Path, e: io::Error) -> Error {
    if let Some(Changed) = e.get_ref().and_then(|cause| cause.downcast_ref()) {
        let message = format!("`{}` became shorter while it was packed", path.display());
        return Error::new(Kind::Conflict, message);
    }
    Error::io(format!("cannot pack `{}`", path.display()), e)
}

/// Exactly as many bytes of a file as its header says, since an archive with fewer cannot be read.
struct Exact {
    file: File,
    left: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("it became shorter")]
struct Changed;

impl Exact {
    fn open(path: &Path, facts: &Metadata) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            left: facts.len(),
        })
    }
}

impl Read for Exact {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let wanted = into
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.file.read(&mut into[..wanted])?;
        if count == 0 && wanted > 0 {
            return Err(io::Error::other(Changed));
        }
        self.left -= u64::try_from(count).unwrap_or_default();
        Ok(count)
    }
}

/// Looks at the request to stop with every write.
struct Guarded<'a> {
    file: BufWriter<&'a File>,
    cancel: &'a Cancel,
}

impl Write for Guarded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("stopped"));
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
