//! The integration tests: the real program, in temporary projects, against real servers.

mod harness;

mod arguments;
mod declarations;
mod examples;
mod layers;
