//! The rules as data: what is wrong with a statement, and the safe way. `{}` stands for what the statement is about.
//!
//! Sources: the notes on locks and rewrites of <https://www.postgresql.org/docs/15/sql-altertable.html>, the rules of squawk
//! (<https://squawkhq.com/docs/rules>), and what went wrong in tools before this one.

/// One rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, as `-- lexi:allow` takes it.
    pub id: &'static str,
    /// What is dangerous.
    pub why: &'static str,
    /// The safe way.
    pub advice: &'static str,
}

/// Every rule.
pub const RULES: [&Rule; 28] = [
    &INDEX,
    &DROP_INDEX,
    &REINDEX,
    &CONCURRENTLY,
    &MIXED,
    &OUTSIDE,
    &TRANSACTION_WORD,
    &SET_NOT_NULL,
    &ADD_NOT_NULL,
    &VOLATILE_DEFAULT,
    &STORED_COLUMN,
    &NOT_VALID,
    &VALIDATE,
    &UNIQUE,
    &TYPE_CHANGE,
    &REWRITE,
    &REFRESH,
    &DROP_COLUMN,
    &DROP_TABLE,
    &DROP_SCHEMA,
    &DROP_DATABASE,
    &CASCADE,
    &RENAME,
    &TRUNCATE,
    &WHERE,
    &ENUM_VALUE,
    &SEARCH_PATH,
    &DISABLE_TRIGGER,
];

/// The rule with a name.
pub fn named(id: &str) -> Option<&'static Rule> {
    RULES.into_iter().find(|rule| rule.id == id)
}

