//! Changes of a table that reads or writes all its rows under a lock.

use super::super::column::{Column, Constraint, Demand, Kind};
use super::super::pieces::Piece;
use super::super::rule::{
    ADD_NOT_NULL, CASCADE, DISABLE_TRIGGER, DROP_COLUMN, NOT_VALID, RENAME, REWRITE, SET_NOT_NULL,
    STORED_COLUMN, TYPE_CHANGE, UNIQUE, VALIDATE, VOLATILE_DEFAULT,
};
use super::super::shape::{Action, Shape};
use super::search_path::calls;
use super::{Hit, Place, Runs};
use crate::ops::migrate::lint::known::Known;

pub(super) fn check(shape: &Shape<'_>, place: Place<'_>) -> Vec<Hit> {
    match shape {
        Shape::AlterTable { table, actions } if place.known.is_existing(table) => actions
            .iter()
            .flat_map(|action| check_action(table, action, place))
            .collect(),
        Shape::Rename(name) if !place.known.is_own_type(name) && place.known.is_old(name) => {
            vec![Hit::new(&RENAME, name)]
        }
        _ => Vec::new(),
    }
}

fn check_action(table: &str, action: &Action<'_>, place: Place<'_>) -> Vec<Hit> {
    let of = |column: &str| format!("{table}.{column}");
    let hit = match action {
        Action::AddColumn(column) => return check_column(table, column, place.known),
        Action::AddConstraint(constraint) => check_constraint(table, constraint),
        Action::DropColumn { name, cascades } => {
            let also = cascades.then(|| Hit::new(&CASCADE, of(name)));
            return [Some(Hit::new(&DROP_COLUMN, of(name))), also]
                .into_iter()
                .flatten()
                .collect();
        }
        Action::SetNotNull(column) => {
            let is_proven = place.known.is_filled(table, column);
            (!is_proven).then(|| Hit::new(&SET_NOT_NULL, of(column)))
        }
        Action::SetType {
            column,
            kind,
            is_computed,
        } => {
            let is_free = |old: &Kind| old.becomes(kind) && !is_computed;
            let is_safe = place.known.kind(table, column).is_some_and(is_free);
            (!is_safe).then(|| Hit::new(&TYPE_CHANGE, of(column)))
        }
        Action::Validate(constraint) => {
            let key = (table.to_owned(), constraint.clone());
            let is_new =
                place.runs == Runs::AsTransaction && place.known.unvalidated.contains(&key);
            is_new.then(|| Hit::new(&VALIDATE, of(constraint)))
        }
        Action::RenameColumn { from, .. } => Some(Hit::new(&RENAME, of(from))),
        Action::RenameTable(_) | Action::SetSchema => Some(Hit::new(&RENAME, table)),
        Action::Rewrite(words) => Some(Hit::new(&REWRITE, words.to_uppercase())),
        Action::DisableTrigger => Some(Hit::new(&DISABLE_TRIGGER, table)),
        Action::DetachConcurrently | Action::Other => None,
    };
    hit.into_iter().collect()
}

fn check_constraint(table: &str, constraint: &Constraint<'_>) -> Option<Hit> {
    match constraint.demand {
        Demand::Check | Demand::ForeignKey => {
            (!constraint.is_not_valid()).then(|| Hit::new(&NOT_VALID, table))
        }
        Demand::Unique | Demand::PrimaryKey | Demand::Exclude => {
            (!constraint.uses_index()).then(|| Hit::new(&UNIQUE, table))
        }
    }
}

fn check_column(table: &str, column: &Column<'_>, known: &Known) -> Vec<Hit> {
    let name = format!("{table}.{}", column.name);
    let default = column.default();
    let rewrites = column.is_numbered() || default.is_some_and(|text| is_volatile(text, known));
    let is_bare = default.is_none() && !column.is_numbered() && !column.is_stored();
    // A new column without a value has no reference to look up, and PostgreSQL knows that.
    let is_looked_up = column.is_checked() || (column.is_reference() && default.is_some());
    let found = [
        (
            column.is_not_null() && is_bare,
            &ADD_NOT_NULL,
            name.as_str(),
        ),
        (rewrites, &VOLATILE_DEFAULT, name.as_str()),
        (column.is_stored(), &STORED_COLUMN, name.as_str()),
        (is_looked_up, &NOT_VALID, table),
        (
            column.is_unique() || column.is_primary_key(),
            &UNIQUE,
            table,
        ),
    ];
    let broken = found.into_iter().filter(|(is_broken, ..)| *is_broken);
    broken
        .map(|(_, rule, subject)| Hit::new(rule, subject))
        .collect()
}

/// Functions of the server and of the extensions whose result differs from call to call.
const VOLATILE: [&str; 15] = [
    "random",
    "gen_random_uuid",
    "gen_random_bytes",
    "clock_timestamp",
    "timeofday",
    "nextval",
    "setval",
    "currval",
    "lastval",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "txid_current",
    "pg_current_xact_id",
    "gen_salt",
];

fn is_volatile(expression: &[Piece<'_>], known: &Known) -> bool {
    calls(expression)
        .iter()
        .any(|call| VOLATILE.contains(&call.name) || known.is_volatile(call.name))
}
