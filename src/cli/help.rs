//! `lexi help [COMMAND|TASK]`.

use std::process::ExitCode;

use clap::CommandFactory;

use super::args::{self, Args};
use super::context::Context;
use super::{render, task_args};
use crate::base::Result;
use crate::script::Catalog;

/// Explains a command, a task, or how to start.
pub(super) fn run(args: &args::Help, ctx: &Context) -> Result<ExitCode> {
    let mut command = Args::command();
    let Some(name) = &args.name else {
        ctx.output()
            .data(command.render_help().to_string().trim_end());
        return Ok(ExitCode::SUCCESS);
    };
    let words = ["-h".to_owned()];
    if command
        .find_subcommand(name)
        .is_some_and(|found| !found.is_hide_set())
    {
        let asked = ["lexi", name, "--help"];
        if name == "run" {
            ctx.output().data(
                "Run a task: `lexi run TASK [ARGS]`; `lexi help TASK` explains a task's arguments.",
            );
            return Ok(ExitCode::SUCCESS);
        }
        return Ok(command
            .try_get_matches_from_mut(asked)
            .err()
            .map_or(ExitCode::SUCCESS, |e| render::usage(&e)));
    }
    let catalog = Catalog::load(ctx.project()?)?;
    let task = catalog.find(name)?;
    Ok(task_args::parse(task, &words)
        .err()
        .map_or(ExitCode::SUCCESS, |error| render::usage(&error)))
}
