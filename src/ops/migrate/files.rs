//! Finds migration files: pairs `NUMBER_name.up.sql` and `.down.sql`, or one `NUMBER_name.sql`, also with dbmate's sections;
//! and files `R__name.sql`, which run again whenever they change.

use std::collections::BTreeMap;
use std::path::Path;

pub use super::script::Script;

use super::name::{FileName, Half};
use super::sections;
use crate::base::{Error, Result};
use crate::ops::database::init::{read, sql_files};

/// The files of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// Those that run once, in the order of their numbers.
    pub migrations: Vec<Migration>,
    /// Those that run again when they change, in the order of their names.
    pub repeatables: Vec<Repeatable>,
}

/// One numbered change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its number; the order is that of the numbers.
    pub version: i64,
    /// Its name, without number and ending.
    pub name: String,
    /// What applies it.
    pub up: Script,
    /// What takes it back; none when it cannot be taken back.
    pub down: Option<Script>,
}

/// A file that runs again whenever it changes, after the numbered ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeatable {
    /// Its name, without `R__` and ending.
    pub name: String,
    /// What it does.
    pub script: Script,
}

impl Files {
    /// The migration with this number.
    pub fn migration(&self, version: i64) -> Option<&Migration> {
        self.migrations.iter().find(|m| m.version == version)
    }

    /// The same, or an error that names the number.
    pub fn require(&self, version: i64) -> Result<&Migration> {
        self.migration(version).ok_or_else(|| {
            Error::not_found(format!("no migration has the number {version}"))
                .hint("see them with `lexi run migrate-status`")
        })
    }
}

/// All migrations of a folder, in order; `shown` is the folder as people know it.
pub fn find(folder: &Path, shown: &str) -> Result<Files> {
    let mut found: BTreeMap<i64, Found> = BTreeMap::new();
    let mut repeatables = Vec::new();
    for path in sql_files(folder)? {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let file = format!("{shown}/{file_name}");
        let text = || Ok::<_, Error>(read(&path, &file)?.replace("\r\n", "\n"));
        match FileName::of(&file_name) {
            FileName::Other => {}
            FileName::Unusable => return Err(unusable(&file)),
            FileName::Repeatable(name) => repeatables.push(repeatable(name, &file, &text()?)?),
            FileName::Numbered {
                version,
                name,
                half,
            } => {
                let found = found.entry(version).or_default();
                found.add(half, &file, &text()?)?;
                name.clone_into(&mut found.name);
            }
        }
    }
    let migrations = found
        .into_iter()
        .map(|(version, found)| found.finish(version));
    Ok(Files {
        migrations: migrations.collect::<Result<_>>()?,
        repeatables,
    })
}

fn unusable(file: &str) -> Error {
    Error::invalid(format!("`{file}` is not named like a migration"))
        .hint("name it `NUMBER_name.up.sql` and `.down.sql`, or `NUMBER_name.sql`, or `R__name.sql`; numbers begin at 1")
}

fn repeatable(name: &str, file: &str, text: &str) -> Result<Repeatable> {
    let script = Script::whole(file, text)?;
    if script.no_transaction {
        let error = Error::invalid(format!("`{file}` cannot run outside a transaction"));
        return Err(
            error.hint("a file `R__..` runs again and again, so it must take effect as a whole")
        );
    }
    Ok(Repeatable {
        name: name.to_owned(),
        script,
    })
}

#[derive(Debug, Default)]
struct Found {
    name: String,
    up: Option<Script>,
    down: Option<Script>,
}

impl Found {
    fn add(&mut self, half: Half, file: &str, text: &str) -> Result<()> {
        let (up, down) = match half {
            Half::Up => (Some(Script::whole(file, text)?), None),
            Half::Down => (None, Some(Script::whole(file, text)?)),
            Half::Both => {
                let (up, down) = sections::read(file, text)?;
                (Some(up), down)
            }
        };
        for (place, script) in [(&mut self.up, up), (&mut self.down, down)] {
            let Some(script) = script else { continue };
            if let Some(other) = place.replace(script) {
                let message = format!("`{}` and `{file}` have the same number", other.file);
                return Err(Error::invalid(message).hint("give one of them another number"));
            }
        }
        Ok(())
    }

    fn finish(self, version: i64) -> Result<Migration> {
        match (self.up, self.down) {
            (Some(up), down) => Ok(Migration {
                version,
                name: self.name,
                down: down.filter(|_| !up.is_irreversible),
                up,
            }),
            (None, Some(down)) => Err(Error::invalid(format!(
                "`{}` has no `.up.sql` beside it",
                down.file
            ))
            .hint("a migration is a pair of files; remove the file or write its other half")),
            (None, None) => Err(Error::internal("a migration without files")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    #[test]
    fn a_checksum_does_not_depend_on_line_ends_and_marks_are_found() {
        let dir = folder(&[
            ("1_a.sql", "-- no-transaction\r\nselect 1;\r\n"),
            ("2_b.sql", "-- no-transaction\nselect 1;\n"),
        ]);

        let found = find(dir.path(), "migrations").unwrap().migrations;

        assert_eq!(found[0].up.checksum(), found[1].up.checksum());
        assert!(found[0].up.no_transaction);
    }

    #[test]
    fn two_files_with_one_number_are_refused() {
        let dir = folder(&[("1_a.up.sql", "select 1"), ("1_b.up.sql", "select 1")]);

        let error = find(dir.path(), "migrations").unwrap_err();

        assert!(error.message().contains("have the same number"), "{error}");
    }

    #[test]
    fn numbers_decide_the_order_and_other_files_are_left_alone() {
        let dir = folder(&[
            ("10_b.sql", "select 1"),
            ("9_a.sql", "select 1"),
            ("schema.sql", "nonsense"),
            ("R__z.sql", "select 1"),
            ("R__a.sql", "select 1"),
        ]);

        let found = find(dir.path(), "migrations").unwrap();

        let names: Vec<_> = found.migrations.iter().map(|m| m.name.as_str()).collect();
        let repeatables: Vec<_> = found.repeatables.iter().map(|r| r.name.as_str()).collect();
        assert_eq!((names, repeatables), (vec!["a", "b"], vec!["a", "z"]));
    }
}
