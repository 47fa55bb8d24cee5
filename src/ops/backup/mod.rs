//! Backups of a database: made, listed, verified, thinned out, restored.

mod before;
mod clean;
mod container;
mod create;
mod dump;
mod files;
mod folder;
mod fresh;
mod gzip;
mod lexer;
mod list;
mod manifest;
mod name;
mod needs;
mod password;
mod progress;
mod prove;
mod reader;
pub mod redis;
pub mod restore;
mod retention;
mod scanner;
mod schema;
#[cfg(test)]
mod services;
mod settings;
mod sidecar;
mod source;
mod space;
mod tool;
mod verify;
mod writer;

pub use clean::{Mode, clean, set_pin};
pub use container::Container;
pub use create::{Artifact, Create, Options, create};
pub use fresh::fresh;
pub use list::{Entry, State, list, newest_good};
pub use manifest::{Manifest, Pin, Status};
pub use name::{BackupName, stamp};
pub use progress::{OnProgress, Progress, Step};
pub use prove::prove;
pub use retention::{Rules, Verdict, delete, plan};
pub use scanner::Facts;
pub use schema::SchemaDump;
pub use settings::DatabaseSettings;
pub use verify::{Verified, verify};
