//! The native driver: PostgreSQL and Redis as processes of this machine, one set for each profile of a project.
//!
//! A server outlives the run that started it on purpose. It is found again by what it serves: every answer about it is
//! checked against `/proc` first, so a run that was killed at any moment leaves nothing that the next cannot take over.

pub mod account;
pub mod binary;
mod choose_port;
mod cluster;
pub mod driver;
mod launch;
pub mod log;
mod place;
mod postgres;
pub mod proc;
pub mod provision;
mod redis;
mod server;
mod state;
pub mod status;
mod stop;

pub use binary::Search;
pub use driver::{Driver, Stopped, Up};
pub use server::{Outcome, Running};
pub use state::{moved_port, published_port};

/// What a server says when it is asked whether it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It does.
    Ready,
    /// It may soon.
    NotYet,
}

#[cfg(test)]
mod services;
