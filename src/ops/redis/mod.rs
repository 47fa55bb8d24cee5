//! Redis: connecting, any command with its reply as a value, and the few that need more than one command.

mod client;
mod reply;
#[cfg(test)]
mod services;
mod target;

pub use client::{Redis, ScanOptions};
pub use reply::Reply;
pub use target::RedisTarget;
