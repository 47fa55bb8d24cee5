//! The entries as they last were good: a file that is saved with a mistake in it changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::context::Context;
use super::plan::Plan;
use crate::base::project::{CONFIG_FILE, Texts};
use crate::base::{Error, Profile, Result};
use crate::ops::files;
use crate::ops::schedule::Entry;
use crate::script::diagnostic::{Diagnostic, Severity};
use crate::script::{self, gate, inputs, timetable};

/// Scripts by their file. Many entries are made of the same ones, so a text is there once.
type Scripts = BTreeMap<String, Arc<str>>;

/// Entries by name, each with the scripts that its task is made of.
type Good = BTreeMap<String, (Entry, Scripts)>;

/// What was good.
pub(super) struct Keeper {
    /// The project's folder.
    root: PathBuf,
    /// Where runs find the last good text of a broken file.
    folder: PathBuf,
    /// The entries that counted.
    good: Good,
    /// `lexi.toml` and the `.env` files as they last could be read together; one that was not there is empty.
    settings: Texts,
    /// Mistakes that were told.
    told: BTreeSet<String>,
}

/// A look at the project.
pub(super) struct Look {
    /// The entries that count now.
    pub(super) entries: Vec<Entry>,
    /// Mistakes that were not told before.
    pub(super) news: Vec<String>,
    /// Whether the good texts lie where runs find them.
    pub(super) is_held: bool,
}

impl Keeper {
    /// No entry is good yet; the settings were just read. Nothing on the disk changes: another daemon may lead.
    pub(super) fn new(root: PathBuf, folder: PathBuf) -> Self {
        Self {
            settings: settings_on_disk(&root),
            root,
            folder,
            good: BTreeMap::new(),
            told: BTreeSet::new(),
        }
    }

    /// Forgets what an earlier daemon kept; only for the one that leads.
    pub(super) fn begin(&self) {
        // There is none when no daemon has kept anything.
        let _none = std::fs::remove_dir_all(&self.folder);
    }

    /// Reads the project again. What has a mistake stays as it was, which is told once.
    pub(super) fn look(&mut self, ctx: &Context) -> Look {
        let mut mistakes = BTreeSet::new();
        let settings = settings_on_disk(&self.root);
        // Where its `lexi.toml` is away for a moment, the folder above may be another project.
        let project = if self.settings.contains_key(Path::new(CONFIG_FILE)) {
            ctx.project_holding(&self.root, Texts::new())
        } else {
            ctx.project()
        };
        let (plan, held) = match project.and_then(|project| Plan::of(project, ctx)) {
            Ok(plan) => {
                self.settings = settings;
                (Ok(plan), Texts::new())
            }
            Err(error) => {
                mistakes.insert(with_effect(&whole(&error), true));
                let held = self.settings.clone();
                let project = ctx.project_holding(&self.root, held.clone());
                (project.and_then(|project| Plan::of(project, ctx)), held)
            }
        };
        let now = plan.and_then(|plan| self.read(plan, &mut mistakes));
        let now = now.unwrap_or_else(|error| {
            mistakes.insert(with_effect(&whole(&error), true));
            self.good.clone()
        });
        let kept = self.hold(&now, held);
        let is_held = kept.is_ok();
        if let Err(error) = kept {
            let why = whole(&error);
            mistakes.insert(format!(
                "{why}; a task with a mistake does not run until that is done"
            ));
        }
        self.good = now;
        let news = mistakes.difference(&self.told).cloned().collect();
        self.told = mistakes;
        // Nothing is compiled again before the next save, and a daemon waits long for that.
        script::forget_compiled();
        let entries = self.good.values().map(|(entry, _)| entry.clone()).collect();
        Look {
            entries,
            news,
            is_held,
        }
    }

