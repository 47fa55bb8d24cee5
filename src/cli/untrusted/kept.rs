//! Keeps the run of a stranger's script in the project's history and audit log: that it ran, what it was granted, what it
//! printed. The confined process reaches neither.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::order::Order;
use crate::base::{Error, Profile, Result};
use crate::cli::context::Context;
use crate::cli::record::{self, Audited};
use crate::ops::history::{Facts, History, How, Recorder};
use crate::ops::{files, who};

/// The record of a run.
pub(super) struct Kept<'a> {
    ctx: &'a Context,
    state: PathBuf,
    recorder: Arc<Recorder>,
    task: String,
    profile: String,
    user: String,
}

impl<'a> Kept<'a> {
    /// Begins the record, where a project is; what cannot be kept is told, and the script runs.
    pub(super) fn begin(ctx: &'a Context, order: &Order) -> Option<Self> {
        let state = ctx.project().ok()?.state();
        let begun = Self::try_begin(ctx, state, order);
        begun.inspect_err(|error| warn(ctx, error)).ok()
    }

    fn try_begin(ctx: &'a Context, state: PathBuf, order: &Order) -> Result<Self> {
        let masked = |word: &String| ctx.output().redactor().mask(word).into_owned();
        let task = format!("untrusted {}", masked(&order.name));
        let args: Vec<String> = order.words.iter().map(masked).collect();
        // The settings, which may name another profile, are not read for a stranger's script.
        let profile = ctx.profile()?.unwrap_or(Profile::Dev).to_string();
        let user = who::user();
        let facts = Facts {
            task: task.clone(),
            args: args.clone(),
            profile: profile.clone(),
            how: How::Untrusted,
            dry_run: false,
            user: user.clone(),
        };
        let recorder = Arc::new(Recorder::begin(History::of(&state).folder(), facts)?);
        record::listen(ctx.output(), &recorder);
        let kept = Self {
            ctx,
            state,
            recorder,
            task,
            profile,
            user,
        };
        let sha256 = files::sha256_of(order.text.as_bytes());
        kept.audit(
            "start",
            [
                ("args", json!(args)),
                ("how", json!(How::Untrusted.as_str())),
                ("sha256", json!(sha256)),
                ("granted", json!(order.allow)),
            ],
        )?;
        Ok(kept)
    }

    /// Ends the record.
    pub(super) fn end(&self, exit: u8, error: Option<&Error>) {
        let redactor = self.ctx.output().redactor();
        let error = error.map(|error| redactor.mask(&error.full_message()).into_owned());
        let ended = self
            .recorder
            .end(exit, error)
            .and_then(|()| self.audit("end", [("exit", json!(exit))]));
        if let Err(error) = ended {
            warn(self.ctx, &error);
        }
    }

    fn audit<const N: usize>(
        &self,
        event: &str,
        more: [(&str, serde_json::Value); N],
    ) -> Result<()> {
        let audited = Audited {
            state: &self.state,
            environment: self.ctx.environment(),
            run: self.recorder.id(),
            task: &self.task,
            profile: &self.profile,
            user: &self.user,
        };
        audited.add(event, more)
    }
}

fn warn(ctx: &Context, error: &Error) {
    record::warn(ctx.output(), error);
}
