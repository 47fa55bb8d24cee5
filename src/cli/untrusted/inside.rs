//! The confined process: gives up what it may not have, and only then reads the script.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use super::order::Order;
use crate::base::settings::Environment;
use crate::base::{Error, Project, Result, Settings};
use crate::cli::context::Context;
use crate::cli::{render, run, task_args};
use crate::host::permit::{Allow, Permit};
use crate::host::{Flags, Host, STACK};
use crate::ops::process::RUN_ID;
use crate::ops::sandbox::{self, Held, Reach};
use crate::runtime::Runtime;
use crate::script::untrusted::{self, Script};

/// Runs the script that stdin orders.
pub(in crate::cli) fn run(ctx: &Context) -> Result<ExitCode> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|e| Error::io("cannot read the order", e))?;
    let order: Order = serde_json::from_slice(&bytes)
        .map_err(|e| Error::usage("this is for `lexi run --untrusted`").because(e))?;
    if let Some(group) = &order.group {
        sandbox::join(group)?;
    }
    sandbox::limit(&order.limits)?;
    if sandbox::confine(&reach(&order))? != Held::Whole {
        let message =
            "this kernel holds the script only partly: the permissions are `lexi`'s own alone";
        ctx.output().warn(message);
    }
    execute(order, ctx)
}

/// What the process itself may reach: what the script may, and what programs that it may start need.
fn reach(order: &Order) -> Reach {
    let allow = &order.allow;
    let paths = |paths: &[String]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
    let mut write = paths(&allow.write);
    if !write.is_empty() {
        write.push(order.temporary.clone());
    }
    Reach {
        read: paths(&allow.read),
        write,
        run: paths(&allow.run),
        without: order.projects.clone(),
        ports: ports(allow, order),
    }
}

/// The ports of the machines that it may talk to; None when any is meant.
fn ports(allow: &Allow, order: &Order) -> Option<Vec<u16>> {
    let database = order.database.iter().find(|(name, _)| name == "DB_PORT");
    let database = database.map(|(_, port)| port.as_str());
    let granted = allow
        .net
        .iter()
        .filter_map(|net| Some(net.rsplit_once(':')?.1));
    granted
        .chain(database)
        .map(|port| port.parse().ok())
        .collect()
}

fn execute(order: Order, ctx: &Context) -> Result<ExitCode> {
    let project = Arc::new(Project::bare(order.folder));
    // Errors are drawn with the script's own lines, whose file cannot be read any more.
    project.hold(&project.path(&order.name), Some(order.text.clone()));
    let temporary = order.temporary.display().to_string();
    let environment = Environment::of(&[
        ("TMPDIR", &temporary),
        ("PATH", super::outside::PATH),
        // What is started here carries the mark of the run that watches, which so finds it.
        (RUN_ID, ctx.variable(RUN_ID).unwrap_or_default()),
    ]);
    let settings = Settings::bare(&order.database, environment);
    for secret in settings.secret_values() {
        ctx.output().redactor().add(secret);
    }
    let runtime = Arc::new(Runtime::default());
    let output = ctx.output().clone();
    let host = Host::new(
        project,
        Arc::new(settings),
        output,
        runtime,
        Flags::default(),
    );
    let io = |e| Error::io("cannot set up the run", e);
    host.watch_signals().map_err(io)?;
    let permit = Permit::by_flags(order.allow);
    let script = Script::read(&host, &order.name, &order.text);
    let script = match script {
        Ok(script) => script,
        Err(failure) => return Ok(told(ctx, &host, Err(failure))),
    };
    let task = script.task(&order.words)?.cloned();
    let args = match (&task, order.words.split_first()) {
        (Some(task), words) => {
            let words = words.map_or(&[][..], |(_, words)| words);
            match task_args::parse(task, words) {
                Ok((typed, _later)) => untrusted::bind(task, &typed, &host)?,
                Err(error) => return Ok(render::usage(&error)),
            }
        }
        (None, _) => rhai::Map::new(),
    };
    let (worker, host_inside) = (host.clone(), host.clone());
    let thread = std::thread::Builder::new()
        .name("script".into())
        .stack_size(STACK);
    let outcome = thread
        .spawn(move || script.run(&worker, permit, task.as_ref(), args))
        .map_err(io)?
        .join();
    host_inside.finish();
    let outcome = outcome
        .unwrap_or_else(|_panic| Err(Box::new(Error::internal("a host function panicked").into())));
    Ok(told(ctx, &host, outcome))
}

fn told(
    ctx: &Context,
    host: &Host,
    outcome: Result<rhai::Dynamic, Box<crate::script::Failure>>,
) -> ExitCode {
    let (code, _told) = run::report(ctx, host, outcome);
    ExitCode::from(code)
}
