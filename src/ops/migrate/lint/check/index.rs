//! Indexes and views that are built while others wait.

use super::super::pieces::Cursor;
use super::super::rule::{DROP_INDEX, INDEX, REFRESH, REINDEX};
use super::super::shape::Shape;
use super::{Hit, Place};

pub(super) fn check(mut at: Cursor<'_>, shape: &Shape<'_>, place: Place<'_>) -> Vec<Hit> {
    match shape {
        Shape::CreateIndex(index)
            if !index.is_concurrent && place.known.is_existing(&index.table) =>
        {
            vec![Hit::new(&INDEX, &index.table)]
        }
        Shape::Drop(gone) if gone.what == "index" && !gone.is_concurrent => {
            let old = gone.names.iter().filter(|name| place.known.is_old(name));
            old.map(|name| Hit::new(&DROP_INDEX, name)).collect()
        }
        Shape::Other if at.take("reindex") => reindex(at, place),
        Shape::Other if at.take("refresh materialized view") => refresh(at, place),
        _ => Vec::new(),
    }
}

fn reindex(mut at: Cursor<'_>, place: Place<'_>) -> Vec<Hit> {
    let _options = at.group();
    if at.has("concurrently") || !at.take_any(&["index", "table", "schema"]) {
        return Vec::new();
    }
    let name = at.name().filter(|name| place.known.is_existing(name));
    name.map(|name| Hit::new(&REINDEX, name))
        .into_iter()
        .collect()
}

fn refresh(mut at: Cursor<'_>, place: Place<'_>) -> Vec<Hit> {
    if at.take("concurrently") || at.has("with no data") {
        return Vec::new();
    }
    let name = at.name().filter(|name| place.known.is_old(name));
    name.map(|name| Hit::new(&REFRESH, name))
        .into_iter()
        .collect()
}
