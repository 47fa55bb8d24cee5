//! The files of the sets: `seeds/<set>/NNN_table.csv`, `.json`, `.rhai`, and `NNN_name.sql`.

use std::path::{Path, PathBuf};

use crate::base::{Error, Result};
use crate::ops::database::init::read;

/// How a file holds its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The first line names the columns; an empty field without quotes is NULL.
    Csv,
    /// An array of objects, one for each row.
    Json,
    /// A script whose value is an array of maps, one for each row.
    Rhai,
    /// Statements.
    Sql,
}

/// One file of a set.
#[derive(Debug, Clone)]
pub struct SeedFile {
    /// The set, such as `common`.
    pub set: String,
    /// The file, below the set's folder.
    pub name: String,
    /// The file, as people know it.
    pub shown: String,
    /// Where it is.
    pub path: PathBuf,
    /// How it holds its rows.
    pub format: Format,
    /// What it says. The caller replaces the text of a script by its value as JSON.
    pub text: String,
}

impl SeedFile {
    /// The table that it fills, as `table` or `schema.table`; none for statements.
    pub fn table(&self) -> Option<&str> {
        (self.format != Format::Sql).then(|| table_of(&self.name))
    }
}

/// `NNN_table.csv` without number and ending.
fn table_of(name: &str) -> &str {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches('_')
}

/// Reads the files of these sets, in this order and then by name; a set without a folder is empty.
pub fn find(folder: &Path, sets: &[String]) -> Result<Vec<SeedFile>> {
    let mut all = Vec::new();
    for set in sets {
        all.extend(files_of(folder, set)?);
    }
    Ok(all)
}

fn files_of(folder: &Path, set: &str) -> Result<Vec<SeedFile>> {
    if set.is_empty() || set.contains(['/', '\\']) || set.starts_with('.') {
        return Err(Error::invalid(format!(
            "`{set}` cannot name a set of seeds"
        )));
    }
    let folder = folder.join(set);
    let doing = |e| Error::io(format!("cannot list `{}`", folder.display()), e);
    let entries = match std::fs::read_dir(&folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(doing)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(doing)?.path();
        files.extend(file_at(set, &path)?);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Reads a file; none where it is not one of seeds.
fn file_at(set: &str, path: &Path) -> Result<Option<SeedFile>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let format = match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Format::Csv,
        Some("json") => Format::Json,
        Some("rhai") => Format::Rhai,
        Some("sql") => Format::Sql,
        _ => return Ok(None),
    };
    if name.starts_with('.') {
        return Ok(None);
    }
    let shown = format!("seeds/{set}/{name}");
    if format != Format::Sql && table_of(&name).is_empty() {
        return Err(
            Error::invalid(format!("`{shown}` names no table")).hint("call it `NNN_table.csv`")
        );
    }
    Ok(Some(SeedFile {
        set: set.to_owned(),
        text: read(path, &shown)?,
        name: name.into_owned(),
        shown,
        path: path.to_owned(),
        format,
    }))
}

#[cfg(test)]
mod tests {
    use super::table_of;

    #[test]
    fn the_table_stands_between_number_and_ending() {
        assert_eq!(table_of("010_users.csv"), "users");
        assert_eq!(table_of("users.json"), "users");
        assert_eq!(table_of("010_audit.events.csv"), "audit.events");
        assert_eq!(table_of("010_.csv"), "");
    }
}
