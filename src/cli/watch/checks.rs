//! `lexi watch` without a task: keeps the catalog loaded and checks what is saved.

use std::process::ExitCode;

use super::desk::{Desk, Own};
use super::keys::Key;
use crate::base::Result;
use crate::cli::context::Context;
use crate::cli::{args, check};
use crate::script::watch::Next;

/// Checks all scripts now and whenever one is saved.
pub(super) fn run(args: &args::Watch, ctx: &Context) -> Result<ExitCode> {
    let project = ctx.project()?;
    let mut desk = Desk::open(args, project.clone(), ctx.output())?;
    desk.follow(None)?;
    check::all(&project, ctx)?;
    ctx.output().say("watching all scripts");
    if let Some(keys) = &mut desk.keys {
        keys.listen();
    }
    while let Some(next) = desk.inbox.receive() {
        match next {
            Next::Other(Own::Key(Key::Quit)) => break,
            Next::Other(Own::Signal(number)) => {
                return Ok(ExitCode::from(u8::try_from(128 + number).unwrap_or(130)));
            }
            Next::Other(Own::Key(_)) => check::all(&project, ctx)?,
            Next::Other(Own::Done(_)) => {}
            Next::Files {
                paths,
                all,
                folders,
            } => {
                if all || folders {
                    desk.watch(None)?;
                }
                let Some(changed) = desk.changed(paths, all || folders, None) else {
                    continue;
                };
                if !changed.is_empty() && desk.accept(&changed) {
                    check::all(&project, ctx)?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
