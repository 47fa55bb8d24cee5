//! The databases of a server and who is connected to them.

use serde::Serialize;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Executor, Row};

use super::{Target, connect, error};
use crate::base::{Error, Kind, Result};

/// A name as an identifier in SQL, exactly as it is written.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a string in SQL, whatever `standard_conforming_strings` says.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// A database of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatabaseFacts {
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owner: String,
    /// Its encoding.
    pub encoding: String,
    /// How large it is, where the user may know.
    pub bytes: Option<i64>,
    /// How many sessions are connected to it.
    pub sessions: i64,
}

/// A session of a server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionFacts {
    /// The process of the server.
    pub pid: i32,
    /// The database.
    pub database: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// What the program calls itself.
    pub application: String,
    /// Where the client is; none for a local socket.
    pub client: Option<String>,
    /// `active`, `idle`, `idle in transaction` ..
    pub state: Option<String>,
    /// What it waits for, such as `Lock:transactionid`.
    pub waits_for: Option<String>,
    /// For how many milliseconds it is in this state.
    pub state_ms: Option<i64>,
    /// The statement that runs, or ran last.
    pub query: String,
}

/// What a new database is made from.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreateOptions {
    /// Who owns it; the user who makes it when none is named.
    pub owner: Option<String>,
    /// The database it is a copy of.
    pub template: Option<String>,
    /// Its encoding.
    pub encoding: Option<String>,
    /// Its collation and character classes.
    pub locale: Option<String>,
}

/// A connection for what cannot be done from inside the database itself.
pub async fn maintenance(target: &Target) -> Result<PgConnection> {
    match connect(&target.with_database("postgres")).await {
        Err(e) if error::sqlstate(&e) == Some("3D000") => {
            connect(&target.with_database("template1")).await
        }
        other => other,
    }
}

/// The databases of the server, by name, without templates.
pub async fn databases(connection: &mut PgConnection) -> Result<Vec<DatabaseFacts>> {
    const SQL: &str = "select datname::text as name, pg_get_userbyid(datdba)::text as owner, \
        pg_encoding_to_char(encoding)::text as encoding, \
        case when has_database_privilege(oid, 'connect') then pg_database_size(oid) end as bytes, \
        (select count(*) from pg_stat_activity a where a.datid = d.oid and backend_type = 'client backend') as sessions \
        from pg_database d where not datistemplate order by 1";
    let found = connection.fetch_all(SQL).await;
    let facts = found.and_then(|rows| rows.iter().map(database_facts).collect());
    facts.map_err(|e| error::running(SQL, e))
}

fn database_facts(row: &PgRow) -> Result<DatabaseFacts, sqlx::Error> {
    Ok(DatabaseFacts {
        name: row.try_get("name")?,
        owner: row.try_get("owner")?,
        encoding: row.try_get("encoding")?,
        bytes: row.try_get("bytes")?,
        sessions: row.try_get("sessions")?,
    })
}

/// How many bytes a database takes.
pub async fn size(connection: &mut PgConnection, name: &str) -> Result<i64> {
    const SQL: &str = "select pg_database_size($1::name)";
    let size = sqlx::query_scalar(SQL)
        .bind(name)
        .fetch_one(connection)
        .await;
    size.map_err(|e| explained(name, error::running(SQL, e)))
}

/// Whether the server has a database of this name.
pub async fn exists(connection: &mut PgConnection, name: &str) -> Result<bool> {
    const SQL: &str = "select exists(select from pg_database where datname = $1)";
    let found = sqlx::query_scalar(SQL)
        .bind(name)
        .fetch_one(connection)
        .await;
    found.map_err(|e| error::running(SQL, e))
}

/// The comment of a database.
pub async fn comment(connection: &mut PgConnection, name: &str) -> Result<Option<String>> {
    const SQL: &str = "select max(shobj_description(oid, 'pg_database')) from pg_database \
        where datname = $1";
    let found = sqlx::query_scalar(SQL)
        .bind(name)
        .fetch_one(connection)
        .await;
    found.map_err(|e| error::running(SQL, e))
}

/// The sessions of a database except the asking one, or of all databases.
pub async fn sessions(
    connection: &mut PgConnection,
    database: Option<&str>,
) -> Result<Vec<SessionFacts>> {
    const SQL: &str = "select pid, datname::text as database, usename::text as user, \
        application_name as application, host(client_addr) as client, state, \
        wait_event_type || ':' || wait_event as waits_for, \
        (extract(epoch from clock_timestamp() - state_change) * 1000)::bigint as state_ms, query \
        from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() \
        and ($1::text is null or datname = $1) order by pid";
    let found = connection.fetch_all(sqlx::query(SQL).bind(database)).await;
    let facts = found.and_then(|rows| rows.iter().map(session_facts).collect());
    facts.map_err(|e| error::running(SQL, e))
}

