//! The integration tests: the real program, in temporary projects, against real servers.

mod harness;

mod examples;
mod layers;
