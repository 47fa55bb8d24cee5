//! Asking a run, or a part of it, to stop; and why it was asked.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Error, Kind};

/// Why something was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A signal arrived (SIGINT 2, SIGTERM 15, SIGHUP 1).
    Signal(usize),
    /// The task's own `timeout` passed.
    TaskTimeout(Duration),
    /// A `timeout(..)` closure took too long.
    ScopeTimeout(Duration),
    /// Another one that ran beside it failed.
    Sibling,
    /// It is to be run again from the start.
    Restart,
}

/// A tree of requests to stop: cancelling a node cancels everything below it.
#[derive(Debug, Clone)]
pub struct Cancel {
    token: CancellationToken,
    reason: Arc<OnceLock<Reason>>,
    parent: Option<Arc<Self>>,
    /// The number of the signal that arrived; set by the signal handler, which may do no more than that.
    signal: Arc<AtomicUsize>,
    interrupts: Arc<Interrupts>,
}

/// Whose Ctrl-C it is.
#[derive(Debug, Default)]
struct Interrupts {
    /// How many programs have the terminal now.
    left: AtomicUsize,
    /// Whether a signal handler writes to the cell.
    has_handler: AtomicBool,
}

/// While it lives, Ctrl-C and Ctrl-\\ belong to a program that has the terminal and do not stop the run.
#[derive(Debug)]
#[must_use]
pub struct LeftInterrupts(Cancel);

impl Drop for LeftInterrupts {
    fn drop(&mut self) {
        if self.0.interrupts.left.load(Ordering::SeqCst) == 1 {
            for number in TERMINAL_SIGNALS {
                // It was the program's, so it is forgotten; another signal stays.
                let _another =
                    self.0
                        .signal
                        .compare_exchange(number, 0, Ordering::SeqCst, Ordering::SeqCst);
            }
        }
        self.0.interrupts.left.fetch_sub(1, Ordering::SeqCst);
    }
}

/// SIGINT and SIGQUIT: what a terminal sends to everybody who has it.
const TERMINAL_SIGNALS: [usize; 2] = [2, 3];

impl Cancel {
    /// The root of a run.
    pub fn root() -> Self {
        Self {
            token: CancellationToken::new(),
            reason: Arc::default(),
            parent: None,
            signal: Arc::default(),
            interrupts: Arc::default(),
        }
    }

    /// A part of this that can be cancelled by itself.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            token: self.token.child_token(),
            reason: Arc::default(),
            parent: Some(Arc::new(self.clone())),
            signal: Arc::clone(&self.signal),
            interrupts: Arc::clone(&self.interrupts),
        }
    }

    /// The node at the top of this tree.
    #[must_use]
    pub fn root_node(&self) -> Self {
        self.parent
            .as_ref()
            .map_or_else(|| self.clone(), |parent| parent.root_node())
    }

    /// A request that no signal and no parent reaches, for cleanup after a cancelled run.
    #[must_use]
    pub fn detached() -> Self {
        Self::root()
    }

    /// Asks to stop; the first reason stays.
    pub fn cancel(&self, reason: Reason) {
        // A second reason is not an error: several causes may arrive, the first one counts.
        let _first_wins = self.reason.set(reason);
        self.token.cancel();
    }

    /// Where the signal handler writes the number of the signal.
    pub fn signal_cell(&self) -> Arc<AtomicUsize> {
        self.interrupts.has_handler.store(true, Ordering::SeqCst);
        Arc::clone(&self.signal)
    }

    /// Leaves Ctrl-C to a program that has the terminal, until the guard is dropped.
    pub fn leave_interrupts(&self) -> LeftInterrupts {
        self.interrupts.left.fetch_add(1, Ordering::SeqCst);
        LeftInterrupts(self.clone())
    }

    /// Whether this signal, which just arrived, is for a program that has the terminal, or had it when it arrived.
    pub fn is_left(&self, signal: usize) -> bool {
        // The handler writes the cell before anybody else hears of the signal, and the guard's end empties it.
        let was_taken = self.interrupts.has_handler.load(Ordering::SeqCst)
            && self.signal.load(Ordering::SeqCst) == 0;
        TERMINAL_SIGNALS.contains(&signal)
            && (self.interrupts.left.load(Ordering::SeqCst) > 0 || was_taken)
    }

    /// The signal that asks the run to stop; 0 for none.
    fn signal_number(&self) -> usize {
        match self.signal.load(Ordering::Relaxed) {
            number if TERMINAL_SIGNALS.contains(&number) && self.is_left(number) => 0,
            number => number,
        }
    }

    /// Whether this, or anything above it, was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        let number = self.signal_number();
        if number != 0 {
            // The handler's cell holds the last signal, but the one that ends the run is the first that was seen.
            let _first_wins = self.root_node().reason.set(Reason::Signal(number));
        }
        number != 0 || self.token.is_cancelled()
    }

    /// The error that says why, when this was asked to stop; for loops that do not wait for anything.
    pub fn check(&self) -> super::Result<()> {
        if self.is_cancelled() {
            Err(self.error())
        } else {
            Ok(())
        }
    }

    /// Completes when this is asked to stop by a token; the runtime turns signals into one.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    /// The nearest reason upward from here, if this was asked to stop.
    pub fn reason(&self) -> Option<Reason> {
        let own = self.reason.get().copied();
        own.or_else(|| self.parent.as_ref().and_then(|parent| parent.reason()))
            .or_else(|| match self.signal_number() {
                0 => None,
                number => Some(Reason::Signal(number)),
            })
    }

    /// Whether the request came to this very node and not from above.
    pub fn is_own(&self) -> bool {
        self.reason.get().is_some()
            && !self
                .parent
                .as_ref()
                .is_some_and(|parent| parent.is_cancelled())
    }

    /// The error that says why.
    pub fn error(&self) -> Error {
        match self.reason() {
            Some(Reason::TaskTimeout(limit)) => Error::new(
                Kind::Timeout,
                format!("timed out after {}", super::units::duration(limit)),
            ),
            Some(Reason::Signal(number)) => {
                let code = u8::try_from(128 + number).unwrap_or(130);
                Error::new(
                    Kind::Cancelled,
                    format!("stopped by {}", signal_name(number)),
                )
                .exit_status(code)
            }
            _ => Error::new(Kind::Cancelled, "cancelled"),
        }
    }
}

