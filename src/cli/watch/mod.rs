//! `lexi watch [TASK]`: runs a task again when what it depends on is saved; without a task, checks what is saved.

mod checks;
mod desk;
mod keys;
mod news;
mod renewal;
mod round;
mod signals;
mod task;

use std::process::ExitCode;

use super::args;
use super::context::Context;
use crate::base::Result;

/// Watches until it is told to stop.
pub(super) fn run(args: &args::Watch, ctx: &Context) -> Result<ExitCode> {
    match args.words.split_first() {
        None => checks::run(args, ctx),
        Some((task, words)) => task::run(task, words, args, ctx),
    }
}
