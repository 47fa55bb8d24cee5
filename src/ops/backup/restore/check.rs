//! Looks at the new database before it takes the place of the old one.

use std::path::Path;

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use crate::base::text::list;
use crate::base::{Error, Result};
use crate::ops::database::error::running;
use crate::ops::database::init::{read, sql_files};
use crate::ops::database::sqlfile::{SqlText, run};

/// Makes statistics, and refuses a database with an unusable index or with rows that a check finds.
pub(super) async fn check(connection: &mut PgConnection, checks: Option<&Path>) -> Result<()> {
    for sql in [
        "SET statement_timeout = 0",
        "SET lock_timeout = 0",
        "ANALYZE",
    ] {
        run(connection, sql).await?;
    }
    indexes(connection).await?;
    match checks {
        Some(folder) => run_checks(connection, folder).await,
        None => Ok(()),
    }
}

async fn indexes(connection: &mut PgConnection) -> Result<()> {
    // A partitioned index is invalid as long as a partition lacks its part of it; the dump says so too.
    const SQL: &str = "select coalesce(array_agg(i.indexrelid::regclass::text order by 1), '{}') \
        from pg_index i join pg_class c on c.oid = i.indexrelid \
        where not (i.indisvalid and i.indisready) and c.relkind = 'i'";
    let row = connection.fetch_one(SQL).await;
    let names: Vec<String> = row
        .and_then(|row| row.try_get(0))
        .map_err(|e| running(SQL, e))?;
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::corrupt(format!(
        "indexes are not valid: {}",
        list(&names)
    )))
}

/// Runs every file of the folder; each of their statements must answer no row.
async fn run_checks(connection: &mut PgConnection, folder: &Path) -> Result<()> {
    for path in sql_files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let file = format!("sql/checks/{name}");
        let text = read(&path, &file)?;
        let sql = SqlText::whole(&file, &text);
        for statement in sql.statements()? {
            let done = sql.run_one(connection, &statement).await?;
            if done.answered > 0 {
                let message = format!("the check found {} that should not be", rows(done.answered));
                return Err(sql
                    .at(Error::refused(message), &statement)
                    .hint("look at the rows, or restore without checks: `checks: false`"));
            }
        }
    }
    Ok(())
}

fn rows(n: u64) -> String {
    crate::base::text::count("row", usize::try_from(n).unwrap_or(usize::MAX))
}
