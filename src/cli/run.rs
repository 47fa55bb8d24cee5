//! `lexi run TASK`: parse, configure, run, report.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use rhai::{Dynamic, Map};

use super::context::Context;
use super::record::Record;
use super::{render, task_args, telling, trace};
use crate::base::{Error, Kind, Result};
use crate::host::{Host, json};
use crate::ops::schedule::{Coordinator, Journal, NOT_BEGUN, Shared, Slot, Stop};
use crate::runtime::Runtime;
use crate::script::diagnostic::Diagnostic;
use crate::script::task::Task;
use crate::script::{Catalog, Failure, Session, bind, gate};

/// The exit code of a run whose time is over, as that of timeout(1).
const TIME_IS_OVER: u8 = 124;

/// Runs a task with the words that follow its name.
pub(super) fn run(name: &str, words: &[String], ctx: &Context) -> Result<ExitCode> {
    run_for(None, &[], name, words, ctx)
}

/// Runs a task for a time of a schedule, unless that was started before.
pub(super) fn scheduled(
    words: &[String],
    slot: Option<&str>,
    held: &[PathBuf],
    ctx: &Context,
) -> Result<ExitCode> {
    let slot = slot.map(Slot::from_word).transpose()?;
    let Some((task, rest)) = words.split_first() else {
        return Err(Error::usage("no task named"));
    };
    run_for(slot, held, task, rest, ctx)
}

fn run_for(
    slot: Option<Slot>,
    held: &[PathBuf],
    name: &str,
    words: &[String],
    ctx: &Context,
) -> Result<ExitCode> {
    let here = Context::here()?;
    let there = ctx.with_project_of(words);
    let project = if held.is_empty() {
        there.project()?
    } else {
        there.project_held_in(held)?
    };
    let mut catalog = Catalog::load(Arc::clone(&project))?;
    let task = match catalog.find(name) {
        Ok(task) => task.clone(),
        Err(error) => {
            let code = unreadable(&catalog, name, ctx).ok_or(error)?;
            telling::not_begun(ctx, &project, name, 2, "its file cannot be read");
            return Ok(code);
        }
    };
    let (typed, later) = match task_args::parse(&task, words) {
        Ok(parsed) => parsed,
        Err(error) => {
            if slot.is_some() {
                let wrong = render::sentence(&error);
                telling::not_begun(ctx, &project, &task.name, 2, &wrong);
            }
            return Ok(render::usage(&error));
        }
    };
    let ctx = ctx.with(later);
    if let Some(code) = refuse_broken(&mut catalog, &task, &ctx)? {
        telling::not_begun(&ctx, &project, &task.name, 2, "its script has mistakes");
        return Ok(code);
    }
    let (host, args) = prepare(&ctx, &catalog, &task, &typed, &here).inspect_err(|error| {
        let message = error.full_message();
        telling::not_begun(&ctx, &project, &task.name, error.exit_code(), &message);
    })?;
    let io = |e| Error::io("cannot set up the run", e);
    host.watch_signals().map_err(io)?;
    host.clear_killed();
    let record = Record::reserve(&ctx, &host, &task.name, words);
    if let Some(slot) = &slot
        && let Err(error) = claim(slot, &host, record.id())
    {
        // It has not begun: nobody hears of it but whoever started it.
        record.forget();
        return Err(error.exit_status(NOT_BEGUN));
    }
    if slot.is_some() {
        hush();
    }
    let record = record.begin();
    let outcome = on_own_thread(&host, Arc::new(catalog), &task, args);
    let (code, error) = report(&ctx, &host, outcome);
    let stop = slot.and_then(|slot| Some((journal(&host).stop_of(&slot.entry)?, slot.entry)));
    let code = end(record, stop.filter(|_| code != 0), code, error);
    // A task's own flags gave it an output of its own.
    Ok(super::delivered(ctx.output(), ExitCode::from(code)))
}

/// Ends the record of a run that its daemon may have stopped, with the entry's name; gives its exit code.
fn end(record: Record<'_>, stop: Option<(Stop, String)>, code: u8, error: Option<String>) -> u8 {
    match stop {
        None => record.end(code, error),
        Some((Stop::Replaced, _)) => record.end_replaced(code),
        Some((Stop::Late, entry)) => {
            let error = format!("stopped: the `timeout` of schedule `{entry}` is over");
            record.end(TIME_IS_OVER, Some(error));
            return TIME_IS_OVER;
        }
    }
    code
}

/// The files in which the daemons of this host note what becomes of each time.
fn journal(host: &Host) -> Journal {
    let profile = host.settings().profile();
    Journal::of(&host.project().state(), profile.as_str())
}

