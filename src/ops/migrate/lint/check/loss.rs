//! What loses data.

use super::super::pieces::{Cursor, Piece};
use super::super::rule::{
    CASCADE, DROP_DATABASE, DROP_SCHEMA, DROP_TABLE, REWRITE, TRUNCATE, WHERE,
};
use super::super::shape::{Drop, Shape};
use super::{Hit, Place};

pub(super) fn check(mut at: Cursor<'_>, shape: &Shape<'_>, place: Place<'_>) -> Vec<Hit> {
    match shape {
        Shape::Drop(gone) => check_drop(gone, place),
        Shape::Other if at.take("truncate") => truncate(at, place),
        Shape::Other if at.take("cluster") => vec![Hit::new(&REWRITE, "CLUSTER")],
        Shape::Other if at.take("vacuum") && is_full(at) => vec![Hit::new(&REWRITE, "VACUUM FULL")],
        Shape::Other => writes(at, place),
        _ => Vec::new(),
    }
}

fn check_drop(gone: &Drop, place: Place<'_>) -> Vec<Hit> {
    let rule = match gone.what {
        "table" => Some(&DROP_TABLE),
        "schema" => Some(&DROP_SCHEMA),
        "database" | "tablespace" => Some(&DROP_DATABASE),
        _ => None,
    };
    let is_old = |name: &&String| match gone.what {
        "table" => place.known.is_existing(name),
        "type" => !place.known.is_own_type(name),
        _ => true,
    };
    let mut hits = Vec::new();
    for name in gone.names.iter().filter(is_old) {
        hits.extend(rule.map(|rule| Hit::new(rule, name)));
        if gone.cascades || gone.what == "owned by" {
            hits.push(Hit::new(&CASCADE, name));
        }
    }
    hits
}

fn truncate(mut at: Cursor<'_>, place: Place<'_>) -> Vec<Hit> {
    at.take("table");
    at.take("only");
    let names = at.names();
    let is_old = |name: &&String| place.known.is_existing(name) || at.has("cascade");
    names
        .iter()
        .filter(is_old)
        .map(|name| Hit::new(&TRUNCATE, name))
        .collect()
}

fn is_full(mut at: Cursor<'_>) -> bool {
    at.has("full")
        || at
            .group()
            .is_some_and(|options| Cursor::new(options).has("full"))
}

/// `UPDATE` and `DELETE`, also within `WITH`, that do not say which rows.
fn writes(mut at: Cursor<'_>, place: Place<'_>) -> Vec<Hit> {
    if !at.starts("with") {
        return write(at, place).into_iter().collect();
    }
    let mut hits = Vec::new();
    while !at.rest().is_empty() {
        if let Some(inner) = at.group() {
            hits.extend(write(Cursor::new(inner), place));
        } else if at.starts("update") || at.starts("delete from") {
            hits.extend(write(at, place));
            break;
        } else {
            let _other: Option<&Piece<'_>> = at.next();
        }
    }
    hits
}

fn write(mut at: Cursor<'_>, place: Place<'_>) -> Option<Hit> {
    if !at.take_any(&["update", "delete from"]) || at.has("where") {
        return None;
    }
    at.take("only");
    let table = at.name()?;
    place
        .known
        .is_existing(&table)
        .then(|| Hit::new(&WHERE, table))
}
