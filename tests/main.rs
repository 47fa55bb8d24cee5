//! The integration tests: the real program, in temporary projects, against real servers.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and starts programs"
)]

mod harness;

mod db;
mod examples;
mod layers;
mod redis;
mod arguments;
mod declarations;
mod examples;
mod layers;
mod lexiflow;
mod run;
mod soak;
mod stack;
mod startup;
