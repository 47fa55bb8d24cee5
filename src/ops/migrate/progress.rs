//! What a run tells while it goes on.

use std::time::Duration;

use serde::Serialize;

/// One file that was applied or taken back, or that would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its number; none of a repeatable file.
    pub version: Option<i64>,
    /// Its name.
    pub name: String,
    /// How long it took, in milliseconds; nothing in a dry run.
    pub ms: Option<i64>,
    /// Its SQL, in a dry run.
    pub sql: Option<String>,
    /// What a rehearsal could not run, each with its place.
    pub left_out: Vec<String>,
}

impl Report {
    /// A file and how long it took.
    pub(super) fn done(version: Option<i64>, name: &str, ms: i64) -> Self {
        Self {
            version,
            name: name.to_owned(),
            ms: Some(ms),
            sql: None,
            left_out: Vec::new(),
        }
    }

    /// A file that would run.
    pub(super) fn planned(version: Option<i64>, name: &str, sql: &str) -> Self {
        Self {
            version,
            name: name.to_owned(),
            ms: None,
            sql: Some(sql.to_owned()),
            left_out: Vec::new(),
        }
    }

    /// The name with its number.
    pub fn full_name(&self) -> String {
        match self.version {
            Some(version) => format!("{version}_{}", self.name),
            None => format!("R__{}", self.name),
        }
    }
}

/// Something that a person should hear of at once.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A file is done.
    Done(&'a Report),
    /// A lock could not be had in time; it is tried again after a pause.
    Waiting {
        /// The file.
        file: &'a str,
        /// What the server said.
        why: &'a str,
        /// The pause before the next try.
        pause: Duration,
    },
    /// A run that was cut off is gone on with.
    Resumed {
        /// The file.
        file: &'a str,
        /// The statement, from 1.
        statement: usize,
    },
    /// What a statement that was cut off had left is removed, or found to be whole.
    Mended(&'a str),
}

/// Whoever listens.
pub type Listener<'a> = &'a (dyn Fn(Event<'_>) + Sync);