pub(super) static INDEX: Rule = Rule {
    id: "index-not-concurrent",
    why: "`{}` cannot be written while the index is built",
    advice: "CREATE INDEX CONCURRENTLY in a file of its own that begins with `-- lexi:no-transaction`",
};
pub(super) static DROP_INDEX: Rule = Rule {
    id: "drop-index-not-concurrent",
    why: "the table of index `{}` can be neither read nor written until the index is gone",
    advice: "DROP INDEX CONCURRENTLY in a file of its own that begins with `-- lexi:no-transaction`",
};
pub(super) static REINDEX: Rule = Rule {
    id: "reindex-not-concurrent",
    why: "`{}` cannot be written while its index is built anew",
    advice: "REINDEX .. CONCURRENTLY in a file of its own that begins with `-- lexi:no-transaction`",
};
pub(super) static CONCURRENTLY: Rule = Rule {
    id: "concurrently-in-transaction",
    why: "CONCURRENTLY cannot run in a transaction, and this file runs as one",
    advice: "move it to a file of its own that begins with `-- lexi:no-transaction`",
};
pub(super) static MIXED: Rule = Rule {
    id: "concurrently-mixed",
    why: "it stands beside CONCURRENTLY in a file without a transaction: when one fails, the other stays",
    advice: "move it to a file that runs as one transaction",
};
pub(super) static OUTSIDE: Rule = Rule {
    id: "outside-transaction-only",
    why: "{} cannot run in a transaction, and this file runs as one",
    advice: "move it to a file of its own that begins with `-- lexi:no-transaction`",
};
pub(super) static TRANSACTION_WORD: Rule = Rule {
    id: "transaction-word",
    why: "{} in a migration: what is before it and what is after it no longer stand or fall together",
    advice: "remove it: each file runs as one transaction",
};
pub(super) static SET_NOT_NULL: Rule = Rule {
    id: "set-not-null",
    why: "all rows are read while the table of `{}` can be neither read nor written",
    advice: "ADD CONSTRAINT n CHECK (column IS NOT NULL) NOT VALID; in a next file VALIDATE CONSTRAINT n; then SET NOT NULL reads nothing",
};
pub(super) static ADD_NOT_NULL: Rule = Rule {
    id: "add-column-not-null",
    why: "`{}` is NOT NULL without a default: it fails as soon as the table has a row",
    advice: "give it a DEFAULT, or add it without NOT NULL, fill it, and demand it in a later file",
};
pub(super) static VOLATILE_DEFAULT: Rule = Rule {
    id: "volatile-default",
    why: "the default of `{}` differs from row to row: the whole table is written anew under a lock",
    advice: "add the column without a default, then SET DEFAULT, and fill old rows in batches",
};
pub(super) static STORED_COLUMN: Rule = Rule {
    id: "stored-generated-column",
    why: "`{}` is computed for every row: the whole table is written anew under a lock",
    advice: "add a plain column that a trigger fills, fill old rows in batches; or plan a maintenance window",
};
pub(super) static NOT_VALID: Rule = Rule {
    id: "constraint-not-valid",
    why: "all rows of `{}` are checked while it cannot be written",
    advice: "add the constraint with NOT VALID, and VALIDATE CONSTRAINT in a next file",
};
pub(super) static VALIDATE: Rule = Rule {
    id: "validate-with-add",
    why: "`{}` is added and validated in one transaction: its lock is held while all rows are read",
    advice: "move VALIDATE CONSTRAINT to a next file",
};
pub(super) static UNIQUE: Rule = Rule {
    id: "unique-without-index",
    why: "an index is built while `{}` can be neither read nor written",
    advice: "CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT .. USING INDEX",
};
pub(super) static TYPE_CHANGE: Rule = Rule {
    id: "type-change",
    why: "the table of `{}` is written anew, or all its rows are read, and nobody can read or write it; programs that know the old type break",
    advice: "add a column of the new type, fill it in batches, let the application change over, then drop the old one",
};
pub(super) static REWRITE: Rule = Rule {
    id: "table-rewrite",
    why: "{} writes the whole table anew; nobody can read or write it meanwhile",
    advice: "do it in a maintenance window, by hand",
};
pub(super) static REFRESH: Rule = Rule {
    id: "refresh-not-concurrent",
    why: "`{}` cannot be read while it is filled anew",
    advice: "REFRESH MATERIALIZED VIEW CONCURRENTLY; it needs a unique index on the view",
};
pub(super) static DROP_COLUMN: Rule = Rule {
    id: "drop-column",
    why: "the data of `{}` are lost, and programs that still name it break",
    advice: "let no program use it first; then drop it, with a backup at hand (`lexi run backup`)",
};
pub(super) static DROP_TABLE: Rule = Rule {
    id: "drop-table",
    why: "the data of `{}` are lost, and programs that still name it break",
    advice: "let no program use it first; move it to the schema archive, or drop it with a backup at hand (`lexi run backup`)",
};
pub(super) static DROP_SCHEMA: Rule = Rule {
    id: "drop-schema",
    why: "the data of everything in `{}` are lost",
    advice: "drop its tables one by one, so that the file says what is lost",
};
pub(super) static DROP_DATABASE: Rule = Rule {
    id: "drop-database",
    why: "the whole of `{}` is lost, and no transaction brings it back",
    advice: "no migration should: `lexi run db-reset` does it, with a backup first",
};
pub(super) static CASCADE: Rule = Rule {
    id: "drop-cascade",
    why: "CASCADE also removes whatever depends on `{}`: columns, constraints, views that the file does not name",
    advice: "drop what depends on it by name, then drop it without CASCADE",
};
pub(super) static RENAME: Rule = Rule {
    id: "rename",
    why: "programs that run during the change know `{}` by its old name and break",
    advice: "add the new one beside the old, let the application change over, then drop the old one; or leave a view with the old name",
};
pub(super) static TRUNCATE: Rule = Rule {
    id: "truncate",
    why: "all rows of `{}` are lost; with CASCADE also those of tables that refer to it",
    advice: "DELETE .. WHERE what is meant, with a backup at hand (`lexi run backup`)",
};
pub(super) static WHERE: Rule = Rule {
    id: "write-without-where",
    why: "every row of `{}` is changed or lost, and locked until the end of the file",
    advice: "say which rows with WHERE, and change many rows in batches",
};
pub(super) static ENUM_VALUE: Rule = Rule {
    id: "enum-value-used",
    why: "`{}` is added and used in one transaction, which PostgreSQL refuses",
    advice: "add the value in a file before this one",
};
pub(super) static SEARCH_PATH: Rule = Rule {
    id: "search-path-trap",
    why: "`{}` is found by the search path, which is empty while a dump is restored: the restore fails there",
    advice: "write it with its schema, such as public.unaccent(..); a function for an index also needs SET search_path = pg_catalog, public",
};
pub(super) static DISABLE_TRIGGER: Rule = Rule {
    id: "disable-trigger",
    why: "without its triggers, changes to `{}` leave no trace in the audit trail and its checks of references are off",
    advice: "leave the triggers on",
};
