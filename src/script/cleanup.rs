//! Runs what a task has deferred: last first, always, with time of its own even after Ctrl-C.

use std::time::Duration;

use rhai::Engine;

use super::failure::{self, Failure};
use super::language;
use super::task::Task;
use crate::base::{Cancel, Error, Kind, Reason, units};
use crate::host::{Host, Strand, strand};

/// How long all cleanup of a task may take.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the deferred closures of a strand; gives what failed.
pub(super) fn run(engine: &Engine, host: &Host, of: &Strand, task: &Task) -> Vec<Failure> {
    run_in(engine, host, of, (&task.place.file, &task.name))
}

/// The same for what stands in a file under a name.
pub(super) fn run_in(
    engine: &Engine,
    host: &Host,
    of: &Strand,
    (file, name): (&str, &str),
) -> Vec<Failure> {
    let mut failed = Vec::new();
    let mut next = of.pop_deferred();
    if next.is_none() {
        return failed;
    }
    let cancel = Cancel::detached();
    let reason = Reason::ScopeTimeout(GRACE);
    let _timer = host.runtime().cancel_after(GRACE, &cancel, reason);
    let _entered = strand::enter(of.with_cancel(cancel.clone()));
    while let Some(deferred) = next {
        if let Err(error) = deferred.call(engine, ()) {
            let mut failure = failure::from_script(&error, file, name, language::api());
            if cancel.is_cancelled() {
                let limit = units::duration(GRACE);
                let message = format!("it took longer than {limit} and was stopped");
                failure.error = Error::new(Kind::Timeout, message);
            }
            failed.push(failure);
        }
        next = of.pop_deferred();
    }
    failed
}
