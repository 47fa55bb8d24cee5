//! Seeds: repeatable data from files, loaded in one transaction in the order of their names.
//!
//! `NNN_table.csv` is copied into a temporary table and inserted where no row is in the way, so that a second load changes
//! nothing; `NNN_name.sql` is run as it is.

mod csv;

use std::path::{Path, PathBuf};

use serde::Serialize;
use sqlx::postgres::PgConnection;

use crate::base::{Error, Result};
use crate::ops::database::init::read;
use crate::ops::database::sqlfile::{SqlText, run};
use crate::ops::database::{Target, connect};

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loaded {
    /// The set, such as `common`.
    pub set: String,
    /// The file, below the sets' folder.
    pub file: String,
    /// The table, for a `.csv` file.
    pub table: Option<String>,
    /// Rows in the file.
    pub rows: u64,
    /// Rows that were inserted or changed.
    pub inserted: u64,
    /// Rows that were in the table already.
    pub present: u64,
}

/// Loads the files of these sets; a set without a folder is empty.
pub async fn load(
    target: &Target,
    folder: &Path,
    sets: &[String],
    on_file: &(dyn Fn(&Loaded) + Sync),
) -> Result<Vec<Loaded>> {
    let mut files = Vec::new();
    for set in sets {
        files.extend(files_of(folder, set)?.into_iter().map(|path| (set, path)));
    }
    let mut connection = connect(target).await?;
    run(&mut connection, "BEGIN").await?;
    let mut all = Vec::new();
    for (set, path) in files {
        let loaded = load_file(&mut connection, set, &path)
            .await
            .map_err(|error| error.context("nothing was loaded"))?;
        on_file(&loaded);
        all.push(loaded);
    }
    run(&mut connection, "COMMIT")
        .await
        .map_err(|error| error.context("nothing was loaded"))?;
    Ok(all)
}

/// The files of a set in the order of their names.
fn files_of(folder: &Path, set: &str) -> Result<Vec<PathBuf>> {
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
        if path.extension().is_some_and(|e| e == "csv" || e == "sql") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

async fn load_file(connection: &mut PgConnection, set: &str, path: &Path) -> Result<Loaded> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let shown = format!("seeds/{set}/{name}");
    let text = read(path, &shown)?;
    if let Some(stem) = name.strip_suffix(".csv") {
        let table = stem
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .trim_start_matches('_');
        let (rows, inserted) = csv::load(connection, &shown, table, &text).await?;
        let table = Some(table.to_owned());
        let present = rows - inserted;
        return Ok(Loaded {
            set: set.to_owned(),
            file: name,
            table,
            rows,
            inserted,
            present,
        });
    }
    let done = SqlText::whole(&shown, &text).run(connection).await?;
    let (rows, inserted) = (done.changed, done.changed);
    Ok(Loaded {
        set: set.to_owned(),
        file: name,
        table: None,
        rows,
        inserted,
        present: 0,
    })
}
