//! Restoring: everything is verified before anything is touched, and the live database is replaced in one step or not at all.

mod check;
mod feed;
mod fill;
mod kept;
mod lock;
mod names;
mod omit;
mod pick;
mod plan;
mod prove;
mod replay;
mod rollback;
mod room;
mod run;
mod safety;
mod server;
mod side;
mod swap;

pub use kept::KEEP_OLD;
pub use pick::pick;
pub use plan::{Live, Owners, Plan, plan};
pub use prove::{prove, sweep};
pub use rollback::{KeptDatabase, RolledBack, clear, kept, rollback};
pub use run::{RestoreOptions, Restored, restore};
#[cfg(test)]
pub(super) use side::LIMIT;

use crate::base::Error;

/// Says of an error that nothing was lost.
pub fn untouched(error: Error) -> Error {
    error.state("; the live database was not touched")
}
