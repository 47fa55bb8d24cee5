//! What the forms of a function have in common, whether on the profile's database, another one or in a transaction.

use rhai::{Array, Dynamic, FnPtr, NativeCallContext};

use super::rail::refuse_drops;
use super::{convert, held};
use crate::base::{Error, Kind, Result};
use crate::host::bridge::{self, RhaiResultOf};
use crate::host::{Host, permit, strand};
use crate::ops::database::{Rows, Session};

/// The rows of a statement.
async fn rows(session: &Session, sql: &str, parameters: &Array) -> Result<Rows> {
    let parameters = convert::parameters(parameters)?;
    held(session).rows(sql, &parameters).await
}

pub(super) fn query(
    ctx: &NativeCallContext,
    session: &Session,
    sql: &str,
    parameters: &Array,
) -> RhaiResultOf<Array> {
    let found = bridge::wait(ctx, "db::query", rows(session, sql, parameters))?;
    Ok(convert::maps(found))
}

pub(super) fn one(
    ctx: &NativeCallContext,
    session: &Session,
    sql: &str,
    parameters: &Array,
) -> RhaiResultOf<Dynamic> {
    let found = bridge::wait(ctx, "db::one", async {
        at_most_one(rows(session, sql, parameters).await?)
    })?;
    Ok(convert::maps(found).pop().unwrap_or(Dynamic::UNIT))
}

pub(super) fn value(
    ctx: &NativeCallContext,
    session: &Session,
    sql: &str,
    parameters: &Array,
) -> RhaiResultOf<Dynamic> {
    let found = bridge::wait(ctx, "db::value", async {
        let found = at_most_one(rows(session, sql, parameters).await?)?;
        match found.columns.len() {
            0 | 1 => Ok(found),
            many => Err(Error::invalid(format!(
                "one value was asked for, the row has {many} columns"
            ))
            .hint("use `one(sql)` for a whole row")),
        }
    })?;
    let value = found
        .rows
        .into_iter()
        .next()
        .and_then(|row| row.into_iter().next());
    Ok(value.map_or(Dynamic::UNIT, convert::from_value))
}

fn at_most_one(found: Rows) -> Result<Rows> {
    match found.rows.len() {
        0 | 1 => Ok(found),
        many => Err(
            Error::invalid(format!("one row was asked for, the statement gave {many}"))
                .hint("use `query(sql)` for several rows, or `LIMIT 1`"),
        ),
    }
}

pub(super) fn exec(
    ctx: &NativeCallContext,
    session: &Session,
    sql: &str,
    parameters: &Array,
) -> RhaiResultOf<i64> {
    let host = Host::of(ctx);
    let affected = bridge::wait(ctx, "db::exec", async {
        refuse_drops(&host, session, sql)?;
        let parameters = convert::parameters(parameters)?;
        held(session).execute(sql, &parameters).await
    })?;
    Ok(i64::try_from(affected).unwrap_or(i64::MAX))
}

pub(super) fn batch(
    ctx: &NativeCallContext,
    session: &Session,
    sql: &str,
) -> RhaiResultOf<Dynamic> {
    let host = Host::of(ctx);
    let summary = bridge::wait(ctx, "db::batch", async {
        refuse_drops(&host, session, sql)?;
        session.batch(sql).await
    })?;
    bridge::value(ctx, "db::batch", summary)
}

pub(super) fn batch_file(
    ctx: &NativeCallContext,
    session: &Session,
    path: &str,
) -> RhaiResultOf<Dynamic> {
    let host = Host::of(ctx);
    let summary = bridge::wait(ctx, "db::batch_file", async {
        let file = permit::read(&host, path)?;
        let text = tokio::fs::read_to_string(&file).await;
        let text = text.map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidData => {
                Error::new(Kind::Invalid, format!("`{path}` is not UTF-8"))
            }
            _ => Error::io(format!("cannot read `{path}`"), e),
        })?;
        refuse_drops(&host, session, &text)?;
        let done = session.batch(&text).await;
        done.map_err(|e| e.context(format!("`{path}`")).field("path", path))
    })?;
    bridge::value(ctx, "db::batch_file", summary)
}

/// Calls a closure with a transaction: commits when it returns, rolls back when it throws or the run is stopped.
pub(super) fn transaction(
    ctx: &NativeCallContext,
    session: &Session,
    body: &FnPtr,
) -> RhaiResultOf<Dynamic> {
    let name = "db::transaction";
    let transaction = bridge::wait(ctx, name, held(session).begin())?;
    let inside = Session::Transaction(transaction.clone());
    match body.call_within_context::<Dynamic>(ctx, (inside,)) {
        Ok(value) => {
            bridge::wait(ctx, name, transaction.commit())?;
            Ok(value)
        }
        Err(error) => {
            if strand::current().cancel.is_cancelled() {
                transaction.abandon();
            } else {
                // The closure's own error is the one to tell; without the server there is nothing left to undo.
                let _told_already = bridge::wait(ctx, name, transaction.rollback());
            }
            Err(error)
        }
    }
}
