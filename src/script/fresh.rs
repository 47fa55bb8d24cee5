//! Whether a task is up to date: what its last successful run depended on, held against what is there now.
//!
//! Only for tasks that declare `sources:` or `generates:`. What is recorded is the state before the run, so that a source that
//! changes while the task runs makes it run again; there is no record while a task runs, so one that fails is never up to date.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rhai::Map;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::catalog::Catalog;
use super::inputs;
use super::sources::{Sources, digest};
use super::task::Task;
use crate::base::{Error, Profile, Result, Settings};

/// What a run depends on, each thing by its digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When the run succeeded.
    at: String,
    arguments: String,
    sources: BTreeMap<String, String>,
    scripts: BTreeMap<String, String>,
    settings: BTreeMap<String, String>,
    generated: BTreeMap<String, String>,
}

/// Why a task runs or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It says nothing about what it reads, so it always runs.
    Always,
    /// It has not succeeded yet, or not since it failed.
    Never,
    /// Something is not as it was.
    Changed(Vec<String>),
    /// Nothing has changed since it succeeded.
    UpToDate(String),
}

impl Verdict {
    /// Whether the task runs.
    pub const fn runs(&self) -> bool {
        !matches!(self, Self::UpToDate(_))
    }

    /// The reasons, a line each.
    pub fn reasons(&self) -> Vec<String> {
        match self {
            Self::Always => vec!["it declares no `sources:`, so it always runs".to_owned()],
            Self::Never => vec!["it has not succeeded yet, or not since it failed".to_owned()],
            Self::Changed(reasons) => reasons.clone(),
            Self::UpToDate(at) => vec![format!("nothing has changed since it succeeded at {at}")],
        }
    }
}

/// A task with its arguments, ready to be judged.
pub struct Case<'c> {
    /// All tasks.
    pub catalog: &'c Catalog,
    /// The task.
    pub task: &'c Task,
    /// Its bound arguments.
    pub args: &'c Map,
    /// The settings.
    pub settings: &'c Settings,
}

impl Case<'_> {
    /// What the task depends on now; none when it does not say.
    pub fn now(&self) -> Result<Option<Record>> {
        let task = self.task;
        if task.sources.is_empty() && task.generates.is_empty() {
            return Ok(None);
        }
        let project = self.catalog.project();
        let sources = Sources::of(project, &task.sources, &task.generates)?;
        let text = project
            .script_text(&project.path(&task.place.file))
            .unwrap_or_default();
        let libraries = inputs::behind(project, &text).into_iter();
        let scripts = libraries.map(|source| (source.name, hash(source.text.as_bytes())));
        let settings = task.env.iter().map(|name| {
            let value = self
                .settings
                .get(name)
                .map_or_else(|| "unset".to_owned(), |value| hash(value.as_bytes()));
            (name.clone(), value)
        });
        // Arguments are plain values by name, so how they look tells them apart.
        let arguments = format!("{:?}", self.args);
        Ok(Some(Record {
            at: String::new(),
            arguments: hash(arguments.as_bytes()),
            sources: self.digests(&sources),
            scripts: scripts
                .chain([(task.place.file.clone(), hash(text.as_bytes()))])
                .collect(),
            settings: settings.collect(),
            generated: BTreeMap::new(),
        }))
    }

    /// Whether the task would run, and why.
    pub fn verdict(&self) -> Result<Verdict> {
        let Some(now) = self.now()? else {
            return Ok(Verdict::Always);
        };
        let Some(before) = self.read() else {
            return Ok(Verdict::Never);
        };
        let mut reasons = Vec::new();
        if now.arguments != before.arguments {
            reasons.push("its arguments are others".to_owned());
        }
        differing(&before.scripts, &now.scripts, "", &mut reasons);
        differing(&before.sources, &now.sources, "", &mut reasons);
        differing(&before.settings, &now.settings, "setting ", &mut reasons);
        differing(&before.generated, &self.generated()?, "", &mut reasons);
        for pattern in &self.task.generates {
            let made = Sources::of(self.catalog.project(), std::slice::from_ref(pattern), &[])?;
            if made.files().is_empty() {
                reasons.push(format!("`{pattern}`, which it makes, is not there"));
            }
        }
        Ok(if reasons.is_empty() {
            Verdict::UpToDate(before.at)
        } else {
            Verdict::Changed(reasons)
        })
    }

    fn generated(&self) -> Result<BTreeMap<String, String>> {
        let made = Sources::of(self.catalog.project(), &self.task.generates, &[])?;
        Ok(self.digests(&made))
    }

    fn digests(&self, files: &Sources) -> BTreeMap<String, String> {
        let files = files.files().into_iter();
        let known = files
            .filter_map(|path| Some((self.catalog.project().display(&path), hex(&digest(&path)?))));
        known.collect()
    }

    /// Forgets that the task ever succeeded.
    pub fn forget(&self) -> Result<()> {
        match std::fs::remove_file(self.path()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let path = self.catalog.project().display(&self.path());
                Err(Error::io(format!("cannot remove `{path}`"), error))
            }
            _ => Ok(()),
        }
    }

    /// Notes that the task succeeded, having started from this.
    pub fn keep(&self, started_from: Record) -> Result<()> {
        let record = Record {
            at: jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string(),
            generated: self.generated()?,
            ..started_from
        };
        let json = serde_json::to_vec(&record)
            .map_err(|e| Error::internal("cannot write down a run").because(e))?;
        write(&self.path(), &json).map_err(|e| {
            let path = self.catalog.project().display(&self.path());
            Error::io(format!("cannot write `{path}`"), e)
        })
    }

    fn read(&self) -> Option<Record> {
        let bytes = std::fs::read(self.path()).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    fn path(&self) -> PathBuf {
        let profile: Profile = self.settings.profile();
        let folder = self
            .catalog
            .project()
            .state()
            .join("up-to-date")
            .join(profile.as_str());
        folder.join(format!("{}.json", self.task.name))
    }
}

/// Digests of settings can be guessed at, so the file is its owner's alone; moved into place, it is whole or not there.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    let written = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&partial, path));
    if written.is_err() {
        // What could not be written may not be removable either.
        let _still_there = std::fs::remove_file(&partial);
    }
    written
}

fn differing(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    what: &str,
    reasons: &mut Vec<String>,
) {
    for (name, digest) in now {
        match before.get(name) {
            Some(known) if known == digest => {}
            Some(_) => reasons.push(format!("{what}{name} changed")),
            None => reasons.push(format!("{what}{name} is new")),
        }
    }
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    reasons.extend(gone.map(|name| format!("{what}{name} is gone")));
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
