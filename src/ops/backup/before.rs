//! What is asked of a database before it is dumped.

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use super::settings::DatabaseSettings;
use super::tool::Server;
use crate::base::text::did_you_mean;
use crate::base::{Error, Result};
use crate::ops::database::error::running;
use crate::ops::database::{Target, connect};

/// What is known of a database before it is dumped.
pub(super) struct Before {
    /// What a dump loses.
    pub(super) settings: DatabaseSettings,
    /// Its server.
    pub(super) server: Server,
    /// Its size.
    pub(super) bytes: u64,
    /// The newest migration that is applied.
    pub(super) migration: Option<i64>,
}

impl Before {
    /// Asks; also refuses to leave out a table that is not there: a misspelt name would leave nothing out.
    pub(super) async fn ask(target: &Target, excluded: &[String]) -> Result<Self> {
        const SIZE: &str = "select pg_database_size(current_database())";
        let mut connection = connect(target).await?;
        let version = connection.server_version_num().unwrap_or_default();
        let settings = DatabaseSettings::read(&mut connection, &target.database).await?;
        let size = connection.fetch_one(SIZE).await;
        let size: i64 = size
            .and_then(|row| row.try_get(0))
            .map_err(|e| running(SIZE, e))?;
        check_excluded(&mut connection, excluded).await?;
        Ok(Self {
            settings: settings.unwrap_or_default(),
            server: Server {
                major: version / 10_000,
                identity: identity(&mut connection).await,
            },
            bytes: u64::try_from(size).unwrap_or(0),
            migration: migration_head(&mut connection).await?,
        })
    }
}

/// What tells a server from every other one; not every user may ask.
pub(super) async fn identity(connection: &mut PgConnection) -> Option<String> {
    const SQL: &str = "select system_identifier::text from pg_control_system()";
    connection.fetch_one(SQL).await.ok()?.try_get(0).ok()
}

async fn check_excluded(connection: &mut PgConnection, excluded: &[String]) -> Result<()> {
    const THERE: &str = "select to_regclass($1) is not null";
    let plain = |pattern: &&String| !pattern.contains(['*', '?', '|', '[', '(', '+']);
    for table in excluded.iter().filter(plain) {
        let there = sqlx::query_scalar::<_, bool>(THERE)
            .bind(table)
            .fetch_one(&mut *connection)
            .await;
        if !there.map_err(|e| running(THERE, e))? {
            return Err(unknown_table(connection, table).await);
        }
    }
    Ok(())
}

async fn unknown_table(connection: &mut PgConnection, table: &str) -> Error {
    const TABLES: &str = "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
        where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)'";
    let rows = connection.fetch_all(TABLES).await.unwrap_or_default();
    let names: Vec<String> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
    let near = did_you_mean(table, names.iter().map(String::as_str));
    let error = Error::invalid(format!("there is no table `{table}` to leave out"));
    match near {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("name it as in SQL, such as `audit.log`"),
    }
}

/// The newest migration that is applied, when there is a history.
async fn migration_head(connection: &mut PgConnection) -> Result<Option<i64>> {
    const THERE: &str = "select to_regclass('lexi.migrations') is not null";
    const HEAD: &str = "select max(version) from lexi.migrations where state = 'applied'";
    let there = connection.fetch_one(THERE).await;
    let there: bool = there
        .and_then(|row| row.try_get(0))
        .map_err(|e| running(THERE, e))?;
    if !there {
        return Ok(None);
    }
    let head = connection.fetch_one(HEAD).await;
    head.and_then(|row| row.try_get(0))
        .map_err(|e| running(HEAD, e))
}
