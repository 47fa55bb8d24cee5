//! Backups of a database: made, listed, verified, thinned out, restored.

mod clean;
mod create;
mod dump;
mod files;
mod folder;
mod lexer;
mod list;
mod manifest;
mod name;
mod needs;
mod password;
mod progress;
mod reader;
pub mod restore;
mod retention;
mod scanner;
#[cfg(test)]
mod services;
mod settings;
mod space;
mod tool;
mod verify;
mod writer;

pub use clean::{Mode, clean, set_pin};
pub use create::{Artifact, Create, Options, create};
pub use list::{Entry, State, list, newest_good};
pub use manifest::{Manifest, Pin, Status};
pub use name::{BackupName, stamp};
pub use progress::{OnProgress, Progress, Step};
pub use retention::{Rules, Verdict, delete, plan};
pub use scanner::Facts;
pub use settings::DatabaseSettings;
pub use verify::{Verified, verify};
