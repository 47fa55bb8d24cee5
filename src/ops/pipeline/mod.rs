//! Bytes on their way from a source through stages to a sink, in constant memory.
//!
//! A [`Pipeline`] is data: nothing starts before a sink is named. The source and a program that is the sink are async;
//! the stages, which are busy rather than waiting, run on a thread of their own between two short queues, and stop when
//! either end is gone.

mod feed;
mod plan;
mod pump;
mod run;
mod stage;
#[cfg(test)]
mod tests;

pub use plan::{Facts, Pipeline};
pub(crate) use stage::Gunzip;
