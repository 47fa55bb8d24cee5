//! `lexi docs`: writes docs/api.md and the editor's definitions from the functions themselves, docs/tasks.md from the tasks;
//! `--check` compares.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::args;
use super::context::Context;
use crate::base::{Error, Result};
use crate::script::{Catalog, definitions, docs, task_docs};

/// Writes or compares the generated documentation.
pub(super) fn run(args: &args::Docs, ctx: &Context) -> Result<ExitCode> {
    let project = ctx.own_project()?;
    let catalog = Catalog::load(Arc::clone(&project))?;
    let files = [
        (project.path("docs/api.md"), docs::api()),
        (project.path("docs/tasks.md"), task_docs::page(&catalog)),
    ];
    if !args.check {
        definitions::refresh(&project);
    }
    for (path, text) in files {
        let shown = project.display(&path);
        if args.check {
            compare(&path, &shown, &text)?;
        } else {
            write(&path, &shown, &text)?;
            ctx.output().say(&format!("wrote {shown}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(path: &Path, shown: &str, text: &str) -> Result<()> {
    let there = std::fs::read_to_string(path).unwrap_or_default();
    if there == text {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "`{shown}` is not what the functions and tasks say today"
    ))
    .hint("run `lexi docs`"))
}

fn write(path: &Path, shown: &str, text: &str) -> Result<()> {
    let io = |e| Error::io(format!("cannot write `{shown}`"), e);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    std::fs::write(path, text).map_err(io)
}
