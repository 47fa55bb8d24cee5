//! What runs by itself: cron lines, which times have come, and what has become of each.

#[cfg(test)]
mod due;
mod entry;
mod line;
#[cfg(test)]
mod testing;

pub use entry::{Entry, Off, no_line};
pub use line::Line;
