//! `lexi doctor`: what would fail here, and under cron, with the remedies.

mod bare;
mod folders;
mod jobs;
mod report;
mod services;
mod setup;

use std::process::ExitCode;
use std::sync::Arc;

use super::args;
use super::context::Context;
use super::cron::Plan;
use crate::base::{Project, Result, Settings};
use crate::host::Host;
use crate::runtime::Runtime;
use jobs::Jobs;
use report::Report;

/// Looks, and says what would fail.
pub(super) fn run(args: &args::Doctor, ctx: &Context) -> Result<ExitCode> {
    if args.cron {
        return bare::run(ctx);
    }
    if args.inside {
        // Without a terminal of its own a program cannot ask; where that cannot be given up, there is none.
        let _no_session = rustix::process::setsid();
    }
    let mut report = Report::default();
    look(&mut report, ctx);
    Ok(report.show(ctx))
}

fn look(report: &mut Report, ctx: &Context) {
    let project = match ctx.project() {
        Ok(project) => project,
        Err(error) => return report.failed("project", &error),
    };
    report.ok("project", project.root().display().to_string());
    let settings = match ctx.settings(&project) {
        Ok(settings) => settings,
        Err(error) => {
            report.failed("settings", &error);
            return folders::state(report, &project);
        }
    };
    setup::settings(report, &project, &settings);
    folders::state(report, &project);
    folders::locks(report, &project, &settings);
    let plan = Plan::of(Arc::clone(&project), ctx).map(Plan::bound);
    let jobs = match plan {
        Ok(mut plan) => {
            setup::schedules(report, &mut plan);
            Jobs::of(&plan)
        }
        Err(error) => {
            report.failed("schedules", &error);
            Jobs::default()
        }
    };
    setup::installed(report, &project, &settings, ctx);
    rest(report, project, settings, &jobs, ctx);
}

/// What is looked at as a run would.
fn rest(
    report: &mut Report,
    project: Arc<Project>,
    settings: Settings,
    jobs: &Jobs,
    ctx: &Context,
) {
    let runtime = Arc::new(Runtime::default());
    let settings = Arc::new(settings);
    let host = Host::new(
        project,
        settings,
        ctx.output().clone(),
        runtime,
        ctx.flags(),
    );
    jobs.settings(report, &host);
    jobs.programs(report, &host);
    folders::backups(report, &host);
    services::database(report, &host, jobs);
    services::redis(report, &host, jobs);
}
