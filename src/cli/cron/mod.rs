//! `lexi cron`: runs tasks at the times that their schedules name.

mod next;
mod plan;

use std::process::ExitCode;

use super::args;
use super::context::Context;
use crate::base::Result;
use plan::Plan;

/// Lists, explains, or runs what has a time.
pub(super) fn run(args: &args::Cron, ctx: &Context) -> Result<ExitCode> {
    let plan = Plan::load(ctx)?;
    if let Some(count) = args.next {
        return next::run(&plan, count, ctx);
    }
    plan.explain(ctx)
}
