//! Finds out what a statement that was cut off has left, and clears it away, so that it can run again as if for the first
//! time.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

use super::history::{self, Applied};
use super::indexes::Index;
use super::nature::Nature;
use super::progress::{Event, Listener};
use crate::base::{Error, Result};
use crate::ops::database::error::running;
use crate::ops::database::quote_literal;
use crate::ops::database::split::Statement;

/// Whether the statement had run to its end; removes what is left of it otherwise.
pub(super) async fn is_done(
    connection: &mut PgConnection,
    (nature, statement): (&Nature, &Statement<'_>),
    row: &Applied,
    listener: Listener<'_>,
) -> Result<bool> {
    let made = match nature {
        Nature::Ordinary if row.is_unsure => return Err(cannot_tell(row, statement)),
        Nature::Ordinary | Nature::Repeatable | Nature::Create | Nature::Drop => return Ok(false),
        Nature::CreateIndex { name, table } => {
            let filter = match name {
                Some(name) => format!(
                    "i.indrelid = to_regclass({}) and c.relname = (parse_ident({}))[1]",
                    quote_literal(table),
                    quote_literal(name)
                ),
                None => format!("i.indrelid = to_regclass({})", quote_literal(table)),
            };
            new_indexes(connection, row, &filter).await?
        }
        Nature::Reindex => {
            new_indexes(connection, row, "c.relname ~ '_cc(new|old)[0-9]*$'").await?
        }
    };
    for index in made.iter().filter(|index| !index.is_valid) {
        let name = &index.name;
        history::run(
            connection,
            &format!("drop index concurrently if exists {name}"),
        )
        .await?;
        listener(Event::Mended(&format!(
            "dropped index {name}, which was left half-built"
        )));
    }
    let whole = made.iter().find(|index| index.is_valid);
    match (nature, whole) {
        (Nature::CreateIndex { .. }, Some(index)) if row.is_unsure => {
            listener(Event::Mended(&format!(
                "index {} was built to its end by the run that was cut off",
                index.name
            )));
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The indexes that fit and were not there before the statement began.
async fn new_indexes(
    connection: &mut PgConnection,
    row: &Applied,
    filter: &str,
) -> Result<Vec<Index>> {
    let known = row.known_indexes.as_deref().unwrap_or_default();
    let sql = format!(
        "select format('%I.%I', n.nspname, c.relname), i.indrelid::regclass::text, i.indisvalid \
        from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace \
        where {filter} and i.indexrelid <> all (array[{known}]::oid[]) order by 1"
    );
    let rows = connection
        .fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.as_str())))
        .await;
    let rows = rows.map_err(|e| running(&sql, e))?;
    rows.iter()
        .map(|row| Index::read(row).map_err(|e| running(&sql, e)))
        .collect()
}

fn cannot_tell(row: &Applied, statement: &Statement<'_>) -> Error {
    let (version, number) = (row.version, row.statements + 1);
    Error::refused(format!(
        "statement {number} of migration {version} was cut off, and nothing tells whether it had done its work: {}",
        statement.text.lines().next().unwrap_or_default()
    ))
    .hint(format!(
        "look at the data, then say it: `lexi run migrate-repair {version} --verdict next` when it was \
        done, `--verdict again` when it was not"
    ))
}
