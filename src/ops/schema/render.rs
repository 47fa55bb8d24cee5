//! Writes the statements of a plan: drops, then what is made or altered, then the drops that had to wait.

use std::collections::{BTreeMap, BTreeSet};

use super::detail::Detail;
use super::object::{Key, Kind, Object};
use super::order::sorted;
use super::plan::{Sets, Statement};
use super::{change, column, hazard, types};

/// The statements as they come to be.
pub(super) struct Rendering<'s> {
    sets: &'s Sets<'s>,
    statements: Vec<Statement>,
    /// What has been made or altered so far.
    done: BTreeSet<Key>,
}

impl<'s> Rendering<'s> {
    pub(super) fn new(sets: &'s Sets<'s>) -> Self {
        Self {
            sets,
            statements: Vec::new(),
            done: BTreeSet::new(),
        }
    }

    pub(super) fn statements(mut self) -> Vec<Statement> {
        let late = self.late();
        for key in self.drop_order(|key| self.sets.drops.contains(key) && !late.contains(key)) {
            self.drop(&key);
        }
        for key in self.forward_order() {
            self.forward(&key);
        }
        let sets = self.sets;
        for key in self.drop_order(|key| late.contains(key) || sets.rebuilt.contains(key)) {
            self.drop(&key);
        }
        self.statements
    }

    fn say(&mut self, sql: impl Into<String>, hazards: Vec<String>) {
        let sql = sql.into();
        self.statements.push(Statement { sql, hazards });
    }

    /// What can be dropped only when something that needs it has been altered, and what that needs in turn.
    fn late(&self) -> BTreeSet<Key> {
        let sets = self.sets;
        let pure = |key: &Key| sets.drops.contains(key) && !sets.creates.contains(key);
        let is_held = |key: &&Key| {
            sets.from
                .dependents(key)
                .any(|(other, _)| !sets.drops.contains(other) && sets.alters.contains_key(other))
        };
        let mut late: BTreeSet<Key> = BTreeSet::new();
        let mut more: Vec<Key> = sets
            .drops
            .iter()
            .filter(|key| pure(key) && !self.is_silent(key))
            .filter(is_held)
            .cloned()
            .collect();
        while let Some(key) = more.pop() {
            let needs = sets
                .from
                .get(&key)
                .into_iter()
                .flat_map(|object| &object.needs);
            more.extend(
                needs
                    .filter(|need| pure(need) && !late.contains(need))
                    .cloned(),
            );
            late.insert(key);
        }
        late
    }

    /// Whether an object goes with another one, without a statement of its own.
    fn is_silent(&self, key: &Key) -> bool {
        let sets = self.sets;
        let Some(object) = sets.from.get(key) else {
            return true;
        };
        if key.kind == Kind::Sequence {
            return self
                .owner(key)
                .is_some_and(|column| sets.drops.contains(&column));
        }
        if key.kind == Kind::Ownership {
            return sets
                .drops
                .contains(&Key::new(Kind::Sequence, key.id.clone()));
        }
        let Some(parent) = &object.parent else {
            return false;
        };
        if matches!(key.kind, Kind::Comment | Kind::Grant) && sets.rebuilt.contains(parent) {
            return true;
        }
        // A foreign key may stand in the way of what it refers to.
        let refers_to_dropped = key.kind == Kind::ForeignKey
            && object.needs.iter().any(|need| {
                let is_own = need == parent
                    || sets.from.get(need).and_then(|o| o.parent.as_ref()) == Some(parent);
                sets.drops.contains(need) && !is_own
            });
        sets.drops.contains(parent) && !refers_to_dropped
    }

    fn owner(&self, sequence: &Key) -> Option<Key> {
        let ownership = self
            .sets
            .from
            .get(&Key::new(Kind::Ownership, sequence.id.clone()))?;
        match &ownership.detail {
            Detail::Ownership { column } => Some(Key::new(Kind::Column, column.clone())),
            _ => None,
        }
    }

