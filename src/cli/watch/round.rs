//! One run of the task that is watched.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::desk::Own;
use crate::base::{Cancel, Error, Reason, Result};
use crate::cli::args::Global;
use crate::cli::context::Context;
use crate::cli::{run, task_args};
use crate::script::task::Task;
use crate::script::watch::Message;
use crate::script::{Catalog, gate};

/// How a run ended.
#[derive(Debug)]
pub(super) struct Done {
    /// Whether it succeeded.
    pub(super) is_ok: bool,
    /// How long it took.
    pub(super) took: Duration,
    /// Whether it was stopped to be run again.
    pub(super) is_restarted: bool,
}

/// A run that has not ended.
pub(super) struct Running {
    cancel: Cancel,
}

impl Running {
    /// Stops it, to be run again.
    pub(super) fn restart(&self) {
        self.cancel.cancel(Reason::Restart);
    }

    /// Passes a signal on, unless it belongs to a program that has the terminal; says whether it did.
    pub(super) fn signal(&self, number: usize) -> bool {
        let is_ours = !self.cancel.is_left(number);
        if is_ours {
            self.cancel.cancel(Reason::Signal(number));
        }
        is_ours
    }
}

/// A task that may run, with what it runs in.
pub(super) struct Ready {
    pub(super) catalog: Catalog,
    pub(super) task: Task,
    ctx: Context,
    typed: crate::script::bind::Typed,
}

/// Looks for the task and at its scripts. None when something is wrong, which was shown then.
pub(super) fn ready(
    name: &str,
    words: &[String],
    catalog: Catalog,
    ctx: &Context,
) -> Result<Option<Ready>> {
    let mut catalog = catalog;
    let task = match catalog.find(name) {
        Ok(task) => task.clone(),
        Err(error) => {
            return run::unreadable(&catalog, name, ctx)
                .map(|_shown| None)
                .ok_or(error);
        }
    };
    let found = gate::before_run(&mut catalog, &task.name)?;
    if !found.is_empty() {
        run::show(&found, &catalog, ctx);
        return Ok(None);
    }
    let (typed, later) = task_args::parse(&task, words).map_err(|error| {
        Error::usage(error.to_string().trim_start_matches("error: ").trim_end())
    })?;
    let ctx = ctx.with(Global {
        force: true,
        ..later
    });
    Ok(Some(Ready {
        catalog,
        task,
        ctx,
        typed,
    }))
}

impl Ready {
    /// Starts the run on a thread of its own, which tells when it has ended.
    pub(super) fn start(self, sender: Sender<Message<Own>>) -> Result<Running> {
        let Self {
            catalog,
            task,
            ctx,
            typed,
        } = self;
        let (host, args) = run::prepare(&ctx, &catalog, &task, &typed, &Context::here()?)?;
        let cancel = host.cancel().clone();
        let work = move || {
            let start = Instant::now();
            let outcome = run::on_own_thread(&host, catalog, &task, args);
            let is_restarted = outcome.is_err() && host.cancel().reason() == Some(Reason::Restart);
            let is_ok = !is_restarted && run::report(&ctx, &host, outcome).0 == 0;
            let done = Done {
                is_ok,
                took: start.elapsed(),
                is_restarted,
            };
            // Nobody waits for it any more when the watch has ended.
            let _ended = sender.send(Message::Other(Own::Done(done)));
        };
        let thread = std::thread::Builder::new().name("run".into()).spawn(work);
        thread.map_err(|e| Error::io("cannot start the run", e))?;
        Ok(Running { cancel })
    }
}
