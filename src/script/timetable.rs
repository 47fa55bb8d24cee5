//! All entries of a project: what its tasks declare and what `lexi.toml` says, which is stronger.

use super::catalog::Catalog;
use super::diagnostic::{Diagnostic, Place, Rule, Severity};
use crate::base::project::CONFIG_FILE;
use crate::base::schedule::{Overlap, Schedule};
use crate::base::settings::Origin;
use crate::base::text::did_you_mean;
use crate::base::{Error, Project, Result, Settings};
use crate::ops::schedule::{Entry, Off};

/// A schedule with its name, its task and where it is written.
#[derive(Debug, Clone)]
pub struct Written {
    /// The entry's name.
    pub name: String,
    /// The task.
    pub task: String,
    /// What is written.
    pub schedule: Schedule,
    /// The file and place for people.
    pub place: String,
}

/// An entry that runs here, one that is off and why, or one that is wrong.
#[derive(Debug)]
pub struct Planned {
    /// What is written.
    pub written: Written,
    /// What comes of it here.
    pub entry: Result<Result<Entry, Off>>,
}

/// What is written, in the order of the names.
pub fn written(catalog: &Catalog) -> Vec<Written> {
    let config = &catalog.project().config().schedule;
    let mut found: Vec<Written> = config
        .iter()
        .map(|(name, one)| of_config(name, one))
        .collect();
    // What a user takes along runs by itself where the user says so, not in the daemon of each project.
    let is_user_s = catalog.project().is_user_s();
    for task in catalog.tasks().filter(|task| is_user_s || !task.user_wide) {
        for (at, (schedule, place)) in task.schedules.iter().enumerate() {
            // The first of several is named like the task, so that it keeps its name when others are added.
            let name = match at {
                0 => task.name.clone(),
                at => format!("{}.{}", task.name, at + 1),
            };
            if !config.contains_key(&name) {
                found.push(Written {
                    name,
                    task: task.name.clone(),
                    schedule: schedule.clone(),
                    place: place.to_string(),
                });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn of_config(name: &str, schedule: &Schedule) -> Written {
    Written {
        name: name.to_owned(),
        task: schedule.task.clone().unwrap_or_else(|| name.to_owned()),
        schedule: schedule.clone(),
        place: format!("{CONFIG_FILE} [schedule.{name}]"),
    }
}

/// What comes of each with these settings.
pub fn planned(catalog: &Catalog, settings: &Settings) -> Vec<Planned> {
    let plan = |written: Written| {
        let entry = check(catalog, &written).and_then(|()| {
            let Written {
                name,
                task,
                schedule,
                ..
            } = &written;
            Entry::resolve(name, task, schedule, settings)
        });
        Planned { written, entry }
    };
    written(catalog).into_iter().map(plan).collect()
}

/// What is wrong with the entries of `lexi.toml`, whatever the profile.
pub fn problems(catalog: &Catalog) -> Vec<Diagnostic> {
    let project = catalog.project();
    let config = project.config().schedule.iter();
    let found = config.filter_map(|(name, one)| {
        let written = of_config(name, one);
        let error = check(catalog, &written)
            .and_then(|()| line(&written))
            .err()?;
        let hint = error.hint_text().map(str::to_owned);
        Some(Diagnostic::new(Rule::Schedule, position(project, name), error.message()).hint(hint))
    });
    found.collect()
}

/// What is wrong with the declarations of files that may say when something runs, of which nobody knows what and when.
pub fn unread(catalog: &Catalog) -> Vec<Diagnostic> {
    let project = catalog.project();
    let config = project.config().schedule.iter();
    let named = config.map(|(name, one)| format!("\"{}\"", one.task.as_ref().unwrap_or(name)));
    let words: Vec<String> = named.chain(["schedule".to_owned()]).collect();
    let mut found = Vec::new();
    for file in catalog.files() {
        let mut problems = catalog.problems_of(file);
        problems.retain(|problem| problem.severity == Severity::Error);
        let is_meant = project.is_user_s() || !project.is_user_wide(file);
        if problems.is_empty() || !is_meant {
            continue;
        }
        let bytes = project.script(&project.path(file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        // One that was cut short may have said it behind that.
        let is_cut = problems.iter().any(|one| one.rule == Rule::Syntax);
        if is_cut || words.iter().any(|word| text.contains(word)) {
            found.extend(problems);
        }
    }
    found
}

/// What is wrong with the lines that settings hold, each at the place of its setting.
pub fn problems_of_settings(catalog: &Catalog, settings: &Settings) -> Vec<Diagnostic> {
    let profile = settings.profile();
    let mut found = Vec::new();
    for written in written(catalog) {
        let Some(setting) = &written.schedule.setting else {
            continue;
        };
        let text = settings.get(setting).unwrap_or_default().trim();
        let is_here = written
            .schedule
            .profiles
            .iter()
            .any(|name| name == profile.as_str());
        if text.is_empty() || !is_here || written.schedule.cron.is_some() {
            continue;
        }
        let Err(error) = crate::ops::schedule::Line::parse(text, written.schedule.tz.as_deref())
        else {
            continue;
        };
        let origin = settings.origin(setting);
        let (place, from) = if let Some(Origin::File(file, line)) = origin {
            let (file, line, column) = (file.clone(), *line, 1);
            (Place { file, line, column }, String::new())
        } else {
            let place = position(catalog.project(), &written.name);
            (place, format!(" ({})", settings.place(setting)))
        };
        let message = format!(
            "schedule `{}`: setting {setting}{from}: {}",
            written.name,
            error.message()
        );
        let hint = error.hint_text().map(str::to_owned);
        found.push(Diagnostic::new(Rule::Schedule, place, message).hint(hint));
    }
    found
}

/// Where an entry is written.
pub fn place(catalog: &Catalog, written: &Written) -> Place {
    let places = catalog.find(&written.task).ok();
    let places = places.iter().flat_map(|task| &task.schedules);
    let mut places = places.map(|(_, place)| place);
    let own = places.find(|place| place.to_string() == written.place);
    own.cloned()
        .unwrap_or_else(|| position(catalog.project(), &written.name))
}

fn check(catalog: &Catalog, written: &Written) -> Result<()> {
    let Written {
        name,
        task,
        schedule,
        ..
    } = written;
    if !is_entry_name(name) {
        return Err(
            Error::usage(format!("`{name}` is no name for a schedule")).hint(
                "use lower-case letters, digits, `-`, `_`, `:` and `.`, starting with a letter",
            ),
        );
    }
    let found = match catalog.find(task) {
        Ok(found) => found,
        // A file that cannot be read may declare it.
        Err(_) if !catalog.unreadable(task).is_empty() => return Ok(()),
        Err(_) => {
            let names = catalog.tasks().map(|task| task.name.as_str());
            let error = Error::usage(format!("schedule `{name}`: there is no task `{task}`"));
            return Err(match did_you_mean(task, names) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("name it with `task = \"NAME\"`; `lexi list` shows the tasks"),
            });
        }
    };
    if found.destructive && schedule.overlap == Overlap::Replace {
        let message = format!(
            "schedule `{name}`: `{task}` destroys data, so its runs must not replace each other"
        );
        return Err(Error::usage(message).hint("use `overlap = \"skip\"` or `\"queue\"`"));
    }
    Ok(())
}

/// Reads the line of an entry that has one of its own.
fn line(written: &Written) -> Result<()> {
    let schedule = &written.schedule;
    match (&schedule.cron, &schedule.setting) {
        (Some(text), None) => {
            crate::ops::schedule::Line::parse(text, schedule.tz.as_deref()).map(drop)
        }
        (None, Some(_)) => Ok(()),
        _ => Err(crate::ops::schedule::no_line(&written.name)),
    }
}

fn is_entry_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_:.".contains(c))
}

/// Where the entry's table begins.
fn position(project: &Project, name: &str) -> Place {
    let text = std::fs::read_to_string(project.path(CONFIG_FILE)).unwrap_or_default();
    let heads = [
        format!("[schedule.{name}]"),
        format!("[schedule.\"{name}\"]"),
    ];
    let line = text
        .lines()
        .position(|line| heads.iter().any(|head| line.trim() == head));
    Place {
        file: CONFIG_FILE.to_owned(),
        line: line.map_or(1, |line| line + 1),
        column: 1,
    }
}
