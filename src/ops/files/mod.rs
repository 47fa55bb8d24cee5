//! Files and folders: reading, writing so that nobody sees half a file, walking, copying, removing.

mod partial;

pub use partial::Partial;
