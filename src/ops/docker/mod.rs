//! The container engine: connecting to it, and each thing that can be asked of it.
//!
//! Facts come back as plain structures; what takes long reports through a callback. What a stack is, is not known here.

pub mod auth;
pub mod build;
pub mod connect;
pub mod container;
mod context;
pub mod copy;
pub mod disk;
mod error;
pub mod events;
pub mod exec;
pub mod ignore;
pub mod image;
pub mod logs;
pub mod network;
pub mod stats;
pub mod terminal;
#[cfg(test)]
pub(crate) mod tests;
mod wire;

pub use connect::Engine;
pub(in crate::ops) use error::{START, failed, gone, is_gone};
