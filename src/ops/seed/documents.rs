//! Rows that are written as objects: a JSON file, or the value of a script.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::SeedFile;
use crate::base::{Error, Result};

/// The rows of a file.
pub(super) struct Documents {
    /// The columns, which are the keys that every object has.
    pub(super) columns: Vec<String>,
    /// How many there are.
    pub(super) count: u64,
    /// Number and object of each, as CSV.
    pub(super) text: String,
}

/// Reads an array of objects that all have the same keys.
pub(super) fn read(file: &SeedFile) -> Result<Documents> {
    let shown = &file.shown;
    let rows: Vec<&RawValue> = serde_json::from_str(&file.text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::invalid(format!("{shown}:{line}:{column}: not an array of objects"))
            .because(error)
            .field("file", shown.clone())
    })?;
    let mut columns: Option<Vec<String>> = None;
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (at, row) in rows.iter().enumerate() {
        let number = at + 1;
        let keys = keys_of(row).map_err(|why| at_row(why, shown, number))?;
        let columns = columns.get_or_insert_with(|| keys.clone());
        if let Some(why) = differing(columns, &keys) {
            return Err(at_row(Error::invalid(why), shown, number)
                .hint("give every row the same keys; `null` where there is no value"));
        }
        writer
            .write_record([number.to_string().as_str(), row.get()])
            .map_err(|e| Error::internal("cannot write CSV").because(e))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| Error::internal("cannot write CSV").because(e.to_string()))?;
    let text =
        String::from_utf8(bytes).map_err(|e| Error::internal("cannot write CSV").because(e))?;
    Ok(Documents {
        columns: columns.unwrap_or_default(),
        count: rows.len() as u64,
        text,
    })
}

fn keys_of(row: &RawValue) -> Result<Vec<String>> {
    let object: BTreeMap<String, &RawValue> = serde_json::from_str(row.get())
        .map_err(|error| Error::invalid("not an object of columns and values").because(error))?;
    if object.is_empty() {
        return Err(Error::invalid("names no column"));
    }
    Ok(object.into_keys().collect())
}

fn differing(first: &[String], keys: &[String]) -> Option<String> {
    let missing = first.iter().find(|key| !keys.contains(key));
    let extra = keys.iter().find(|key| !first.contains(key));
    match (missing, extra) {
        (Some(key), _) => Some(format!("has no `{key}`, which row 1 has")),
        (None, Some(key)) => Some(format!("has `{key}`, which row 1 has not")),
        (None, None) => None,
    }
}

fn at_row(error: Error, shown: &str, row: usize) -> Error {
    error
        .context(format!("{shown}, row {row}"))
        .field("file", shown)
        .field("row", row)
}
