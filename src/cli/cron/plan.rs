//! What has a time here, and what has not and why: `lexi cron --dry-run`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use super::super::context::Context;
use super::super::run::show;
use super::super::{render, task_args};
use crate::base::output::{BOLD, CYAN, DIM, RED, YELLOW};
use crate::base::schedule::{CatchUp, Overlap};
use crate::base::{Error, Project, Result, Settings, units};
use crate::ops::clock;
use crate::ops::schedule::Entry;
use crate::script::diagnostic::{Diagnostic, Rule};
use crate::script::task::Param;
use crate::script::timetable::{self, Planned};
use crate::script::{Catalog, bind, gate};

/// The entries of a project in the chosen profile.
pub(in super::super) struct Plan {
    pub(in super::super) catalog: Catalog,
    pub(in super::super) settings: Settings,
    entries: Vec<Planned>,
}

impl Plan {
    /// Reads the project, its tasks and its settings.
    pub(in super::super) fn load(ctx: &Context) -> Result<Self> {
        Self::of(ctx.project()?, ctx)
    }

    /// The same of a project that is open.
    pub(in super::super) fn of(project: Arc<Project>, ctx: &Context) -> Result<Self> {
        let settings = ctx.settings(&project)?;
        let catalog = Catalog::load(project)?;
        let mut entries = timetable::planned(&catalog, &settings);
        for planned in &mut entries {
            if let Ok(Ok(entry)) = &planned.entry
                && let Some(error) = wrong_words(&catalog, entry)
            {
                planned.entry = Err(error);
            }
        }
        Ok(Self {
            catalog,
            settings,
            entries,
        })
    }

    /// The same with entries as wrong that miss a setting which their task needs.
    pub(in super::super) fn bound(mut self) -> Self {
        for planned in &mut self.entries {
            if let Ok(Ok(entry)) = &planned.entry
                && let Some(error) = unbound(&self.catalog, entry, &self.settings, Unset::IsWrong)
            {
                planned.entry = Err(error);
            }
        }
        self
    }

    /// The profiles in which something runs, each with how much.
    pub(super) fn elsewhere(&self) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        for profile in self
            .entries
            .iter()
            .flat_map(|one| &one.written.schedule.profiles)
        {
            *found.entry(profile.clone()).or_default() += 1;
        }
        found
    }

    /// The entries that are off here.
    pub(super) fn off(&self) -> BTreeSet<String> {
        let off = self.entries.iter();
        let off = off.filter(|one| matches!(one.entry, Ok(Err(_))));
        off.map(|one| one.written.name.clone()).collect()
    }

    /// The entries that run here.
    pub(in super::super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter_map(|planned| planned.entry.as_ref().ok()?.as_ref().ok())
    }

    /// Entries that cannot run, with what is wrong.
    pub(in super::super) fn wrong(&self) -> impl Iterator<Item = (&str, &Error)> {
        let all = self.entries.iter();
        all.filter_map(|planned| {
            Some((planned.written.name.as_str(), planned.entry.as_ref().err()?))
        })
    }

    /// What is wrong with the scripts of the entries, and with files that may hold more of them; each mistake once.
    pub(in super::super) fn mistakes(&mut self) -> Result<Vec<Diagnostic>> {
        let mut found = timetable::unread(&self.catalog);
        let tasks: BTreeSet<String> = self.entries().map(|entry| entry.task.clone()).collect();
        for task in tasks {
            let more = gate::before_run(&mut self.catalog, &task)?;
            let more = more.into_iter();
            let new: Vec<_> = more.filter(|one| !found.contains(one)).collect();
            found.extend(new);
        }
        Ok(found)
    }

    /// Says what would run, which entries are off, and what is wrong.
    pub(in super::super) fn explain(mut self, ctx: &Context) -> Result<ExitCode> {
        let out = ctx.output();
        let mistakes = self.mistakes()?;
        if out.is_json() {
            let all: Vec<_> = self.entries.iter().map(json_of).collect();
            out.data(&serde_json::to_string_pretty(&all).unwrap_or_default());
        } else if self.entries.is_empty() && mistakes.is_empty() {
            out.say("nothing has a schedule: write `schedule: \"0 2 * * *\"` in a task, or [schedule.NAME] in lexi.toml");
        } else {
            self.write(ctx);
        }
        show(&mistakes, &self.catalog, ctx);
        let is_well = mistakes.is_empty() && self.wrong().next().is_none();
        Ok(ExitCode::from(if is_well { 0 } else { 2 }))
    }

    fn write(&self, ctx: &Context) {
        let out = ctx.output();
        let width = self
            .entries
            .iter()
            .map(|one| one.written.name.len())
            .max()
            .unwrap_or(0);
        let profile = self.settings.profile();
        let heading = |text: &str| out.data(&out.paint(BOLD, text));
        let (mut on, mut off) = (Vec::new(), Vec::new());
        for one in &self.entries {
            match &one.entry {
                Ok(Ok(entry)) => on.push(entry),
                Ok(Err(why)) => off.push((one, why)),
                Err(_) => {}
            }
        }
        heading(&format!("Runs in profile {profile}"));
        for entry in &on {
            let name = out.paint(CYAN, &format!("{:width$}", entry.name));
            out.data(&format!("  {name}  {}", out.paint(BOLD, &when(entry))));
            out.data(&format!("  {:width$}  lexi run {}", "", entry.command()));
            out.data(&format!("  {:width$}  {}", "", out.paint(DIM, &how(entry))));
        }
        if on.is_empty() {
            out.data("  nothing");
        }
        if !off.is_empty() {
            heading("Off");
        }
        for (one, why) in off {
            let name = format!("{:width$}", one.written.name);
            out.data(&format!("  {name}  {} {}", out.paint(YELLOW, "off:"), why));
        }
        for (name, error) in self.wrong() {
            out.error(&format!("{} {name}", out.err_paint(RED, "wrong:")));
            render::error(out, error);
        }
    }
}

