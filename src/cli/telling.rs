//! Counts the run that goes on and tells whoever `[[tell]]` of lexi.toml names how it ended.
//!
//! Nothing of this may end a run or change its exit code: what does not get through is a warning.

use std::sync::Arc;
use std::thread::JoinHandle;

use jiff::Timestamp;

use super::context::Context;
use super::record;
use crate::base::tell::Occasion;
use crate::base::{Cancel, Error, Project, Result, Settings};
use crate::host::Host;
use crate::ops::history::{History, State};
use crate::ops::metrics::{self, Counters, Ended, Lost};
use crate::ops::process::Registry;
use crate::ops::tell::{Message, Teller};
use crate::ops::{clock, files, who};
use crate::runtime::Runtime;

/// The run that goes on, as others hear of it.
pub(super) struct Telling<'a> {
    ctx: &'a Context,
    host: &'a Host,
    /// What is told of its end, with what is not known yet left out.
    message: Message,
    /// The start is told beside the run.
    start: Option<JoinHandle<Vec<Error>>>,
}

impl<'a> Telling<'a> {
    /// Counts and tells the start; none where nobody counts or hears.
    pub(super) fn begin(
        ctx: &'a Context,
        host: &'a Host,
        task: &str,
        run: Option<&str>,
    ) -> Option<Self> {
        if host.flags().dry_run || !is_on(host.project()) {
            return None;
        }
        let mut telling = Self {
            ctx,
            host,
            message: message(host.project(), host.settings(), task),
            start: None,
        };
        telling.message.run = run.map(str::to_owned);
        telling.count_start();
        telling.tell_start();
        Some(telling)
    }

    /// Counts and tells the end, with what failed in one masked line.
    pub(super) fn end(mut self, exit: u8, error: Option<&str>, ms: Option<u64>) {
        let heard = self.start.take().and_then(|start| start.join().ok());
        warn(self.ctx, &heard.unwrap_or_default());
        self.message.ms = ms;
        self.message.exit = Some(exit);
        self.message.error = error.map(first_line);
        let was_bad = self.count_end(exit == 0, ms);
        self.message.event = match (exit, was_bad) {
            (0, true) => Occasion::Recovered,
            (0, false) => Occasion::Succeeded,
            _ => Occasion::Failed,
        };
        warn(self.ctx, &tell(self.host, &self.message));
    }

    /// Forgets a run that was replaced, which is neither well nor bad.
    pub(super) fn end_replaced(mut self) {
        let heard = self.start.take().and_then(|start| start.join().ok());
        warn(self.ctx, &heard.unwrap_or_default());
        let (task, run) = (&self.message.task, self.message.run.as_deref());
        self.change(|counters, _| counters.forget(task, run));
    }

    fn count_start(&self) {
        let (task, at) = (&self.message.task, self.message.at);
        let run = self.message.run.as_deref();
        let counted = self.change(|counters, history| {
            let lost = settle(counters, history);
            if let Some(run) = run {
                counters.begin(task, run, at);
            }
            lost
        });
        for lost in counted.unwrap_or_default() {
            warn(self.ctx, &tell(self.host, &self.of_lost(lost)));
        }
    }

    /// Says whether the run before this one was bad.
    fn count_end(&self, is_good: bool, ms: Option<u64>) -> bool {
        let at = clock::now();
        let ended = Ended { at, ms, is_good };
        let (task, run) = (&self.message.task, self.message.run.as_deref());
        let counted = self.change(|counters, _| counters.end(task, run, ended));
        counted.unwrap_or(false)
    }

    fn of_lost(&self, lost: Lost) -> Message {
        Message {
            event: Occasion::Failed,
            task: lost.task,
            run: Some(lost.run),
            at: lost.at,
            ..self.message.clone()
        }
    }

    fn tell_start(&mut self) {
        let started = Message {
            event: Occasion::Started,
            ..self.message.clone()
        };
        if !teller(self.host, &started).wants_start() {
            return;
        }
        let host = self.host.clone();
        let thread = std::thread::Builder::new().name("tell".into());
        // Without its thread the start is not told; the end is.
        self.start = thread.spawn(move || tell(&host, &started)).ok();
    }

