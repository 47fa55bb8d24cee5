//! Holds the rules against one statement.

mod index;
mod loss;
mod search_path;
mod table;
mod transaction;

use super::known::Known;
use super::pieces::{Cursor, Piece};
use super::rule::Rule;
use super::shape::Shape;

/// A rule that a statement breaks, and what of it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    /// The rule.
    pub(super) rule: &'static Rule,
    /// The table, column or word that it is about.
    pub(super) subject: String,
}

impl Hit {
    fn new(rule: &'static Rule, subject: impl Into<String>) -> Self {
        Self {
            rule,
            subject: subject.into(),
        }
    }
}

/// How the file of a statement runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    /// As one transaction.
    AsTransaction,
    /// Statement by statement, all without CONCURRENTLY.
    OneByOne,
    /// Statement by statement, some with CONCURRENTLY.
    Concurrently,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'k> {
    /// What is known of the schema before it.
    pub(super) known: &'k Known,
    /// How its file runs.
    pub(super) runs: Runs,
}

/// The rules that a statement breaks.
pub(super) fn check<'p>(pieces: &'p [Piece<'p>], shape: &Shape<'p>, place: Place<'_>) -> Vec<Hit> {
    let at = Cursor::new(pieces);
    let mut hits = Vec::new();
    hits.extend(index::check(at, shape, place));
    hits.extend(table::check(shape, place));
    hits.extend(loss::check(at, shape, place));
    hits.extend(transaction::check(at, shape, place));
    hits.extend(search_path::check(shape, place));
    hits
}

/// Whether a statement waits for other transactions and so cannot run in one.
pub(super) fn is_concurrent(statement: &str) -> bool {
    let pieces = super::pieces::pieces(statement);
    transaction::is_concurrent(Cursor::new(&pieces), &Shape::of(&pieces))
}
