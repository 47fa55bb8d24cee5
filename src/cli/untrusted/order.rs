//! What the watching process tells the confined one: the script, its grants and its limits, once, over stdin.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::host::permit::Allow;
use crate::ops::sandbox::Limits;

/// The first word of the confined process' command line.
pub(super) const INSIDE: &str = "__untrusted";

/// One script to run, and all that it may do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    /// The script's name, for messages.
    pub(super) name: String,
    /// Its text: the confined process cannot read the file.
    pub(super) text: String,
    /// The task to run, if it declares several, and the arguments.
    pub(super) words: Vec<String>,
    /// The folder that relative paths start from.
    pub(super) folder: PathBuf,
    /// Where temporary files go.
    pub(super) temporary: PathBuf,
    /// The group of processes that it joins, where one holds it to its number of them.
    pub(super) group: Option<PathBuf>,
    /// The folders of projects, which programs do not read because they read the folder around.
    pub(super) projects: Vec<PathBuf>,
    /// What the flags grant.
    pub(super) allow: Allow,
    /// How much it may use.
    pub(super) limits: Limits,
    /// Settings that `lexi` itself needs to reach the database; the script sees none of them.
    pub(super) database: Vec<(String, String)>,
}
