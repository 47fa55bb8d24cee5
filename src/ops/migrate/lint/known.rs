//! What the statements so far have made: a table of the same run is empty, so most of what locks a table does no harm.

use std::collections::{BTreeMap, BTreeSet};

use super::column::{Column, Constraint, Kind};
use super::pieces::Cursor;
use super::shape::{Action, CreateTable, Shape};

/// What is known of the schema.
#[derive(Debug, Default)]
pub(super) struct Known {
    tables: BTreeMap<String, Table>,
    /// Indexes and materialized views of this run.
    fresh: BTreeSet<String>,
    /// Functions that are found by the search path, by their bare name.
    functions: BTreeSet<String>,
    /// Functions whose result may differ from call to call, by their bare name.
    volatile: BTreeSet<String>,
    /// Types that the file at hand has made.
    types: BTreeSet<String>,
    /// Values that the file at hand has added to types that were there.
    pub(super) values: Vec<String>,
    /// Constraints that the file at hand has added without a look at the rows.
    pub(super) unvalidated: BTreeSet<(String, String)>,
}

#[derive(Debug, Default)]
struct Table {
    is_fresh: bool,
    columns: BTreeMap<String, Kind>,
    /// Constraints `CHECK (column IS NOT NULL)`: name, column and whether every row has passed.
    filled: Vec<(Option<String>, String, bool)>,
}

impl Known {
    /// A new file, and so a new transaction.
    pub(super) fn begin_file(&mut self) {
        self.types.clear();
        self.values.clear();
        self.unvalidated.clear();
    }

    /// From here on all that was made is there already.
    pub(super) fn settle(&mut self) {
        self.fresh.clear();
        self.tables
            .values_mut()
            .for_each(|table| table.is_fresh = false);
    }

    /// Whether a table may have rows.
    pub(super) fn is_existing(&self, table: &str) -> bool {
        self.tables.get(table).is_none_or(|table| !table.is_fresh)
    }

    /// Whether an index or a materialized view was there before this run.
    pub(super) fn is_old(&self, name: &str) -> bool {
        !self.fresh.contains(name)
    }

    /// Whether the file at hand has made a type.
    pub(super) fn is_own_type(&self, name: &str) -> bool {
        self.types.contains(name)
    }

    /// Whether a function is found by the search path: it is not one of the server's own.
    pub(super) fn is_foreign(&self, function: &str) -> bool {
        self.functions.contains(function)
    }

    /// Whether a function of the project may give another result on each call.
    pub(super) fn is_volatile(&self, function: &str) -> bool {
        self.volatile.contains(function)
    }

    /// The type of a column.
    pub(super) fn kind(&self, table: &str, column: &str) -> Option<&Kind> {
        self.tables.get(table)?.columns.get(column)
    }

    /// Whether a constraint has proven that a column has no null.
    pub(super) fn is_filled(&self, table: &str, column: &str) -> bool {
        let proven = |(_, on, is_valid): &(_, String, bool)| *is_valid && on == column;
        self.tables
            .get(table)
            .is_some_and(|table| table.filled.iter().any(proven))
    }

    /// Remembers what a statement has made.
    pub(super) fn learn(&mut self, shape: &Shape<'_>) {
        match shape {
            Shape::CreateTable(made) => self.create_table(made),
            Shape::AlterTable { table, actions } => {
                for action in actions {
                    self.alter(table, action);
                }
            }
            Shape::CreateIndex(index) if !self.is_existing(&index.table) => {
                self.fresh.extend(index.name.clone());
            }
            Shape::CreateView(name) => drop(self.fresh.insert(name.clone())),
            Shape::CreateType(name) => drop(self.types.insert(name.clone())),
            Shape::CreateFunction(name, rest) => self.create_function(name, rest),
            Shape::AddValue(name, value) if !self.is_own_type(name) => {
                self.values.push((*value).to_owned());
            }
            Shape::Drop(gone) if gone.what == "table" => {
                for name in &gone.names {
                    self.tables.remove(name);
                }
            }
            _ => {}
        }
    }

    fn create_table(&mut self, made: &CreateTable<'_>) {
        // `IF NOT EXISTS` leaves a table that is there as it is.
        let table = self
            .tables
            .entry(made.name.clone())
            .or_insert_with(|| Table {
                is_fresh: true,
                ..Table::default()
            });
        for column in &made.columns {
            table.add(column);
        }
    }

    fn create_function(&mut self, name: &str, rest: &Cursor<'_>) {
        let bare = name.rsplit('.').next().unwrap_or(name).to_owned();
        if !["immutable", "stable"].iter().any(|word| rest.has(word)) {
            self.volatile.insert(bare.clone());
        }
        self.functions.insert(bare);
    }

    fn alter(&mut self, name: &str, action: &Action<'_>) {
        if let Action::AddConstraint(constraint) = action {
            self.add_constraint(name, constraint);
        }
        if let Action::RenameTable(to) = action
            && let Some(table) = self.tables.remove(name)
        {
            self.tables.insert(to.clone(), table);
            return;
        }
        let table = self.tables.entry(name.to_owned()).or_default();
        match action {
            Action::AddColumn(column) => table.add(column),
            Action::DropColumn { name, .. } => drop(table.columns.remove(name)),
            Action::SetType { column, kind, .. } => {
                table.columns.insert(column.clone(), kind.clone());
            }
            Action::RenameColumn { from, to } => {
                if let Some(kind) = table.columns.remove(from) {
                    table.columns.insert(to.clone(), kind);
                }
            }
            Action::Validate(constraint) => table.validate(constraint),
            _ => {}
        }
    }

    fn add_constraint(&mut self, table: &str, constraint: &Constraint<'_>) {
        let is_valid = !constraint.is_not_valid();
        if let (false, Some(name)) = (is_valid, &constraint.name) {
            self.unvalidated.insert((table.to_owned(), name.clone()));
        }
        if let Some(column) = constraint.not_null_column() {
            let table = self.tables.entry(table.to_owned()).or_default();
            table
                .filled
                .push((constraint.name.clone(), column, is_valid));
        }
    }
}

impl Table {
    fn add(&mut self, column: &Column<'_>) {
        self.columns
            .insert(column.name.clone(), column.kind.clone());
    }

    fn validate(&mut self, constraint: &str) {
        for (name, _, is_valid) in &mut self.filled {
            *is_valid |= name.as_deref() == Some(constraint);
        }
    }
}
