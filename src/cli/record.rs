//! Keeps each run in the project's history and its audit log.

use std::io::IsTerminal;
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
}

impl<'a> Record<'a> {
    /// Begins to keep a run; where that cannot be done the run goes on, and is told.
    pub(super) fn begin(ctx: &'a Context, host: &'a Host, task: &str, words: &[String]) -> Self {
        let mut record = Self {
            ctx,
            host,
            task: task.to_owned(),
            user: who::user(),
            recorder: None,
            telling: None,
        };
        match record.start(words) {
            Ok(recorder) => record.recorder = Some(recorder),
            Err(error) => record.warn(&error),
        }
        let run = record.recorder.as_deref().map(Recorder::id);
        record.telling = Telling::begin(ctx, host, task, run);
        record
    }

    /// The run's name, where it is kept.
    pub(super) fn id(&self) -> Option<&str> {
        self.recorder.as_deref().map(Recorder::id)
    }

    fn start(&self, words: &[String]) -> Result<Arc<Recorder>> {
        let output = self.ctx.output();
        let masked = |word: &String| output.redactor().mask(word).into_owned();
        let how = how(self.host.settings().environment());
        let args: Vec<String> = words.iter().map(masked).collect();
        let facts = Facts {
            task: self.task.clone(),
            args: args.clone(),
            profile: self.host.profile().to_string(),
            how,
            dry_run: self.host.flags().dry_run,
            user: self.user.clone(),
        };
        let recorder = Recorder::begin(self.history().folder(), facts)?;
        let recorder = Arc::new(recorder);
        self.audit(
            "start",
            &recorder,
            [("args", json!(args)), ("how", json!(how.as_str()))],
        )?;
        let told = Arc::clone(&recorder);
        output.listen(move |stream, text| {
            let to = match stream {
                Stream::Out => Output::Out,
                Stream::Err => Output::Err,
            };
            told.wrote(to, text);
        });
        self.host.record(Arc::clone(&recorder));
        Ok(recorder)
    }

    /// Ends the record with the run's exit code and what failed.
    pub(super) fn end(self, exit: u8, error: Option<String>) {
        let redactor = self.ctx.output().redactor();
        let error = error.map(|text| redactor.mask(&text).into_owned());
        let ms = self.recorder.as_deref().map(Recorder::ms);
        self.keep_end(exit, error.clone());
        if let Some(telling) = self.telling {
            telling.end(exit, error.as_deref(), ms);
        }
    }

    fn keep_end(&self, exit: u8, error: Option<String>) {
        let Some(recorder) = &self.recorder else {
            return;
        };
        let ended = recorder
            .end(exit, error)
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
        let environment = self.host.settings().environment();
        let mut fields = Map::from_iter([
            ("event".to_owned(), json!(event)),
            ("run".to_owned(), json!(recorder.id())),
            ("task".to_owned(), json!(self.task)),
            ("profile".to_owned(), json!(self.host.profile().to_string())),
            ("user".to_owned(), json!(self.user)),
            ("host".to_owned(), json!(who::host())),
        ]);
        if let Some(behind) = environment.get("SUDO_USER") {
            fields.insert("sudo_user".to_owned(), json!(behind));
        }
        fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
        Audit::of(&self.host.project().state()).add(fields)
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
        let message = format!(
            "this run is not kept whole in the history: {}",
            error.full_message()
        );
        self.ctx.output().warn(&message);
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
