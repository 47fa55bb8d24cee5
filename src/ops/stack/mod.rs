//! Services as data, whichever driver runs them.

pub mod apply;
mod bring;
pub mod confine;
pub mod deploy;
pub mod down;
pub mod engine;
pub mod file;
mod form;
pub mod hash;
mod host;
pub mod labels;
mod left_out;
mod make;
pub mod observe;
pub mod parse;
pub mod part;
pub mod plan;
pub mod port;
mod ready;
mod redis;
pub mod risk;
mod secrets;
pub mod service;
mod stopping;
pub mod tls;
pub mod wanted;

pub use engine::DockerDriver;
pub use port::Port;
pub use service::{NativeServer, Service};

#[cfg(test)]
mod tests;
