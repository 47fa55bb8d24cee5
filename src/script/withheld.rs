//! Functions of the language that scripts do not get: they would keep the run from stopping or end it past its cleanup.

use rhai::{Dynamic, Engine, EvalAltResult, Position};

use crate::host::bridge::RhaiResultOf;

/// Each with what to write instead.
const WITHHELD: [(&str, &str); 2] = [
    (
        "exit",
        "`return` ends a task or a function, `throw` ends it as failed",
    ),
    (
        "sleep",
        "write `time::sleep(\"2s\")`, which Ctrl-C and time limits end",
    ),
];

/// What to write instead of a function that is withheld.
pub(super) fn hint(name: &str) -> Option<&'static str> {
    let found = WITHHELD.iter().find(|(withheld, _)| *withheld == name);
    found.map(|(_, hint)| *hint)
}

/// Puts functions that are not there in the place of those that are.
pub(super) fn withhold(engine: &mut Engine) {
    engine.register_fn("exit", || missing("exit ()"));
    engine.register_fn("exit", |_value: Dynamic| missing("exit (?)"));
    engine.register_fn("sleep", |_seconds: i64| missing("sleep (i64)"));
    engine.register_fn("sleep", |_seconds: f64| missing("sleep (f64)"));
}

fn missing(call: &str) -> RhaiResultOf<()> {
    Err(EvalAltResult::ErrorFunctionNotFound(call.to_owned(), Position::NONE).into())
}
