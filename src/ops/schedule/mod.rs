//! What runs by itself: cron lines, which times have come, and what has become of each.
//!
//! A [`Daemon`] starts a process for each time of an [`Entry`]; that process claims the time in the [`Book`] before it does
//! anything else, so that it is started at most once whoever is killed when.

mod alarm;
mod book;
mod child;
mod daemon;
mod due;
mod ends;
mod entry;
mod install;
mod journal;
pub mod lease;
mod line;
mod shared;
mod slot;
mod starts;
mod switch;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod times;
mod track;

pub use book::Book;
pub use child::{Held, Launch};
pub use daemon::{Daemon, Level, Mask, Order, Tell};
pub use entry::{Entry, Off, no_line};
pub use install::Service;
pub use journal::{Journal, NOT_BEGUN, Note, Stop};
pub use line::Line;
pub use shared::Shared;
pub use slot::{Coordinator, Slot};
