//! Copies of rows that are there, with all that hangs on them, for load tests.
//!
//! A row hangs on another when one of its `uuid` columns holds the other's `id`, whether or not a foreign key says so. The
//! n-th copy of an id is made from the id and n alone, so that copying again changes nothing.

use serde::Serialize;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor, Row};

use super::order::{HasTable, sorted};
use crate::base::{Error, Result};
use crate::ops::database::error::running;
use crate::ops::database::sqlfile::run;
use crate::ops::database::{Target, connect, quote_ident};

/// The most copies, so that their numbers have one width.
const MOST: u32 = 99_999;

/// The tables of `public` whose key is a `uuid` named `id`, and those without one, with what can be copied of them.
const TABLES: &str = "select c.relname, \
    coalesce(array_agg(a.attname::text order by a.attnum) filter (where a.attgenerated = ''), '{}'), \
    coalesce(array_agg(a.attname::text order by a.attnum) filter (where a.atttypid = 'uuid'::regtype and a.attgenerated = ''), '{}') \
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition \
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') \
    group by c.relname order by c.relname";

/// The columns of each unique index of a table that are text, and those that are `uuid`.
const UNIQUE: &str = "select \
    coalesce(array_agg(a.attname::text order by k.at) filter (where format_type(a.atttypid, null) in ('text', 'character varying', 'citext', 'public.citext')), '{}'), \
    coalesce(array_agg(a.attname::text order by k.at) filter (where a.atttypid = 'uuid'::regtype), '{}') \
    from pg_index i cross join unnest(i.indkey::int2[]) with ordinality k(attnum, at) \
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum \
    where i.indrelid = $1::regclass and i.indisunique group by i.indexrelid order by i.indexrelid";

/// What became of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// The table.
    pub table: String,
    /// Rows that hang on the root's and were there.
    pub rows: u64,
    /// Rows that were inserted.
    pub inserted: u64,
}

struct Table {
    name: String,
    columns: Vec<String>,
    ids: Vec<String>,
}

impl HasTable for Table {
    fn table(&self) -> Option<&str> {
        Some(&self.name)
    }
}

impl Table {
    fn quoted(&self) -> String {
        format!("public.{}", quote_ident(&self.name))
    }

    fn has_key(&self) -> bool {
        self.ids.iter().any(|column| column == "id")
    }

    /// Whether one of the columns of `row` is the id of a copied row.
    fn hangs(&self) -> String {
        let is_one = |column: &String| {
            format!(
                "b.{} IN (SELECT id FROM pg_temp.copied)",
                quote_ident(column)
            )
        };
        let any: Vec<String> = self.ids.iter().map(is_one).collect();
        any.join(" OR ")
    }
}

/// Makes `times` times as many rows of `root` as the seeds have, and of all that hangs on them; all or none.
pub async fn scale(target: &Target, root: &str, times: u32) -> Result<Vec<Copied>> {
    if !(1..=MOST).contains(&times) {
        return Err(Error::invalid(format!(
            "`times` is {times}; it can be from 1 to {MOST}"
        )));
    }
    let mut connection = connect(target).await?;
    run(&mut connection, "BEGIN").await?;
    let copied = copy_all(&mut connection, root, times)
        .await
        .map_err(|error| error.context("nothing was copied"))?;
    run(&mut connection, "COMMIT").await?;
    Ok(copied)
}

async fn copy_all(connection: &mut PgConnection, root: &str, times: u32) -> Result<Vec<Copied>> {
    let found = tables(connection).await?;
    let tables = sorted(connection, found).await?;
    let Some(first) = tables.iter().find(|table| table.name == root) else {
        return Err(Error::not_found(format!(
            "there is no table `{root}` in schema `public`"
        )));
    };
    if !first.has_key() {
        return Err(Error::invalid(format!(
            "table `{root}` has no column `id` of type `uuid`"
        )));
    }
    find_rows(connection, first, &tables).await?;
    let mut all = Vec::new();
    for table in tables.iter().filter(|table| !table.ids.is_empty()) {
        let (from, hangs) = (table.quoted(), table.hangs());
        let sql = format!("SELECT count(*) FROM {from} b WHERE {hangs}");
        let rows: i64 = one(connection, &sql).await?;
        if rows > 0 {
            let sql = copy_of(connection, table, times).await?;
            let inserted = run(connection, &sql)
                .await
                .map_err(|error| error.context(format!("table `{}`", table.name)))?
                .changed;
            all.push(Copied {
                table: table.name.clone(),
                rows: rows.unsigned_abs(),
                inserted,
            });
        }
    }
    Ok(all)
}

