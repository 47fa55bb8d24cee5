//! Writes an empty migration: a pair of files with the time as their number.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::base::{Error, Result};

/// Writes the pair and gives both paths.
pub fn create(folder: &Path, name: &str, newest: Option<i64>) -> Result<Vec<PathBuf>> {
    check_name(name)?;
    let version = next_version(newest)?;
    let name = name.replace('-', "_");
    let (up, down) = (
        format!("{version}_{name}.up.sql"),
        format!("{version}_{name}.down.sql"),
    );
    let files = [
        (up, format!("-- {}.\n\n", name.replace('_', " "))),
        (
            down,
            "-- Takes the other file back, exactly.\n\n".to_owned(),
        ),
    ];
    std::fs::create_dir_all(folder)
        .map_err(|e| Error::io(format!("cannot make `{}`", folder.display()), e))?;
    files
        .into_iter()
        .map(|(file, text)| write(&folder.join(file), &text))
        .collect()
}

/// Refuses what cannot be part of a migration's file name.
pub(super) fn check_name(name: &str) -> Result<()> {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if fits {
        return Ok(());
    }
    Err(Error::invalid(format!("`{name}` cannot name a migration"))
        .hint("use letters, digits and `_`, such as `add_case_numbers`"))
}

/// The number of a new migration: the time in UTC, or one more than the newest file's.
pub(super) fn next_version(newest: Option<i64>) -> Result<i64> {
    let now = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .strftime("%Y%m%d%H%M%S")
        .to_string();
    let now: i64 = now
        .parse()
        .map_err(|e| Error::internal("the time is no number").because(e))?;
    Ok(newest.map_or(now, |newest| now.max(newest + 1)))
}

fn write(path: &Path, text: &str) -> Result<PathBuf> {
    let doing = |e| Error::io(format!("cannot write `{}`", path.display()), e);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(doing)?;
    file.write_all(text.as_bytes()).map_err(doing)?;
    Ok(path.to_owned())
}
