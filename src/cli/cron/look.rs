//! A look at the project by a process of its own, `lexi __schedules`: a daemon that waits for months keeps no compiled
//! script, and whatever a script does to its reader it does not do to the daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::context::Context;
use super::plan::Plan;
use crate::base::project::{CONFIG_FILE, Texts};
use crate::base::{Error, Result};
use crate::ops::process::{Program, Registry, Stdin};
use crate::ops::schedule::Entry;
use crate::script::diagnostic::{Diagnostic, Severity};
use crate::script::{gate, inputs, timetable};

/// No answer is longer.
const LONGEST: usize = 256 * 1024 * 1024;

/// No look takes longer, unless something is wrong.
const LONG: Duration = Duration::from_mins(1);

/// Files of scripts, or their texts, by entry or file.
pub(super) type Named<T> = BTreeMap<String, T>;

/// What was good at the look before.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Before {
    /// The project's folder.
    pub(super) root: PathBuf,
    /// `lexi.toml` and the `.env` files as they last could be read together; one that was not there is empty.
    pub(super) settings: Texts,
    /// The entries, each with the files that its task is made of.
    pub(super) entries: Named<BTreeSet<String>>,
}

/// What a look found.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Found {
    /// Whether the settings could be read as they are on disk.
    pub(super) has_settings: bool,
    /// The entries that count now; none when all stay as they were.
    pub(super) entries: Option<Named<Now>>,
    /// Those that are off here.
    pub(super) off: BTreeSet<String>,
    /// The texts of the files of those that are new.
    pub(super) texts: Named<String>,
    /// What is wrong, each with what comes of it.
    pub(super) mistakes: BTreeSet<String>,
    /// The profiles in which something runs, each with how much.
    pub(super) elsewhere: BTreeMap<String, usize>,
}

/// What becomes of an entry.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Now {
    /// The entry; none when it stays as it was.
    pub(super) entry: Option<Entry>,
    /// The files that its task is made of; none when they stay as they were.
    pub(super) files: Option<BTreeSet<String>>,
}

impl Now {
    const KEPT: Self = Self {
        entry: None,
        files: None,
    };
}

/// Starts the process that looks and waits for what it found; `lexi` is the program with its global options.
pub(super) async fn ask(lexi: &Program, before: &Before, ctx: &Context) -> Result<Found> {
    let broken =
        |why: serde_json::Error| Error::internal("what has a time could not be read").because(why);
    let before = serde_json::to_vec(before).map_err(broken)?;
    let looking = lexi
        .clone()
        .arg("__schedules")
        .stdin(Stdin::Bytes(before))
        .timeout(LONG);
    let registry = Arc::new(Registry::new(ctx.environment()));
    let said = looking.capture(&registry, LONGEST).await?.ok(lexi.name())?;
    serde_json::from_slice(&said.stdout).map_err(broken)
}

/// Looks, as the process that `ask` starts.
pub(in super::super) fn answer(ctx: &Context) -> Result<ExitCode> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|e| Error::io("cannot read what was good before", e))?;
    let before: Before = serde_json::from_slice(&bytes)
        .map_err(|e| Error::usage("this is for `lexi cron`").because(e))?;
    let found = look(&before, ctx);
    let found = serde_json::to_vec(&found)
        .map_err(|e| Error::internal("what was found cannot be written").because(e))?;
    // Not for people: a script in which a secret stands must come back as it is.
    std::io::stdout()
        .write_all(&found)
        .map_err(|e| Error::io("cannot tell what was found", e))?;
    Ok(ExitCode::SUCCESS)
}

