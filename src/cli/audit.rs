//! `lexi audit`: is the log of who ran what as it was written?

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::args::{self, AuditOf};
use super::context::Context;
use crate::base::Result;
use crate::base::text::count;
use crate::ops::audit::Audit;
use crate::ops::history::{Filter, History, State};

/// Checks the log.
pub(super) fn run(args: &args::Audit, ctx: &Context) -> Result<ExitCode> {
    let AuditOf::Verify { holds } = &args.what;
    let state = ctx.project()?.state();
    let ended = ended(&History::of(&state))?;
    let whole = Audit::of(&state).verify(holds.as_deref(), ended)?;
    if ctx.output().is_json() {
        let json = serde_json::to_string_pretty(&whole).unwrap_or_default();
        ctx.output().data(&json);
    } else {
        let lines = usize::try_from(whole.lines).unwrap_or(usize::MAX);
        let text = format!(
            "{} as they were written; the last hash is {}",
            count("line", lines),
            whole.head
        );
        ctx.output().data(&text);
    }
    Ok(ExitCode::SUCCESS)
}

/// The runs that ended, all of which have their lines in the log: one that was killed may have had no time to write any.
fn ended(history: &History) -> Result<BTreeSet<String>> {
    let runs = history.runs(&Filter::default())?.into_iter();
    let ended = runs.filter(|run| !matches!(run.state, State::Running | State::Lost));
    Ok(ended.map(|run| run.started.id).collect())
}
