//! What is done: async Rust that knows nothing of scripts or the command line, and never prints.

pub mod archive;
pub mod audit;
pub mod backup;
pub mod certificate;
pub mod clock;
pub mod database;
pub mod docker;
pub mod files;
pub mod history;
pub mod http;
mod lines;
pub mod lock;
pub(crate) mod measure;
pub mod metrics;
pub mod migrate;
pub mod native;
pub mod pipeline;
pub mod process;
pub mod prompt;
pub mod redis;
pub mod sandbox;
pub mod schedule;
pub mod schema;
pub mod seed;
pub mod stack;
pub mod tell;
#[cfg(test)]
pub(crate) mod testing;
pub mod who;
