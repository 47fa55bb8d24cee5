//! What whoever runs a statement should know before: locks, rewrites, lost data, rows that may not fit.

use super::column::table_of;
use super::detail::{Column, Detail};
use super::object::{Key, Kind, Object};
use super::plan::Sets;

/// Of a drop.
pub(super) fn of_drop(sets: &Sets<'_>, key: &Key, object: &Object) -> Vec<String> {
    let text = match (&object.detail, key.kind) {
        (Detail::Table(_), _) => rename(
            "data loss: every row of the table goes with it",
            "ALTER TABLE .. RENAME TO",
            new_ones(sets, Kind::Table, None),
        ),
        (Detail::Column(column), _) if sets.creates.contains(key) => match &column.generated {
            Some(_) => {
                "the column is computed anew: the table is rewritten while nobody can use it"
                    .to_owned()
            }
            None => "data loss: the column's values go with it".to_owned(),
        },
        (Detail::Column(_), _) => rename(
            "data loss: the column's values go with it",
            "ALTER TABLE .. RENAME COLUMN",
            new_ones(sets, Kind::Column, object.parent.as_ref()),
        ),
        (Detail::Sequence { .. }, _) => {
            "data loss: the sequence's position goes with it".to_owned()
        }
        (Detail::MaterializedView, _) if sets.creates.contains(key) => {
            "the materialized view is computed anew".to_owned()
        }
        (Detail::Policy, _) if !sets.creates.contains(key) => {
            "rights: rows may become visible or invisible".to_owned()
        }
        _ => return Vec::new(),
    };
    vec![text]
}

fn rename(text: &str, statement: &str, candidates: Vec<&str>) -> String {
    if candidates.is_empty() {
        return text.to_owned();
    }
    format!(
        "{text}; if it was renamed to {}, write {statement} instead",
        candidates.join(" or ")
    )
}

/// The names of new objects of a sort, at most three.
fn new_ones<'s>(sets: &'s Sets<'_>, kind: Kind, parent: Option<&Key>) -> Vec<&'s str> {
    let is_new = |key: &&Key| {
        key.kind == kind
            && !sets.drops.contains(key)
            && (parent.is_none() || sets.to.get(key).and_then(|o| o.parent.as_ref()) == parent)
    };
    let new = sets.creates.iter().filter(is_new).take(3);
    new.map(|key| key.id.as_str()).collect()
}

/// Of a type that is made anew.
pub(super) fn of_rebuild(sets: &Sets<'_>, key: &Key) -> Vec<String> {
    let details = (
        sets.from.get(key).map(|o| &o.detail),
        sets.to.get(key).map(|o| &o.detail),
    );
    let mut text =
        "each table with a column of this type is rewritten while nobody can use it".to_owned();
    if let (Some(Detail::Enum { labels: old }), Some(Detail::Enum { labels: new })) = details {
        let gone: Vec<String> = old
            .iter()
            .filter(|label| !new.contains(label))
            .map(|label| format!("'{label}'"))
            .collect();
        if !gone.is_empty() {
            text.extend(["; fails where a row has ", &gone.join(", ")]);
        }
    }
    vec![text]
}

/// What changes in place may do, by the sort of the object and words of the statement.
const ALTERATIONS: [(Kind, &str, &str); 13] = [
    (
        Kind::Column,
        " SET NOT NULL",
        "every row is read while nobody can use the table; fails where the column is null",
    ),
    (
        Kind::Column,
        " DROP IDENTITY",
        "data loss: the position of the numbers goes with it",
    ),
    (
        Kind::Column,
        " ADD GENERATED",
        "numbers begin at the start value: set it beyond those that the rows have",
    ),
    (
        Kind::Column,
        " DROP EXPRESSION",
        "the values stay as they are and are no longer computed",
    ),
    (
        Kind::Table,
        " SET LOGGED",
        "the table is rewritten while nobody can use it",
    ),
    (
        Kind::Table,
        " SET UNLOGGED",
        "the table is rewritten while nobody can use it, and emptied after a crash of the server",
    ),
    (
        Kind::Table,
        " ENABLE ROW",
        "rights: without a policy nobody but the owner sees a row",
    ),
    (
        Kind::Table,
        " DISABLE ROW",
        "rights: everybody who may read the table sees every row",
    ),
    (
        Kind::Type,
        " ADD CONSTRAINT",
        "every column of this domain is read while its table is locked; fails where a value does not fit",
    ),
    (
        Kind::Type,
        " SET NOT NULL",
        "every column of this domain is read while its table is locked; fails where it is null",
    ),
    (
        Kind::Type,
        " DROP ATTRIBUTE",
        "data loss: the attribute's values go with it",
    ),
    (
        Kind::Constraint,
        " VALIDATE",
        "every row is read, while the table can be used",
    ),
    (
        Kind::ForeignKey,
        " VALIDATE",
        "every row is read, while the table can be used",
    ),
];

const RETYPED: &str = "the table may be rewritten while nobody can use it; fails where a value does not fit the new type";

/// Of a change in place.
pub(super) fn of_alter(sets: &Sets<'_>, key: &Key, sql: &str) -> Vec<String> {
    let known = ALTERATIONS
        .iter()
        .filter(|(kind, words, _)| *kind == key.kind && sql.contains(words))
        .map(|(_, _, text)| *text);
    let is_retyped = sets.retyped.contains_key(key) && sql.contains(" TYPE ");
    let retyped = is_retyped.then_some(RETYPED);
    retyped
        .into_iter()
        .chain(known)
        .map(str::to_owned)
        .collect()
}

/// Of something new on what is there already.
pub(super) fn of_create(sets: &Sets<'_>, key: &Key, object: &Object) -> Vec<String> {
    let is_new = |table: &Key| sets.creates.contains(table);
    if object.parent.as_ref().is_none_or(is_new) {
        return Vec::new();
    }
    let text = match (&object.detail, key.kind) {
        (Detail::Index { .. }, _) => {
            "writes to the table wait until the index is built; CREATE INDEX CONCURRENTLY in a file with `-- lexi:no-transaction` does not"
        }
        (Detail::Constraint(constraint), _) if constraint.definition.ends_with("NOT VALID") => {
            return Vec::new();
        }
        (Detail::Constraint(constraint), _) => match constraint.sort {
            'p' | 'u' | 'x' => {
                "the table is locked until the index is built; fails where rows clash"
            }
            'f' => {
                "both tables are locked for writes while every row is checked; NOT VALID and a later VALIDATE does not; fails where a row refers to nothing"
            }
            _ => {
                "the table is locked while every row is checked; NOT VALID and a later VALIDATE does not; fails where a row does not fit"
            }
        },
        _ => return Vec::new(),
    };
    vec![text.to_owned()]
}

/// Of a new column of a table that is there already.
pub(super) fn of_column(
    sets: &Sets<'_>,
    key: &Key,
    column: &Column,
    default: Option<&str>,
) -> Vec<String> {
    let mut hazards = Vec::new();
    let is_computed = column.generated.is_some() || column.identity.is_some();
    if is_computed
        || default.is_some_and(|default| {
            default.contains("nextval(") || default.contains("uuid") || default.contains("random")
        })
    {
        hazards.push("the table is rewritten while nobody can use it".to_owned());
    }
    if column.not_null && default.is_none() && !is_computed {
        hazards.push(format!(
            "fails where {} has rows: they have no value for it",
            table_of(key, column)
        ));
    }
    if sets.drops.contains(key) && column.generated.is_none() {
        hazards.push("the values that were dropped do not come back".to_owned());
    }
    hazards
}
