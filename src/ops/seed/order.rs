//! The order of the files: a table after those that it refers to, otherwise by set and name.

use std::collections::HashSet;

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use super::SeedFile;
use crate::base::Result;
use crate::ops::database::error::running;

/// Every reference from one table to another, both as a seed's file names them.
const REFERENCES: &str = "select distinct \
    case when n.nspname = 'public' then '' else n.nspname || '.' end || c.relname, \
    case when m.nspname = 'public' then '' else m.nspname || '.' end || d.relname \
    from pg_constraint k \
    join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace \
    join pg_class d on d.oid = k.confrelid join pg_namespace m on m.oid = d.relnamespace \
    where k.contype = 'f' and c.oid <> d.oid and not k.condeferred";

/// What can be sorted.
pub(super) trait HasTable {
    /// The table, as a seed's file names it.
    fn table(&self) -> Option<&str>;
}

impl HasTable for SeedFile {
    fn table(&self) -> Option<&str> {
        Self::table(self)
    }
}

/// Sorts what fills or is a table. What has none (a file of statements) stays where it is, and so does what is before it.
pub(super) async fn sorted<T: HasTable>(
    connection: &mut PgConnection,
    items: Vec<T>,
) -> Result<Vec<T>> {
    let rows = connection
        .fetch_all(REFERENCES)
        .await
        .map_err(|e| running(REFERENCES, e))?;
    let mut references = HashSet::new();
    for row in rows {
        let pair: (String, String) = row
            .try_get(0)
            .and_then(|from| Ok((from, row.try_get(1)?)))
            .map_err(|e| running(REFERENCES, e))?;
        let _new = references.insert(pair);
    }
    Ok(by_reference(items, &references))
}

/// Takes the first file again and again whose references are all loaded; of a circle, the first by name.
fn by_reference<T: HasTable>(items: Vec<T>, references: &HashSet<(String, String)>) -> Vec<T> {
    let mut left = items;
    let mut done = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let end = left
            .iter()
            .position(|item| item.table().is_none())
            .unwrap_or(left.len());
        let next = next_of(&left[..end], references);
        done.push(left.remove(next));
    }
    done
}

/// The first file that waits for none, or for none that does not wait for it in turn.
fn next_of<T: HasTable>(items: &[T], references: &HashSet<(String, String)>) -> usize {
    let reaches: Vec<HashSet<usize>> = (0..items.len())
        .map(|at| reached(at, items, references))
        .collect();
    let is_free = |at: &usize| {
        reaches[*at]
            .iter()
            .all(|other| reaches[*other].contains(at))
    };
    (0..items.len()).find(is_free).unwrap_or(0)
}

/// The items that must come before this one, directly or not; itself where it is part of a circle.
fn reached<T: HasTable>(
    from: usize,
    items: &[T],
    references: &HashSet<(String, String)>,
) -> HashSet<usize> {
    let mut found = HashSet::new();
    let mut to_see = vec![from];
    while let Some(at) = to_see.pop() {
        let waits = |other: &usize| refers(&items[at], &items[*other], references);
        for other in (0..items.len()).filter(waits) {
            if found.insert(other) {
                to_see.push(other);
            }
        }
    }
    found
}

/// Whether an item's table refers to that of another.
fn refers<T: HasTable>(item: &T, other: &T, references: &HashSet<(String, String)>) -> bool {
    let (Some(from), Some(to)) = (item.table(), other.table()) else {
        return false;
    };
    references.contains(&(from.to_owned(), to.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::ops::seed::Format;

    fn names(files: &[&str], references: &[(&str, &str)]) -> String {
        let files = files.iter().map(|name| SeedFile {
            set: "s".to_owned(),
            name: (*name).to_owned(),
            shown: String::new(),
            path: PathBuf::new(),
            format: match name.rsplit_once('.') {
                Some((_, "sql")) => Format::Sql,
                _ => Format::Csv,
            },
            text: String::new(),
        });
        let references = references
            .iter()
            .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
            .collect();
        let sorted = by_reference(files.collect(), &references);
        let names: Vec<String> = sorted.into_iter().map(|file| file.name).collect();
        names.join(" ")
    }

    #[test]
    fn a_table_comes_after_those_it_refers_to_and_names_decide_the_rest() {
        assert_eq!(
            names(&["1_c.csv", "2_b.csv", "3_a.csv"], &[("c", "a")]),
            "2_b.csv 3_a.csv 1_c.csv"
        );
        assert_eq!(names(&["1_a.csv", "2_b.csv"], &[]), "1_a.csv 2_b.csv");
    }

    #[test]
    fn a_circle_goes_by_name() {
        let circle = [("a", "b"), ("b", "a"), ("c", "a")];
        assert_eq!(
            names(&["1_c.csv", "2_a.csv", "3_b.csv"], &circle),
            "2_a.csv 1_c.csv 3_b.csv"
        );
    }

    #[test]
    fn statements_stay_where_they_are() {
        assert_eq!(
            names(
                &["1_b.csv", "2_x.sql", "3_a.csv", "4_c.csv"],
                &[("b", "a"), ("a", "c")]
            ),
            "1_b.csv 2_x.sql 4_c.csv 3_a.csv"
        );
    }
}
