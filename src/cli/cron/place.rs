//! Whether the project and the lead are still where they were when the daemon began.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::{Error, Kind, Result};
use crate::ops::lock::{self, Lock, OnBusy};

/// How often that is looked at: each look wakes a daemon that would sleep, and is to cost nothing that can be measured.
const LOOK: Duration = Duration::from_secs(5);

/// The folder of a project, which another one may replace.
#[derive(Clone)]
pub(super) struct Place {
    root: PathBuf,
    id: Option<(u64, u64)>,
}

impl Place {
    /// The folder as it is now.
    pub(super) fn of(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            id: id_of(root),
        }
    }

    /// An error when the folder was moved or removed: what is started there would be another project, or none.
    pub(super) fn check(&self) -> Result<()> {
        if id_of(&self.root) == self.id {
            return Ok(());
        }
        let message = format!("the project is no longer in `{}`", self.root.display());
        let hint = "start `lexi cron` again in the folder where it is now";
        Err(Error::not_found(message).hint(hint))
    }

    /// Takes the lead again when the file of its lock was removed; gives why that cannot be when another daemon leads.
    pub(super) async fn stay(
        &self,
        mut held: Option<Lock>,
        again: impl Fn(&Path),
    ) -> Result<Error> {
        loop {
            tokio::time::sleep(LOOK).await;
            self.check()?;
            let Some(path) = held.as_ref().filter(|held| !held.is_in_place()) else {
                continue;
            };
            let path = path.path().to_owned();
            match take(&path, OnBusy::Fail).await {
                Ok(taken) => {
                    held = taken;
                    again(&path);
                }
                Err(error) if error.kind() == Kind::Locked => return Ok(error),
                // Each start tells that its folder cannot be made.
                Err(_) => {}
            }
        }
    }
}

/// Takes the lead among the daemons of this host.
pub(super) async fn take(path: &Path, on_busy: OnBusy) -> Result<Option<Lock>> {
    lock::acquire_file(path, "schedule", "lexi cron", on_busy).await
}

fn id_of(folder: &Path) -> Option<(u64, u64)> {
    let facts = folder.metadata().ok()?;
    Some((facts.dev(), facts.ino()))
}
