//! Finds mistakes in scripts without running anything.
//!
//! Each part takes a compiled script and gives findings, so that whoever holds a text in memory - an editor, say - can ask
//! for them as `lexi check` does: [`Checker::script`].

mod arguments;
mod calls;
mod checker;
pub(in crate::script) mod functions;
mod names;
mod project;
mod scope;
mod tasks;
mod walk;

pub use checker::{Checker, Role};
pub use project::project;
