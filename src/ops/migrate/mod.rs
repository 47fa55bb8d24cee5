//! Migrations: numbered files that change the schema, each applied once, in order, with its history row in one commit.

pub mod create;
pub mod files;
pub mod history;
pub mod lint;
mod lock;
mod name;
pub mod revert;
mod script;
mod sections;
pub mod status;
pub mod up;

pub use create::create;
pub use files::{Files, Migration, Repeatable, Script};
pub use revert::revert;
pub use status::{State, Status, status};
pub use up::{Report, UpOptions, up};
