//! Notices that a file was saved which says what runs when.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::base::{Project, Result};
use crate::script::inputs;
use crate::script::watch::{Seen, Watch, without_events};

/// Hears of saves.
pub(super) struct Saves {
    project: Arc<Project>,
    /// None where the system tells of no changes.
    watch: Option<Watch>,
}

impl Saves {
    /// Sends a word for each save; `warn` is told where the system knows of none, so that SIGHUP has to do.
    pub(super) fn of(
        project: &Arc<Project>,
        saved: &UnboundedSender<()>,
        warn: impl Fn(&str),
    ) -> Result<Self> {
        let mut found = Self {
            project: Arc::clone(project),
            watch: None,
        };
        if let Some(kind) = without_events(project.root()) {
            warn(&format!(
                "the project is on {kind}, which may not tell of changes: SIGHUP reads it again"
            ));
            return Ok(found);
        }
        let (saved, root) = (saved.clone(), project.root().to_owned());
        found.watch = Some(Watch::start(project, move |seen| {
            let counts = match &seen {
                Seen::Touched(path) | Seen::Gone(path) => is_meant(&root, path),
                Seen::Folders | Seen::Overflow => true,
                Seen::Writing(_) | Seen::Cookie => false,
            };
            if counts {
                // Nobody listens any more when the daemon has ended.
                let _ended = saved.send(());
            }
        })?);
        found.take_up_folders()?;
        Ok(found)
    }

    /// Watches all folders that there are now.
    pub(super) fn take_up_folders(&mut self) -> Result<()> {
        match &mut self.watch {
            Some(watch) => watch.folders(folders(&self.project)),
            None => Ok(()),
        }
    }
}

/// Whether a file says what runs when.
fn is_meant(root: &Path, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_setting = *name == *"lexi.toml" || *name == *".env" || name.starts_with(".env.");
    inputs::is_script(path) || (is_setting && path.parent() == Some(root))
}

/// The folders of everything that says what runs when.
fn folders(project: &Project) -> BTreeSet<PathBuf> {
    let scripts = [project.tasks(), project.path("stdlib")];
    let walks = scripts.into_iter().flat_map(walkdir::WalkDir::new);
    let entries = walks.filter_map(std::result::Result::ok);
    let folders = entries.filter(|entry| entry.file_type().is_dir());
    let mut folders: BTreeSet<PathBuf> = folders.map(walkdir::DirEntry::into_path).collect();
    folders.insert(project.root().to_owned());
    folders
}
