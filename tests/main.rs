//! The integration tests: the real program, in temporary projects, against real servers.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and starts programs"
)]

mod harness;

mod arguments;
mod db;
mod declarations;
mod errors;
mod examples;
mod flow;
mod layers;
mod lexiflow;
mod programs;
mod questions;
mod redis;
mod run;
mod signals;
mod soak;
mod stack;
mod startup;
