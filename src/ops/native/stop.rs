//! Ends servers: those that are not wanted any more, and those whose start failed or was called off.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::proc::{Identity, Process};
use super::state::{State, program};
use crate::base::{Error, Kind, Result, units};
use crate::ops::stack::NativeServer;

/// How long a server may take to end well.
const END_LIMIT: Duration = Duration::from_secs(20);

/// How long it may take after that.
const HARD_END_LIMIT: Duration = Duration::from_secs(10);

/// A server that was started and is ended again when dropped, unless it is wanted after all.
#[derive(Debug)]
pub(super) struct Started {
    kind: NativeServer,
    process: Process,
    state: State,
    is_wanted: bool,
}

impl Started {
    /// A server that was just started.
    pub(super) const fn new(kind: NativeServer, process: Process, state: State) -> Self {
        Self {
            kind,
            process,
            state,
            is_wanted: false,
        }
    }

    /// Its process.
    pub(super) const fn identity(&self) -> Identity {
        self.process.identity()
    }

    /// Writes down that it runs.
    pub(super) fn save(&self) -> Result<()> {
        self.state.save(&self.state.folder)
    }

    /// Lets the server outlive this run.
    pub(super) fn leave(mut self) {
        self.is_wanted = true;
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.is_wanted {
            return;
        }
        let (soft, hard) = signals(self.kind);
        self.state.is_ending = true;
        let _saved = self.save();
        self.process.signal(soft);
        if !self.process.ended_within_blocking(END_LIMIT) {
            self.process.signal(hard);
            self.process.ended_within_blocking(HARD_END_LIMIT);
        }
        (self.state.process, self.state.is_ending) = (None, false);
        // An old number in the state does no harm: it is checked against the process.
        let _saved = self.save();
    }
}

/// How a server is asked to end well, and how when it does not.
const fn signals(kind: NativeServer) -> (Signal, Signal) {
    match kind {
        // "Fast" and "immediate" shutdown; never KILL, which leaves its children and its shared memory.
        NativeServer::Postgres => (Signal::INT, Signal::QUIT),
        // Saves first; KILL loses at most what the append-only file has not been told yet.
        NativeServer::Redis => (Signal::TERM, Signal::KILL),
    }
}

/// After how long a server is told once more. Redis does not end, and forgets that it was told to, while it writes its first
/// log ("Writing initial AOF, can't exit"); to PostgreSQL it would be nothing new.
const fn again(kind: NativeServer) -> Duration {
    match kind {
        NativeServer::Postgres => END_LIMIT,
        NativeServer::Redis => Duration::from_millis(500),
    }
}

/// Waits for a server that was told to end before.
pub(super) async fn ended(identity: Identity) {
    if let Some(process) = Process::open(identity) {
        process.ended_within(END_LIMIT).await;
    }
}

/// Ends a running server well, if it does so in time.
pub(super) async fn end(kind: NativeServer, identity: Identity) -> Result<()> {
    let Some(process) = Process::open(identity) else {
        return Ok(());
    };
    let (soft, hard) = signals(kind);
    let start = Instant::now();
    while start.elapsed() < END_LIMIT {
        process.signal(soft);
        if process.ended_within(again(kind)).await {
            return Ok(());
        }
    }
    if kind == NativeServer::Postgres {
        process.signal(hard);
        if process.ended_within(HARD_END_LIMIT).await {
            return Ok(());
        }
    }
    let limit = units::duration(END_LIMIT);
    let message = format!(
        "{} (pid {}) did not end within {limit}",
        program(kind),
        identity.pid
    );
    Err(Error::new(Kind::Timeout, message).hint("look at its log: `lexi run logs`"))
}
