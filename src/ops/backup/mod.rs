//! Backups of a database: made, listed, verified, thinned out, restored.

mod lexer;
mod scanner;

pub use scanner::Facts;
