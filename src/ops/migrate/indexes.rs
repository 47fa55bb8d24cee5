//! Indexes that a failed `CREATE INDEX CONCURRENTLY` or `REINDEX CONCURRENTLY` has left: every write pays for them and no
//! query uses them.

use serde::Serialize;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Executor, Row};

use crate::base::{Error, Result};
use crate::ops::database::error::running;
use crate::ops::database::{Target, connect};

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Index {
    /// Its name with its schema, as SQL writes it.
    pub name: String,
    /// Its table, as SQL writes it.
    pub table: String,
    /// Whether queries can use it.
    #[serde(skip)]
    pub is_valid: bool,
}

impl Index {
    pub(super) fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.try_get(0)?,
            table: row.try_get(1)?,
            is_valid: row.try_get(2)?,
        })
    }
}

/// Those of a database that are not being built at this moment.
pub async fn invalid(target: &Target) -> Result<Vec<Index>> {
    let mut connection = connect(target).await?;
    find(&mut connection, "true").await
}

async fn find(connection: &mut PgConnection, filter: &str) -> Result<Vec<Index>> {
    let sql = format!(
        "select format('%I.%I', n.nspname, c.relname), i.indrelid::regclass::text, i.indisvalid \
        from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace \
        where not i.indisvalid and c.relkind = 'i' and {filter} and not exists \
        (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid) order by 1"
    );
    let rows = connection
        .fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.as_str())))
        .await
        .map_err(|e| running(&sql, e))?;
    rows.iter()
        .map(|row| Index::read(row).map_err(|e| running(&sql, e)))
        .collect()
}

/// The error of a statement of a migration, with the indexes that it has left behind.
pub(super) async fn with_leftovers(
    connection: &mut PgConnection,
    version: i64,
    error: Error,
) -> Error {
    let filter = format!(
        "i.indexrelid <> all (coalesce((select known_indexes from lexi.migrations \
        where version = {version}), '{{}}'))"
    );
    // The error itself matters more than that nothing can be added to it.
    let left = find(connection, &filter).await.unwrap_or_default();
    let names: Vec<String> = left.into_iter().map(|index| index.name).collect();
    let Some(first) = names.first() else {
        return error;
    };
    let message = format!("; invalid index {} is left behind", names.join(", "));
    let hint = format!(
        "mend what stops it and run it again: it drops the index and builds it anew; \
        or give it up with `drop index concurrently {first}`"
    );
    error
        .state(&message)
        .field("invalid_indexes", names)
        .hint(hint)
}