/// Notes that the run begins, before it does anything: nobody else starts it for this time then.
fn claim(slot: &Slot, host: &Host, run: Option<&str>) -> Result<()> {
    let profile = host.settings().profile();
    // A mark that was meant for an earlier process of the same number.
    journal(host).unmark(&slot.entry, std::process::id());
    let is_ours = match slot.coordinator {
        Coordinator::File => journal(host).claim(slot, run)?,
        Coordinator::Pg => {
            let target = host.database()?;
            let shared = Shared::new(target, host.project().name(), profile.to_string());
            let claim = shared.claim(slot, run);
            host.runtime().wait(host.cancel(), claim)?
        }
    };
    if is_ours {
        return Ok(());
    }
    let message = format!("`{}` was started for {} before", slot.entry, slot.at);
    Err(Error::new(Kind::Locked, message))
}

/// From its beginning on the history keeps what a scheduled run says, and its daemon listens no more.
fn hush() {
    let null = std::fs::File::options().write(true).open("/dev/null");
    // A stderr that stays as it was only takes memory.
    let _stays = null.map(rustix::stdio::dup2_stderr);
}

/// What a run needs besides its task: a host of its own and the bound arguments.
pub(super) fn prepare(
    ctx: &Context,
    catalog: &Catalog,
    task: &Task,
    typed: &bind::Typed,
    here: &Path,
) -> Result<(Host, Map)> {
    let project = Arc::clone(catalog.project());
    let settings = Arc::new(ctx.settings(&project)?);
    let args = bind::typed(task, typed, &settings, here)?;
    trace::install(ctx.output());
    let runtime = Arc::new(Runtime::default());
    let output = ctx.output().clone();
    let host = Host::new(project, settings, output, runtime, ctx.flags());
    Ok((host, args))
}

/// A task whose file cannot be read is not known, but the file's text tells that it is meant.
pub(super) fn unreadable(catalog: &Catalog, name: &str, ctx: &Context) -> Option<ExitCode> {
    let found = catalog.unreadable(name);
    if found.is_empty() {
        return None;
    }
    show(&found, catalog, ctx);
    Some(ExitCode::from(2))
}

/// Shows findings.
pub(super) fn show(found: &[Diagnostic], catalog: &Catalog, ctx: &Context) {
    for found in found {
        let block = render::diagnostic(ctx.output(), catalog.project(), found);
        ctx.output().error(&block);
    }
}

/// A task whose file, or a file of what it needs, has mistakes does not run at all.
fn refuse_broken(catalog: &mut Catalog, task: &Task, ctx: &Context) -> Result<Option<ExitCode>> {
    let found = gate::before_run(catalog, &task.name)?;
    if found.is_empty() {
        return Ok(None);
    }
    show(&found, catalog, ctx);
    Ok(Some(ExitCode::from(2)))
}

/// Scripts nest deep, so they get a thread with a large stack; this one waits.
pub(super) fn on_own_thread(
    host: &Host,
    catalog: Arc<Catalog>,
    task: &Task,
    args: Map,
) -> Result<Dynamic, Box<Failure>> {
    let io = |e| Box::new(Failure::from(Error::io("cannot set up the run", e)));
    // A thread of its own gets its memory from the system in small pieces, so the many of an engine are taken here.
    let session = Session::start(host.clone(), catalog, &task.name);
    let (name, span) = (task.name.clone(), tracing::Span::current());
    let work = move || {
        let _in_span = span.enter();
        session.run(&name, args)
    };
    let script = std::thread::Builder::new()
        .name("script".into())
        .stack_size(crate::host::STACK);
    let result = script.spawn(work).map_err(io)?.join();
    host.finish();
    result.unwrap_or_else(|_panic| {
        Err(Box::new(Failure::from(
            Error::internal("a host function panicked").hint("please report this"),
        )))
    })
}

/// Shows how a run ended, and says so: the exit code, and what failed in one line.
pub(super) fn report(
    ctx: &Context,
    host: &Host,
    outcome: Result<Dynamic, Box<Failure>>,
) -> (u8, Option<String>) {
    let failure = match outcome {
        Ok(value) => {
            if ctx.output().is_json() && !host.has_written_data() {
                match json::shown(&value) {
                    Ok(json) => ctx.output().data(&json),
                    Err(error) => {
                        render::error(ctx.output(), &error);
                        return (error.exit_code(), Some(error.full_message()));
                    }
                }
            }
            return (0, None);
        }
        Err(failure) => failure,
    };
    if !failure.error.is_told() || !failure.cleanup.is_empty() {
        let block = render::failure(ctx.output(), host.project(), &failure);
        ctx.output().error(&block);
    }
    (
        failure.error.exit_code(),
        Some(failure.error.full_message()),
    )
}
