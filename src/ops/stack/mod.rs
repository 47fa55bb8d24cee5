//! Services as data, whichever driver runs them.

pub mod deploy;
mod form;
pub mod part;
pub mod port;
pub mod service;

pub use port::Port;
pub use service::{NativeServer, Service};
