//! The integration tests: the real program, in temporary projects, against real servers.

mod harness;

mod arguments;
mod examples;
mod layers;
