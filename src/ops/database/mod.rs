//! PostgreSQL: where it is, asking it, changing it.

pub mod target;

pub use target::Target;
