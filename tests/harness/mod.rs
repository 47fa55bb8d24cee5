//! The fluent harness: a temporary project, the real program, and what it printed.

pub(crate) mod canary;
pub(crate) mod cron;
mod endpoint;
mod engine;
use rustix::process::{Pid, kill_process, kill_process_group};

pub(crate) mod dump;
mod filter;
mod network;
mod outcome;
mod own_engine;
mod own_postgres;
mod project;
pub(crate) mod registry;
mod servers;
mod terminal;
mod wire;

pub(crate) use endpoint::Endpoint;
pub(crate) use network::Network;
pub(crate) use outcome::Outcome;
pub(crate) use own_engine::OwnEngine;
pub(crate) use own_postgres::OwnPostgres;
pub(crate) use project::Project;
pub(crate) use rustix::process::Signal;
pub(crate) use servers::{free_port, postgres_port, psql, psql_as};
pub(crate) use terminal::Terminal;
pub(crate) use wire::Wire;

/// The program under test.
pub(crate) const LEXI: &str = env!("CARGO_BIN_EXE_lexi");

/// The program that projects run: the one under test, or another build of it that a long bar names.
pub(crate) fn program() -> std::ffi::OsString {
    std::env::var_os("LEXI_SOAK_BIN").unwrap_or_else(|| LEXI.into())
}

/// How long any one command may take before it counts as hung; not a speed check.
pub(crate) const HUNG: std::time::Duration = std::time::Duration::from_mins(2);

/// Sends a signal to a process, or to a whole group where `whom` is negative, and says whether there was anybody.
///
/// By call, as a minimal system has no `kill` program.
pub(crate) fn send(signal: Signal, whom: i32) -> bool {
    let process = Pid::from_raw(whom.abs()).expect("a process");
    let sent = if whom < 0 {
        kill_process_group(process, signal)
    } else {
        kill_process(process, signal)
    };
    sent.is_ok()
}

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
