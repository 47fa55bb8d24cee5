//! What a statement is, as far as a run that was cut off has to know: whether it can run in a transaction, and what to do
//! when its end is not known.

use crate::base::Error;
use crate::ops::database::error::sqlstate;
use crate::ops::database::split::Statement;
use crate::ops::database::token::{TokenKind, Tokens};

/// What a statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Nature {
    /// It can run in a transaction, as far as can be seen.
    Ordinary,
    /// `CREATE INDEX CONCURRENTLY`.
    CreateIndex {
        /// The index as it is written; the server chooses a name without it.
        name: Option<String>,
        /// The table as it is written.
        table: String,
    },
    /// `REINDEX .. CONCURRENTLY`.
    Reindex,
    /// It makes something that must not be there yet.
    Create,
    /// It removes something that must be there.
    Drop,
    /// Running it again does no harm.
    Repeatable,
}

impl Nature {
    /// By the words of a statement.
    pub(super) fn of(statement: &Statement<'_>) -> Self {
        let tokens = tokens(statement.text);
        let has = |word: &str| tokens.iter().any(|token| token.eq_ignore_ascii_case(word));
        let words = statement.words(4);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["CREATE", "INDEX", "CONCURRENTLY", ..]
            | ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"] => create_index(&tokens),
            ["REINDEX", ..] if has("concurrently") => Self::Reindex,
            ["REINDEX", ..] if has("database") || has("system") || has("schema") => {
                Self::Repeatable
            }
            ["VACUUM", ..] | ["ALTER", "SYSTEM", ..] | ["CLUSTER"] => Self::Repeatable,
            ["CREATE", "DATABASE" | "TABLESPACE" | "SUBSCRIPTION", ..] => Self::Create,
            ["DROP", "INDEX", "CONCURRENTLY", ..]
            | ["DROP", "DATABASE" | "TABLESPACE" | "SUBSCRIPTION", ..] => Self::Drop,
            _ => Self::Ordinary,
        }
    }

    /// Whether an error of a second run says that the first one had come to its end.
    pub(super) fn is_done_according_to(&self, error: &Error) -> bool {
        matches!(
            (self, sqlstate(error)),
            (Self::Create, Some("42P04" | "42710"))
                | (Self::Drop, Some("3D000" | "42704" | "42P01"))
        )
    }
}

/// The parts of a statement as they are written, strings and quoted names whole.
fn tokens(sql: &str) -> Vec<&str> {
    let mut tokens = Tokens::new(sql);
    let mut all = Vec::new();
    while let Ok(Some(token)) = tokens.next_token() {
        // An index with hundreds of expressions has its name and its table at the beginning.
        if token.kind == TokenKind::Open && all.len() > 2 && all.contains(&"(") {
            break;
        }
        all.push(&sql[token.range]);
    }
    all
}

/// `CREATE [UNIQUE] INDEX CONCURRENTLY [[IF NOT EXISTS] name] ON [ONLY] table`.
fn create_index(tokens: &[&str]) -> Nature {
    let is = |token: &str, word: &str| token.eq_ignore_ascii_case(word);
    let rest = tokens
        .iter()
        .skip_while(|token| !is(token, "concurrently"))
        .skip(1);
    let rest: Vec<&str> = rest.copied().collect();
    let rest = match rest.as_slice() {
        [a, b, c, rest @ ..] if is(a, "if") && is(b, "not") && is(c, "exists") => rest,
        rest => rest,
    };
    let (name, rest) = match rest {
        [on, rest @ ..] if is(on, "on") => (None, rest),
        [name, _on, rest @ ..] => (Some((*name).to_owned()), rest),
        _ => (None, rest),
    };
    let rest = match rest {
        [only, rest @ ..] if is(only, "only") => rest,
        rest => rest,
    };
    let table = match rest {
        [schema, ".", table, ..] => format!("{schema}.{table}"),
        [table, ..] => (*table).to_owned(),
        [] => String::new(),
    };
    Nature::CreateIndex { name, table }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::database::split;

    #[test]
    fn statements_are_known_by_their_words() {
        let index = |name: Option<&str>, table: &str| Nature::CreateIndex {
            name: name.map(str::to_owned),
            table: table.to_owned(),
        };
        let cases = [
            (
                "create index concurrently i on t (a)",
                index(Some("i"), "t"),
            ),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"I x\" ON ONLY app.\"T\" USING gin (a)",
                index(Some("\"I x\""), "app.\"T\""),
            ),
            (
                "create /* ; */ index concurrently on s . t (lower(a))",
                index(None, "s.t"),
            ),
            ("create index i on t (a)", Nature::Ordinary),
            ("drop index concurrently i", Nature::Drop),
            ("reindex (verbose) table concurrently t", Nature::Reindex),
            ("reindex index i", Nature::Ordinary),
            ("reindex schema s", Nature::Repeatable),
            ("vacuum analyze t", Nature::Repeatable),
            ("alter system set work_mem = '8MB'", Nature::Repeatable),
            ("create database d", Nature::Create),
            ("insert into t values ('vacuum')", Nature::Ordinary),
        ];
        for (sql, nature) in cases {
            assert_eq!(Nature::of(&split(sql).unwrap()[0]), nature, "{sql}");
        }
    }
}
