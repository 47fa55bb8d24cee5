//! What a schema consists of: objects with a name, what makes and drops them, and what they need.

use std::collections::{BTreeMap, BTreeSet};

use super::detail::Detail;

/// The sort of an object; the order is that in which objects are made where nothing else decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// A schema.
    Schema,
    /// An extension.
    Extension,
    /// An enum, a domain or a composite type.
    Type,
    /// A sequence that is not part of an identity column.
    Sequence,
    /// A function or procedure.
    Function,
    /// A table without what is listed below.
    Table,
    /// A column of a table.
    Column,
    /// The default of a column.
    Default,
    /// Which column a sequence goes with.
    Ownership,
    /// A primary key, a unique, check or exclusion constraint.
    Constraint,
    /// An index that no constraint made.
    Index,
    /// Extended statistics.
    Statistics,
    /// A foreign key: after the constraints that it may need.
    ForeignKey,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A rewrite rule.
    Rule,
    /// A trigger.
    Trigger,
    /// A policy of row security.
    Policy,
    /// Rights of others than the owner.
    Grant,
    /// A comment.
    Comment,
}

/// What tells an object from all others: its sort and its qualified, quoted name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    /// The sort.
    pub kind: Kind,
    /// The name, such as `public.users` or `users_pkey ON public.users`.
    pub id: String,
}

impl Key {
    pub(super) fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.into(),
        }
    }
}

/// One object.
#[derive(Debug, Clone)]
pub(super) struct Object {
    /// What makes it. A column's statement depends on the table and is rendered when it is known.
    pub(super) create: String,
    /// What drops it.
    pub(super) drop: String,
    /// What it is part of: it goes when that goes.
    pub(super) parent: Option<Key>,
    /// What must be there before it.
    pub(super) needs: BTreeSet<Key>,
    /// What its sort alone has.
    pub(super) detail: Detail,
}

/// A whole schema.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    pub(super) objects: BTreeMap<Key, Object>,
    /// Tables that are there and are not compared.
    pub(super) outside: BTreeSet<Key>,
}

impl Catalog {
    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Object> {
        self.objects.get(key)
    }

    /// The same without these tables and all that is part of them.
    pub(super) fn without(&self, tables: &BTreeSet<Key>) -> Self {
        let mut gone = tables.clone();
        let mut left = self.objects.clone();
        loop {
            let before = left.len();
            left.retain(|key, object| {
                let owner_is_gone = key.kind == Kind::Ownership && !gone.is_disjoint(&object.needs);
                let parent_is_gone = object.parent.as_ref().is_some_and(|p| gone.contains(p));
                let is_gone = gone.contains(key) || owner_is_gone || parent_is_gone;
                if is_gone {
                    gone.insert(key.clone());
                }
                !is_gone
            });
            if left.len() == before {
                break;
            }
        }
        Self {
            objects: left,
            outside: BTreeSet::new(),
        }
    }

    /// The objects that are part of this one.
    pub(super) fn parts<'c>(&'c self, of: &'c Key) -> impl Iterator<Item = (&'c Key, &'c Object)> {
        self.objects
            .iter()
            .filter(move |(_, object)| object.parent.as_ref() == Some(of))
    }

    /// The objects that need this one.
    pub(super) fn dependents<'c>(
        &'c self,
        of: &'c Key,
    ) -> impl Iterator<Item = (&'c Key, &'c Object)> {
        self.objects
            .iter()
            .filter(move |(_, object)| object.needs.contains(of))
    }
}
