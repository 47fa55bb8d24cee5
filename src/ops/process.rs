//! Starts programs. The only place that does, so that none outlives its run unnoticed.

use std::ffi::OsStr;

/// A program to start, with nothing decided yet.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where programs are started"
)]
pub fn command(program: impl AsRef<OsStr>) -> std::process::Command {
    std::process::Command::new(program)
}
