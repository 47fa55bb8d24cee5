//! PostgreSQL: where it is, asking it, changing it.

pub mod admin;
pub mod batch;
mod bind;
mod calendar;
pub mod connect;
pub mod copy;
mod decode;
mod encode;
pub mod error;
pub mod init;
pub mod machine;
mod nodelay;
pub mod notices;
mod partial;
pub mod query;
#[cfg(test)]
mod services;
pub mod session;
pub(in crate::ops) mod setting;
pub mod split;
pub mod sqlfile;
pub mod target;
pub mod token;
pub mod transaction;
pub mod tune;
pub mod value;

pub use admin::{quote_ident, quote_literal};
pub use connect::{Database, connect, server_facts, wait_until_ready};
pub use query::Rows;
pub use session::Session;
pub use split::split;
pub use target::Target;
pub use transaction::Transaction;
pub use value::Value;
