//! Databases that live as long as one run. What a killed run left is dropped by the next.
//!
//! Their names hold a number that the run has locked on a connection of its own: where the lock can be had, the run is gone.

use std::path::Path;

use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::Generate;
use crate::base::{Error, Result};
use crate::ops::database::admin::{self, Sessions};
use crate::ops::database::error::{running, sqlstate};
use crate::ops::database::init;
use crate::ops::database::sqlfile::{SqlText, run};
use crate::ops::database::{Target, connect};
use crate::ops::migrate::up::{UpOptions, up};

const PREFIX: &str = "lexi_scratch_";
/// The first half of the advisory lock's key; the second is the run's number.
const LOCKS: i32 = 1_818_585_961;

/// The databases of one run.
pub(super) struct Scratch {
    server: Target,
    connection: PgConnection,
    number: i32,
    made: Vec<String>,
}

impl Scratch {
    /// Takes a number on the server and drops what dead runs left there.
    pub(super) async fn open(server: &Target) -> Result<Self> {
        let mut connection = admin::maintenance(server).await?;
        sweep(&mut connection).await?;
        let mut number = i32::try_from(std::process::id()).unwrap_or_default();
        while !try_lock(&mut connection, number).await? {
            number = number.wrapping_add(104_729);
        }
        Ok(Self {
            server: server.clone(),
            connection,
            number,
            made: Vec::new(),
        })
    }

    /// An empty database.
    async fn make(&mut self, label: &str) -> Result<Target> {
        let target = self
            .server
            .with_database(format!("{PREFIX}{}_{label}", self.number.unsigned_abs()));
        self.made.push(target.database.clone());
        init::ensure_database(&target).await.map_err(|e| {
            let may_not = sqlstate(&e) == Some("42501");
            if may_not {
                let user = admin::quote_ident(&self.server.user);
                e.hint(format!("the schemas are compared in databases of their own; as a superuser: `ALTER ROLE {user} CREATEDB`"))
            } else {
                e
            }
        })?;
        Ok(target)
    }

    /// A database with what the project's files make.
    pub(super) async fn build(&mut self, label: &str, request: &Generate<'_>) -> Result<Target> {
        let target = self.make(label).await?;
        let (folder, shown) = request.init;
        init::init(&target, folder, shown, &|_| {}).await?;
        let options = UpOptions::default();
        up(&target, request.migrations, &options, &|_| {})
            .await
            .map_err(|e| {
                e.context("the migrations that there are do not run in an empty database")
            })?;
        Ok(target)
    }

    /// A database with the schema of a file.
    pub(super) async fn load(&mut self, label: &str, path: &Path, shown: &str) -> Result<Target> {
        let text = loadable(&init::read(path, shown)?);
        let target = self.make(label).await?;
        let mut connection = connect(&target).await?;
        run(&mut connection, "begin").await?;
        SqlText::whole(shown, &text).run(&mut connection).await?;
        run(&mut connection, "commit").await?;
        Ok(target)
    }

    /// Drops the databases.
    pub(super) async fn close(mut self) -> Result<()> {
        for name in std::mem::take(&mut self.made) {
            drop_if_there(&mut self.connection, &name).await?;
        }
        Ok(())
    }
}

/// Takes out of a dump what only `psql` or a superuser can do, and leaves the lines where they are.
fn loadable(text: &str) -> String {
    let is_foreign = |line: &str| {
        ["\\restrict ", "\\unrestrict ", "SET transaction_timeout"]
            .iter()
            .any(|word| line.starts_with(word))
            || (line.starts_with("COMMENT ON EXTENSION ") && line.ends_with(';'))
    };
    let lines = text
        .lines()
        .map(|line| if is_foreign(line) { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

async fn sweep(connection: &mut PgConnection) -> Result<()> {
    const SQL: &str =
        "select datname::text from pg_database where datname like 'lexi\\_scratch\\_%' order by 1";
    let names: Vec<String> = sqlx::query_scalar(SQL)
        .fetch_all(&mut *connection)
        .await
        .map_err(|e| running(SQL, e))?;
    for name in names {
        let number = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'));
        let Some(number) = number.and_then(|(digits, _)| digits.parse().ok()) else {
            continue;
        };
        if try_lock(connection, number).await? {
            let dropped = drop_if_there(connection, &name).await;
            unlock(connection, number).await?;
            // Another user's: it is theirs to drop.
            if !dropped
                .as_ref()
                .is_err_and(|e| sqlstate(e) == Some("42501"))
            {
                dropped?;
            }
        }
    }
    Ok(())
}

async fn drop_if_there(connection: &mut PgConnection, name: &str) -> Result<()> {
    match admin::drop_database(connection, name, Sessions::End).await {
        Err(e) if sqlstate(&e) == Some("3D000") => Ok(()),
        dropped => dropped.map_err(|e| {
            Error::context(
                e,
                format!("cannot drop the database `{name}` that this run made"),
            )
        }),
    }
}

async fn try_lock(connection: &mut PgConnection, number: i32) -> Result<bool> {
    ask(connection, "select pg_try_advisory_lock($1, $2)", number).await
}

async fn unlock(connection: &mut PgConnection, number: i32) -> Result<bool> {
    ask(connection, "select pg_advisory_unlock($1, $2)", number).await
}

async fn ask(connection: &mut PgConnection, sql: &'static str, number: i32) -> Result<bool> {
    let row = sqlx::query(sql)
        .bind(LOCKS)
        .bind(number)
        .fetch_one(connection)
        .await;
    row.and_then(|row| row.try_get(0))
        .map_err(|e| running(sql, e))
}
