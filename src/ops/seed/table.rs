//! The rows of one file into one table.
//!
//! An empty table takes them by `COPY`. Otherwise, and where that fails, they go through a temporary table and are inserted
//! where no row is in the way, which can also say which row the table refuses.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor, Row};

use super::blame;
use super::documents;
use super::{Format, SeedFile};
use crate::base::{Error, Result};
use crate::ops::database::error::running;
use crate::ops::database::quote_ident;
use crate::ops::database::sqlfile::run;

/// Loads a file; gives the number of its rows and of those inserted.
pub(super) async fn load(
    connection: &mut PgConnection,
    file: &SeedFile,
    table: &str,
) -> Result<(u64, u64)> {
    let rows = Rows::of(file)?;
    if rows.count == 0 {
        return Ok((0, 0));
    }
    let statements = Statements::new(table, &rows.columns);
    run(connection, "SAVEPOINT seed").await?;
    let fast = match &rows.kind {
        Kind::Csv => copy_into_empty(connection, &statements, &file.text).await,
        Kind::Documents(_) => Ok(None),
    };
    let inserted = if let Ok(Some(inserted)) = fast {
        inserted
    } else {
        run(connection, "ROLLBACK TO SAVEPOINT seed").await?;
        insert(connection, file, &rows, &statements).await?
    };
    run(connection, "RELEASE SAVEPOINT seed").await?;
    advance_sequences(connection, &statements, &rows.columns).await?;
    Ok((rows.count, inserted))
}

/// The rows of a file.
pub(super) struct Rows {
    /// The columns they fill.
    columns: Vec<String>,
    /// How many there are.
    pub(super) count: u64,
    kind: Kind,
}

enum Kind {
    /// The file's text, which the server reads as it is.
    Csv,
    /// A CSV text of number and document, made from the file's objects.
    Documents(String),
}

impl Rows {
    fn of(file: &SeedFile) -> Result<Self> {
        if file.format == Format::Csv {
            let (columns, count) = read_csv(file)?;
            return Ok(Self {
                columns,
                count,
                kind: Kind::Csv,
            });
        }
        let documents = documents::read(file)?;
        Ok(Self {
            columns: documents.columns,
            count: documents.count,
            kind: Kind::Documents(documents.text),
        })
    }
}

/// The names in the first line, and the number of rows below it.
fn read_csv(file: &SeedFile) -> Result<(Vec<String>, u64)> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(file.text.as_bytes());
    let header = reader.byte_headers().cloned();
    let names: Vec<String> = header
        .iter()
        .flatten()
        .map(|name| String::from_utf8_lossy(name).trim().to_owned())
        .collect();
    if names.is_empty() || names.iter().any(String::is_empty) {
        let shown = &file.shown;
        return Err(
            Error::invalid(format!("{shown}:1: the first line must name the columns"))
                .field("file", shown.clone())
                .field("line", 1),
        );
    }
    let mut record = csv::ByteRecord::new();
    let mut count = 0;
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        count += 1;
    }
    Ok((names, count))
}

/// The statements that load one file.
pub(super) struct Statements {
    /// The table, quoted.
    pub(super) table: String,
    columns: String,
}

impl Statements {
    fn new(table: &str, columns: &[String]) -> Self {
        let (schema, table) = table.split_once('.').unwrap_or(("public", table));
        let columns: Vec<String> = columns.iter().map(|column| quote_ident(column)).collect();
        Self {
            table: format!("{}.{}", quote_ident(schema), quote_ident(table)),
            columns: columns.join(", "),
        }
    }

    fn make(&self) -> String {
        let Self { table, columns } = self;
        format!(
            "CREATE TEMP TABLE seed ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA; \
             ALTER TABLE pg_temp.seed ADD COLUMN \"seed row\" bigserial"
        )
    }

    fn copy_to(&self, table: &str) -> String {
        let columns = &self.columns;
        format!("COPY {table} ({columns}) FROM STDIN (FORMAT csv, HEADER)")
    }

    /// Inserts the rows between these numbers, both included.
    pub(super) fn insert(&self, first: u64, last: u64) -> String {
        let Self { table, columns } = self;
        format!(
            "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM pg_temp.seed \
             WHERE \"seed row\" BETWEEN {first} AND {last} ORDER BY \"seed row\" ON CONFLICT DO NOTHING"
        )
    }

