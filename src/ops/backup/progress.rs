//! How far a long piece of work has come.

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The database is being written to a file; counted in bytes of text.
    Dump,
    /// A file is being read back; counted in bytes of the file.
    Verify,
    /// The new database is being filled; counted in bytes of the file.
    Replay,
    /// Statistics are made, indexes and constraints are looked at.
    Check,
    /// The new database takes the place of the old one.
    Swap,
}

/// How far one step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub step: Step,
    /// How much of it.
    pub done: u64,
    /// Of how much, where that is known or can be guessed.
    pub total: Option<u64>,
}

/// What long work reports to.
pub type OnProgress<'a> = &'a (dyn Fn(Progress) + Sync);

impl Progress {
    /// A step that has come so far.
    pub const fn of(step: Step, done: u64, total: Option<u64>) -> Self {
        Self { step, done, total }
    }
}