fn look(before: &Before, ctx: &Context) -> Found {
    let mut mistakes = BTreeSet::new();
    // Where its `lexi.toml` is away for a moment, the folder above may be another project.
    let project = if before.settings.contains_key(Path::new(CONFIG_FILE)) {
        ctx.project_holding(&before.root, Texts::new())
    } else {
        ctx.project()
    };
    let plan = project.and_then(|project| Plan::of(project, ctx));
    let has_settings = plan.is_ok();
    let plan = plan.or_else(|error| {
        mistakes.insert(with_effect(&error.full_message(), true));
        let project = ctx.project_holding(&before.root, before.settings.clone())?;
        Plan::of(project, ctx)
    });
    let elsewhere = plan.as_ref().map(Plan::elsewhere).unwrap_or_default();
    let off = plan.as_ref().map(Plan::off).unwrap_or_default();
    let read = plan.and_then(|plan| read(before, plan, &mut mistakes));
    let (entries, texts) = match read {
        Ok((entries, texts)) => (Some(entries), texts),
        Err(error) => {
            mistakes.insert(with_effect(&error.full_message(), true));
            (None, BTreeMap::new())
        }
    };
    Found {
        has_settings,
        entries,
        off,
        texts,
        mistakes,
        elsewhere,
    }
}

/// What becomes of each entry, and the texts of the files of those that are new.
fn read(
    before: &Before,
    mut plan: Plan,
    mistakes: &mut BTreeSet<String>,
) -> Result<(Named<Now>, Named<String>)> {
    let (mut now, mut texts) = (BTreeMap::new(), BTreeMap::new());
    let mut kept = BTreeSet::new();
    for (name, error) in plan.wrong() {
        let has_good = before.entries.contains_key(name);
        mistakes.insert(with_effect(&error.full_message(), has_good));
        if has_good {
            now.insert(name.to_owned(), Now::KEPT);
        }
    }
    let entries: Vec<Entry> = plan.entries().cloned().collect();
    for entry in entries {
        let found = gate::before_run(&mut plan.catalog, &entry.task)?;
        let (name, mut files) = (entry.name.clone(), None);
        if let Some(first) = found.first() {
            let good = before.entries.get(&name);
            let has_good = good.is_some_and(|files| !files.is_empty());
            mistakes.insert(if has_good {
                told(first, true)
            } else {
                format!(
                    "{}: {}; its runs fail until it is mended",
                    first.place, first.message
                )
            });
            kept.extend(has_good.then(|| first.place.file.clone()));
        } else {
            let mut scripts = inputs::scripts(&plan.catalog, &entry.task).unwrap_or_default();
            // A library may be one of those that are built in.
            scripts.retain(|name, _| before.root.join(name).exists());
            files = Some(scripts.keys().cloned().collect());
            texts.extend(scripts);
        }
        let entry = Some(entry);
        now.insert(name, Now { entry, files });
    }
    // The tasks of a file with a mistake in a declaration are not known, so their entries are not either.
    for (name, files) in &before.entries {
        let mut tasks = files.iter().filter(|file| file.starts_with("tasks/"));
        if let Some(file) = tasks.find(|file| is_broken(&plan, file))
            && !now.contains_key(name)
        {
            let problems = plan.catalog.problems_of(file);
            mistakes.extend(problems.iter().map(|problem| told(problem, true)));
            kept.insert(file.clone());
            now.insert(name.clone(), Now::KEPT);
        }
    }
    let mut lost = timetable::unread(&plan.catalog);
    lost.retain(|problem| !kept.contains(&problem.place.file));
    mistakes.extend(lost.iter().map(|problem| told(problem, false)));
    Ok((now, texts))
}

/// What is told of a mistake in a script.
fn told(found: &Diagnostic, has_good: bool) -> String {
    // Of a user's own script, which is no file of the project, nothing is kept.
    let is_kept = has_good && Path::new(&found.place.file).is_relative();
    with_effect(&format!("{}: {}", found.place, found.message), is_kept)
}

/// A mistake and what comes of it.
pub(super) fn with_effect(mistake: &str, is_kept: bool) -> String {
    if is_kept {
        format!("{mistake}; the last good version stays")
    } else {
        format!("{mistake}; nothing of it runs until it is mended")
    }
}

/// Whether a file's declarations cannot all be read.
fn is_broken(plan: &Plan, file: &str) -> bool {
    let found = plan.catalog.problems_of(file);
    found
        .iter()
        .any(|problem| problem.severity == Severity::Error)
}
