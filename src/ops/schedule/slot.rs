//! One time of one entry, and the attempt at it: what a run that was started for it is given.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::{Error, Result};

/// What a run is started for; at most one run is, ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The entry.
    pub entry: String,
    /// The time by its cron line, without jitter.
    pub at: Timestamp,
    /// Which try it is, counted from 1.
    pub attempt: u32,
    /// Where the start is claimed.
    pub coordinator: Coordinator,
    /// Which holder of the lead starts it; of use only among several hosts.
    #[serde(default)]
    pub epoch: i64,
}

/// Who decides between several daemons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coordinator {
    /// Files below `.lexi`: the daemons of one host.
    #[default]
    File,
    /// The profile's database: daemons of several hosts.
    Pg,
}

impl Slot {
    /// As one word of a command line.
    pub fn word(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// Reads that word.
    pub fn from_word(word: &str) -> Result<Self> {
        serde_json::from_str(word)
            .map_err(|e| Error::usage("`--slot` is given by `lexi cron` only").because(e))
    }
}
