//! One run of the task that is watched.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::desk::Own;
use crate::base::{Cancel, Error, Reason, Result};
use crate::cli::args::Global;
use crate::cli::context::Context;
use crate::cli::record::Record;
use crate::cli::{render, run, task_args};
use crate::host::Host;
use crate::ops::history::How;
use crate::script::diagnostic::Diagnostic;
use crate::script::task::Task;
use crate::script::watch::Message;
use crate::script::{Catalog, bind, gate};

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
    pub(super) catalog: Arc<Catalog>,
    task: Task,
    ctx: Context,
    typed: bind::Typed,
}

/// Why a task cannot run.
pub(super) enum Broken {
    /// Its scripts have mistakes.
    Scripts(Vec<Diagnostic>, Box<Catalog>),
    /// Something else is wrong.
    Else(Error),
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Else(error)
    }
}

impl Broken {
    /// Shows why.
    pub(super) fn show(&self, ctx: &Context) {
        match self {
            Self::Scripts(found, catalog) => run::show(found, catalog, ctx),
            Self::Else(error) => render::error(ctx.output(), error),
        }
    }
}

/// Looks for the task and at its scripts.
pub(super) fn ready(
    name: &str,
    words: &[String],
    mut catalog: Catalog,
    ctx: &Context,
) -> Result<Ready, Broken> {
    let task = match catalog.find(name) {
        Ok(task) => task.clone(),
        Err(error) => {
            let found = catalog.unreadable(name);
            return Err(if found.is_empty() {
                error.into()
            } else {
                Broken::Scripts(found, Box::new(catalog))
            });
        }
    };
    let found = gate::before_run(&mut catalog, &task.name)?;
    if !found.is_empty() {
        return Err(Broken::Scripts(found, Box::new(catalog)));
    }
    let (typed, later) = task_args::parse(&task, words).map_err(|error| {
        Error::usage(error.to_string().trim_start_matches("error: ").trim_end())
    })?;
    let ctx = ctx.started_by(How::Watch).with(Global {
        force: true,
        ..later
    });
    Ok(Ready {
        catalog: Arc::new(catalog),
        task,
        ctx,
        typed,
    })
}

impl Ready {
    /// Starts the run on a thread of its own, which tells when it has ended.
    pub(super) fn start(self, words: &[String], sender: Sender<Message<Own>>) -> Result<Running> {
        let here = Context::here()?;
        let (host, args) = run::prepare(&self.ctx, &self.catalog, &self.task, &self.typed, &here)?;
        let (cancel, words) = (host.cancel().clone(), words.to_vec());
        let work = move || {
            let start = Instant::now();
            let (is_ok, is_restarted) = self.run(&host, args, &words);
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

    /// Runs and records it; says whether it succeeded, and whether it was stopped to be run again.
    fn run(self, host: &Host, args: rhai::Map, words: &[String]) -> (bool, bool) {
        let record = Record::reserve(&self.ctx, host, &self.task.name, words).begin();
        let outcome = run::on_own_thread(host, self.catalog, &self.task, args);
        let is_stopped = host.cancel().reason() == Some(Reason::Restart);
        match outcome {
            Err(stopped) if is_stopped => {
                let error = stopped.error;
                record.end(error.exit_code(), Some(error.full_message()));
                (false, true)
            }
            outcome => {
                let (code, error) = run::report(&self.ctx, host, outcome);
                record.end(code, error);
                (code == 0, false)
            }
        }
    }
}