    /// The object whose statement drops this one.
    fn dropped_with(&self, key: &Key) -> Key {
        let mut key = key.clone();
        while self.sets.drops.contains(&key) && self.is_silent(&key) {
            let above = match key.kind {
                Kind::Sequence => self.owner(&key),
                Kind::Ownership => Some(Key::new(Kind::Sequence, key.id.clone())),
                _ => self
                    .sets
                    .from
                    .get(&key)
                    .and_then(|object| object.parent.clone()),
            };
            let Some(above) = above else { break };
            key = above;
        }
        key
    }

    fn drop_order(&self, is_wanted: impl Fn(&Key) -> bool) -> Vec<Key> {
        let mut needs: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
        for (key, object) in &self.sets.from.objects {
            let node = self.dropped_with(key);
            if is_wanted(&node) {
                let needed = object.needs.iter().map(|need| self.dropped_with(need));
                needs.entry(node).or_default().extend(needed);
            }
        }
        let mut order = sorted(needs);
        order.reverse();
        order
    }

    fn drop(&mut self, key: &Key) {
        let Some(object) = self.sets.from.get(key) else {
            return;
        };
        if self.sets.rebuilt.contains(key) {
            let (old, _) = types::old_name(&key.id);
            let word = type_word(object);
            return self.say(format!("DROP {word} {old}"), Vec::new());
        }
        let hazards = hazard::of_drop(self.sets, key, object);
        self.say(object.drop.clone(), hazards);
    }

    /// The object whose statement makes this one: a new table's columns come with it.
    fn made_with(&self, key: &Key) -> Key {
        let creates = &self.sets.creates;
        let parent = self
            .sets
            .to
            .get(key)
            .and_then(|object| object.parent.as_ref());
        match parent {
            Some(table)
                if key.kind == Kind::Column && creates.contains(key) && creates.contains(table) =>
            {
                table.clone()
            }
            _ => key.clone(),
        }
    }

    fn forward_order(&self) -> Vec<Key> {
        let sets = self.sets;
        let nodes = sets
            .creates
            .iter()
            .chain(sets.alters.keys())
            .chain(&sets.rebuilt);
        let mut needs: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
        for key in nodes {
            let Some(object) = sets.to.get(key) else {
                continue;
            };
            let needed = object.needs.iter().map(|need| self.made_with(need));
            let before = self.column_before(key);
            needs
                .entry(self.made_with(key))
                .or_default()
                .extend(needed.chain(before));
        }
        sorted(needs)
    }

    /// New columns of a table are added in the order that they are wanted in.
    fn column_before(&self, key: &Key) -> Option<Key> {
        let position = |key: &Key| match &self.sets.to.get(key)?.detail {
            Detail::Column(column) => Some(column.position),
            _ => None,
        };
        let own = position(key)?;
        let table = self.sets.to.get(key)?.parent.as_ref()?;
        let others = self.sets.to.parts(table).map(|(other, _)| other);
        others
            .filter(|other| self.sets.creates.contains(other))
            .filter_map(|other| Some((position(other)?, other)))
            .filter(|(position, _)| *position < own)
            .max()
            .map(|(_, other)| other.clone())
    }

    fn forward(&mut self, key: &Key) {
        let Some(object) = self.sets.to.get(key).filter(|_| !self.done.contains(key)) else {
            return;
        };
        self.done.insert(key.clone());
        if self.sets.rebuilt.contains(key) {
            let (_, old) = types::old_name(&key.id);
            let word = type_word(object);
            let hazards = hazard::of_rebuild(self.sets, key);
            self.say(format!("ALTER {word} {} RENAME TO {old}", key.id), hazards);
            return self.say(object.create.clone(), Vec::new());
        }
        if let Some(statements) = self.sets.alters.get(key) {
            for sql in statements {
                let hazards = hazard::of_alter(self.sets, key, sql);
                self.say(sql.clone(), hazards);
            }
            return;
        }
        match &object.detail {
            Detail::Table(table) => {
                self.create_table(key, object);
                for sql in change::table_settings(&key.id, table) {
                    self.say(sql, Vec::new());
                }
            }
            Detail::Column(_) => self.add_column(key, object),
            _ => {
                let hazards = hazard::of_create(self.sets, key, object);
                self.say(object.create.clone(), hazards);
            }
        }
        if let Detail::Trigger {
            table,
            name,
            firing,
        } = &object.detail
            && firing != "ENABLE"
        {
            self.say(
                format!("ALTER TABLE {table} {firing} TRIGGER {name}"),
                Vec::new(),
            );
        }
    }

