//! Ends of containers that are under way, each as a file: an engine finishes what it was told even when the run that told
//! it was killed, and until then shows the container as running. The next `up` must not take it for one that stays.

use std::path::PathBuf;

use super::wanted::Place;
use crate::base::{Kind, Result};
use crate::ops::docker::Engine;
use crate::ops::docker::container;

/// Where the files of a stack are.
#[derive(Debug)]
pub(super) struct Stopping(PathBuf);

impl Stopping {
    pub(super) fn of(place: &Place) -> Self {
        Self(place.secrets.join("stopping"))
    }

    /// Stops a container.
    pub(super) async fn stop(&self, engine: &Engine, id: &str) -> Result<()> {
        let file = self.0.join(id);
        // A full disk must not keep anything from being stopped.
        let _unmarked = std::fs::create_dir_all(&self.0).and_then(|()| std::fs::write(&file, ""));
        container::stop(engine, id, None).await?;
        let _unmarked = std::fs::remove_file(&file);
        Ok(())
    }

    /// Brings to their end what a run that was killed began to stop.
    pub(super) async fn finish(&self, engine: &Engine) -> Result<()> {
        let Ok(files) = std::fs::read_dir(&self.0) else {
            return Ok(());
        };
        for file in files.flatten() {
            let id = file.file_name().to_string_lossy().into_owned();
            match self.stop(engine, &id).await {
                Err(error) if error.kind() == Kind::NotFound => {
                    let _unmarked = std::fs::remove_file(file.path());
                }
                other => other?,
            }
        }
        Ok(())
    }
}
