//! What a plain statement may not drop in a protected profile unless the database was named.
//!
//! It is a rail against mistakes: a function or `DO` passes it, and what the user may do is for the server to say.

use super::confirm;
use crate::base::Result;
use crate::host::Host;
use crate::ops::database::Session;
use crate::ops::database::token::{TokenKind, Tokens};

/// Refuses `DROP DATABASE`, and `DROP SCHEMA` that takes along what is in it.
pub(super) fn refuse_drops(host: &Host, session: &Session, sql: &str) -> Result<()> {
    if !host.profile().is_protected() {
        return Ok(());
    }
    for drop in drops(sql) {
        match drop {
            Drop::Database(name) => confirm(host, "dropping", &name)?,
            Drop::Schema => {
                let name = &session.database().target().database;
                confirm(host, "dropping a schema of", name)?;
            }
        }
    }
    Ok(())
}

/// What a statement drops.
#[derive(Debug, PartialEq, Eq)]
enum Drop {
    Database(String),
    Schema,
}

fn drops(sql: &str) -> Vec<Drop> {
    let mut tokens = Tokens::new(sql);
    let (mut found, mut statement) = (Vec::new(), Vec::new());
    // Of a quote that is not closed the server speaks.
    while let Ok(Some(token)) = tokens.next_token() {
        if token.kind == TokenKind::Semicolon {
            found.extend(dropped(&statement));
            statement.clear();
        } else if statement.first().is_none_or(|first| is(first, "drop")) {
            statement.push(&sql[token.range]);
        }
    }
    found.extend(dropped(&statement));
    found
}

fn dropped(statement: &[&str]) -> Option<Drop> {
    let [drop, what, rest @ ..] = statement else {
        return None;
    };
    if !is(drop, "drop") {
        return None;
    }
    if is(what, "schema") && rest.iter().any(|word| is(word, "cascade")) {
        return Some(Drop::Schema);
    }
    let name = match rest {
        [a, b, name, ..] if is(a, "if") && is(b, "exists") => name,
        [name, ..] => name,
        [] => return None,
    };
    is(what, "database").then(|| Drop::Database(plain(name)))
}

fn is(token: &str, word: &str) -> bool {
    token.eq_ignore_ascii_case(word)
}

/// A name as the server keeps it.
fn plain(name: &str) -> String {
    let quoted = name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    quoted.map_or_else(|| name.to_lowercase(), |inner| inner.replace("\"\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_found_among_statements_and_not_in_strings() {
        let database = |name: &str| Drop::Database(name.to_owned());
        let cases = [
            ("drop database Cases", vec![database("cases")]),
            (
                "/* x */ DROP DATABASE IF EXISTS \"A\"\"b\" (FORCE);",
                vec![database("A\"b")],
            ),
            (
                "select 1; drop schema public cascade; create schema public",
                vec![Drop::Schema],
            ),
            (
                "drop schema a, b CASCADE;drop database c;",
                vec![Drop::Schema, database("c")],
            ),
            ("drop schema scratch", vec![]),
            ("drop table cases cascade", vec![]),
            (
                "select 'x; drop database y'; insert into t values ('drop schema a cascade')",
                vec![],
            ),
            ("do $$ begin drop schema a cascade; end $$", vec![]),
            ("drop database", vec![]),
            ("", vec![]),
        ];
        for (sql, expected) in cases {
            assert_eq!(drops(sql), expected, "{sql}");
        }
    }
}
