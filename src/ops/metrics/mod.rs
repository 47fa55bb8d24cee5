//! Counts runs by task, for Prometheus: a state file for each profile, and the text that a collector reads.

mod counters;
mod endpoint;
mod text;

pub use counters::{Counters, Ended, Lost, Task};
pub use endpoint::serve;
pub use text::page;
