//! Binds parameters: each in the binary form of its own type, which only the server knows before the statement runs.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgConnection, PgTypeInfo, Postgres};
use sqlx::{Arguments, AssertSqlSafe, Either, Encode, Executor, Row, SqlSafeStr, Statement, Type};

use super::encode::{self, Encoded};
use super::error;
use super::value::{Value, type_name};
use crate::base::text::count;
use crate::base::{Error, Result};

/// The error of too many or too few parameters.
pub(super) fn wrong_count(required: usize, given: usize) -> Error {
    let required = count("parameter", required);
    Error::invalid(format!("the statement takes {required}, {given} given"))
}

/// A parameter in its binary form, whatever its type is.
struct Raw {
    bytes: Option<Vec<u8>>,
    info: PgTypeInfo,
}

impl Type<Postgres> for Raw {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("text")
    }
}

impl Encode<'_, Postgres> for Raw {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let Some(bytes) = &self.bytes else {
            return Ok(IsNull::Yes);
        };
        buffer.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.info.clone())
    }
}

/// A text that the server has to turn into a parameter's own form.
struct Pending {
    index: usize,
    text: String,
    info: PgTypeInfo,
}

/// The arguments of a statement.
pub(super) async fn bind(
    connection: &mut PgConnection,
    sql: &str,
    parameters: &[Value],
) -> Result<PgArguments> {
    if parameters.is_empty() {
        return Ok(PgArguments::default());
    }
    let types = parameter_types(connection, sql).await?;
    if types.len() != parameters.len() {
        return Err(wrong_count(types.len(), parameters.len()));
    }
    let (mut raw, mut pending) = (Vec::new(), Vec::new());
    for (index, (value, info)) in parameters.iter().zip(&types).enumerate() {
        let encoded = encode::parameter(value, info).map_err(|e| {
            Error::invalid(format!("parameter {}: {}", index + 1, e.0))
                .field("parameter", index + 1)
        })?;
        raw.push(match encoded {
            Encoded::Null => None,
            Encoded::Binary(bytes) => Some(bytes),
            Encoded::Text(text) => {
                pending.push(Pending {
                    index,
                    text,
                    info: info.clone(),
                });
                None
            }
        });
    }
    for (at, bytes) in converted(connection, &pending).await? {
        raw[at] = bytes;
    }
    arguments(raw.into_iter().zip(types))
}

fn arguments(raw: impl Iterator<Item = (Option<Vec<u8>>, PgTypeInfo)>) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for (bytes, info) in raw {
        arguments
            .add(Raw { bytes, info })
            .map_err(|e| Error::invalid("a parameter is too large").because(e))?;
    }
    Ok(arguments)
}

async fn parameter_types(connection: &mut PgConnection, sql: &str) -> Result<Vec<PgTypeInfo>> {
    let statement = connection.prepare(AssertSqlSafe(sql).into_sql_str()).await;
    let statement = statement.map_err(|e| error::running(sql, e))?;
    Ok(match statement.parameters() {
        Some(Either::Left(types)) => types.to_vec(),
        _ => Vec::new(),
    })
}

/// Lets the server read the texts, all at once: only it knows every form that every type has.
async fn converted(
    connection: &mut PgConnection,
    pending: &[Pending],
) -> Result<Vec<(usize, Option<Vec<u8>>)>> {
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let mut columns = Vec::new();
    for (number, parameter) in (1..).zip(pending) {
        let name = cast_name(connection, &parameter.info).await?;
        columns.push(format!("${number}::text::{name}"));
    }
    let sql = format!("select {}", columns.join(", "));
    let texts = pending
        .iter()
        .map(|p| (Some(p.text.clone().into_bytes()), Raw::type_info()));
    let query = sqlx::query_with(AssertSqlSafe(sql.as_str()), arguments(texts)?);
    let row = connection.fetch_one(query).await;
    let row = row.map_err(|e| unreadable(pending, error::running(&sql, e)))?;
    let mut bytes = Vec::new();
    for (column, parameter) in pending.iter().enumerate() {
        let raw = row
            .try_get_raw(column)
            .map_err(|e| error::running(&sql, e))?;
        bytes.push((parameter.index, raw.as_bytes().ok().map(<[u8]>::to_vec)));
    }
    Ok(bytes)
}

/// Names the parameter that the server could not read.
fn unreadable(pending: &[Pending], error: Error) -> Error {
    let named: Vec<&Pending> = pending
        .iter()
        .filter(|p| error.message().contains(&format!("\"{}\"", p.text)))
        .collect();
    let suspects = if named.is_empty() {
        pending.iter().collect()
    } else {
        named
    };
    let shown = suspects
        .iter()
        .map(|p| format!("{} ({})", p.index + 1, type_name(&p.info)));
    let shown = shown.collect::<Vec<_>>().join(" or ");
    let first = suspects.first().map_or(0, |p| p.index + 1);
    error
        .context(format!("parameter {shown}"))
        .field("parameter", first)
}

/// How to write a type in a cast. The names of a project's own types depend on the search path, so they are asked for.
async fn cast_name(connection: &mut PgConnection, info: &PgTypeInfo) -> Result<String> {
    const SQL: &str = "select format('%I.%I', nspname, typname) \
        from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace where t.oid = $1";
    match info.oid() {
        Some(oid) if oid.0 >= 10_000 => {
            let row = connection.fetch_one(sqlx::query(SQL).bind(oid)).await;
            row.and_then(|row| row.try_get(0))
                .map_err(|e| error::running(SQL, e))
        }
        _ => Ok(type_name(info)),
    }
}
