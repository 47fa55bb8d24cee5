//! The statements that make one schema into another: what goes, what comes or changes, what goes at last.
//!
//! Which objects are concerned is decided in three sets (dropped, made, altered) that grow by what hangs on them; the
//! statements follow from the sets, in the order of the needs that the catalogs know.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, change};
use super::column;
use super::detail::Detail;
use super::object::{Catalog, Key, Kind, Object};
use super::render::Rendering;

/// One statement of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The SQL, without a `;`.
    pub sql: String,
    /// What whoever runs it should know before.
    pub hazards: Vec<String>,
}

/// The statements that make the schema `from` into the schema `to`.
pub fn plan(from: &Catalog, to: &Catalog) -> Vec<Statement> {
    // A table that cannot be compared on one side must not look as if it were missing there.
    let outside: BTreeSet<Key> = from.outside.union(&to.outside).cloned().collect();
    let (from, to) = (&from.without(&outside), &to.without(&outside));
    let mut sets = Sets::of(from, to);
    sets.spread();
    Rendering::new(&sets).statements()
}

/// Which objects are dropped, made and altered.
pub(super) struct Sets<'c> {
    pub(super) from: &'c Catalog,
    pub(super) to: &'c Catalog,
    pub(super) drops: BTreeSet<Key>,
    pub(super) creates: BTreeSet<Key>,
    pub(super) alters: BTreeMap<Key, Vec<String>>,
    /// Types that are made anew while columns have them.
    pub(super) rebuilt: BTreeSet<Key>,
    /// Columns that get another type, and whether PostgreSQL casts the values by itself.
    pub(super) retyped: BTreeMap<Key, bool>,
}

/// What becomes of an object when one that it needs goes or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reaction {
    Stays,
    /// It is taken away, and made again if it is wanted.
    GivesWay,
    /// The column's values move to the new form of its type.
    Moves,
    /// The type is made anew too.
    IsRebuilt,
}

impl<'c> Sets<'c> {
    fn of(from: &'c Catalog, to: &'c Catalog) -> Self {
        let missing = |in_one: &Catalog, in_other: &Catalog| -> BTreeSet<Key> {
            let keys = in_one.objects.keys();
            keys.filter(|key| in_other.get(key).is_none())
                .cloned()
                .collect()
        };
        let mut sets = Self {
            from,
            to,
            drops: missing(from, to),
            creates: missing(to, from),
            alters: BTreeMap::new(),
            rebuilt: BTreeSet::new(),
            retyped: BTreeMap::new(),
        };
        for (key, old) in &from.objects {
            let change = to.get(key).and_then(|new| change(key, old, new));
            if let Some(change) = change {
                sets.note(key, change);
            }
        }
        sets
    }

    fn note(&mut self, key: &Key, change: Change) {
        match change {
            Change::Alter(statements) => {
                self.alters.insert(key.clone(), statements);
            }
            Change::Retype(statements) => {
                let by_itself = !statements.iter().any(|sql| sql.contains(" USING "));
                self.retyped.insert(key.clone(), by_itself);
                self.alters.insert(key.clone(), statements);
            }
            Change::Rebuild => {
                self.rebuilt.insert(key.clone());
            }
            Change::Replace => self.replace(key),
        }
    }

    fn replace(&mut self, key: &Key) {
        self.alters.remove(key);
        self.retyped.remove(key);
        self.rebuilt.remove(key);
        self.drops.insert(key.clone());
        if self.to.get(key).is_some() {
            self.creates.insert(key.clone());
        }
    }

    /// Takes in what hangs on the objects that go or change, until nothing more does.
    fn spread(&mut self) {
        let retyped = self.retyped.keys();
        let mut disturbed: Vec<Key> = self
            .drops
            .iter()
            .chain(&self.rebuilt)
            .chain(retyped)
            .cloned()
            .collect();
        while let Some(cause) = disturbed.pop() {
            let from = self.from;
            for (key, object) in from.dependents(&cause) {
                if self.drops.contains(key) {
                    continue;
                }
                match self.reaction(&cause, key, object) {
                    Reaction::Stays => continue,
                    Reaction::GivesWay => self.replace(key),
                    Reaction::Moves if self.retyped.contains_key(key) => continue,
                    Reaction::Moves => self.move_over(key),
                    Reaction::IsRebuilt if self.rebuilt.contains(key) => continue,
                    Reaction::IsRebuilt => {
                        self.alters.remove(key);
                        self.rebuilt.insert(key.clone());
                    }
                }
                disturbed.push(key.clone());
            }
        }
    }

    fn move_over(&mut self, key: &Key) {
        let Some((Detail::Column(column), table)) = self
            .to
            .get(key)
            .and_then(|object| Some((&object.detail, object.parent.as_ref()?)))
        else {
            return;
        };
        let mut statements = vec![column::move_over(&table.id, column)];
        statements.extend(self.alters.remove(key).unwrap_or_default());
        self.retyped.insert(key.clone(), false);
        self.alters.insert(key.clone(), statements);
    }

    fn reaction(&self, cause: &Key, key: &Key, object: &Object) -> Reaction {
        let is_gone = self.drops.contains(cause);
        let is_free = self
            .to
            .get(key)
            .is_none_or(|new| !new.needs.contains(cause));
        if is_gone && is_free && self.is_replaced_in_place(cause, key) {
            return Reaction::Stays;
        }
        let by_itself = self.retyped.get(cause).copied().unwrap_or(false);
        let is_retyped = !is_gone && self.retyped.contains_key(cause);
        match (&object.detail, key.kind) {
            (_, Kind::Table | Kind::Sequence | Kind::Schema | Kind::Extension) => Reaction::Stays,
            (Detail::Column(column), _) => match cause.kind {
                Kind::Type if self.rebuilt.contains(cause) && column.generated.is_none() => {
                    Reaction::Moves
                }
                Kind::Table | Kind::Schema => Reaction::Stays,
                // One that is computed no longer keeps its values.
                _ if column.generated.is_some() && self.will_be_computed(key) => Reaction::GivesWay,
                _ => Reaction::Stays,
            },
            (_, Kind::Type) if is_gone && is_free => Reaction::Stays,
            (_, Kind::Type) => Reaction::IsRebuilt,
            (_, Kind::Comment | Kind::Grant | Kind::Ownership | Kind::Statistics) if is_retyped => {
                Reaction::Stays
            }
            (Detail::Index { plain: true }, _) if is_retyped => Reaction::Stays,
            (Detail::Constraint(constraint), _) if is_retyped => match constraint.sort {
                'p' | 'u' => Reaction::Stays,
                'c' | 'f' if by_itself => Reaction::Stays,
                _ => Reaction::GivesWay,
            },
            (_, Kind::Default) if is_retyped && by_itself => Reaction::Stays,
            _ => Reaction::GivesWay,
        }
    }

    fn will_be_computed(&self, key: &Key) -> bool {
        let new = self.to.get(key).map(|new| &new.detail);
        matches!(new, Some(Detail::Column(column)) if column.generated.is_some())
    }

    /// Whether a view loses a column of a table that stays: it is replaced first, and the column dropped afterwards.
    fn is_replaced_in_place(&self, cause: &Key, key: &Key) -> bool {
        let table = self.from.get(cause).and_then(|o| o.parent.as_ref());
        key.kind == Kind::View
            && self.alters.contains_key(key)
            && cause.kind == Kind::Column
            && !self.creates.contains(cause)
            && table.is_some_and(|table| !self.drops.contains(table))
    }
}
