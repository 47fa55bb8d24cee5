//! Makes the watched task ready as it is now and runs it, or keeps its last good version.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::round::{self, Broken, Ready};
use super::task::Watching;
use crate::base::output::CYAN;
use crate::base::{Error, Result};
use crate::cli::render;
use crate::script::sources::Sources;
use crate::script::task::Task;
use crate::script::watch::Changed;
use crate::script::{Catalog, inputs};

/// What the task depends on, as it was when it last could run.
#[derive(Default)]
pub(super) struct Followed {
    /// The scripts it is made of; none while that cannot be told.
    pub(super) scripts: BTreeSet<PathBuf>,
    /// The files it says it reads.
    pub(super) sources: Option<Sources>,
    /// The patterns that the sources were made of.
    patterns: (Vec<String>, Vec<String>),
}

impl Watching<'_> {
    /// Runs the task as its changed files make it, unless something is wrong with them: then the last good texts stay.
    pub(super) fn renew(&mut self, cause: &Path, changed: &Changed) -> Result<()> {
        let before = self.desk.hold(changed);
        let ready = self
            .catalog
            .renewed()
            .map_err(Broken::from)
            .and_then(|catalog| round::ready(self.name, self.words, catalog, self.ctx));
        if ready.is_err() && !self.desk.is_settled(changed) {
            self.desk.hold_again(before);
            return Ok(());
        }
        self.desk.take(changed);
        let out = self.ctx.output();
        let shown = self.desk.project.display(cause);
        out.say(&format!("{} changed", out.err_paint(CYAN, &shown)));
        match ready {
            Ok(_) if self.running.is_some() => {
                // What it is made of is kept; it starts when the other has ended.
                self.is_due = true;
                self.running.iter().for_each(round::Running::restart);
                Ok(())
            }
            Ok(ready) => self.go(ready),
            Err(broken) => {
                broken.show(self.ctx);
                let has_good = before.iter().all(|(_, text)| text.is_some());
                self.desk.hold_again(before);
                if has_good {
                    out.say("keeping the last good version");
                }
                if self.running.is_none() {
                    self.idle();
                }
                Ok(())
            }
        }
    }

    /// Runs the task as it is known now.
    pub(super) fn start(&mut self) -> Result<()> {
        let catalog = self.catalog.renewed()?;
        match round::ready(self.name, self.words, catalog, self.ctx) {
            Ok(ready) => self.go(ready),
            Err(broken) => {
                broken.show(self.ctx);
                let catalog = Arc::clone(&self.catalog);
                self.follow(&catalog)?;
                self.idle();
                Ok(())
            }
        }
    }

    fn go(&mut self, ready: Ready) -> Result<()> {
        if let Err(error) = self.refuse_destructive(&ready.catalog) {
            render::error(self.ctx.output(), &error);
            self.idle();
            return Ok(());
        }
        self.catalog = Arc::clone(&ready.catalog);
        self.follow(&ready.catalog)?;
        if let Some(keys) = &mut self.desk.keys {
            keys.leave();
        }
        if self.args.clear {
            self.ctx.output().clear();
        }
        match ready.start(self.words, self.desk.sender.clone()) {
            Ok(running) => self.running = Some(running),
            Err(error) => {
                render::error(self.ctx.output(), &error);
                self.idle();
            }
        }
        Ok(())
    }

    /// Watches what the task depends on now, and holds the scripts as they are. Folders are walked only when it depends on
    /// others than before: what is new in a folder is told.
    fn follow(&mut self, catalog: &Catalog) -> Result<()> {
        let project = Arc::clone(&self.desk.project);
        let found = catalog
            .find(self.name)
            .ok()
            .and_then(|task| inputs::scripts(catalog, &task.name));
        let Some(found) = found else {
            let sources = self.followed.sources.as_ref();
            return self.desk.follow(sources, &BTreeMap::new());
        };
        let mut read = BTreeMap::new();
        for (name, text) in &found {
            let path = project.path(name);
            if path.is_file() {
                project.hold(&path, Some(text.clone()));
                read.insert(path, text.clone());
            }
        }
        let scripts = found.keys().map(|name| project.path(name)).collect();
        let tasks = catalog.order(self.name).unwrap_or_default();
        let all = |of: fn(&Task) -> &Vec<String>| -> Vec<String> {
            tasks.iter().flat_map(|task| of(task).clone()).collect()
        };
        let patterns = (all(|task| &task.sources), all(|task| &task.generates));
        if scripts == self.followed.scripts && patterns == self.followed.patterns {
            return Ok(());
        }
        self.followed = Followed {
            scripts,
            sources: Some(Sources::of(&project, &patterns.0, &patterns.1)?),
            patterns,
        };
        self.desk.follow(self.followed.sources.as_ref(), &read)
    }

    /// Nobody wants data destroyed because a file was saved.
    pub(super) fn refuse_destructive(&self, catalog: &Catalog) -> Result<()> {
        let Ok(order) = catalog.find(self.name).and_then(|task| {
            catalog
                .order(&task.name)
                .map_err(|found| Error::usage(found.message))
        }) else {
            return Ok(());
        };
        match order.iter().find(|task| task.destructive) {
            Some(task) if !self.args.allow_destructive => {
                let message = format!(
                    "`{}` destroys data, so a saved file must not start it",
                    task.name
                );
                Err(Error::usage(message).hint("`--allow-destructive` watches it all the same"))
            }
            _ => Ok(()),
        }
    }
}
