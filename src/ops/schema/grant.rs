//! Rights of others than the owner.

use std::collections::BTreeSet;

use super::detail::{Detail, Grant, Right};
use super::object::{Key, Object};

/// The name of the rights on one thing.
pub(super) fn name(rights: &Grant) -> String {
    let column = rights.column.as_ref();
    let column = column.map(|column| format!(" ({column})"));
    format!("{}{}", rights.object, column.unwrap_or_default())
}

/// The rights on an object.
pub(super) fn object(on: Key, rights: Grant) -> Object {
    let nothing = Grant {
        granted: BTreeSet::new(),
        revoked: BTreeSet::new(),
        ..rights.clone()
    };
    Object {
        create: change(&nothing, &rights).join(";\n"),
        drop: change(&rights, &nothing).join(";\n"),
        needs: BTreeSet::from([on.clone()]),
        parent: Some(on),
        detail: Detail::Grant(rights),
    }
}

/// The statements that make the rights on a thing into others.
pub(super) fn change(from: &Grant, to: &Grant) -> Vec<String> {
    let given = |rights: &Grant, back: &Grant| -> Vec<Right> {
        let more = rights.granted.difference(&back.granted);
        let again = back.revoked.difference(&rights.revoked);
        more.chain(again).cloned().collect()
    };
    let taken = given(to, from);
    let taken: Vec<String> = given(from, to)
        .iter()
        .filter(|right| {
            !taken
                .iter()
                .any(|new| (&new.0, &new.1) == (&right.0, &right.1))
        })
        .map(|right| statement("REVOKE", "FROM", from, right))
        .collect();
    let granted = given(to, from);
    let granted = granted
        .iter()
        .map(|right| statement("GRANT", "TO", to, right));
    taken.into_iter().chain(granted).collect()
}

fn statement(verb: &str, word: &str, rights: &Grant, right: &Right) -> String {
    let (role, privilege, may_grant) = right;
    let column = rights.column.as_ref();
    let column = column.map_or(String::new(), |column| format!(" ({column})"));
    let option = if *may_grant && verb == "GRANT" {
        " WITH GRANT OPTION"
    } else {
        ""
    };
    format!(
        "{verb} {privilege}{column} ON {} {word} {role}{option}",
        rights.object
    )
}