fn session_facts(row: &PgRow) -> Result<SessionFacts, sqlx::Error> {
    Ok(SessionFacts {
        pid: row.try_get("pid")?,
        database: row.try_get("database")?,
        user: row.try_get("user")?,
        application: row.try_get("application")?,
        client: row.try_get("client")?,
        state: row.try_get("state")?,
        waits_for: row.try_get("waits_for")?,
        state_ms: row.try_get("state_ms")?,
        query: row.try_get("query")?,
    })
}

/// Ends one session; false when there is none.
pub async fn terminate(connection: &mut PgConnection, pid: i32) -> Result<bool> {
    const SQL: &str = "select coalesce(bool_or(pg_terminate_backend(pid)), false) from pg_stat_activity \
        where pid = $1 and backend_type = 'client backend' and pid <> pg_backend_pid()";
    let ended = sqlx::query_scalar(SQL)
        .bind(pid)
        .fetch_one(connection)
        .await;
    ended.map_err(|e| error::running(SQL, e))
}

/// Ends all sessions of a database except the asking one and says how many.
pub async fn terminate_all(connection: &mut PgConnection, database: &str) -> Result<i64> {
    const SQL: &str = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity \
        where datname = $1 and backend_type = 'client backend' and pid <> pg_backend_pid()";
    let ended = sqlx::query_scalar(SQL)
        .bind(database)
        .fetch_one(connection)
        .await;
    ended.map_err(|e| error::running(SQL, e))
}

/// Makes a database.
pub async fn create(
    connection: &mut PgConnection,
    name: &str,
    options: &CreateOptions,
) -> Result<()> {
    check_name(name)?;
    let mut sql = format!("create database {}", quote_ident(name));
    let parts = [
        ("owner", options.owner.as_deref().map(quote_ident)),
        ("template", options.template.as_deref().map(quote_ident)),
        ("encoding", options.encoding.as_deref().map(quote_literal)),
        ("locale", options.locale.as_deref().map(quote_literal)),
    ];
    for (word, value) in parts {
        if let Some(value) = value {
            sql.extend([" ", word, " ", &value]);
        }
    }
    run(connection, &sql, name).await
}

/// What happens to the sessions of a database that is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// They keep the database from being dropped.
    Respect,
    /// They are ended.
    End,
}

/// Drops a database.
pub async fn drop_database(
    connection: &mut PgConnection,
    name: &str,
    sessions: Sessions,
) -> Result<()> {
    let force = match sessions {
        Sessions::Respect => "",
        Sessions::End => " with (force)",
    };
    let sql = format!("drop database {}{force}", quote_ident(name));
    run(connection, &sql, name).await
}

/// Gives a database another name.
pub async fn rename(connection: &mut PgConnection, from: &str, to: &str) -> Result<()> {
    check_name(to)?;
    let sql = format!(
        "alter database {} rename to {}",
        quote_ident(from),
        quote_ident(to)
    );
    run(connection, &sql, from).await
}

/// A longer name would be cut off by the server, and may then be that of another database.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > 63 {
        let message = format!("`{name}` cannot be a database's name");
        return Err(Error::invalid(message).hint("a name has 1 to 63 bytes"));
    }
    Ok(())
}

async fn run(connection: &mut PgConnection, sql: &str, name: &str) -> Result<()> {
    let outcome = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
    outcome
        .map(drop)
        .map_err(|e| explained(name, error::running(sql, e)))
}

/// Gives the answers that a caller can act on their own kind.
fn explained(name: &str, error: Error) -> Error {
    let code = error::sqlstate(&error).unwrap_or_default().to_owned();
    let explained = match code.as_str() {
        "3D000" => Error::not_found(format!("there is no database `{name}`"))
            .hint("see what there is with `db::databases()`"),
        "42P04" => Error::new(Kind::Conflict, error.message().to_owned()),
        "55006" => Error::new(Kind::Conflict, error.full_message())
            .hint("end its sessions first, or pass `#{ force: true }` to drop it anyway"),
        _ => return error,
    };
    explained.field("sqlstate", code).field("database", name)
}
