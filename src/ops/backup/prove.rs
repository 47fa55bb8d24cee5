//! Proves a backup that was made, and writes into its manifest that it was proven.

use std::path::Path;
use std::time::{Duration, Instant};

use super::manifest::{Manifest, Status};
use super::progress::OnProgress;
use super::{folder, restore};
use crate::base::{Cancel, Error, Result};
use crate::ops::database::Target;

/// Restores a backup into a database of its own on the server of `target`, counts every row and drops it again.
///
/// This must not be dropped half way: it looks after `cancel` itself.
pub async fn prove(
    path: &Path,
    target: &Target,
    wait: Duration,
    cancel: &Cancel,
    on: OnProgress<'_>,
) -> Result<Manifest> {
    let started = Instant::now();
    let plan = restore::plan(path, target, restore::Owners::default(), on).await?;
    restore::prove(&plan, wait, cancel, on).await?;
    let folder = path.parent().unwrap_or(path);
    let _lock = folder::lock(folder, wait).await?;
    let manifest = Manifest::beside(path)?;
    let mut manifest = manifest.ok_or_else(|| {
        Error::invalid(format!(
            "`{}` has no manifest to note it in",
            path.display()
        ))
    })?;
    manifest.status = Status::Restored;
    manifest.times.restore = u64::try_from(started.elapsed().as_millis()).ok();
    manifest.write(folder)?;
    Ok(manifest)
}
