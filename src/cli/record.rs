//! Keeps each run in the project's history and its audit log.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::context::Context;
use super::telling::Telling;
use crate::base::output::Stream;
use crate::base::settings::Environment;
use crate::base::{Error, Result};
use crate::host::Host;
use crate::ops::audit::Audit;
use crate::ops::history::{Facts, History, How, Output, Recorder};
use crate::ops::{clock, who};

/// The record of the run that goes on.
pub(super) struct Record<'a> {
    ctx: &'a Context,
    host: &'a Host,
    task: String,
    user: String,
    recorder: Option<Arc<Recorder>>,
    telling: Option<Telling<'a>>,
    /// The words behind the task's name, secrets masked.
    args: Vec<String>,
}

impl<'a> Record<'a> {
    /// Gives a run its name; where that cannot be done the run goes on, and is told.
    pub(super) fn reserve(ctx: &'a Context, host: &'a Host, task: &str, words: &[String]) -> Self {
        let mut record = Self {
            ctx,
            host,
            task: task.to_owned(),
            user: who::user(),
            recorder: None,
            telling: None,
            args: Vec::new(),
        };
        let masked = |word: &String| ctx.output().redactor().mask(word).into_owned();
        record.args = words.iter().map(masked).collect();
        match record.name() {
            Ok(recorder) => record.recorder = Some(recorder),
            Err(error) => record.warn(&error),
        }
        record
    }

    /// Begins to keep the run.
    pub(super) fn begin(mut self) -> Self {
        if let Some(recorder) = self.recorder.take() {
            match self.start(&recorder) {
                Ok(()) => self.recorder = Some(recorder),
                Err(error) => self.warn(&error),
            }
        }
        let run = self.recorder.as_deref().map(Recorder::id);
        self.telling = Telling::begin(self.ctx, self.host, &self.task, run);
        self
    }

    /// There was no run after all: nobody hears of it.
    pub(super) fn forget(self) {
        if let Some(recorder) = &self.recorder
            && let Err(error) = recorder.forget()
        {
            self.warn(&error);
        }
    }

    /// The run's name, where it is kept.
    pub(super) fn id(&self) -> Option<&str> {
        self.recorder.as_deref().map(Recorder::id)
    }

    fn name(&self) -> Result<Arc<Recorder>> {
        let facts = Facts {
            task: self.task.clone(),
            args: self.args.clone(),
            profile: self.host.profile().to_string(),
            how: how(self.host.settings().environment()),
            dry_run: self.host.flags().dry_run,
            user: self.user.clone(),
        };
        Recorder::reserve(self.history().folder(), facts).map(Arc::new)
    }

    fn start(&self, recorder: &Arc<Recorder>) -> Result<()> {
        let output = self.ctx.output();
        let how = how(self.host.settings().environment());
        recorder.keep()?;
        let facts = [("args", json!(self.args)), ("how", json!(how.as_str()))];
        // What cannot be audited is kept in the history all the same.
        if let Err(error) = self.audit("start", recorder, facts) {
            self.warn(&error);
        }
        listen(output, recorder);
        self.host.record(Arc::clone(recorder));
        Ok(())
    }

    /// Ends the record of a run that a later time of its schedule replaced: it did not fail.
    pub(super) fn end_replaced(self, exit: u8) {
        self.keep_end(exit, |recorder| recorder.end_replaced(exit));
        if let Some(telling) = self.telling {
            telling.end_replaced();
        }
    }

    /// Ends the record with the run's exit code and what failed.
    pub(super) fn end(self, exit: u8, error: Option<String>) {
        let redactor = self.ctx.output().redactor();
        let error = error.map(|text| redactor.mask(&text).into_owned());
        let ms = self.recorder.as_deref().map(Recorder::ms);
        self.keep_end(exit, |recorder| recorder.end(exit, error.clone()));
        if let Some(telling) = self.telling {
            telling.end(exit, error.as_deref(), ms);
        }
    }

    fn keep_end(&self, exit: u8, end: impl FnOnce(&Recorder) -> Result<()>) {
        let Some(recorder) = &self.recorder else {
            return;
        };
        let ended = end(recorder)
            .and_then(|()| self.audit("end", recorder, [("exit", json!(exit))]))
            .and_then(|()| self.prune());
        if let Err(error) = ended {
            self.warn(&error);
        }
    }

    fn history(&self) -> History {
        History::of(&self.host.project().state())
    }

    fn audit<const N: usize>(
        &self,
        event: &str,
        recorder: &Recorder,
        more: [(&str, Value); N],
    ) -> Result<()> {
        let audited = Audited {
            state: &self.host.project().state(),
            environment: self.host.settings().environment(),
            run: recorder.id(),
            task: &self.task,
            profile: &self.host.profile().to_string(),
            user: &self.user,
        };
        audited.add(event, more)
    }

    /// Throws old records away, at most once a day.
    fn prune(&self) -> Result<()> {
        let history = self.history();
        let days = self.host.project().config().history.days;
        if days == 0 || !history.is_due(clock::now())? {
            return Ok(());
        }
        history.prune(days, clock::now()).map(drop)
    }

    fn warn(&self, error: &Error) {
        warn(self.ctx.output(), error);
    }
}

/// Says that the record of a run lacks something.
pub(super) fn warn(output: &crate::base::Output, error: &Error) {
    let message = format!(
        "this run is not kept whole in the history: {}",
        error.full_message()
    );
    output.warn(&message);
}

/// Keeps what is printed from now on.
pub(super) fn listen(output: &crate::base::Output, recorder: &Arc<Recorder>) {
    let told = Arc::clone(recorder);
    output.listen(move |stream, text| {
        let to = match stream {
            Stream::Out => Output::Out,
            Stream::Err => Output::Err,
        };
        told.wrote(to, text);
    });
}

/// What the audit log says of every run.
pub(super) struct Audited<'a> {
    pub(super) state: &'a Path,
    pub(super) environment: &'a Environment,
    pub(super) run: &'a str,
    pub(super) task: &'a str,
    pub(super) profile: &'a str,
    pub(super) user: &'a str,
}

impl Audited<'_> {
    /// Adds a line to the audit log.
    pub(super) fn add<const N: usize>(self, event: &str, more: [(&str, Value); N]) -> Result<()> {
        let mut fields = Map::from_iter([
            ("event".to_owned(), json!(event)),
            ("run".to_owned(), json!(self.run)),
            ("task".to_owned(), json!(self.task)),
            ("profile".to_owned(), json!(self.profile)),
            ("user".to_owned(), json!(self.user)),
            ("host".to_owned(), json!(who::host())),
        ]);
        if let Some(behind) = self.environment.get("SUDO_USER") {
            fields.insert("sudo_user".to_owned(), json!(behind));
        }
        fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
        Audit::of(self.state).add(fields)
    }
}

/// Who or what started this run.
pub(super) fn how(environment: &Environment) -> How {
    let told = environment.get("LEXI_STARTED_BY").and_then(How::from_word);
    let is_terminal = std::io::stdin().is_terminal() || std::io::stderr().is_terminal();
    told.unwrap_or(if is_terminal {
        How::Terminal
    } else {
        How::Program
    })
}
