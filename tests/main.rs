//! The integration tests: the real program, in temporary projects, against real servers.

mod harness;

mod db;
mod examples;
mod layers;
mod redis;
