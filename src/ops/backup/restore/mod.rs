//! Restoring: everything is verified before anything is touched, and the live database is replaced in one step or not at all.

mod check;
mod feed;
mod lock;
mod names;
mod pick;
mod plan;
mod replay;
mod rollback;
mod run;
mod side;
mod swap;

pub use pick::pick;
pub use plan::{Live, Plan, plan};
pub use rollback::{RolledBack, drop_old, rollback, rollback_candidate};
pub use run::{RestoreOptions, Restored, restore};
