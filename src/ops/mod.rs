//! What is done: async Rust that knows nothing of scripts or the command line, and never prints.

pub mod database;
pub mod lock;
pub mod native;
pub mod process;
pub mod stack;
