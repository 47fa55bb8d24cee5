//! Tells somebody how runs end: a webhook, a program, or a service that misses us when we keep silent.

mod message;
mod send;

pub use message::Message;
pub use send::Teller;
