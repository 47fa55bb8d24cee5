//! The fluent harness: a temporary project, the real program, and what it printed.

mod engine;
mod filter;
mod outcome;
mod project;
mod servers;

pub(crate) use outcome::Outcome;
pub(crate) use project::Project;
pub(crate) use servers::{free_port, psql_as};

/// The program under test.
pub(crate) const LEXI: &str = env!("CARGO_BIN_EXE_lexi");

/// How long any one command may take before it counts as hung; not a speed check.
pub(crate) const HUNG: std::time::Duration = std::time::Duration::from_mins(2);

/// A text without its mark `«`, and the line and column that the mark stood at.
#[track_caller]
pub(crate) fn marked(text: &str) -> (String, (usize, usize)) {
    let (before, after) = text.split_once('«').expect("a mark");
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (format!("{before}{after}"), (line, column))
}
