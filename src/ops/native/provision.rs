//! What is missing on this machine.
