//! The fluent harness: a temporary project, the real program, and what it printed.

mod filter;
mod outcome;
mod project;
mod servers;

pub(crate) use outcome::Outcome;
pub(crate) use project::Project;
#[expect(
    unused_imports,
    reason = "the tests of the servers come with their modules"
)]
pub(crate) use servers::{free_port, psql};

/// The program under test.
pub(crate) const LEXI: &str = env!("CARGO_BIN_EXE_lexi");

/// How long any one command may take before it counts as hung; not a speed check.
pub(crate) const HUNG: std::time::Duration = std::time::Duration::from_secs(120);