    fn read(&self, mut plan: Plan, mistakes: &mut BTreeSet<String>) -> Result<Good> {
        let mut now = BTreeMap::new();
        let mut known: Scripts = BTreeMap::new();
        let mut kept = BTreeSet::new();
        for (name, error) in plan.wrong() {
            let has_good = self.good.contains_key(name);
            mistakes.insert(with_effect(&whole(error), has_good));
            if let Some(good) = self.good.get(name) {
                now.insert(name.to_owned(), good.clone());
            }
        }
        let entries: Vec<Entry> = plan.entries().cloned().collect();
        for entry in entries {
            let found = gate::before_run(&mut plan.catalog, &entry.task)?;
            let scripts = if let Some(first) = found.first() {
                let good = self.good.get(&entry.name).map(|(_, scripts)| scripts);
                let good = good.filter(|scripts| !scripts.is_empty());
                mistakes.insert(told(first, good.is_some()));
                kept.extend(good.map(|_kept| first.place.file.clone()));
                good.cloned()
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
                let problems = plan.catalog.problems_of(file);
                mistakes.extend(problems.iter().map(|problem| told(problem, true)));
                kept.insert(file.clone());
                now.insert(name.clone(), good.clone());
            }
        }
        let mut lost = timetable::unread(&plan.catalog);
        lost.retain(|problem| !kept.contains(&problem.place.file));
        mistakes.extend(lost.iter().map(|problem| told(problem, false)));
        Ok(now)
    }

    /// Puts the texts that are good and not those on disk where runs find them, and no others.
    fn hold(&self, now: &Good, settings: Texts) -> Result<()> {
        // Where there is no project any more, none is made.
        if !self.root.is_dir() {
            return Ok(());
        }
        let scripts = now.values().flat_map(|(_, scripts)| scripts);
        // A library may be one of those that are built in. A user's own script is no file of the project.
        let own = scripts.filter(|(name, _)| {
            let is_here = name.starts_with("tasks/") || self.root.join(name).exists();
            is_here && Path::new(name).is_relative()
        });
        let own = own.map(|(name, text)| (PathBuf::from(name), text.to_string()));
        let mut wanted: Texts = settings.into_iter().chain(own).collect();
        wanted.retain(|name, text| text_on_disk(&self.root.join(name)).as_ref() != Some(text));
        let held = held_texts(&self.folder);
        for name in held.keys().filter(|name| !wanted.contains_key(*name)) {
            let path = self.folder.join(name);
            std::fs::remove_file(&path)
                .map_err(|e| Error::io(format!("cannot remove `{}`", path.display()), e))?;
        }
        for (name, text) in &wanted {
            if held.get(name) != Some(text) {
                let path = self.folder.join(name);
                files::make_private_dir(path.parent().unwrap_or(&self.folder))?;
                files::write(&path, text.as_bytes(), Some(0o600))?;
            }
        }
        Ok(())
    }
}

/// What is told of a mistake in a script.
fn told(found: &Diagnostic, has_good: bool) -> String {
    // Of a user's own script, which is no file of the project, nothing is kept.
    let is_kept = has_good && Path::new(&found.place.file).is_relative();
    with_effect(&format!("{}: {}", found.place, found.message), is_kept)
}

/// A mistake and what comes of it.
fn with_effect(mistake: &str, is_kept: bool) -> String {
    if is_kept {
        format!("{mistake}; the last good version stays")
    } else {
        format!("{mistake}; nothing of it runs until it is mended")
    }
}

/// `lexi.toml` and the `.env` files of all profiles, which are looked at together.
fn settings_on_disk(root: &Path) -> Texts {
    let own = Profile::ALL.iter().map(|profile| format!(".env.{profile}"));
    let files = [".env".to_owned()].into_iter().chain(own);
    let files = files.filter_map(|name| {
        let text = text_on_disk(&root.join(&name))?;
        Some((PathBuf::from(name), text))
    });
    let config = std::fs::read_to_string(root.join(CONFIG_FILE)).ok();
    let config = config.map(|text| (PathBuf::from(CONFIG_FILE), text));
    files.chain(config).collect()
}

/// The text of a file, which is empty where there is none; nothing where what is there is no text.
fn text_on_disk(path: &Path) -> Option<String> {
    match std::fs::metadata(path) {
        Ok(facts) if facts.is_file() => std::fs::read_to_string(path).ok(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Some(String::new()),
        _ => None,
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

/// The texts that a daemon keeps in a folder, by the names of their files.
pub(in crate::cli) fn held_texts(folder: &Path) -> Texts {
    let walk = walkdir::WalkDir::new(folder).into_iter();
    let files = walk.filter_map(std::result::Result::ok);
    let files = files.filter(|file| file.file_type().is_file());
    let texts = files.filter_map(|file| {
        let name = file.path().strip_prefix(folder).ok()?;
        Some((name.to_owned(), std::fs::read_to_string(file.path()).ok()?))
    });
    texts.collect()
}
