//! The entries as they last were good: a file that is saved with a mistake in it changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::context::Context;
use super::plan::Plan;
use crate::base::{Error, Project, Result};
use crate::ops::files;
use crate::ops::schedule::Entry;
use crate::script::diagnostic::Severity;
use crate::script::{self, gate, inputs};

/// Scripts by their file. Many entries are made of the same ones, so a text is there once.
type Scripts = BTreeMap<String, Arc<str>>;

/// Entries by name, each with the scripts that its task is made of.
type Good = BTreeMap<String, (Entry, Scripts)>;

/// What was good.
pub(super) struct Keeper {
    /// Where runs find the last good text of a broken script.
    folder: PathBuf,
    /// The entries that counted.
    good: Good,
    /// Mistakes that were told.
    told: BTreeSet<String>,
}

/// A look at the project.
pub(super) struct Look {
    /// The entries that count now.
    pub(super) entries: Vec<Entry>,
    /// Mistakes that were not told before.
    pub(super) news: Vec<String>,
}

impl Keeper {
    /// Nothing is good yet; what an earlier daemon kept does not count.
    pub(super) fn new(folder: PathBuf) -> Self {
        // There is none when no daemon has kept anything.
        let _none = std::fs::remove_dir_all(&folder);
        Self {
            folder,
            good: BTreeMap::new(),
            told: BTreeSet::new(),
        }
    }

    /// Reads the project again. What has a mistake stays as it was, which is told once.
    pub(super) fn look(&mut self, ctx: &Context) -> Result<Look> {
        let mut mistakes = BTreeSet::new();
        let now = match self.read(ctx, &mut mistakes) {
            Ok(now) => now,
            Err(error) => {
                mistakes.insert(whole(&error));
                self.good.clone()
            }
        };
        self.hold(&now, ctx)?;
        self.good = now;
        let news = mistakes.difference(&self.told).cloned().collect();
        self.told = mistakes;
        // Nothing is compiled again before the next save, and a daemon waits long for that.
        script::forget_compiled();
        let entries = self.good.values().map(|(entry, _)| entry.clone()).collect();
        Ok(Look { entries, news })
    }

    fn read(&self, ctx: &Context, mistakes: &mut BTreeSet<String>) -> Result<Good> {
        let mut plan = Plan::load(ctx)?;
        let mut now = BTreeMap::new();
        let mut known: Scripts = BTreeMap::new();
        for (name, error) in plan.wrong() {
            mistakes.insert(whole(error));
            if let Some(good) = self.good.get(name) {
                now.insert(name.to_owned(), good.clone());
            }
        }
        let entries: Vec<Entry> = plan.entries().cloned().collect();
        for entry in entries {
            let found = gate::before_run(&mut plan.catalog, &entry.task)?;
            let scripts = if let Some(first) = found.first() {
                mistakes.insert(format!("{}: {}", first.place, first.message));
                self.good
                    .get(&entry.name)
                    .map(|(_, scripts)| scripts.clone())
            } else {
                let scripts = inputs::scripts(&plan.catalog, &entry.task);
                scripts.map(|scripts| shared(scripts, &mut known))
            };
            now.insert(entry.name.clone(), (entry, scripts.unwrap_or_default()));
        }
        // The tasks of a file with a mistake in a declaration are not known, so their entries are not either.
        for (name, good) in &self.good {
            let file = good
                .1
                .keys()
                .find(|file| file.starts_with("tasks/") && is_broken(&plan, file));
            if let Some(file) = file
                && !now.contains_key(name)
            {
                for problem in plan.catalog.problems_of(file) {
                    mistakes.insert(format!("{}: {}", problem.place, problem.message));
                }
                now.insert(name.clone(), good.clone());
            }
        }
        Ok(now)
    }

    /// Puts the texts that are good and not those on disk where runs find them.
    fn hold(&self, now: &Good, ctx: &Context) -> Result<()> {
        let root = ctx
            .project()
            .map_or_else(|_broken| None, |project| Some(project.root().to_owned()));
        let Some(root) = root else { return Ok(()) };
        for (name, text) in now.values().flat_map(|(_, scripts)| scripts) {
            let (held, disk) = (self.folder.join(name), root.join(name));
            let is_on_disk = std::fs::read_to_string(&disk).is_ok_and(|on_disk| *on_disk == **text);
            // A library may be one of those that are built in.
            let is_own = disk.exists() || name.starts_with("tasks/");
            if is_own && !is_on_disk {
                if let Some(folder) = held.parent() {
                    files::make_private_dir(folder)?;
                }
                files::write(&held, text.as_bytes(), Some(0o600))?;
            } else if held.exists() {
                std::fs::remove_file(&held)
                    .map_err(|e| Error::io(format!("cannot remove `{}`", held.display()), e))?;
            }
        }
        Ok(())
    }
}

/// The same scripts with the texts that are known already.
fn shared(scripts: BTreeMap<String, String>, known: &mut Scripts) -> Scripts {
    let one = |(file, text): (String, String)| {
        let same = known.get(&file).filter(|known| ***known == *text);
        let text = same.cloned().unwrap_or_else(|| text.into());
        known.insert(file.clone(), Arc::clone(&text));
        (file, text)
    };
    scripts.into_iter().map(one).collect()
}

/// Whether a file's declarations cannot all be read.
fn is_broken(plan: &Plan, file: &str) -> bool {
    let found = plan.catalog.problems_of(file);
    found
        .iter()
        .any(|problem| problem.severity == Severity::Error)
}

fn whole(error: &Error) -> String {
    error.full_message()
}

/// Uses the texts below a folder instead of those on disk.
pub(in crate::cli) fn use_held(project: &Project, folder: &Path) {
    let walk = walkdir::WalkDir::new(folder).into_iter();
    for file in walk.filter_map(std::result::Result::ok) {
        if let Ok(name) = file.path().strip_prefix(folder)
            && file.file_type().is_file()
            && let Ok(text) = std::fs::read_to_string(file.path())
        {
            project.hold(&project.path(name), Some(text));
        }
    }
}
