//! `lexi init [DIR]`: a new project, or what a folder lacks to be one. Nothing that is there is changed, but for `.gitignore`,
//! which gets the lines that it lacks.

mod plan;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use plan::Plan;

use super::args;
use super::context::Context;
use crate::base::project::CONFIG_FILE;
use crate::base::{Error, Project, Result};
use crate::script::definitions;

/// Makes a project.
pub(super) fn run(args: &args::Init, ctx: &Context) -> Result<ExitCode> {
    let folder = folder(args)?;
    let outer = outer(&folder);
    if let (Some(outer), None) = (&outer, &args.dir) {
        let message = format!("this folder is in the project `{}`", outer.display());
        return Err(Error::usage(message).hint("`lexi init .` makes a project of its own here"));
    }
    let plan = Plan::of(&folder, args.with_lexiflow)?;
    let is_dry_run = ctx.flags().dry_run;
    if !is_dry_run {
        plan.carry_out()?;
        definitions::refresh(&Project::open(&folder)?);
    }
    report::show(&plan, args, is_dry_run, ctx);
    if let Some(outer) = outer {
        let message = format!(
            "`{}` is a project too; commands typed in `{}` use this one",
            outer.display(),
            folder.display()
        );
        ctx.output().warn(&message);
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder, absolute; it need not be there.
fn folder(args: &args::Init) -> Result<PathBuf> {
    let here = Context::here()?;
    let folder = args.dir.as_ref().map_or(here.clone(), |dir| here.join(dir));
    let shown = folder.display();
    if folder.to_str().is_none() {
        let message = format!("the path `{shown}` is not UTF-8");
        return Err(Error::usage(message).hint("choose a folder whose name is"));
    }
    if folder.exists() && !folder.is_dir() {
        return Err(Error::usage(format!("`{shown}` is a file"))
            .hint("name a folder; one that is not there is made"));
    }
    // `..` and links are followed as far as the path is there, so that the project around it is found.
    let Some(there) = folder.ancestors().find(|folder| folder.is_dir()) else {
        return Ok(folder);
    };
    let real = there
        .canonicalize()
        .map_err(|e| Error::io(format!("cannot read `{}`", there.display()), e))?;
    let rest = folder.strip_prefix(there).unwrap_or(Path::new(""));
    // A path joined with nothing would end with a slash.
    Ok(real.join(rest).components().collect())
}

/// The project that the folder is in, not being one itself.
fn outer(folder: &Path) -> Option<PathBuf> {
    let is_project = |folder: &&Path| folder.join(CONFIG_FILE).is_file();
    let mut above = folder.ancestors();
    let own = above.next().filter(is_project);
    let found = above.find(is_project).map(Path::to_owned);
    found.filter(|_| own.is_none())
}
