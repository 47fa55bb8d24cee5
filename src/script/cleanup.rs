//! Runs what a task has deferred: last first, always, with time of its own even after Ctrl-C.

use std::time::Duration;

use rhai::Engine;

use crate::base::{Cancel, Reason};
use crate::host::{Host, Strand, strand};

/// How long all cleanup of a task may take.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the deferred closures of a strand; gives what failed.
pub(super) fn run(engine: &Engine, host: &Host, of: &Strand) -> Vec<String> {
    let mut failed = Vec::new();
    let mut next = of.pop_deferred();
    if next.is_none() {
        return failed;
    }
    let cancel = Cancel::detached();
    let reason = Reason::ScopeTimeout(GRACE);
    let _timer = host.runtime().cancel_after(GRACE, &cancel, reason);
    let _entered = strand::enter(of.with_cancel(cancel));
    while let Some(deferred) = next {
        if let Err(error) = deferred.call(engine, ()) {
            failed.push(error.to_string());
        }
        next = of.pop_deferred();
    }
    failed
}
