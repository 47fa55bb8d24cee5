//! What is done: async Rust that knows nothing of scripts or the command line, and never prints.

pub mod backup;
pub mod database;
pub mod process;
#[cfg(test)]
pub(crate) mod testing;
