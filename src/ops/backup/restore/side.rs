//! The new database beside the live one: made, dropped, and found again when a run was killed.

use jiff::{Timestamp, ToSpan};
use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use super::super::settings::DatabaseSettings;
use super::names::{Role, beside as name_beside, made_at};
use crate::base::Result;
use crate::ops::database::admin::{self, Sessions};
use crate::ops::database::error::{running, sqlstate};
use crate::ops::database::sqlfile::run;
use crate::ops::database::{quote_ident, quote_literal};

/// The comment of a database that is being filled, for people.
const MARK: &str = "lexi: being restored, not in use";
/// The connection limit of a database that is being filled. Nobody else sets it, and it is there from the first moment, so a
/// database that a killed run left is told from one that only has such a name.
pub(in crate::ops::backup) const LIMIT: i32 = 731_020_000;

/// Makes the database, as the live one is, or else as the one was that was dumped.
pub(super) async fn make(
    connection: &mut PgConnection,
    name: &str,
    like: Option<&DatabaseSettings>,
    owner: Option<&str>,
) -> Result<Option<String>> {
    let mut warning = None;
    let first = run(connection, &statement(name, like, owner)).await;
    if let (Err(e), Some(like)) = (&first, like)
        && matches!(sqlstate(e), Some("42809" | "22023" | "42704"))
    {
        // The locale of another machine, such as en_US.utf8 on a system that has only C.UTF-8.
        warning = Some(format!(
            "this server cannot make a database with locale `{}` ({}): its own is used",
            like.collate,
            e.message()
        ));
        run(connection, &statement(name, None, owner)).await?;
    } else {
        first?;
    }
    let mark = format!(
        "COMMENT ON DATABASE {} IS {}",
        quote_ident(name),
        quote_literal(MARK)
    );
    run(connection, &mark).await?;
    Ok(warning)
}

fn statement(name: &str, like: Option<&DatabaseSettings>, owner: Option<&str>) -> String {
    let like = like.filter(|like| !like.encoding.is_empty());
    let text = |value: &dyn Fn(&DatabaseSettings) -> Option<String>| like.and_then(value);
    let provider = text(&|like| (like.locale_provider == "i").then(|| "icu".to_owned()));
    let encoding = text(&|like| Some(like.encoding.clone())).unwrap_or_else(|| "UTF8".to_owned());
    let parts = [
        ("OWNER", owner.map(quote_ident)),
        ("ENCODING", Some(quote_literal(&encoding))),
        (
            "LC_COLLATE",
            text(&|like| Some(quote_literal(&like.collate))),
        ),
        ("LC_CTYPE", text(&|like| Some(quote_literal(&like.ctype)))),
        ("LOCALE_PROVIDER", provider),
        (
            "ICU_LOCALE",
            text(&|like| like.icu_locale.as_deref().map(quote_literal)),
        ),
    ];
    let mut sql = format!(
        "CREATE DATABASE {} TEMPLATE template0 CONNECTION LIMIT {LIMIT}",
        quote_ident(name)
    );
    for (word, value) in parts {
        if let Some(value) = value {
            sql.extend([" ", word, " ", &value]);
        }
    }
    sql
}

/// A name beside `live` that no database has; what happens within one second is told apart by the next.
pub(super) async fn free_name(
    connection: &mut PgConnection,
    live: &str,
    role: Role,
    at: Timestamp,
) -> Result<String> {
    let mut at = at;
    loop {
        let name = name_beside(live, role, at);
        if !admin::exists(connection, &name).await? {
            return Ok(name);
        }
        at += 1.seconds();
    }
}

/// Drops a database, ending whoever is connected to it.
pub(super) async fn drop_it(connection: &mut PgConnection, name: &str) -> Result<()> {
    let dropped = admin::drop_database(connection, name, Sessions::End).await;
    match dropped {
        Err(e) if sqlstate(&e) == Some("3D000") => Ok(()),
        other => other,
    }
}

/// A database beside the live one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Beside {
    /// When it was made, or replaced.
    pub(super) at: Timestamp,
    pub(super) name: String,
    pub(super) comment: Option<String>,
    limit: i32,
}

/// Databases beside `live` in a role, newest first.
pub(super) async fn beside(
    connection: &mut PgConnection,
    live: &str,
    role: Role,
) -> Result<Vec<Beside>> {
    const SQL: &str = "select datname::text, shobj_description(oid, 'pg_database'), datconnlimit \
        from pg_database";
    let rows = connection
        .fetch_all(SQL)
        .await
        .map_err(|e| running(SQL, e))?;
    let mut found = Vec::new();
    for row in rows {
        let name: String = row.try_get(0).map_err(|e| running(SQL, e))?;
        if let Some(at) = made_at(&name, live, role) {
            found.push(Beside {
                at,
                name,
                comment: row.try_get(1).map_err(|e| running(SQL, e))?,
                limit: row.try_get(2).map_err(|e| running(SQL, e))?,
            });
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    Ok(found)
}

/// Drops what killed restores left beside `live`. The caller holds the lock of restores, so nothing here is in use.
pub(super) async fn sweep(connection: &mut PgConnection, live: &str) -> Result<Vec<String>> {
    let mut dropped = Vec::new();
    for left in beside(connection, live, Role::Side).await? {
        if left.limit == LIMIT {
            drop_it(connection, &left.name).await?;
            dropped.push(left.name);
        }
    }
    Ok(dropped)
}
