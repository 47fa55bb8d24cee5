//! What has to be done about an object that is in both schemas and differs.

use super::detail::{Detail, Table};
use super::object::{Key, Object};
use super::{column, grant, types};

/// The way from one form of an object to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// These statements, while it stays.
    Alter(Vec<String>),
    /// A column gets another type: what hangs on it may be in the way.
    Retype(Vec<String>),
    /// A type is made anew beside the old one and its columns move over.
    Rebuild,
    /// It is dropped and made anew.
    Replace,
}

/// The change of an object; nothing when both forms are the same.
pub(super) fn change(key: &Key, from: &Object, to: &Object) -> Option<Change> {
    if from.create == to.create && from.detail == to.detail {
        return None;
    }
    let change = match (&from.detail, &to.detail) {
        (Detail::Table(from), Detail::Table(to)) => Change::Alter(table(&key.id, from, to)),
        (Detail::Column(from), Detail::Column(to)) => column::change(key, from, to),
        (Detail::Enum { labels: from }, Detail::Enum { labels: to }) => {
            types::labels(&key.id, from, to)
        }
        (Detail::Domain(from), Detail::Domain(to)) => types::domain(&key.id, from, to),
        (Detail::Composite { attributes: from }, Detail::Composite { attributes: to }) => {
            types::composite(&key.id, from, to)
        }
        (Detail::Sequence { .. }, Detail::Sequence { options }) => {
            Change::Alter(vec![format!("ALTER SEQUENCE {}{options}", key.id)])
        }
        (Detail::Extension { movable: true, .. }, Detail::Extension { schema, .. }) => {
            Change::Alter(vec![format!(
                "ALTER EXTENSION {} SET SCHEMA {schema}",
                key.id
            )])
        }
        (Detail::Function { signature: old, .. }, Detail::Function { signature: new, .. })
            if old == new =>
        {
            Change::Alter(vec![to.create.clone()])
        }
        // A view can be replaced where it stands when it only gets more columns.
        (Detail::View { columns: old }, Detail::View { columns: new }) if new.starts_with(old) => {
            Change::Alter(vec![replace_view(to)])
        }
        (Detail::Constraint(old), Detail::Constraint(new))
            if old.definition == format!("{} NOT VALID", new.definition) =>
        {
            let table = key.id.split_once(" ON ").map_or("", |(_, table)| table);
            Change::Alter(vec![format!(
                "ALTER TABLE {table} VALIDATE CONSTRAINT {}",
                new.name
            )])
        }
        (
            Detail::Trigger { .. },
            Detail::Trigger {
                table,
                name,
                firing,
            },
        ) if from.create == to.create => {
            Change::Alter(vec![format!("ALTER TABLE {table} {firing} TRIGGER {name}")])
        }
        (Detail::Grant(from), Detail::Grant(to)) => Change::Alter(grant::change(from, to)),
        (Detail::Default { .. } | Detail::Comment, _) => Change::Alter(vec![to.create.clone()]),
        _ => Change::Replace,
    };
    Some(change)
}

/// Replacing a view sets its options to those that are named, and to no others.
fn replace_view(to: &Object) -> String {
    to.create
        .replacen("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)
}

fn table(id: &str, from: &Table, to: &Table) -> Vec<String> {
    let mut changes = Vec::new();
    if from.unlogged != to.unlogged {
        let word = if to.unlogged { "UNLOGGED" } else { "LOGGED" };
        changes.push(format!("SET {word}"));
    }
    let name = |option: &String| option.split('=').next().unwrap_or_default().to_owned();
    let gone: Vec<String> = from
        .options
        .iter()
        .map(name)
        .filter(|old| !to.options.iter().any(|new| name(new) == *old))
        .collect();
    if !gone.is_empty() {
        changes.push(format!("RESET ({})", gone.join(", ")));
    }
    if to.options.iter().any(|new| !from.options.contains(new)) {
        changes.push(format!("SET ({})", to.options.join(", ")));
    }
    changes.extend(settings(from, to));
    changes
        .into_iter()
        .map(|change| format!("ALTER TABLE {id} {change}"))
        .collect()
}

fn settings(from: &Table, to: &Table) -> Vec<String> {
    let mut changes = Vec::new();
    if from.row_security != to.row_security {
        let word = if to.row_security { "ENABLE" } else { "DISABLE" };
        changes.push(format!("{word} ROW LEVEL SECURITY"));
    }
    if from.force_row_security != to.force_row_security {
        let word = if to.force_row_security {
            "FORCE"
        } else {
            "NO FORCE"
        };
        changes.push(format!("{word} ROW LEVEL SECURITY"));
    }
    if from.identity != to.identity {
        changes.push(format!("REPLICA IDENTITY {}", to.identity));
    }
    changes
}

/// What a new table needs beyond its columns.
pub(super) fn table_settings(id: &str, to: &Table) -> Vec<String> {
    let plain = Table {
        unlogged: to.unlogged,
        options: to.options.clone(),
        row_security: false,
        force_row_security: false,
        identity: "DEFAULT".to_owned(),
    };
    table(id, &plain, to)
}
