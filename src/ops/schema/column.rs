//! Columns: how they are written in `CREATE TABLE` and `ADD COLUMN`, and how one becomes another.

use super::change::Change;
use super::detail::Column;
use super::object::Key;

/// The column as it is written, with its default if one is given.
pub(super) fn definition(column: &Column, default: Option<&str>) -> String {
    let mut text = format!("{} {}", column.name, typed(column));
    if let Some(expression) = &column.generated {
        text.extend([" GENERATED ALWAYS AS (", expression, ") STORED"]);
    }
    if let Some(default) = default {
        text.extend([" DEFAULT ", default]);
    }
    if let Some(identity) = identity(column) {
        text.extend([" ", &identity]);
    }
    if column.not_null && column.identity.is_none() {
        text.push_str(" NOT NULL");
    }
    text
}

fn typed(column: &Column) -> String {
    let collation = column.collation.as_ref();
    let collation = collation.map(|name| format!(" COLLATE {name}"));
    format!("{}{}", column.data_type, collation.unwrap_or_default())
}

fn identity(column: &Column) -> Option<String> {
    let always = column.identity.as_ref()?;
    let sequence = column.sequence.as_deref().unwrap_or_default();
    let options = if sequence.is_empty() {
        String::new()
    } else {
        format!(" ({sequence})")
    };
    Some(format!("GENERATED {always} AS IDENTITY{options}"))
}

/// What a new column has that its definition cannot say.
pub(super) fn settings(table: &str, column: &Column) -> Vec<String> {
    let mut changes = Vec::new();
    if let Some(storage) = &column.storage {
        changes.push(format!("SET STORAGE {storage}"));
    }
    if column.statistics >= 0 {
        changes.push(format!("SET STATISTICS {}", column.statistics));
    }
    altered(table, &column.name, changes)
}

/// The move of a column's values to a type: the way through text is the one that every type has.
pub(super) fn retype(table: &str, from: &Column, to: &Column) -> String {
    let using = if is_cast_by_itself(&from.data_type, &to.data_type) {
        String::new()
    } else {
        format!(" USING {}::text::{}", to.name, to.data_type)
    };
    format!(
        "ALTER TABLE {table} ALTER COLUMN {} TYPE {}{using}",
        to.name,
        typed(to)
    )
}

/// The change of a column that keeps its name.
pub(super) fn change(key: &Key, from: &Column, to: &Column) -> Change {
    let table = table_of(key, to);
    let moved = from.data_type != to.data_type || from.collation != to.collation;
    if to.generated.is_some() && (from.generated != to.generated || moved) {
        return Change::Replace;
    }
    // What only some types may have goes before the type changes, and comes after.
    let mut before = Vec::new();
    if from.generated.is_some() && to.generated.is_none() {
        before.push("DROP EXPRESSION".to_owned());
    }
    let (dropped, mut after) = identity_change(from, to);
    before.extend(dropped);
    if from.not_null != to.not_null && !(to.not_null && to.identity.is_some()) {
        let verb = if to.not_null { "SET" } else { "DROP" };
        after.push(format!("{verb} NOT NULL"));
    }
    if from.storage != to.storage {
        let storage = to.storage.as_ref().unwrap_or(&to.default_storage);
        after.push(format!("SET STORAGE {storage}"));
    }
    if from.statistics != to.statistics {
        after.push(format!("SET STATISTICS {}", to.statistics));
    }
    let mut statements = altered(table, &to.name, before);
    if moved {
        statements.push(retype(table, from, to));
    }
    statements.extend(altered(table, &to.name, after));
    if moved {
        Change::Retype(statements)
    } else {
        Change::Alter(statements)
    }
}

/// What takes the old identity away, and what gives the new one.
fn identity_change(from: &Column, to: &Column) -> (Vec<String>, Vec<String>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    if from.identity == to.identity && from.sequence == to.sequence {
        return (before, after);
    }
    if let (Some(_), Some(always)) = (&from.identity, &to.identity)
        && from.sequence == to.sequence
    {
        return (before, vec![format!("SET GENERATED {always}")]);
    }
    if from.identity.is_some() {
        before.push("DROP IDENTITY".to_owned());
    }
    if let Some(identity) = identity(to) {
        // An identity column must be NOT NULL before.
        if !from.not_null {
            after.push("SET NOT NULL".to_owned());
        }
        after.push(format!("ADD {identity}"));
    }
    (before, after)
}

fn altered(table: &str, column: &str, changes: Vec<String>) -> Vec<String> {
    changes
        .into_iter()
        .map(|change| format!("ALTER TABLE {table} ALTER COLUMN {column} {change}"))
        .collect()
}

/// The table in a column's key.
pub(super) fn table_of<'k>(key: &'k Key, column: &Column) -> &'k str {
    let end = key.id.len().saturating_sub(column.name.len() + 1);
    &key.id[..end]
}

/// Whether PostgreSQL has a cast of its own for stored values between these types.
pub(super) fn is_cast_by_itself(from: &str, to: &str) -> bool {
    const FAMILIES: [&[&str]; 3] = [
        &[
            "smallint",
            "integer",
            "bigint",
            "numeric",
            "real",
            "double precision",
        ],
        &["text", "character varying", "character"],
        &[
            "date",
            "timestamp without time zone",
            "timestamp with time zone",
        ],
    ];
    let plain = |name: &str| {
        let plain = name.split('(').next().unwrap_or(name).trim().to_owned();
        // `timestamp(3) with time zone` has its digits in the middle.
        match name.split_once(')') {
            Some((_, rest)) if !rest.trim().is_empty() => format!("{plain} {}", rest.trim()),
            _ => plain,
        }
    };
    let (from, to) = (plain(from), plain(to));
    from == to
        || FAMILIES
            .iter()
            .any(|family| family.contains(&from.as_str()) && family.contains(&to.as_str()))
}

/// The move of a column's values to the new form of its type.
pub(super) fn move_over(table: &str, column: &Column) -> String {
    format!(
        "ALTER TABLE {table} ALTER COLUMN {name} TYPE {} USING {name}::text::{}",
        typed(column),
        column.data_type,
        name = column.name
    )
}
