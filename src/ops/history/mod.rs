//! What was run: each run's record and output below `.lexi/history`, kept however the run ended.
//!
//! A folder for each month holds `runs.jsonl`, to which a run adds one line when it starts and one when it ends, and
//! `RUN.jsonl`, what it wrote and did. A run holds a lock on its own file while it lives, so one that was killed is told
//! from one that goes on without asking for process numbers, which the system gives out again.

mod record;
mod recorder;
pub mod report;

mod step;
mod store;

pub use record::{Ended, How, Run, Started, State};
pub use recorder::{Facts, Recorder};
pub use step::{Output, Step};
pub use store::{Filter, History};

#[cfg(test)]
mod tests;
