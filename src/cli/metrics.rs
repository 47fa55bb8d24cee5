//! `lexi metrics`: what was counted of the profile's runs, as Prometheus reads it.

use std::process::ExitCode;

use super::context::Context;
use super::telling;
use crate::base::{Error, Result};

/// Prints the counters.
pub(super) fn run(ctx: &Context) -> Result<ExitCode> {
    let project = ctx.project()?;
    let settings = ctx.settings(&project)?;
    if !project.config().metrics.is_on() {
        return Err(Error::usage("runs are not counted in this project")
            .hint("add `[metrics]` with `textfile` or `listen` to lexi.toml"));
    }
    let page = telling::page(&project, &settings.profile().to_string())?;
    ctx.output().data(page.trim_end());
    Ok(ExitCode::SUCCESS)
}
