//! PostgreSQL: where it is, asking it, changing it.

pub mod connect;
pub mod error;
pub mod quote;
pub mod split;
pub mod target;
pub mod token;

pub use target::Target;
