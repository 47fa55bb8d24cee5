//! What a changed file does to the task that is watched: nothing, the next run, or a stop where the task runs in circles.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::task::Watching;
use crate::base::Result;
use crate::cli::args::OnBusy;
use crate::script::inputs;
use crate::script::sources::Sources;
use crate::script::watch::{Changed, Now};

impl Watching<'_> {
    /// Looks at files that were touched, or at all.
    pub(super) fn files(&mut self, paths: BTreeSet<PathBuf>, all: bool) -> Result<()> {
        let all = all || self.desk.has_folder(&paths);
        if all {
            self.desk.watch(self.followed.sources.as_ref())?;
        }
        if self.running.is_some() && self.args.on_busy == OnBusy::Queue {
            self.queue(paths, all);
            return Ok(());
        }
        let mut paths = paths;
        if self.running.is_none() {
            paths.append(&mut self.ignored);
        }
        let sources = self.followed.sources.as_ref();
        let Some(changed) = self.desk.changed(paths, all, sources) else {
            return Ok(());
        };
        if changed.is_empty() || !self.desk.is_whole(&changed) {
            return Ok(());
        }
        let Some(cause) = self.cause(&changed) else {
            self.ignore(changed);
            return Ok(());
        };
        let is_circle = self.is_circle(&cause);
        self.own.clear();
        if is_circle || (self.running.is_some() && self.args.on_busy == OnBusy::Ignore) {
            self.ignore(changed);
            return Ok(());
        }
        self.renew(&cause, &changed)
    }

    /// While the task runs, changed files wait.
    fn queue(&mut self, paths: BTreeSet<PathBuf>, all: bool) {
        if all {
            let sources = self.followed.sources.iter().flat_map(Sources::files);
            self.waiting.extend(sources);
            self.waiting.extend(inputs::on_disk(&self.desk.project));
        }
        self.waiting.extend(paths);
    }

    /// Keeps changes for later. A script of the task still counts as it was, so it is looked at again then.
    fn ignore(&mut self, changed: Changed) {
        let (later, past): (Changed, Changed) = changed
            .into_iter()
            .partition(|(path, _)| self.followed.scripts.contains(path));
        self.desk.take(&past);
        self.ignored.extend(later.into_keys());
    }

    /// The file that is a reason to run the task again.
    fn cause(&self, changed: &Changed) -> Option<PathBuf> {
        let is_meant = |path: &Path, now: &Now| {
            if !self.desk.is_script(path) {
                return true;
            }
            let scripts = &self.followed.scripts;
            // A script that is gone is kept as it was; its next version counts.
            now.is_there() && (scripts.is_empty() || scripts.contains(path))
        };
        let shown = |path: &Path| self.desk.project.display(path);
        let mut meant = changed.iter().filter(|(path, now)| is_meant(path, now));
        let found = meant.find(|(path, _)| shown(path).contains(&self.filter));
        found.map(|(path, _)| path.clone())
    }

    /// Whether the task seems to write the file itself, again and again.
    fn is_circle(&mut self, cause: &Path) -> bool {
        if self.running.is_none() && !self.own.contains(cause) {
            // Somebody else wrote it.
            self.paused = None;
            return false;
        }
        if self.paused.as_deref() == Some(cause) {
            return true;
        }
        if !self.rounds.note(cause, Instant::now()) {
            return false;
        }
        let shown = self.desk.project.display(cause);
        self.ctx.output().warn(&format!(
            "paused: `{shown}` changed six times in ten seconds while `{}` ran, so the task seems to write what it watches; \
             name the file in `generates:`, or press r to go on",
            self.name
        ));
        self.paused = Some(cause.to_owned());
        true
    }
}
