//! How objects are called in statements about them, and what they need that the catalogs do not say.

use std::collections::BTreeSet;

use super::detail::Detail;
use super::object::{Key, Kind, Object};
use crate::ops::database::admin::quote_literal;

/// The sort of an object by its facts.
pub(super) fn kind(detail: &Detail) -> Kind {
    match detail {
        Detail::Schema => Kind::Schema,
        Detail::Extension { .. } => Kind::Extension,
        Detail::Enum { .. } | Detail::Domain(_) | Detail::Composite { .. } => Kind::Type,
        Detail::Sequence { .. } => Kind::Sequence,
        Detail::Ownership { .. } => Kind::Ownership,
        Detail::Function { .. } => Kind::Function,
        Detail::Table(_) => Kind::Table,
        Detail::Column(_) => Kind::Column,
        Detail::Default { .. } => Kind::Default,
        Detail::Constraint(constraint) if constraint.sort == 'f' => Kind::ForeignKey,
        Detail::Constraint(_) => Kind::Constraint,
        Detail::Index { .. } => Kind::Index,
        Detail::View { .. } => Kind::View,
        Detail::MaterializedView => Kind::MaterializedView,
        Detail::Trigger { .. } => Kind::Trigger,
        Detail::Policy => Kind::Policy,
        Detail::Rule => Kind::Rule,
        Detail::Statistics => Kind::Statistics,
        Detail::Grant(_) => Kind::Grant,
        Detail::Comment => Kind::Comment,
    }
}

/// What an object needs by what it is.
pub(super) fn own_needs(key: &Key, object: &Object) -> Vec<Key> {
    let mut needs: Vec<Key> = object.parent.iter().cloned().collect();
    match &object.detail {
        Detail::Ownership { column } => {
            needs.push(Key::new(Kind::Sequence, key.id.clone()));
            needs.push(Key::new(Kind::Column, column.clone()));
        }
        Detail::Extension { schema, .. } => needs.push(Key::new(Kind::Schema, schema.clone())),
        _ => {}
    }
    needs
}

/// What `COMMENT ON` calls an object, or a column of a view.
pub(super) fn comment_on(on: &Key, object: &Object, column: Option<&str>) -> String {
    let word = match (on.kind, &object.detail) {
        (Kind::View | Kind::MaterializedView, _) if let Some(column) = column => {
            return format!("COLUMN {}.{column}", on.id);
        }
        (Kind::Type, Detail::Composite { .. }) if let Some(column) = column => {
            return format!("COLUMN {}.{column}", on.id);
        }
        (Kind::Type, Detail::Domain(_)) => "DOMAIN",
        (Kind::Function, Detail::Function { procedure, .. }) => {
            if *procedure {
                "PROCEDURE"
            } else {
                "FUNCTION"
            }
        }
        (kind, _) => word(kind),
    };
    format!("{word} {}", on.id)
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Schema => "SCHEMA",
        Kind::Extension => "EXTENSION",
        Kind::Type => "TYPE",
        Kind::Sequence | Kind::Ownership => "SEQUENCE",
        Kind::Function => "FUNCTION",
        Kind::Table => "TABLE",
        Kind::Column | Kind::Default => "COLUMN",
        Kind::Constraint | Kind::ForeignKey => "CONSTRAINT",
        Kind::Index => "INDEX",
        Kind::Statistics => "STATISTICS",
        Kind::View => "VIEW",
        Kind::MaterializedView => "MATERIALIZED VIEW",
        Kind::Rule => "RULE",
        Kind::Trigger => "TRIGGER",
        Kind::Policy => "POLICY",
        Kind::Grant | Kind::Comment => "",
    }
}

/// The comment `text` on the object that is called `name`.
pub(super) fn comment(on: &Key, name: &str, text: &str) -> Object {
    Object {
        create: format!("COMMENT ON {name} IS {}", quote_literal(text)),
        drop: format!("COMMENT ON {name} IS NULL"),
        parent: Some(on.clone()),
        needs: BTreeSet::from([on.clone()]),
        detail: Detail::Comment,
    }
}

/// What `GRANT .. ON` calls an object, and the column if it is one.
pub(super) fn grant_on(on: &Key, object: &Object) -> (String, Option<String>) {
    let word = match (on.kind, &object.detail, &object.parent) {
        (_, Detail::Column(column), Some(table)) => {
            return (format!("TABLE {}", table.id), Some(column.name.clone()));
        }
        (
            _,
            Detail::Function {
                procedure: true, ..
            },
            _,
        ) => "PROCEDURE",
        (_, Detail::Domain(_), _) => "DOMAIN",
        (Kind::View | Kind::MaterializedView, ..) => "TABLE",
        (kind, ..) => word(kind),
    };
    (format!("{word} {}", on.id), None)
}
