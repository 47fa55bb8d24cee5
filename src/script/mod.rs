//! The Rhai world: engine, tasks, check, docs. Knows nothing of the command line and never prints.

pub mod api;
pub mod bind;
pub mod catalog;
pub mod check;
pub mod declaration;
pub mod definitions;
pub mod diagnostic;
pub mod docs;
pub mod engine;
pub mod failure;
pub mod fresh;
pub mod gate;
pub mod index;
pub mod inputs;
pub mod library;
pub mod reach;
pub mod resolver;
pub mod session;
pub mod sources;
pub mod task;
pub mod task_docs;
mod task_files;
pub mod timetable;
pub mod untrusted;
pub mod watch;

mod allow;
mod cleanup;
mod closures;
mod collector;
mod guard;
mod imports;
mod language;
mod needs;
mod params;
mod schedule;
mod user_wide;
mod wanted;
mod withheld;
mod words;

pub use catalog::Catalog;
pub use failure::Failure;
pub use session::Session;
