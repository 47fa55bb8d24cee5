//! What a run wrote and did, as the lines of its own file.

use serde::{Deserialize, Serialize};

/// Which stream a piece of output went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Data.
    Out,
    /// Narration.
    Err,
}

/// One line of a run's own file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It wrote something.
    Wrote {
        /// Milliseconds since its start.
        ms: u64,
        /// Where.
        to: Output,
        /// What, with its line ends, secrets masked.
        text: String,
    },
    /// A task or a call ended.
    Did {
        /// When it began, in microseconds since the run's start.
        us: u64,
        /// How long it took, in microseconds.
        took_us: u64,
        /// `task` or `call`.
        kind: String,
        /// The task's name, or the function's.
        name: String,
        /// Where it stands in the scripts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<String>,
    },
    /// There was more than is kept.
    Cut {
        /// What.
        what: String,
    },
}
