//! `lexi check [FILE..]`: finds mistakes without running anything.

use std::path::PathBuf;
use std::process::ExitCode;

use super::context::Context;
use super::cron::{self, Unset};
use super::{args, render};
use crate::base::output::GREEN;
use crate::base::text::count;
use crate::base::{Error, Profile, Project, Result};
use crate::script::diagnostic::{Diagnostic, Severity};
use crate::script::{Catalog, check, definitions, timetable};

/// Checks all scripts of the project, or those named.
pub(super) fn run(args: &args::Check, ctx: &Context) -> Result<ExitCode> {
    let project = ctx.project()?;
    let catalog = Catalog::load(project.clone())?;
    let mut found = check::project(&catalog);
    let chosen = ctx.settings(&project).map(|settings| settings.profile());
    // A profile whose settings cannot be read has no lines; what is wrong with them is told where they are used.
    let settings = Profile::ALL.map(|profile| ctx.settings_of(&project, Some(profile)).ok());
    for settings in settings.iter().flatten() {
        found.extend(timetable::problems_of_settings(&catalog, settings));
        let is_chosen = chosen
            .as_ref()
            .is_ok_and(|chosen| *chosen == settings.profile());
        let unset = if is_chosen {
            Unset::IsWrong
        } else {
            Unset::IsFine
        };
        found.extend(cron::problems(&catalog, settings, unset));
    }
    found.sort();
    found.dedup();
    if !args.files.is_empty() {
        let wanted = named(&project, &args.files)?;
        found.retain(|found| wanted.contains(&found.place.file));
    }
    definitions::refresh(&project);
    show(&found, &catalog, ctx);
    let failed = found.iter().any(|found| found.severity == Severity::Error);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Shows what was found in the scripts of a project.
pub(super) fn show(found: &[Diagnostic], catalog: &Catalog, ctx: &Context) {
    let (out, project) = (ctx.output(), catalog.project());
    if out.is_json() {
        out.data(&json(found, project));
        return;
    }
    for found in found {
        out.error(&format!("{}\n", render::diagnostic(out, project, found)));
    }
    out.say(&summary(found, catalog, ctx));
}

/// One document with a finding a line, which an editor's problem matcher can read as it comes.
fn json(found: &[Diagnostic], project: &Project) -> String {
    let line = |found: &Diagnostic| {
        let mut finding = serde_json::json!(found);
        if let Some(fields) = finding.as_object_mut() {
            let source = render::source_line(project, &found.place);
            fields.insert("source".to_owned(), source.into());
        }
        finding.to_string()
    };
    let lines: Vec<String> = found.iter().map(line).collect();
    match lines.as_slice() {
        [] => "[]".to_owned(),
        lines => format!("[\n{}\n]", lines.join(",\n")),
    }
}

/// The files as findings name them.
fn named(project: &Project, files: &[PathBuf]) -> Result<Vec<String>> {
    let here = Context::here()?;
    let name = |file: &PathBuf| {
        let shown = file.display();
        let real = here
            .join(file)
            .canonicalize()
            .map_err(|e| Error::usage(format!("cannot check `{shown}`")).because(e))?;
        let user_s = project.user_tasks();
        let is_user_s = user_s.is_some_and(|folder| real.starts_with(folder));
        let is_own = is_user_s || real.starts_with(project.root());
        if real.extension().is_none_or(|end| end != "rhai") || !is_own {
            let error = Error::usage(format!("`{shown}` is no script of this project"));
            return Err(error.hint("name `.rhai` files of tasks/ or stdlib/"));
        }
        // The user's own are known by their whole paths.
        Ok(if is_user_s {
            real.display().to_string()
        } else {
            project.display(&real)
        })
    };
    files.iter().map(name).collect()
}

fn summary(found: &[Diagnostic], catalog: &Catalog, ctx: &Context) -> String {
    let looked_at = format!(
        "{} in {}",
        count("task", catalog.tasks().count()),
        count("file", catalog.files().count())
    );
    match found.len() {
        0 => format!(
            "{}: {looked_at}, no mistakes found",
            ctx.output().err_paint(GREEN, "ok")
        ),
        n => format!("{looked_at}: {} found", count("mistake", n)),
    }
}
