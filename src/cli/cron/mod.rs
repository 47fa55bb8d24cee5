//! `lexi cron`: runs tasks at the times that their schedules name.

mod install;
mod keep;
mod look;
mod metrics;
mod next;
mod place;
mod plan;
mod saved;
mod serve;
mod signals;

use std::process::ExitCode;

use super::args::{self, CronOf};
use super::context::Context;
use crate::base::Result;
use install::Change;
pub(super) use install::installed;
pub(super) use keep::held_texts;
pub(super) use look::answer as look;
pub(super) use plan::{Plan, Unset, problems};

/// Lists, explains, or runs what has a time.
pub(super) fn run(args: &args::Cron, ctx: &Context) -> Result<ExitCode> {
    match &args.what {
        Some(CronOf::Install {
            system,
            coordinator,
        }) => {
            return install::run(Change::Install(*coordinator), system, ctx);
        }
        Some(CronOf::Uninstall { system }) => return install::run(Change::Uninstall, system, ctx),
        None => {}
    }
    if let Some(count) = args.next {
        return next::run(&mut Plan::load(ctx)?.bound(), count.get(), ctx);
    }
    if ctx.flags().dry_run {
        return Plan::load(ctx)?.bound().explain(ctx);
    }
    serve::run(args, ctx)
}
