//! Files and folders: reading, writing so that nobody sees half a file, walking, copying, removing.
//!
//! Paths are absolute or relative to the current folder; what a project is, its callers know. Whatever may take long
//! looks at a [`crate::base::Cancel`].

mod copy;
mod facts;
mod partial;
mod read;
mod remove;
mod stale;
mod temp;
mod trust;
mod walk;
mod write;

pub use copy::{Existing, copy, rename};
pub use facts::{Disk, Stat, Usage, disk, sha256, sha256_of, stat, usage};
pub use partial::{Partial, PartialFolder};
pub use read::{READ_LIMIT, read_bytes, read_text};
pub use remove::remove;
pub use temp::Temps;
pub use trust::doubt;
pub(crate) use walk::normal;
pub use walk::{Kinds, WalkOptions, glob, split_pattern, walk};
pub use write::{append, append_durably, make_dir, make_private_dir, write};