    /// Changes the counters and writes the textfile; a warning where that cannot be done.
    fn change<T>(&self, change: impl FnOnce(&mut Counters, &History) -> T) -> Option<T> {
        let project = self.host.project();
        let history = History::of(&project.state());
        let state = project.state();
        let change = Counters::change(&state, &self.message.profile, |counters| {
            change(counters, &history)
        });
        let changed = self.host.runtime().wait(&Cancel::detached(), change);
        let written = changed.and_then(|(counters, changed)| {
            write_textfile(project, &self.message.profile, &counters)?;
            Ok(changed)
        });
        written.map_err(|error| warn(self.ctx, &[error])).ok()
    }
}

fn warn(ctx: &Context, errors: &[Error]) {
    for error in errors {
        ctx.output().warn(&error.full_message());
    }
}

/// Tells of a run that did not get as far as to begin: its file has mistakes, its settings cannot be read.
pub(super) fn not_begun(ctx: &Context, project: &Project, task: &str, exit: u8, error: &str) {
    let settings = ctx.settings(project).ok();
    let Some(settings) = settings.as_ref().filter(|_| is_on(project)) else {
        return;
    };
    if ctx.flags().dry_run {
        return;
    }
    let mut message = message(project, settings, task);
    message.event = Occasion::Failed;
    message.exit = Some(exit);
    message.error = Some(first_line(&ctx.output().redactor().mask(error)));
    let registry = Arc::new(Registry::new(settings.environment()));
    let about = (task, settings.profile(), message.started_by.as_str());
    let teller = Teller::new(project, about, Some(settings), registry);
    let ended = Ended {
        at: message.at,
        ms: None,
        is_good: false,
    };
    let (runtime, state) = (Runtime::default(), project.state());
    let telling = async {
        let counted = Counters::change(&state, &message.profile, |counters| {
            counters.end(task, None, ended)
        });
        let counted = counted.await;
        let mut silent = teller.tell(&message).await;
        silent.extend(
            counted
                .and_then(|(counters, _)| write_textfile(project, &message.profile, &counters))
                .err(),
        );
        Ok(silent)
    };
    match runtime.wait(&Cancel::root(), telling) {
        Ok(silent) => warn(ctx, &silent),
        Err(error) => warn(ctx, &[error]),
    }
}

/// What is counted now, with runs that were killed counted as such.
pub(super) fn page(project: &Project, profile: &str) -> Result<String> {
    let mut counters = Counters::load(&project.state(), profile)?;
    settle(&mut counters, &History::of(&project.state()));
    Ok(metrics::page(&counters))
}

fn is_on(project: &Project) -> bool {
    project.config().metrics.is_on() || !project.config().tell.is_empty()
}

fn settle(counters: &mut Counters, history: &History) -> Vec<Lost> {
    // A run that was thrown away with old history does not go on any more either.
    let is_lost = |run: &str| {
        let found = history.find(run);
        found.map_or(true, |run| run.state == State::Lost)
    };
    counters.settle(clock::now(), is_lost)
}

fn message(project: &Project, settings: &Settings, task: &str) -> Message {
    Message {
        event: Occasion::Succeeded,
        project: project.name(),
        task: task.to_owned(),
        profile: settings.profile().to_string(),
        host: who::host(),
        user: who::user(),
        started_by: record::how(settings.environment()).as_str().to_owned(),
        run: None,
        at: Timestamp::now(),
        ms: None,
        exit: None,
        error: None,
    }
}

fn teller<'h>(host: &'h Host, message: &Message) -> Teller<'h> {
    let about = (
        message.task.as_str(),
        host.profile(),
        message.started_by.as_str(),
    );
    // Not among the run's own programs, which end with it.
    let settings = host.settings();
    let registry = Arc::new(Registry::new(settings.environment()));
    Teller::new(host.project(), about, Some(settings), registry)
}

/// Tells a message; gives what did not get through. A run that was asked to stop still says so.
fn tell(host: &Host, message: &Message) -> Vec<Error> {
    let teller = teller(host, message);
    if teller.is_idle() {
        return Vec::new();
    }
    let telling = async { Ok(teller.tell(message).await) };
    let told = host.runtime().wait(&Cancel::detached(), telling);
    told.unwrap_or_else(|error| vec![error])
}

fn write_textfile(project: &Project, profile: &str, counters: &Counters) -> Result<()> {
    let Some(file) = &project.config().metrics.textfile else {
        return Ok(());
    };
    let path = project.path(file.replace("{profile}", profile));
    files::write(&path, metrics::page(counters).as_bytes(), Some(0o644))
        .map_err(|error| error.context("the textfile of [metrics] in lexi.toml was not written"))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