/// The name of a signal number.
pub fn signal_name(number: usize) -> String {
    match number {
        1 => "SIGHUP".to_owned(),
        2 => "SIGINT (Ctrl-C)".to_owned(),
        3 => "SIGQUIT".to_owned(),
        9 => "SIGKILL".to_owned(),
        13 => "SIGPIPE".to_owned(),
        15 => "SIGTERM".to_owned(),
        other => format!("signal {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_sees_its_parents_reason() {
        let root = Cancel::root();
        let child = root.child();

        root.cancel(Reason::Signal(15));

        assert!(child.is_cancelled());
        assert!(!child.is_own());
        assert_eq!(child.reason(), Some(Reason::Signal(15)));
        assert_eq!(child.error().exit_code(), 143);
    }

    #[test]
    fn an_interrupt_belongs_to_the_program_that_has_the_terminal() {
        let root = Cancel::root();
        let cell = root.signal_cell();

        let guard = root.child().leave_interrupts();
        cell.store(2, Ordering::SeqCst);
        assert!(root.is_left(2) && !root.is_cancelled());
        drop(guard);

        assert!(root.is_left(2), "the news may come late");
        assert_eq!((root.is_cancelled(), root.reason()), (false, None));
        cell.store(2, Ordering::SeqCst);
        assert!(root.is_cancelled() && !root.is_left(2));
    }

    #[test]
    fn a_program_in_the_foreground_does_not_hide_sigterm() {
        let root = Cancel::root();
        let cell = root.signal_cell();

        let guard = root.leave_interrupts();
        cell.store(15, Ordering::SeqCst);

        assert!(root.is_cancelled() && !root.is_left(15));
        drop(guard);
        assert_eq!(root.reason(), Some(Reason::Signal(15)));
    }

    #[test]
    fn cancelling_a_child_leaves_the_parent_alone() {
        let root = Cancel::root();
        let child = root.child();

        child.cancel(Reason::Sibling);

        assert!(child.is_own());
        assert!(!root.is_cancelled());
    }

    #[test]
    fn the_first_signal_that_was_seen_is_the_reason() {
        let root = Cancel::root();
        let cell = root.signal_cell();
        let child = root.child();

        cell.store(2, Ordering::SeqCst);
        assert!(child.is_cancelled());
        cell.store(15, Ordering::SeqCst);

        assert_eq!(child.reason(), Some(Reason::Signal(2)));
        root.cancel(Reason::Signal(15));
        assert_eq!(child.reason(), Some(Reason::Signal(2)));
    }
}
