//! Types: enums, domains, composite types, and how they change.

use super::change::Change;
use super::detail::Domain;
use crate::ops::database::{quote_ident, quote_literal};

/// Labels can be added one by one; everything else makes the type anew.
pub(super) fn labels(id: &str, from: &[String], to: &[String]) -> Change {
    let kept: Vec<&String> = to.iter().filter(|label| from.contains(label)).collect();
    if kept != from.iter().collect::<Vec<_>>() {
        return Change::Rebuild;
    }
    let mut statements = Vec::new();
    for (at, label) in to.iter().enumerate() {
        if from.contains(label) {
            continue;
        }
        let place = match (at.checked_sub(1), to.get(at + 1)) {
            // What is at the end already needs no place.
            (Some(before), _) if from.last() == to.get(before) && at + 1 == to.len() => {
                String::new()
            }
            (Some(before), _) => format!(" AFTER {}", quote_literal(&to[before])),
            (None, Some(_)) if !from.is_empty() => {
                format!(" BEFORE {}", quote_literal(&from[0]))
            }
            _ => String::new(),
        };
        statements.push(format!(
            "ALTER TYPE {id} ADD VALUE {}{place}",
            quote_literal(label)
        ));
    }
    Change::Alter(statements)
}

/// The default, `NOT NULL` and the checks change in place.
pub(super) fn domain(id: &str, from: &Domain, to: &Domain) -> Change {
    if from.base != to.base || from.collation != to.collation {
        return Change::Rebuild;
    }
    let mut changes = Vec::new();
    if from.default != to.default {
        changes.push(match &to.default {
            Some(default) => format!("SET DEFAULT {default}"),
            None => "DROP DEFAULT".to_owned(),
        });
    }
    if from.not_null != to.not_null {
        let verb = if to.not_null { "SET" } else { "DROP" };
        changes.push(format!("{verb} NOT NULL"));
    }
    for (name, check) in &from.checks {
        if to.checks.get(name) != Some(check) {
            changes.push(format!("DROP CONSTRAINT {name}"));
        }
    }
    for (name, check) in &to.checks {
        if from.checks.get(name) != Some(check) {
            changes.push(format!("ADD CONSTRAINT {name} {check}"));
        }
    }
    let change = |change| format!("ALTER DOMAIN {id} {change}");
    Change::Alter(changes.into_iter().map(change).collect())
}

/// Attributes are dropped and added at the end; another order makes the type anew.
pub(super) fn composite(id: &str, from: &[(String, String)], to: &[(String, String)]) -> Change {
    let has = |all: &[(String, String)], name: &String| all.iter().any(|(other, _)| other == name);
    let kept = from.iter().filter(|(name, _)| has(to, name));
    let added = to.iter().filter(|(name, _)| !has(from, name));
    let order: Vec<&String> = kept
        .clone()
        .chain(added.clone())
        .map(|(name, _)| name)
        .collect();
    if order != to.iter().map(|(name, _)| name).collect::<Vec<_>>() {
        return Change::Rebuild;
    }
    let mut changes = Vec::new();
    for (name, _) in from.iter().filter(|(name, _)| !has(to, name)) {
        changes.push(format!("DROP ATTRIBUTE {name}"));
    }
    for (name, old) in kept {
        let new = to.iter().find(|(other, _)| other == name);
        if let Some((_, new)) = new
            && new != old
        {
            changes.push(format!("ALTER ATTRIBUTE {name} TYPE {new}"));
        }
    }
    for (name, data_type) in added {
        changes.push(format!("ADD ATTRIBUTE {name} {data_type}"));
    }
    let change = |change| format!("ALTER TYPE {id} {change}");
    Change::Alter(changes.into_iter().map(change).collect())
}

/// The name that the old form of a type has while its columns move over.
pub(super) fn old_name(id: &str) -> (String, String) {
    let (schema, name) = split(id);
    let bare = name.trim_matches('"').replace("\"\"", "\"");
    let short: String = bare.chars().take(40).collect();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let old = format!("{short}_before");
    let old = if bare.starts_with(|c: char| c.is_ascii_lowercase()) && bare.chars().all(is_plain) {
        old
    } else {
        quote_ident(&old)
    };
    (format!("{schema}.{old}"), old)
}

/// A qualified name in its two parts; a dot within quotes is none.
fn split(id: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, byte) in id.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'.' if !quoted => return (&id[..at], &id[at + 1..]),
            _ => {}
        }
    }
    ("", id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(from: &[&str], to: &[&str]) -> Vec<String> {
        let own = |labels: &[&str]| labels.iter().map(ToString::to_string).collect::<Vec<_>>();
        match labels("public.mood", &own(from), &own(to)) {
            Change::Alter(statements) => statements,
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn labels_are_added_at_their_place_and_nothing_else_is_possible() {
        assert_eq!(
            added(&["a", "b"], &["z", "a", "x", "b", "y"]),
            [
                "ALTER TYPE public.mood ADD VALUE 'z' BEFORE 'a'",
                "ALTER TYPE public.mood ADD VALUE 'x' AFTER 'a'",
                "ALTER TYPE public.mood ADD VALUE 'y'",
            ]
        );
        assert_eq!(added(&["a", "b"], &["b", "a"]), ["Rebuild"]);
        assert_eq!(added(&["a", "b"], &["a"]), ["Rebuild"]);
    }

    #[test]
    fn a_name_with_a_dot_is_one_name() {
        assert_eq!(split("public.\"a.b\""), ("public", "\"a.b\""));
        assert_eq!(old_name("public.mood").0, "public.mood_before");
    }
}
