//! Seeds: repeatable data from files, loaded in one transaction, a table after those it refers to.
//!
//! `NNN_table.csv`, `.json` and `.rhai` fill a table where no row is in the way, so that a second load changes nothing;
//! `NNN_name.sql` is run as it is.

mod blame;
mod documents;
mod files;
mod order;
mod scale;
mod table;

use serde::Serialize;
use sqlx::postgres::PgConnection;

pub use files::{Format, SeedFile, find};
pub use scale::{Copied, scale};

use crate::base::Result;
use crate::ops::database::sqlfile::{SqlText, run};
use crate::ops::database::{Target, connect};

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loaded {
    /// The set, such as `common`.
    pub set: String,
    /// The file, below the set's folder.
    pub file: String,
    /// The table; none for a `.sql` file.
    pub table: Option<String>,
    /// Rows in the file.
    pub rows: u64,
    /// Rows that were inserted or changed.
    pub inserted: u64,
    /// Rows that were in the table already.
    pub present: u64,
}

/// Loads these files into the database, all or none.
pub async fn load(
    target: &Target,
    files: Vec<SeedFile>,
    on_file: &(dyn Fn(&Loaded) + Sync),
) -> Result<Vec<Loaded>> {
    let mut connection = connect(target).await?;
    run(&mut connection, "BEGIN").await?;
    load_all(&mut connection, files, on_file)
        .await
        .map_err(|error| error.context("nothing was loaded"))
}

async fn load_all(
    connection: &mut PgConnection,
    files: Vec<SeedFile>,
    on_file: &(dyn Fn(&Loaded) + Sync),
) -> Result<Vec<Loaded>> {
    let mut all = Vec::new();
    for file in order::sorted(connection, files).await? {
        let loaded = load_file(connection, &file).await?;
        on_file(&loaded);
        all.push(loaded);
    }
    run(connection, "COMMIT").await?;
    Ok(all)
}

async fn load_file(connection: &mut PgConnection, file: &SeedFile) -> Result<Loaded> {
    let (rows, inserted) = if let Some(table) = file.table() {
        table::load(connection, file, table).await?
    } else {
        let text = SqlText::whole(&file.shown, &file.text);
        let done = text.run(connection).await?;
        (done.changed, done.changed)
    };
    Ok(Loaded {
        set: file.set.clone(),
        file: file.name.clone(),
        table: file.table().map(str::to_owned),
        rows,
        inserted,
        present: rows - inserted,
    })
}
