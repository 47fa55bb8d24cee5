//! The settings, the schedules, and who starts the daemon.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use super::super::context::Context;
use super::super::cron::{self, Plan};
use super::report::Report;
use crate::base::text::count;
use crate::base::{Error, Project, Settings};
use crate::script::diagnostic::Diagnostic;
use crate::script::{Catalog, gate, timetable};

/// What the group and everybody else may do with a file.
const OTHERS: u32 = 0o077;

/// Settings that could be read; their files are not for everybody.
pub(super) fn settings(report: &mut Report, project: &Project, settings: &Settings) {
    let profile = settings.profile();
    let number = count("setting", settings.iter().count());
    report.ok("settings", format!("profile {profile}, {number}"));
    for name in [".env".to_owned(), format!(".env.{profile}")] {
        let Ok(facts) = project.path(&name).metadata() else {
            continue;
        };
        let mode = facts.permissions().mode() & 0o777;
        if mode & OTHERS == 0 {
            report.ok("settings", format!("{name} is read by its owner only"));
        } else {
            let path = project.path(&name);
            let found = format!("others may get at {name} (mode {mode:o})");
            report.note("settings", found, &format!("chmod 600 {}", path.display()));
        }
    }
}

/// Entries that run here, and those that cannot.
pub(super) fn schedules(report: &mut Report, plan: &mut Plan) {
    let wrong: Vec<&Error> = plan.wrong().map(|(_, error)| error).collect();
    let mut is_well = wrong.is_empty();
    for error in wrong {
        report.failed("schedules", error);
    }
    let entries = plan.entries();
    let entries: Vec<_> = entries
        .map(|one| (one.name.clone(), one.task.clone()))
        .collect();
    let mut good = Vec::new();
    let mut told: BTreeSet<String> = places(&timetable::unread(&plan.catalog)).collect();
    is_well &= told.is_empty();
    for mistake in &told {
        report.failed("schedules", &mistaken(mistake));
    }
    for (name, task) in entries {
        let mistakes = mistakes(&mut plan.catalog, &task);
        if mistakes.is_empty() {
            good.push(name);
        }
        for mistake in mistakes {
            is_well = false;
            if told.insert(mistake.clone()) {
                report.failed("schedules", &mistaken(&mistake));
            }
        }
    }
    let profile = plan.settings.profile();
    if !good.is_empty() {
        let found = format!("{} in profile {profile}", good.join(", "));
        report.ok("schedules", found);
    } else if is_well {
        let found = format!("nothing runs by itself in profile {profile}");
        report.note("schedules", found, "`lexi cron --dry-run` says why");
    }
}

/// What keeps a task from running, each with its place.
fn mistakes(catalog: &mut Catalog, task: &str) -> Vec<String> {
    match gate::before_run(catalog, task) {
        Ok(found) => places(&found).collect(),
        Err(error) => vec![error.full_message()],
    }
}

fn places(found: &[Diagnostic]) -> impl Iterator<Item = String> {
    found
        .iter()
        .map(|one| format!("{}: {}", one.place, one.message))
}

fn mistaken(mistake: &str) -> Error {
    Error::invalid(mistake).hint("`lexi check` shows it in its script")
}

/// Whether the system keeps a daemon running.
pub(super) fn installed(
    report: &mut Report,
    project: &Project,
    settings: &Settings,
    ctx: &Context,
) {
    let profile = settings.profile();
    let found = match cron::installed(project, profile.as_str(), ctx) {
        Ok(found) => found,
        Err(error) => return report.failed("installed", &error),
    };
    for (place, is_current) in &found {
        if *is_current {
            report.ok("installed", place.clone());
        } else {
            let found = format!("{place} starts something else than `install` would write now");
            report.note("installed", found, "run `lexi cron install` once more");
        }
    }
    if found.is_empty() {
        let remedy = format!("`lexi cron install --systemd --profile {profile}`, or `--crontab`");
        report.note(
            "installed",
            "neither cron nor systemd starts `lexi cron`",
            &remedy,
        );
    }
}
