//! Redis in a backup: its data as one file beside the dump, and the way back.

mod place;
mod rdb;
mod restore;
mod save;

pub use place::Place as RedisPlace;
pub use rdb::Rdb;
pub use restore::{Put, adopt, is_given_up, loaded, put, take_back, verify};
pub(super) use save::save;
pub use save::{RedisSource, Saved};