/// What is wrong with entries in a profile, as far as the lines that settings hold are not concerned: their words, and what
/// their `when` holds. In a profile other than the chosen one settings may be somewhere else, such as on the server.
pub(in super::super) fn problems(
    catalog: &Catalog,
    settings: &Settings,
    unset: Unset,
) -> Vec<Diagnostic> {
    let found = timetable::planned(catalog, settings).into_iter();
    let found = found.filter_map(|planned| {
        let written = &planned.written;
        let error = match &planned.entry {
            Ok(Ok(entry)) => {
                let wrong = wrong_words(catalog, entry);
                wrong.or_else(|| unbound(catalog, entry, settings, unset))?
            }
            Ok(Err(_off)) => return None,
            Err(_) => {
                let error = settings.bool(written.schedule.when.as_deref()?).err()?;
                error.context(format!("schedule `{}`", written.name))
            }
        };
        let place = timetable::place(catalog, written);
        let hint = error.hint_text().map(str::to_owned);
        Some(Diagnostic::new(Rule::Schedule, place, error.message()).hint(hint))
    });
    found.collect()
}

/// What a setting that a task needs and that has no value is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Unset {
    /// A mistake.
    IsWrong,
    /// None: it may have one where the task runs.
    IsFine,
}

/// What is wrong with the words behind the task's name.
fn wrong_words(catalog: &Catalog, entry: &Entry) -> Option<Error> {
    let task = catalog.find(&entry.task).ok()?;
    let error = task_args::parse(task, &entry.args).err()?;
    Some(refused(entry, &render::sentence(&error)))
}

/// What is wrong with the values that the words and the settings give the task's parameters.
fn unbound(catalog: &Catalog, entry: &Entry, settings: &Settings, unset: Unset) -> Option<Error> {
    let task = catalog.find(&entry.task).ok()?;
    let (typed, _) = task_args::parse(task, &entry.args).ok()?;
    let is_unset = |param: &Param| {
        let setting = param.env.as_deref();
        let is_empty = |name: &str| settings.get(name).is_none_or(str::is_empty);
        param.required && !typed.contains_key(&param.name) && setting.is_some_and(is_empty)
    };
    if unset == Unset::IsFine && task.params.iter().any(is_unset) {
        return None;
    }
    let error = bind::typed(task, &typed, settings, catalog.project().root()).err()?;
    Some(refused(entry, error.message()))
}

fn refused(entry: &Entry, why: &str) -> Error {
    let (name, command) = (&entry.name, entry.command());
    let error = Error::usage(format!("schedule `{name}`: `lexi run {command}`: {why}"));
    error.hint(format!("`lexi help {}` explains its arguments", entry.task))
}

/// `0 2 * * * (Europe/Berlin), next 2026-03-01 02:00:00`.
fn when(entry: &Entry) -> String {
    let line = &entry.line;
    let next = line.next(clock::now()).map_or_else(
        || "never again".to_owned(),
        |at| {
            let at = at.to_zoned(line.zone().clone());
            format!("next {}", at.strftime("%a %Y-%m-%d %H:%M:%S"))
        },
    );
    match line.zone_name() {
        "local" => format!("{}, {next}", line.text()),
        zone => format!("{} ({zone}), {next}", line.text()),
    }
}

fn how(entry: &Entry) -> String {
    let overlap = match entry.overlap {
        Overlap::Skip => "skipped while it runs",
        Overlap::Queue => "waits while it runs",
        Overlap::Replace => "stops the run that goes on",
        Overlap::Allow => "runs beside itself",
    };
    let missed = match entry.catch_up {
        CatchUp::Skip => "missed times are left out".to_owned(),
        CatchUp::Latest => format!(
            "the newest time missed in {} is made up for",
            units::duration(entry.within)
        ),
        CatchUp::All => format!(
            "times missed in {} are made up for",
            units::duration(entry.within)
        ),
    };
    let mut parts = vec![overlap.to_owned(), missed];
    if !entry.delay.is_zero() {
        parts.push(format!("starts {} later", units::duration(entry.delay)));
    }
    if let Some(limit) = entry.timeout {
        parts.push(format!("stopped after {}", units::duration(limit)));
    }
    if entry.retries > 0 {
        let times =
            crate::base::text::count("time", usize::try_from(entry.retries).unwrap_or(usize::MAX));
        parts.push(format!(
            "tried again {times} from {}",
            units::duration(entry.backoff)
        ));
    }
    parts.join("; ")
}

fn json_of(planned: &Planned) -> serde_json::Value {
    let written = &planned.written;
    let (state, why, next) = match &planned.entry {
        Ok(Ok(entry)) => ("on", None, entry.line.next(clock::now())),
        Ok(Err(why)) => ("off", Some(why.clone()), None),
        Err(error) => ("wrong", Some(error.full_message()), None),
    };
    json!({
        "entry": written.name,
        "task": written.task,
        "place": written.place,
        "schedule": written.schedule,
        "state": state,
        "why": why,
        "next": next,
    })
}
