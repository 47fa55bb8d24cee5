//! Schemas: read from a server's catalogs, compared, and the statements that make one into the other.
//!
//! Which files they go to and whether they do what they should is the matter of `ops/migrate/generate`.

mod change;
mod column;
mod detail;
mod grant;
mod hazard;
mod object;
mod order;
mod plan;
mod read;
mod render;
mod scope;
mod types;

pub use object::Catalog;
pub use plan::{Statement, plan};
pub use read::read;
