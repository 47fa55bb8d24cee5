//! What is done: async Rust that knows nothing of scripts or the command line, and never prints.

pub mod database;
pub mod docker;
pub mod files;
pub mod lock;
pub mod native;
pub mod pipeline;
pub mod process;
pub mod stack;
#[cfg(test)]
pub(crate) mod testing;
