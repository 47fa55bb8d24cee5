//! Compresses, decompresses and verifies single files.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::base::{Error, Kind, Result};
use crate::ops::pipeline::Pipeline;
use crate::ops::process::Registry;

/// A compressed file and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compressed {
    /// Bytes of the compressed file.
    pub bytes: u64,
    /// Bytes of what is in it.
    pub raw_bytes: u64,
}

/// Compresses a file into another one, which appears when it is complete.
pub async fn compress(
    registry: &Arc<Registry>,
    from: &Path,
    to: &Path,
    level: u32,
) -> Result<Compressed> {
    refuse_same(from, to)?;
    let chain = Pipeline::from_file(from).count()?.gzip(level)?;
    let facts = chain.write(registry, to, mode_of(from)).await?;
    Ok(Compressed {
        bytes: facts.bytes,
        raw_bytes: facts.raw_bytes.unwrap_or_default(),
    })
}

/// Decompresses a file into another one, which appears when everything was whole.
pub async fn decompress(registry: &Arc<Registry>, from: &Path, to: &Path) -> Result<Compressed> {
    refuse_same(from, to)?;
    let bytes = size_of(from)?;
    let chain = Pipeline::from_file(from).gunzip();
    let facts = chain.write(registry, to, mode_of(from)).await?;
    Ok(Compressed {
        bytes,
        raw_bytes: facts.bytes,
    })
}

/// Reads a compressed file to its end: the checksum and length of every member, and nothing after the last one.
pub async fn verify(registry: &Arc<Registry>, path: &Path) -> Result<Compressed> {
    let bytes = size_of(path)?;
    let facts = Pipeline::from_file(path).gunzip().discard(registry).await?;
    Ok(Compressed {
        bytes,
        raw_bytes: facts.bytes,
    })
}

fn refuse_same(from: &Path, to: &Path) -> Result<()> {
    let is_same = from
        .canonicalize()
        .is_ok_and(|from| to.canonicalize().is_ok_and(|to| from == to));
    if is_same {
        let message = format!("`{}` would be replaced while it is read", from.display());
        return Err(Error::new(Kind::Conflict, message));
    }
    Ok(())
}

fn size_of(path: &Path) -> Result<u64> {
    let facts = path.metadata();
    let facts = facts.map_err(|e| Error::io(format!("cannot read `{}`", path.display()), e))?;
    Ok(facts.len())
}

/// A private file stays private in its other form.
fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|facts| facts.mode() & 0o777)
}
