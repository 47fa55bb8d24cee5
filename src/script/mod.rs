//! The Rhai world: engine, tasks, check, docs.

pub mod engine;
