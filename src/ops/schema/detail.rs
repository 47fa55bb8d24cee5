//! What an object's sort alone has, as the questions in `sql/` tell it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The facts of one object.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Detail {
    Schema,
    Extension {
        schema: String,
        movable: bool,
    },
    Enum {
        labels: Vec<String>,
    },
    Domain(Domain),
    Composite {
        attributes: Vec<(String, String)>,
    },
    Sequence {
        options: String,
    },
    Ownership {
        column: String,
    },
    Function {
        procedure: bool,
        signature: String,
    },
    Table(Table),
    Column(Column),
    Default {
        expression: String,
    },
    Constraint(Constraint),
    Index {
        /// Whether it has neither expressions nor a condition.
        plain: bool,
    },
    View {
        columns: Vec<String>,
    },
    MaterializedView,
    Trigger {
        table: String,
        name: String,
        firing: String,
    },
    Policy,
    Rule,
    Statistics,
    Grant(Grant),
    Comment,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Domain {
    pub(super) base: String,
    pub(super) collation: String,
    pub(super) default: Option<String>,
    pub(super) not_null: bool,
    pub(super) checks: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Table {
    pub(super) unlogged: bool,
    pub(super) options: Vec<String>,
    pub(super) row_security: bool,
    pub(super) force_row_security: bool,
    pub(super) identity: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) position: i32,
    #[serde(rename = "type")]
    pub(super) data_type: String,
    pub(super) collation: Option<String>,
    pub(super) not_null: bool,
    pub(super) generated: Option<String>,
    pub(super) identity: Option<String>,
    pub(super) sequence: Option<String>,
    pub(super) storage: Option<String>,
    pub(super) default_storage: String,
    pub(super) statistics: i32,
}

/// Where a column stands is no part of what it is: no statement can change it.
impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        self.data_type == other.data_type
            && self.collation == other.collation
            && self.not_null == other.not_null
            && self.generated == other.generated
            && self.identity == other.identity
            && self.sequence == other.sequence
            && self.storage == other.storage
            && self.statistics == other.statistics
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Constraint {
    pub(super) name: String,
    /// `p`, `u`, `c`, `f` or `x`, as PostgreSQL calls them.
    pub(super) sort: char,
    pub(super) definition: String,
    pub(super) columns: Vec<String>,
}

/// Rights: whom, which, and whether they may be handed on.
pub(super) type Right = (String, String, bool);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Grant {
    /// `TABLE public.users`, or `(email)` in front of it for a column.
    pub(super) object: String,
    pub(super) column: Option<String>,
    pub(super) granted: BTreeSet<Right>,
    /// What everybody has by default and was taken away here.
    pub(super) revoked: BTreeSet<Right>,
}
