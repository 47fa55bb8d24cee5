//! Looks at the new database before it takes the place of the old one.

use std::path::Path;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor, Row};

use crate::base::text::list;
use crate::base::{Error, Result};
use crate::ops::database::error::running;
use crate::ops::database::init::{read, sql_files};
use crate::ops::database::sqlfile::{SqlText, run};

/// Makes statistics, and refuses a database with an unusable index or with rows that a check finds. What is odd, but was so
/// in the database that was dumped, is only told.
pub(super) async fn check(
    connection: &mut PgConnection,
    checks: Option<&Path>,
) -> Result<Vec<String>> {
    for sql in [
        "SET statement_timeout = 0",
        "SET lock_timeout = 0",
        "ANALYZE",
    ] {
        run(connection, sql).await?;
    }
    indexes(connection).await?;
    let mut odd = constraints(connection).await?;
    odd.extend(sequences(connection).await?);
    if let Some(folder) = checks {
        run_checks(connection, folder).await?;
    }
    Ok(odd)
}

/// Constraints that rows may break: those that were added `NOT VALID`.
async fn constraints(connection: &mut PgConnection) -> Result<Vec<String>> {
    const SQL: &str = "select 'constraint `' || conname || '` of ' || conrelid::regclass || \
        ' was never validated, and is not here either' from pg_constraint \
        where not convalidated and conrelid <> 0 order by 1";
    texts(connection, SQL).await
}

/// Sequences whose next value is one that their column has already.
async fn sequences(connection: &mut PgConnection) -> Result<Vec<String>> {
    // Only columns that an index finds the largest value of at once.
    const SQL: &str = "select format('select %L where (select max(%I) from %s) >= (select case when is_called \
            then last_value + %s else last_value end from %s)', \
            'the next value of sequence ' || s.oid::regclass || ' is taken already in ' || t.oid::regclass || '.' || a.attname, \
            a.attname, t.oid::regclass, q.seqincrement, s.oid::regclass) \
        from pg_class s join pg_sequence q on q.seqrelid = s.oid \
        join pg_depend d on d.objid = s.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i') \
            and d.refclassid = 'pg_class'::regclass \
        join pg_class t on t.oid = d.refobjid and t.relkind in ('r', 'p') \
        join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid \
        where q.seqincrement > 0 and not q.seqcycle and a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) \
        and exists (select from pg_index i where i.indrelid = t.oid and i.indkey[0] = a.attnum and i.indpred is null)";
    let mut found = Vec::new();
    for question in texts(connection, SQL).await? {
        found.extend(texts(connection, &question).await?);
    }
    Ok(found)
}

async fn texts(connection: &mut PgConnection, sql: &str) -> Result<Vec<String>> {
    let rows = connection
        .fetch_all(sqlx::raw_sql(AssertSqlSafe(sql)))
        .await;
    let texts = rows.and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect());
    texts.map_err(|e| running(sql, e))
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
                    .hint("look at the rows, or restore without checks: `--no-checks`"));
            }
        }
    }
    Ok(())
}

fn rows(n: u64) -> String {
    crate::base::text::count("row", usize::try_from(n).unwrap_or(usize::MAX))
}
