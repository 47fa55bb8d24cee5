//! One line of execution of a script: what can stop it, what it must clean up, and how its output is marked.
//!
//! The engine's progress hook has no context of its own, so the strand of a thread is found through the thread.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, PoisonError};

use super::closure::KeptClosure;
use super::permit::Permit;
use crate::base::Cancel;

/// What belongs to one line of execution; cheap to clone.
#[derive(Debug, Clone)]
pub struct Strand {
    /// The request to stop that this strand obeys.
    pub cancel: Cancel,
    /// What the task has deferred so far.
    deferred: Arc<Mutex<Vec<KeptClosure>>>,
    /// What stands before each line of output, when several run at once.
    pub prefix: Option<Arc<str>>,
    /// The tasks that led here, outermost first.
    pub tasks: Arc<[String]>,
    /// The named locks that those tasks hold.
    locks: Arc<[String]>,
    /// What its script may do; nothing here means everything.
    pub(super) permit: Option<Arc<Permit>>,
}

impl Strand {
    /// The first strand of a run.
    pub fn new(cancel: Cancel) -> Self {
        Self {
            cancel,
            deferred: Arc::default(),
            prefix: None,
            tasks: Arc::default(),
            locks: Arc::default(),
            permit: None,
        }
    }

    /// This strand held to a permit; without one, to none.
    #[must_use]
    pub fn with_permit(&self, permit: Option<Permit>) -> Self {
        Self {
            permit: permit.map(Arc::new),
            ..self.clone()
        }
    }

    /// This strand with another request to stop.
    #[must_use]
    pub fn with_cancel(&self, cancel: Cancel) -> Self {
        Self {
            cancel,
            ..self.clone()
        }
    }

    /// This strand with its output marked; marks add up.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Self {
        let whole = match &self.prefix {
            Some(outer) => format!("{outer}/{prefix}"),
            None => prefix.to_owned(),
        };
        Self {
            prefix: Some(whole.into()),
            ..self.clone()
        }
    }

    /// A strand for a task called from here: stopped with this one, with cleanup of its own.
    #[must_use]
    pub fn for_task(&self, task: &str, lock: Option<&str>) -> Self {
        let tasks = self
            .tasks
            .iter()
            .cloned()
            .chain([task.to_owned()])
            .collect();
        Self {
            cancel: self.cancel.child(),
            deferred: Arc::default(),
            prefix: self.prefix.clone(),
            tasks,
            locks: self
                .locks
                .iter()
                .cloned()
                .chain(lock.map(str::to_owned))
                .collect(),
            permit: self.permit.clone(),
        }
    }

    /// Whether a task on the way here holds this lock.
    pub fn holds(&self, lock: &str) -> bool {
        self.locks.iter().any(|held| held == lock)
    }

    /// Keeps a closure for when the task ends.
    pub fn defer(&self, closure: KeptClosure) {
        self.deferred
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(closure);
    }

    /// Takes the closure that was deferred last.
    pub fn pop_deferred(&self) -> Option<KeptClosure> {
        self.deferred
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    /// Marks each line of a text.
    pub fn mark(&self, text: &str) -> String {
        match &self.prefix {
            None => text.to_owned(),
            Some(prefix) => text
                .split('\n')
                .map(|line| format!("[{prefix}] {line}"))
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }
}

thread_local! {
    static CURRENT: RefCell<Vec<Strand>> = const { RefCell::new(Vec::new()) };
    static TICKS: Cell<u8> = const { Cell::new(0) };
}

/// Leaves the strand when dropped.
#[derive(Debug)]
#[must_use]
pub struct Entered(());

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(Vec::pop);
    }
}

/// Makes `strand` the one of this thread until the guard is dropped.
pub fn enter(strand: Strand) -> Entered {
    CURRENT.with_borrow_mut(|strands| strands.push(strand));
    Entered(())
}

/// The strand of this thread; outside a run, one that nothing stops.
pub fn current() -> Strand {
    CURRENT
        .with_borrow(|strands| strands.last().cloned())
        .unwrap_or_else(|| Strand::new(Cancel::detached()))
}

/// Whether this thread's strand was asked to stop; looks only every 256th time, since looking costs a lock.
pub fn should_stop() -> bool {
    let ticks = TICKS.get().wrapping_add(1);
    TICKS.set(ticks);
    ticks == 0
        && CURRENT.with_borrow(|strands| strands.last().is_some_and(|s| s.cancel.is_cancelled()))
}
