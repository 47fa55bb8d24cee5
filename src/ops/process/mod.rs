//! Starts programs and ends them. The only place that does either, so that none outlives its run unnoticed.
//!
//! A [`Program`] is data; starting it needs the run's [`Registry`], which knows everything that is still alive.

mod capture;
mod descendants;
mod exit;
mod foreground;
mod lookup;
mod program;
mod registry;
mod running;
mod stream;
mod table;
#[cfg(test)]
mod tests;
mod trace;

pub use capture::Captured;
pub use descendants::adopt;
pub use exit::Exit;
pub use program::{Program, Stdin, command};
pub use registry::{GRACE, RUN_ID, Registry, kill, sweep};
pub use running::Running;
pub use stream::Channel;
pub use trace::{end_killed, of_killed};
