//! Thins a folder of backups out, and pins what shall stay; both while no other run works in it.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::folder;
use super::list::{Entry, State, list};
use super::manifest::{Manifest, Pin};
use super::retention::{Rules, Verdict, delete, plan};
use crate::base::{Error, Result};

/// Whether a plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is only told.
    Plan,
    /// Backups are deleted.
    Delete,
}

/// Decides about every backup of a folder, and deletes those that are past their time.
pub async fn clean(
    folder: &Path,
    rules: Rules,
    mode: Mode,
    wait: Duration,
) -> Result<Vec<(Entry, Verdict)>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let _lock = match mode {
        Mode::Plan => None,
        Mode::Delete => {
            let lock = folder::lock(folder, wait).await?;
            folder::sweep(folder, &lock)?;
            Some(lock)
        }
    };
    let entries = list(folder)?;
    let verdicts = plan(&entries, rules, Timestamp::now());
    let decided: Vec<(Entry, Verdict)> = entries.into_iter().zip(verdicts).collect();
    if mode == Mode::Delete {
        for (entry, verdict) in &decided {
            if *verdict == Verdict::Delete {
                delete(entry)?;
            }
        }
    }
    Ok(decided)
}

/// Pins a backup, or takes its pin away.
pub async fn set_pin(path: &Path, pin: Option<Pin>, wait: Duration) -> Result<Manifest> {
    let folder = path.parent().unwrap_or(path);
    let _lock = folder::lock(folder, wait).await?;
    let entry = list(folder)?.into_iter().find(|entry| entry.path == path);
    let state = entry.map_or(State::Unknown, |entry| entry.state);
    let mut manifest = match state {
        State::Good(manifest) => *manifest,
        State::Unknown => {
            return Err(
                Error::invalid(format!("`{}` has no manifest", path.display()))
                    .hint("files without a manifest are never deleted, so they need no pin"),
            );
        }
        State::Damaged(why) => {
            return Err(Error::corrupt(format!(
                "`{}` is damaged: {why}",
                path.display()
            )));
        }
    };
    manifest.pin = pin;
    manifest.write(folder)?;
    Ok(manifest)
}
