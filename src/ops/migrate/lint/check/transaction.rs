//! What cannot run in a transaction, and what must.

use super::super::pieces::{Cursor, Piece};
use super::super::rule::{CONCURRENTLY, ENUM_VALUE, MIXED, OUTSIDE, TRANSACTION_WORD};
use super::super::shape::{Action, Shape};
use super::{Hit, Place, Runs};

/// Statements that PostgreSQL refuses in a transaction.
const OUTSIDE_ONLY: [&str; 10] = [
    "alter system",
    "vacuum",
    "create database",
    "drop database",
    "create tablespace",
    "drop tablespace",
    "create subscription",
    "drop subscription",
    "reindex database",
    "reindex system",
];

/// Statements of transactions; `END` and `BEGIN` of a body are not statements of their own.
const TRANSACTION: [&str; 9] = [
    "begin",
    "start transaction",
    "commit",
    "end",
    "rollback",
    "abort",
    "savepoint",
    "release",
    "prepare transaction",
];

/// Statements that may stand beside CONCURRENTLY: they change nothing that would have to be taken back.
const HARMLESS: [&str; 3] = ["set", "reset", "select"];

pub(super) fn check(at: Cursor<'_>, shape: &Shape<'_>, place: Place<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    if let Some(word) = TRANSACTION.into_iter().find(|words| at.starts(words)) {
        hits.push(Hit::new(&TRANSACTION_WORD, word.to_uppercase()));
    }
    let is_concurrent = is_concurrent(at, shape);
    match place.runs {
        Runs::AsTransaction if is_concurrent => hits.push(Hit::new(&CONCURRENTLY, "")),
        Runs::AsTransaction => {
            let words = OUTSIDE_ONLY.into_iter().find(|words| at.starts(words));
            hits.extend(words.map(|words| Hit::new(&OUTSIDE, words.to_uppercase())));
            hits.extend(used_value(at, shape, place));
        }
        Runs::Concurrently => {
            let may_stand = HARMLESS
                .iter()
                .chain(&OUTSIDE_ONLY)
                .any(|words| at.starts(words));
            if !is_concurrent && !may_stand {
                hits.push(Hit::new(&MIXED, ""));
            }
        }
        Runs::OneByOne => {}
    }
    hits
}

pub(super) fn is_concurrent(at: Cursor<'_>, shape: &Shape<'_>) -> bool {
    match shape {
        Shape::CreateIndex(index) => index.is_concurrent,
        Shape::Drop(gone) => gone.is_concurrent,
        Shape::AlterTable { actions, .. } => actions
            .iter()
            .any(|action| matches!(action, Action::DetachConcurrently)),
        _ => at.starts("reindex") && at.has("concurrently"),
    }
}

fn used_value(at: Cursor<'_>, shape: &Shape<'_>, place: Place<'_>) -> Option<Hit> {
    if matches!(shape, Shape::AddValue(..)) {
        return None;
    }
    let is_added = |text: &str| place.known.values.iter().any(|value| value == text);
    at.rest().iter().find_map(|piece| match piece {
        Piece::Text(text, _) if is_added(text) => Some(Hit::new(&ENUM_VALUE, *text)),
        _ => None,
    })
}