    /// Gives the documents between these numbers the types of the table's columns.
    pub(super) fn populate(&self, first: u64, last: u64) -> String {
        let Self { table, columns } = self;
        format!(
            "INSERT INTO pg_temp.seed ({columns}) SELECT {columns} FROM ( \
             SELECT (jsonb_populate_record(NULL::{table}, doc)).* FROM pg_temp.\"seed json\" \
             WHERE \"seed row\" BETWEEN {first} AND {last} ORDER BY \"seed row\") AS one"
        )
    }
}

/// Copies into the table itself where it is empty, as it is the first time; none where it is not.
async fn copy_into_empty(
    connection: &mut PgConnection,
    statements: &Statements,
    text: &str,
) -> Result<Option<u64>> {
    let sql = format!("SELECT EXISTS (SELECT FROM {})", statements.table);
    let row = connection
        .fetch_one(sqlx::raw_sql(AssertSqlSafe(sql.as_str())))
        .await
        .map_err(|e| running(&sql, e))?;
    if row.try_get(0).map_err(|e| running(&sql, e))? {
        return Ok(None);
    }
    copy(connection, &statements.copy_to(&statements.table), text)
        .await
        .map(Some)
}

async fn insert(
    connection: &mut PgConnection,
    file: &SeedFile,
    rows: &Rows,
    statements: &Statements,
) -> Result<u64> {
    run(connection, &statements.make())
        .await
        .map_err(|error| blame::place(error, file, None))?;
    match &rows.kind {
        Kind::Csv => {
            let copied = copy(connection, &statements.copy_to("pg_temp.seed"), &file.text).await;
            let _rows = copied.map_err(|error| blame::copied(error, file))?;
        }
        Kind::Documents(text) => {
            run(
                connection,
                "CREATE TEMP TABLE \"seed json\" (\"seed row\" bigint, doc jsonb) ON COMMIT DROP",
            )
            .await?;
            let sql = "COPY pg_temp.\"seed json\" FROM STDIN (FORMAT csv)";
            let _rows = copy(connection, sql, text)
                .await
                .map_err(|error| blame::place(error, file, None))?;
            run(connection, "SAVEPOINT seed_row").await?;
            if let Err(error) = run(connection, &statements.populate(1, rows.count)).await {
                return Err(blame::populated(connection, statements, file, rows, error).await);
            }
        }
    }
    run(connection, "SAVEPOINT seed_row").await?;
    let inserted = match run(connection, &statements.insert(1, rows.count)).await {
        Ok(done) => done.changed,
        Err(error) => {
            return Err(blame::inserted(connection, statements, file, rows, error).await);
        }
    };
    run(
        connection,
        "DROP TABLE IF EXISTS pg_temp.seed, pg_temp.\"seed json\"",
    )
    .await?;
    Ok(inserted)
}

async fn copy(connection: &mut PgConnection, sql: &str, text: &str) -> Result<u64> {
    let mut sink = connection
        .copy_in_raw(sql)
        .await
        .map_err(|e| running(sql, e))?;
    sink.send(text.as_bytes())
        .await
        .map_err(|e| running(sql, e))?;
    sink.finish().await.map_err(|e| running(sql, e))
}

/// Sets the sequences of columns that the file filled behind the highest value, so that the next row gets a free one.
async fn advance_sequences(
    connection: &mut PgConnection,
    statements: &Statements,
    columns: &[String],
) -> Result<()> {
    let table = &statements.table;
    let sql = "SELECT a.attname, pg_get_serial_sequence($1, a.attname) FROM pg_attribute a \
        WHERE a.attrelid = $1::regclass AND a.attname = ANY($2) \
        AND pg_get_serial_sequence($1, a.attname) IS NOT NULL";
    let query = sqlx::query(sql).bind(table).bind(columns);
    let owned = query
        .fetch_all(&mut *connection)
        .await
        .map_err(|e| running(sql, e))?;
    for row in owned {
        let pair = row.try_get(0).and_then(|name| Ok((name, row.try_get(1)?)));
        let (column, sequence): (String, String) = pair.map_err(|e| running(sql, e))?;
        let column = quote_ident(&column);
        let set = format!(
            "SELECT setval('{}', m.highest) FROM (SELECT max({column}) AS highest FROM {table}) m, {sequence} s \
             WHERE m.highest > s.last_value OR (m.highest = s.last_value AND NOT s.is_called)",
            sequence.replace('\'', "''")
        );
        run(connection, &set).await?;
    }
    Ok(())
}