    /// Whether all that an object needs is there, apart from its own table.
    fn is_possible(&self, key: &Key, object: &Object, table: &Key) -> bool {
        let sets = self.sets;
        let pending = |need: &Key| {
            let node = self.made_with(need);
            let is_new = sets.creates.contains(&node)
                || sets.alters.contains_key(&node)
                || sets.rebuilt.contains(&node);
            is_new && node != *table && node != *key && !self.done.contains(&node)
        };
        sets.creates.contains(key) && !object.needs.iter().any(pending)
    }

    fn create_table(&mut self, key: &Key, object: &Object) {
        let sets = self.sets;
        let mut columns: Vec<(&Key, &super::detail::Column)> = sets
            .to
            .parts(key)
            .filter_map(|(key, part)| match &part.detail {
                Detail::Column(column) => Some((key, column)),
                _ => None,
            })
            .collect();
        columns.sort_by_key(|(_, column)| column.position);
        let mut lines = Vec::new();
        let mut after = Vec::new();
        for (column_key, column) in columns {
            let default = self.inline_default(column_key, key);
            lines.push(column::definition(column, default.as_deref()));
            after.extend(column::settings(&key.id, column));
            self.done.insert(column_key.clone());
        }
        let mut constraints: Vec<(&Key, &Object)> = sets.to.parts(key).collect();
        constraints.sort_by_key(|(_, part)| {
            // The primary key first, then what is unique, as one would write it.
            let sorts = ['p', 'u', 'x', 'c'];
            let Detail::Constraint(facts) = &part.detail else {
                return sorts.len();
            };
            sorts
                .iter()
                .position(|sort| *sort == facts.sort)
                .unwrap_or_default()
        });
        for (part, constraint) in constraints {
            if let Detail::Constraint(facts) = &constraint.detail
                && part.kind == Kind::Constraint
                && self.is_possible(part, constraint, key)
            {
                lines.push(format!("CONSTRAINT {} {}", facts.name, facts.definition));
                self.done.insert(part.clone());
            }
        }
        let options = match &object.detail {
            Detail::Table(table) if !table.options.is_empty() => {
                format!(" WITH ({})", table.options.join(", "))
            }
            _ => String::new(),
        };
        let body = lines.join(",\n    ");
        self.say(
            format!("{} (\n    {body}\n){options}", object.create),
            Vec::new(),
        );
        for sql in after {
            self.say(sql, Vec::new());
        }
    }

    fn add_column(&mut self, key: &Key, object: &Object) {
        let (Detail::Column(column), Some(table)) = (&object.detail, &object.parent) else {
            return;
        };
        let default = self.inline_default(key, key);
        let definition = column::definition(column, default.as_deref());
        let hazards = hazard::of_column(self.sets, key, column, default.as_deref());
        self.say(
            format!("ALTER TABLE {} ADD COLUMN {definition}", table.id),
            hazards,
        );
        for sql in column::settings(&table.id, column) {
            self.say(sql, Vec::new());
        }
    }

    /// The default of a new column, if what it needs is there already.
    fn inline_default(&mut self, column: &Key, made_with: &Key) -> Option<String> {
        let key = Key::new(Kind::Default, column.id.clone());
        let object = self.sets.to.get(&key)?;
        let Detail::Default { expression } = &object.detail else {
            return None;
        };
        if !self.is_possible(&key, object, made_with) {
            return None;
        }
        self.done.insert(key);
        Some(expression.clone())
    }
}

fn type_word(object: &Object) -> &'static str {
    match object.detail {
        Detail::Domain(_) => "DOMAIN",
        _ => "TYPE",
    }
}
