//! Watching files: what the system tells about them, what has really changed, and whether a task runs in circles.

mod changes;
mod checkout;
mod inbox;
mod mounts;
mod rounds;
mod system;
mod writers;

pub use changes::{Changed, Changes, Now};
pub use inbox::{Inbox, Message, Next};
pub use mounts::without_events;
pub use rounds::Rounds;
pub use system::{Cookie, Seen, Watch};
pub use writers::is_open_for_writing;
