//! Migrations: numbered files that change the schema, each applied once, in order, with its history row in one commit.

mod adopt;
mod apply;
pub mod create;
pub mod files;
mod foreign;
pub mod generate;
pub mod history;
mod indexes;
pub mod lint;
mod lock;
mod name;
mod nature;
mod outside;
mod plan;
mod progress;
mod recover;
mod rehearse;
mod repair;
mod repeat;
pub mod revert;
mod script;
mod sections;
#[cfg(test)]
mod services;
mod snapshot;
pub mod status;
pub mod up;

pub use adopt::{Adopted, adopt, baseline};
pub use create::create;
pub use files::{Files, Migration, Repeatable, Script};
pub use generate::{Generate, Generated, generate};
pub use indexes::{Index, invalid as invalid_indexes};
pub use lock::{Guard, guard};
pub use progress::{Event, Listener, Report};
pub use rehearse::rehearse;
pub use repair::{Verdict, repair};
pub use revert::{revert, revert_plan};
pub use snapshot::{Snapshot, snapshot};
pub use status::{State, Status, status};
pub use up::{UpOptions, up};