async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>> {
    let rows = connection
        .fetch_all(TABLES)
        .await
        .map_err(|e| running(TABLES, e))?;
    let read = |row: &sqlx::postgres::PgRow| {
        Ok(Table {
            name: row.try_get(0)?,
            columns: row.try_get(1)?,
            ids: row.try_get(2)?,
        })
    };
    rows.iter()
        .map(|row| read(row).map_err(|e| running(TABLES, e)))
        .collect()
}

/// Notes the ids of the root's rows, and again and again of rows that hold a noted one. Copies are known by the version of
/// their ids and are not copied.
async fn find_rows(connection: &mut PgConnection, root: &Table, tables: &[Table]) -> Result<()> {
    let from = root.quoted();
    let start = format!(
        "CREATE TEMP TABLE copied ON COMMIT DROP AS SELECT id FROM {from} WHERE substr(id::text, 15, 1) <> '8'; \
         ALTER TABLE pg_temp.copied ADD PRIMARY KEY (id)"
    );
    let _made = run(connection, &start).await?;
    loop {
        let mut found = 0;
        for table in tables.iter().filter(|table| table.has_key()) {
            let (from, hangs) = (table.quoted(), table.hangs());
            let sql = format!(
                "INSERT INTO pg_temp.copied SELECT b.id FROM {from} b WHERE {hangs} ON CONFLICT DO NOTHING"
            );
            found += run(connection, &sql).await?.changed;
        }
        if found == 0 {
            return Ok(());
        }
    }
}

/// The statement that copies a table's rows: ids of copied rows are replaced, unique texts get a number.
async fn copy_of(connection: &mut PgConnection, table: &Table, times: u32) -> Result<String> {
    let numbered = numbered_columns(connection, table).await?;
    let value = |column: &String| {
        let quoted = quote_ident(column);
        if table.ids.contains(column) {
            let new = format!(
                "overlay(overlay(md5(b.{quoted}::text || '/' || k) placing '8' from 13) placing '8' from 17)::uuid"
            );
            return format!(
                "CASE WHEN b.{quoted} IN (SELECT id FROM pg_temp.copied) THEN {new} ELSE b.{quoted} END"
            );
        }
        if numbered.contains(column) {
            return format!("b.{quoted} || '-' || lpad(k::text, 5, '0')");
        }
        format!("b.{quoted}")
    };
    let columns: Vec<String> = table.columns.iter().map(|name| quote_ident(name)).collect();
    let values: Vec<String> = table.columns.iter().map(value).collect();
    Ok(format!(
        "INSERT INTO {from} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {from} b CROSS JOIN generate_series(2, {times}) k \
         WHERE {} ON CONFLICT DO NOTHING",
        columns.join(", "),
        values.join(", "),
        table.hangs(),
        from = table.quoted(),
    ))
}

/// The text columns that a unique index needs to differ, since it holds no id that the copies change.
async fn numbered_columns(connection: &mut PgConnection, table: &Table) -> Result<Vec<String>> {
    let indexes = sqlx::query(UNIQUE)
        .bind(table.quoted())
        .fetch_all(&mut *connection)
        .await
        .map_err(|e| running(UNIQUE, e))?;
    let mut numbered = Vec::new();
    for index in indexes {
        let pair = index
            .try_get(0)
            .and_then(|text| Ok((text, index.try_get(1)?)));
        let (texts, ids): (Vec<String>, Vec<String>) = pair.map_err(|e| running(UNIQUE, e))?;
        let mut changes = false;
        for id in &ids {
            let (from, column) = (table.quoted(), quote_ident(id));
            let sql = format!(
                "SELECT EXISTS (SELECT FROM {from} b JOIN pg_temp.copied c ON c.id = b.{column})"
            );
            changes |= one::<bool>(connection, &sql).await?;
        }
        if !changes {
            numbered.extend(texts.into_iter().next());
        }
    }
    Ok(numbered)
}

async fn one<T>(connection: &mut PgConnection, sql: &str) -> Result<T>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let row = connection
        .fetch_one(sqlx::raw_sql(AssertSqlSafe(sql)))
        .await
        .map_err(|e| running(sql, e))?;
    row.try_get(0).map_err(|e| running(sql, e))
}
