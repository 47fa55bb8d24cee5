//! `lexi doctor --cron`: the same checks by a program that has only what cron gives.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use super::super::context::Context;
use crate::base::{Error, Result};
use crate::ops::{process, who};

/// What cron of Debian and Red Hat look programs up in, unless the crontab says otherwise.
const PATH: &str = "/usr/bin:/bin";

/// Starts this program again as cron would, and prints what it says.
pub(super) fn run(ctx: &Context) -> Result<ExitCode> {
    let program = std::env::current_exe()
        .map_err(|e| Error::io("cannot find the program to start as cron would", e))?;
    let home = ctx.variable("HOME").filter(|home| Path::new(home).is_dir());
    let home = PathBuf::from(home.unwrap_or("/"));
    let out = ctx.output();
    // It writes to a pipe, we to what may be a terminal.
    let color = if out.has_color() { "always" } else { "never" };
    let mut command = process::command(&program);
    command
        .args(named(ctx)?)
        .args(ctx.words_for_inside("doctor"))
        .args(["--inside", "--color", color])
        .env_clear()
        .env("HOME", &home)
        .env("LOGNAME", who::user())
        .env("SHELL", "/bin/sh")
        .env("PATH", PATH)
        .current_dir(&home)
        .stdin(Stdio::null());
    let done = command
        .output()
        .map_err(|e| Error::io(format!("cannot start `{}`", program.display()), e))?;
    let said = String::from_utf8_lossy(&done.stdout);
    if !said.trim().is_empty() {
        out.data(said.trim_end());
    }
    out.raw_err(&String::from_utf8_lossy(&done.stderr));
    let code = done.status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// The project and the profile of here, as an entry of cron names them.
fn named(ctx: &Context) -> Result<Vec<String>> {
    let project = ctx.project();
    let root = match &project {
        Ok(project) => project.root().to_owned(),
        Err(_no_project) => Context::here()?,
    };
    let settings = project.and_then(|project| ctx.settings(&project));
    let profile = match settings {
        Ok(settings) => Some(settings.profile()),
        Err(_unreadable) => ctx.profile()?,
    };
    let mut words = vec!["--project".to_owned(), root.display().to_string()];
    if let Some(profile) = profile {
        words.extend(["--profile".to_owned(), profile.to_string()]);
    }
    Ok(words)
}
