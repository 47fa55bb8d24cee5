//! `lexi audit`: is the log of who ran what as it was written?

use std::process::ExitCode;

use super::args::{self, AuditOf};
use super::context::Context;
use crate::base::Result;
use crate::base::text::count;
use crate::ops::audit::Audit;

/// Checks the log.
pub(super) fn run(args: &args::Audit, ctx: &Context) -> Result<ExitCode> {
    let AuditOf::Verify { holds } = &args.what;
    let audit = Audit::of(&ctx.project()?.state());
    let whole = audit.verify(holds.as_deref())?;
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
