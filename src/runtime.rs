//! The only async runtime: made when the first call needs it, and the one place where a script's thread waits for a future.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use crate::base::{Cancel, Error, Reason, Result};

/// The async runtime of a run; an empty task never makes one.
#[derive(Debug, Default)]
pub struct Runtime {
    cell: OnceLock<Option<tokio::runtime::Runtime>>,
    root: OnceLock<Cancel>,
}

impl Runtime {
    /// Makes signals ask this run to stop, whoever needs the runtime first: cleanup waits under a request of its own.
    pub fn obey(&self, root: &Cancel) {
        // A runtime serves one run; its first root stays.
        let _first_stays = self.root.set(root.root_node());
    }

    /// Waits for a future on the calling (script) thread; stops waiting when `cancel` is asked to stop.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where a thread waits for a future"
    )]
    pub fn wait<T>(&self, cancel: &Cancel, future: impl Future<Output = Result<T>>) -> Result<T> {
        let handle = self.handle(cancel)?;
        if cancel.is_cancelled() {
            return Err(cancel.error());
        }
        handle.block_on(async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(cancel.error()),
                result = future => result,
            }
        })
    }

    /// Cancels `cancel` after a time, unless the guard is dropped before.
    pub fn cancel_after(&self, limit: Duration, cancel: &Cancel, reason: Reason) -> Result<Timer> {
        let (timed, handle) = (cancel.clone(), self.handle(cancel)?);
        let task = handle.spawn(async move {
            tokio::time::sleep(limit).await;
            timed.cancel(reason);
        });
        Ok(Timer(task))
    }

    /// Whether anything has needed the runtime yet.
    pub fn is_started(&self) -> bool {
        self.cell.get().is_some()
    }

    /// Ends the runtime without waiting for what still runs on it.
    pub fn shutdown(self) {
        if let Some(Some(runtime)) = self.cell.into_inner() {
            runtime.shutdown_background();
        }
    }

    fn handle(&self, cancel: &Cancel) -> Result<&tokio::runtime::Handle> {
        let runtime = self.cell.get_or_init(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .thread_name("lexi-io")
                .enable_all()
                .build()
                .ok()?;
            let root = self.root.get().cloned();
            runtime.spawn(watch_signals(root.unwrap_or_else(|| cancel.root_node())));
            Some(runtime)
        });
        let runtime = runtime.as_ref().map(tokio::runtime::Runtime::handle);
        runtime.ok_or_else(|| Error::internal("cannot start the async runtime"))
    }
}

/// Does a daemon's work on the calling thread, which is all it needs: most of the time it waits.
#[expect(
    clippy::disallowed_methods,
    reason = "the other place where a thread waits for a future"
)]
pub fn alone<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::io("cannot start the async runtime", e))?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// Cancels after a time; dropping it calls that off.
#[derive(Debug)]
pub struct Timer(tokio::task::JoinHandle<()>);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Turns the signals that the handler counts into a request to stop.
async fn watch_signals(root: Cancel) {
    use tokio::signal::unix::{SignalKind, signal};
    let streams = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
        signal(SignalKind::quit()),
    );
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup), Ok(mut quit)) = streams else {
        return;
    };
    // A signal may have arrived before the streams were there.
    if let Some(reason) = root.reason() {
        root.cancel(reason);
    }
    loop {
        let number = tokio::select! {
            _ = interrupt.recv() => 2,
            _ = terminate.recv() => 15,
            _ = hangup.recv() => 1,
            _ = quit.recv() => 3,
        };
        if !root.is_left(number) {
            root.cancel(Reason::Signal(number));
        }
    }
}
