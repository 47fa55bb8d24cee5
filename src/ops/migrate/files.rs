//! Finds migration files: pairs `NNN_name.up.sql` and `NNN_name.down.sql`, or one `NNN_name.sql`, also with dbmate's sections.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::base::{Error, Result};
use crate::ops::database::init::{read, sql_files};
use crate::ops::database::sqlfile::SqlText;
use crate::ops::pipeline::hex;

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

/// SQL of a file or a section of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The file as people know it.
    pub file: String,
    /// The line that the text begins on.
    pub first_line: usize,
    /// The text, with line ends of Unix.
    pub text: String,
    /// Whether its statements run outside a transaction.
    pub no_transaction: bool,
}

impl Script {
    fn whole(file: &str, text: &str) -> Self {
        Self::section(file, 1, text, is_marked(text))
    }

    fn section(file: &str, first_line: usize, text: &str, no_transaction: bool) -> Self {
        Self {
            file: file.to_owned(),
            first_line,
            text: text.to_owned(),
            no_transaction,
        }
    }

    /// The text with its place.
    pub fn sql(&self) -> SqlText<'_> {
        SqlText {
            file: &self.file,
            first_line: self.first_line,
            text: &self.text,
        }
    }

    /// What tells an edited file: independent of how lines end.
    pub fn checksum(&self) -> String {
        checksum(&self.text)
    }
}

/// The SHA-256 of a text in hexadecimal digits.
pub(super) fn checksum(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// `-- lexi:no-transaction`, or what sqlx and dbmate write for it, in the lines before the first statement.
fn is_marked(text: &str) -> bool {
    let comments = text
        .lines()
        .map(str::trim)
        .take_while(|line| line.is_empty() || line.starts_with("--"));
    comments
        .map(|line| line.trim_start_matches('-').trim())
        .any(|line| {
            line == "lexi:no-transaction"
                || line == "no-transaction"
                || (line.starts_with("migrate:") && line.contains("transaction:false"))
        })
}

/// All migrations of a folder, in order; `shown` is the folder as people know it.
pub fn find(folder: &Path, shown: &str) -> Result<Vec<Migration>> {
    let mut found: BTreeMap<i64, Found> = BTreeMap::new();
    for path in sql_files(folder)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let file = format!("{shown}/{name}");
        let Some(parts) = Parts::of(&name) else {
            if name.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(
                    Error::invalid(format!("`{file}` is not named like a migration"))
                        .hint("name it `NUMBER_name.up.sql` and `.down.sql`, or `NUMBER_name.sql`"),
                );
            }
            continue;
        };
        let text = read(&path, &file)?.replace("\r\n", "\n");
        found
            .entry(parts.version)
            .or_default()
            .add(&parts, &file, &text)?;
    }
    found
        .into_iter()
        .map(|(version, found)| found.finish(version))
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Parts<'n> {
    version: i64,
    name: &'n str,
    half: Half,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Up,
    Down,
    Both,
}

impl<'n> Parts<'n> {
    fn of(file: &'n str) -> Option<Self> {
        let stem = file.strip_suffix(".sql")?;
        let (stem, half) = match (stem.strip_suffix(".up"), stem.strip_suffix(".down")) {
            (Some(stem), _) => (stem, Half::Up),
            (_, Some(stem)) => (stem, Half::Down),
            _ => (stem, Half::Both),
        };
        let (number, name) = stem.split_once('_')?;
        let version = number
            .parse()
            .ok()
            .filter(|_| number.bytes().all(|b| b.is_ascii_digit()))?;
        (!name.is_empty()).then_some(Self {
            version,
            name,
            half,
        })
    }
}

#[derive(Debug, Default)]
struct Found {
    name: String,
    up: Option<Script>,
    down: Option<Script>,
}

impl Found {
    fn add(&mut self, parts: &Parts<'_>, file: &str, text: &str) -> Result<()> {
        let (up, down) = match parts.half {
            Half::Up => (Some(Script::whole(file, text)), None),
            Half::Down => (None, Some(Script::whole(file, text))),
            Half::Both => sections(file, text),
        };
        for (place, script) in [(&mut self.up, up), (&mut self.down, down)] {
            let Some(script) = script else { continue };
            if let Some(other) = place.replace(script) {
                return Err(Error::invalid(format!(
                    "`{}` and `{file}` have the same number",
                    other.file
                ))
                .hint("give one of them another number"));
            }
        }
        parts.name.clone_into(&mut self.name);
        Ok(())
    }

    fn finish(self, version: i64) -> Result<Migration> {
        match (self.up, self.down) {
            (Some(up), down) => Ok(Migration {
                version,
                name: self.name,
                up,
                down,
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

/// dbmate keeps both halves in one file; a file without its marks is all up.
fn sections(file: &str, text: &str) -> (Option<Script>, Option<Script>) {
    let mark = |word: &str| {
        let mut offset = 0;
        text.split_inclusive('\n')
            .enumerate()
            .find_map(|(number, line)| {
                let start = offset;
                offset += line.len();
                let bare = line.trim().strip_prefix("--")?.trim();
                bare.starts_with(word).then_some((start, number + 1))
            })
    };
    let (Some(up), down) = (mark("migrate:up"), mark("migrate:down")) else {
        return (Some(Script::whole(file, text)), None);
    };
    let end_of = |from: usize, other: Option<(usize, usize)>| {
        other.map_or(
            text.len(),
            |(start, _)| if start > from { start } else { text.len() },
        )
    };
    let cut = |(start, line): (usize, usize), other| {
        let part = &text[start..end_of(start, other)];
        Script::section(file, line, part, is_marked(part))
    };
    (Some(cut(up, down)), down.map(|down| cut(down, Some(up))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let parts = |version, name, half| {
            Some(Parts {
                version,
                name,
                half,
            })
        };
        let cases = [
            (
                "20260101000000_users.up.sql",
                parts(20_260_101_000_000, "users", Half::Up),
            ),
            ("1_a_b.down.sql", parts(1, "a_b", Half::Down)),
            ("002_x.sql", parts(2, "x", Half::Both)),
            ("x_1.sql", None),
            ("1.sql", None),
            ("1_x.txt", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Parts::of(name), expected, "{name}");
        }
    }

    #[test]
    fn sections_of_one_file_keep_their_lines() {
        let text = "-- migrate:up transaction:false\ncreate table a();\n\n-- migrate:down\ndrop table a;\n";

        let (up, down) = sections("m.sql", text);

        let (up, down) = (up.unwrap(), down.unwrap());
        assert!(up.no_transaction && !down.no_transaction);
        assert_eq!((up.first_line, down.first_line), (1, 4));
        assert!(up.text.contains("create table") && !up.text.contains("drop"));
        assert!(down.text.contains("drop table"));
    }

    #[test]
    fn a_checksum_does_not_depend_on_line_ends_and_marks_are_found() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("1_a.sql"),
            "-- no-transaction\r\nselect 1;\r\n",
        )
        .unwrap();
        std::fs::write(dir.path().join("2_b.sql"), "-- no-transaction\nselect 1;\n").unwrap();

        let found = find(dir.path(), "migrations").unwrap();

        assert_eq!(found[0].up.checksum(), found[1].up.checksum());
        assert!(found[0].up.no_transaction);
    }

    #[test]
    fn two_files_with_one_number_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["1_a.up.sql", "1_b.up.sql"] {
            std::fs::write(dir.path().join(name), "select 1").unwrap();
        }

        let error = find(dir.path(), "migrations").unwrap_err();

        assert!(error.message().contains("have the same number"), "{error}");
    }
}
