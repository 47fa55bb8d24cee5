//! The entries as they last were good: a file that is saved with a mistake in it changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::context::Context;
use super::look::{self, Before, Named, Now};
use crate::base::project::{CONFIG_FILE, Texts};
use crate::base::{Error, Profile, Result};
use crate::ops::files;
use crate::ops::process::Program;
use crate::ops::schedule::{Entry, Held};

/// Scripts by their file. Many entries are made of the same ones, so a text is there once.
type Scripts = Named<Arc<str>>;

/// Entries, each with the scripts that its task is made of.
type Good = Named<(Entry, Scripts)>;

/// What was good.
pub(super) struct Keeper {
    /// The program that looks at the project.
    lexi: Program,
    /// The project's folder.
    root: PathBuf,
    /// Where runs find the last good text of a broken file.
    held: Held,
    /// The entries that counted.
    good: Good,
    /// `lexi.toml` and the `.env` files as they last could be read together; one that was not there is empty.
    settings: Texts,
    /// Mistakes that were told.
    told: BTreeSet<String>,
    /// Whether the entries are those of a look since we lead.
    has_looked: bool,
}

/// A look at the project.
pub(super) struct Look {
    /// The entries that count now.
    pub(super) entries: Vec<Entry>,
    /// Mistakes that were not told before.
    pub(super) news: Vec<String>,
    /// What else is off here, and so is not missed.
    pub(super) off: BTreeSet<String>,
    /// Whether the project was read.
    pub(super) is_read: bool,
    /// Whether the good texts lie where runs find them.
    pub(super) is_held: bool,
    /// The profiles in which something runs, each with how much.
    pub(super) elsewhere: BTreeMap<String, usize>,
}

impl Keeper {
    /// No entry is good yet; the settings were just read. Nothing on the disk changes: another daemon may lead.
    pub(super) fn new(lexi: Program, root: PathBuf, held: Held) -> Self {
        Self {
            lexi,
            settings: settings_on_disk(&root),
            root,
            held,
            good: BTreeMap::new(),
            told: BTreeSet::new(),
            has_looked: false,
        }
    }

    /// Takes up the settings that an earlier daemon kept and forgets the rest; only for the one that leads.
    pub(super) fn begin(&mut self) {
        self.settings = settings_on_disk(&self.root);
        self.settings.extend(held_texts(&self.held.settings()));
        self.has_looked = false;
        // There is none when no daemon has kept anything.
        let _none = std::fs::remove_dir_all(self.held.scripts(""));
    }

    /// Reads the project again. What has a mistake stays as it was, which is told once.
    pub(super) async fn look(&mut self, ctx: &Context) -> Look {
        let on_disk = settings_on_disk(&self.root);
        let mut found = match look::ask(&self.lexi, &self.before(), ctx).await {
            Ok(found) => found,
            Err(error) => return self.nothing_new(&error),
        };
        let held = if found.has_settings {
            self.settings = on_disk;
            Texts::new()
        } else {
            self.settings.clone()
        };
        let now = found.entries.take();
        let now = now.map_or_else(|| self.good.clone(), |now| self.good(now, found.texts));
        let kept = self.hold(&now, held);
        let is_held = kept.is_ok();
        let mut mistakes = found.mistakes;
        if let Err(error) = kept {
            let why = error.full_message();
            mistakes.insert(format!(
                "{why}; a task with a mistake does not run until that is done"
            ));
        }
        self.good = now;
        self.has_looked = true;
        let news = mistakes.difference(&self.told).cloned().collect();
        self.told = mistakes;
        let entries = self.good.values().map(|(entry, _)| entry.clone()).collect();
        Look {
            entries,
            news,
            off: found.off,
            is_read: true,
            is_held,
            elsewhere: found.elsewhere,
        }
    }

    /// A look that failed for a reason that may pass; what is wrong with the project stays told.
    fn nothing_new(&mut self, error: &Error) -> Look {
        let mistake = format!(
            "what has a time cannot be read: {}; it is tried again",
            error.full_message()
        );
        let news = (!self.told.contains(&mistake)).then(|| mistake.clone());
        self.told.insert(mistake);
        let known = self.good.values().filter(|_| self.has_looked);
        Look {
            entries: known.map(|(entry, _)| entry.clone()).collect(),
            news: news.into_iter().collect(),
            off: BTreeSet::new(),
            is_read: false,
            is_held: true,
            elsewhere: BTreeMap::new(),
        }
    }

    /// The settings that count.
    pub(super) fn settings(&self) -> Texts {
        self.settings.clone()
    }

    fn before(&self) -> Before {
        let entries = self.good.iter();
        let entries = entries.map(|(name, (_, scripts))| {
            let files = scripts.keys().cloned().collect();
            (name.clone(), files)
        });
        Before {
            root: self.root.clone(),
            settings: self.settings.clone(),
            entries: entries.collect(),
        }
    }

    /// The entries that count now, each with its scripts.
    fn good(&self, now: Named<Now>, texts: Named<String>) -> Good {
        let texts: Scripts = texts
            .into_iter()
            .map(|(file, text)| (file, text.into()))
            .collect();
        let of_file = |file: String| {
            let text = texts.get(&file).cloned();
            text.map(|text| (file, text))
        };
        let one = |(name, now): (String, Now)| {
            let (entry, scripts) = self.good.get(&name).cloned().unzip();
            let files = now.files.map(|files| files.into_iter().filter_map(of_file));
            let scripts = files.map(Iterator::collect).or(scripts);
            Some((name, (now.entry.or(entry)?, scripts.unwrap_or_default())))
        };
        now.into_iter().filter_map(one).collect()
    }

    /// Puts the texts that are good and not those on disk where runs find them, and no others.
    fn hold(&self, now: &Good, settings: Texts) -> Result<()> {
        // Where there is no project any more, none is made.
        if !self.root.is_dir() {
            return Ok(());
        }
        let is_away =
            |name: &Path, text: &str| text_on_disk(&self.root.join(name)).as_deref() != Some(text);
        let mut wanted = Texts::new();
        for (name, text) in settings {
            if is_away(&name, &text) {
                wanted.insert(self.held.settings().join(name), text);
            }
        }
        for (entry, (_, scripts)) in now {
            for (name, text) in scripts {
                // A user's own script is no file of the project.
                let name = Path::new(name);
                if name.is_relative() && is_away(name, text) {
                    wanted.insert(self.held.scripts(entry).join(name), text.to_string());
                }
            }
        }
        let held = held_texts(&self.held.0);
        let held: Texts = held
            .into_iter()
            .map(|(name, text)| (self.held.0.join(name), text))
            .collect();
        for path in held.keys().filter(|path| !wanted.contains_key(*path)) {
            std::fs::remove_file(path)
                .map_err(|e| Error::io(format!("cannot remove `{}`", path.display()), e))?;
        }
        for (path, text) in &wanted {
            if held.get(path) != Some(text) {
                files::make_private_dir(path.parent().unwrap_or(&self.held.0))?;
                files::write(path, text.as_bytes(), Some(0o600))?;
            }
        }
        Ok(())
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
