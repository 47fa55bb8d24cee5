//! `lexi`: a task runtime for operations.
//!
//! Layers, each of which may use only what stands to its right:
//! `main -> cli -> script -> host -> ops -> base` (`tests/layers.rs` decides).
//!
//! | layer | what it is |
//! |---|---|
//! | [`cli`] | what a person types: one file per command |
//! | [`script`] | the Rhai world: engine, tasks, check, docs |
//! | [`host`] | what a script can call: one file per namespace, translation only |
//! | [`ops`] (and [`runtime`]) | what is done: async Rust, testable without a script |
//! | [`base`] | the words everybody shares |

pub mod base;
pub mod cli;
pub mod host;
pub mod ops;
pub mod runtime;
pub mod script;
