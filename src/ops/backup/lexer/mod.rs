//! Cuts the bytes of a plain dump into statements, rows of `COPY` and comments while they stream by.
//!
//! It knows SQL as far as `psql` does when it looks for the end of a statement (quotes, dollar quotes, comments,
//! parentheses, `BEGIN ATOMIC`), so that text which only looks like `COPY` or like the end of a dump fools nobody. It keeps
//! the first and the last bytes of a statement and nothing of a row: a field of 200 MB passes through in pieces.

mod machine;
mod piece;
mod quotes;
mod rows;
#[cfg(test)]
mod tests;
mod words;

pub(super) use machine::Lexer;
pub(super) use piece::{Ending, Piece, Statement, find};
