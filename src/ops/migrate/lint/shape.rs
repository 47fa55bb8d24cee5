//! What a statement does to the schema, as far as rules ask for it.

use super::column::{Column, Constraint, Kind};
use super::pieces::{Cursor, Piece, parts, starts};

/// What a statement does.
#[derive(Debug)]
pub(super) enum Shape<'p> {
    /// `CREATE TABLE`
    CreateTable(CreateTable<'p>),
    /// `ALTER TABLE`
    AlterTable {
        /// The table.
        table: String,
        /// What is done to it, in order.
        actions: Vec<Action<'p>>,
    },
    /// `CREATE INDEX`
    CreateIndex(CreateIndex<'p>),
    /// `CREATE FUNCTION` or `PROCEDURE`, with what follows its name.
    CreateFunction(String, Cursor<'p>),
    /// `CREATE TYPE` or `DOMAIN`
    CreateType(String),
    /// `CREATE MATERIALIZED VIEW`
    CreateView(String),
    /// `ALTER TYPE .. ADD VALUE`: the type and the value.
    AddValue(String, &'p str),
    /// `ALTER TYPE`, `VIEW`, `SCHEMA` .. `RENAME`: what is renamed.
    Rename(String),
    /// `DROP`
    Drop(Drop),
    /// Anything else.
    Other,
}

/// A table that is made.
#[derive(Debug)]
pub(super) struct CreateTable<'p> {
    pub(super) name: String,
    pub(super) columns: Vec<Column<'p>>,
    pub(super) constraints: Vec<Constraint<'p>>,
}

/// An index that is made.
#[derive(Debug)]
pub(super) struct CreateIndex<'p> {
    pub(super) name: Option<String>,
    pub(super) table: String,
    pub(super) is_concurrent: bool,
    /// What follows the table.
    pub(super) rest: Cursor<'p>,
}

/// Things that are removed.
#[derive(Debug)]
pub(super) struct Drop {
    /// What they are, such as `table`.
    pub(super) what: &'static str,
    pub(super) names: Vec<String>,
    pub(super) cascades: bool,
    pub(super) is_concurrent: bool,
}

/// One thing that `ALTER TABLE` does.
#[derive(Debug)]
pub(super) enum Action<'p> {
    AddColumn(Column<'p>),
    AddConstraint(Constraint<'p>),
    DropColumn {
        name: String,
        cascades: bool,
    },
    SetNotNull(String),
    SetType {
        column: String,
        kind: Kind,
        is_computed: bool,
    },
    Validate(String),
    RenameColumn {
        from: String,
        to: String,
    },
    RenameTable(String),
    SetSchema,
    /// It writes the whole table anew; these words name it.
    Rewrite(&'static str),
    DisableTrigger,
    DetachConcurrently,
    Other,
}

impl<'p> Shape<'p> {
    /// The shape of a statement.
    pub(super) fn of(pieces: &'p [Piece<'p>]) -> Self {
        let mut at = Cursor::new(pieces);
        let shape = if at.take("create") {
            create(at)
        } else if at.take("alter") {
            alter(at)
        } else if at.take("drop") {
            drop(at)
        } else {
            None
        };
        shape.unwrap_or(Self::Other)
    }
}

fn create(mut at: Cursor<'_>) -> Option<Shape<'_>> {
    at.take("or replace");
    if at.take("unique index") || at.take("index") {
        return create_index(at).map(Shape::CreateIndex);
    }
    if at.take_any(&["function", "procedure"]) {
        return Some(Shape::CreateFunction(at.name()?, at));
    }
    if at.take_any(&["type", "domain"]) {
        return at.name().map(Shape::CreateType);
    }
    if at.take("materialized view") {
        at.take("if not exists");
        return at.name().map(Shape::CreateView);
    }
    at.take_any(&["global", "local"]);
    at.take_any(&["temporary", "temp", "unlogged", "foreign"]);
    if at.take("table") {
        return create_table(at).map(Shape::CreateTable);
    }
    None
}

fn create_table(mut at: Cursor<'_>) -> Option<CreateTable<'_>> {
    at.take("if not exists");
    let name = at.name()?;
    let mut table = CreateTable {
        name,
        columns: Vec::new(),
        constraints: Vec::new(),
    };
    for part in at.group().map(parts).unwrap_or_default() {
        if let Some(constraint) = Constraint::read(Cursor::new(part)) {
            table.constraints.push(constraint);
        } else if !starts(part, "like") {
            table.columns.extend(Column::read(Cursor::new(part)));
        }
    }
    Some(table)
}

fn create_index(mut at: Cursor<'_>) -> Option<CreateIndex<'_>> {
    let is_concurrent = at.take("concurrently");
    at.take("if not exists");
    let name = if at.starts("on") {
        None
    } else {
        at.identifier()
    };
    if !at.take("on") {
        return None;
    }
    at.take("only");
    let table = at.name()?;
    Some(CreateIndex {
        name,
        table,
        is_concurrent,
        rest: at,
    })
}

fn alter(mut at: Cursor<'_>) -> Option<Shape<'_>> {
    if at.take_any(&["table", "foreign table"]) {
        at.take("if exists");
        at.take("only");
        let table = at.name()?;
        let rest = match at.rest() {
            [Piece::Sign('*'), rest @ ..] | rest => rest,
        };
        let actions = parts(rest)
            .into_iter()
            .map(|part| action(Cursor::new(part)))
            .collect();
        return Some(Shape::AlterTable { table, actions });
    }
    let is_type = at.take("type");
    if !is_type
        && !at.take_any(&[
            "view",
            "materialized view",
            "schema",
            "function",
            "sequence",
        ])
    {
        return None;
    }
    at.take("if exists");
    let name = at.name()?;
    if is_type && at.take("add value") {
        at.take("if not exists");
        let Some(Piece::Text(value, _)) = at.next() else {
            return None;
        };
        return Some(Shape::AddValue(name, value));
    }
    (at.has("rename") || at.has("set schema")).then_some(Shape::Rename(name))
}

fn action(mut at: Cursor<'_>) -> Action<'_> {
    if at.take("add") {
        return add(at).unwrap_or(Action::Other);
    }
    if at.take("alter") {
        at.take("column");
        return alter_column(at).unwrap_or(Action::Other);
    }
    if at.take("rename") {
        return rename(at).unwrap_or(Action::Other);
    }
    if at.take("validate constraint") {
        return at.identifier().map_or(Action::Other, Action::Validate);
    }
    if at.take("drop") {
        return drop_part(at).unwrap_or(Action::Other);
    }
    if at.take("detach partition") && at.has("concurrently") {
        return Action::DetachConcurrently;
    }
    if at.take("disable trigger") {
        return Action::DisableTrigger;
    }
    if at.take("set schema") {
        return Action::SetSchema;
    }
    let rewrites = [
        "set tablespace",
        "set logged",
        "set unlogged",
        "set access method",
    ];
    let words = rewrites.into_iter().find(|words| at.starts(words));
    words.map_or(Action::Other, Action::Rewrite)
}

fn add(mut at: Cursor<'_>) -> Option<Action<'_>> {
    if let Some(constraint) = Constraint::read(at) {
        return Some(Action::AddConstraint(constraint));
    }
    at.take("column");
    at.take("if not exists");
    Column::read(at).map(Action::AddColumn)
}

fn alter_column(mut at: Cursor<'_>) -> Option<Action<'_>> {
    let column = at.identifier()?;
    if at.take("set not null") {
        return Some(Action::SetNotNull(column));
    }
    if !at.take_any(&["set data type", "type"]) {
        return None;
    }
    let kind = Kind::read(at.until(&["using", "collate"]));
    let is_computed = at.starts("using") || at.starts("collate");
    Some(Action::SetType {
        column,
        kind,
        is_computed,
    })
}

fn rename(mut at: Cursor<'_>) -> Option<Action<'_>> {
    if at.take("constraint") {
        return None;
    }
    if at.take("to") {
        return at.name().map(Action::RenameTable);
    }
    at.take("column");
    let from = at.identifier()?;
    at.take("to");
    Some(Action::RenameColumn {
        from,
        to: at.identifier()?,
    })
}

fn drop_part(mut at: Cursor<'_>) -> Option<Action<'_>> {
    if at.starts("constraint") || at.starts("expression") || at.starts("identity") {
        return None;
    }
    at.take("column");
    at.take("if exists");
    let name = at.identifier()?;
    Some(Action::DropColumn {
        name,
        cascades: at.has("cascade"),
    })
}

/// What `DROP` can remove, as far as rules ask for it; the longer words first.
const KINDS: [&str; 16] = [
    "materialized view",
    "foreign table",
    "table",
    "schema",
    "database",
    "index",
    "owned by",
    "view",
    "type",
    "domain",
    "extension",
    "function",
    "procedure",
    "sequence",
    "collation",
    "tablespace",
];

fn drop(mut at: Cursor<'_>) -> Option<Shape<'_>> {
    let what = KINDS.into_iter().find(|words| at.take(words))?;
    let is_concurrent = at.take("concurrently");
    at.take("if exists");
    let names = at.names();
    let cascades = at.has("cascade");
    Some(Shape::Drop(Drop {
        what,
        names,
        cascades,
        is_concurrent,
    }))
}
