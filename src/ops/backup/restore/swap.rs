//! Puts a database in the place of another, in one transaction: whoever connects finds the old one or the new one.
//!
//! Renaming takes the lock that connecting needs, so from then on nobody comes in; sessions that are in are ended by a second
//! connection meanwhile. Nothing has to be switched off before, so there is nothing to switch on again after a crash.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;

use super::super::settings::run_all;
use crate::base::{Error, Result};
use crate::ops::database::error::{running, sqlstate};
use crate::ops::database::sqlfile::run;
use crate::ops::database::{Target, admin, quote_ident, quote_literal};

/// How often the sessions of both databases are ended while they are renamed.
const PAUSE: Duration = Duration::from_millis(100);
/// The server waits 5 s for sessions to end, so this is up to 30 s.
const TRIES: usize = 6;
/// How long to ask a server that went away while it committed what became of it; recovery after a crash takes a while.
const SETTLE: Duration = Duration::from_mins(1);

/// Why names were not exchanged.
#[derive(Debug)]
pub(super) enum NotSwapped {
    /// Nothing has changed.
    Untouched(Error),
    /// The server went away while it committed, and did not come back to say what became of it.
    Unknown(Error),
}

impl NotSwapped {
    /// The error, with the state that is left.
    pub(super) fn told(self, live: &str) -> Error {
        match self {
            Self::Untouched(error) => super::untouched(error),
            Self::Unknown(error) => error
                .state(&format!(
                    "; the server did not come back to say whether `{live}` was replaced; either it was, whole, or it was not touched"
                ))
                .hint("bring the server up again, then see with `lexi run restore --list` whether a replaced database is kept"),
        }
    }
}

/// Names that are exchanged.
#[derive(Debug, Clone)]
pub(super) struct Swap {
    /// The name that clients use.
    pub(super) live: String,
    /// The database that gets it.
    pub(super) incoming: String,
    /// The name of the one that had it; none when there was none.
    pub(super) outgoing: Option<String>,
    /// Statements of the same transaction, about the database that is now the live one.
    pub(super) also: Vec<String>,
}

impl Swap {
    fn statements(&self) -> Vec<String> {
        let rename = |from: &str, to: &str| {
            format!(
                "ALTER DATABASE {} RENAME TO {}",
                quote_ident(from),
                quote_ident(to)
            )
        };
        let mut all = Vec::new();
        if let Some(outgoing) = &self.outgoing {
            all.push(rename(&self.live, outgoing));
            // Kept for a while, but nobody shall write to it by mistake.
            all.push(format!(
                "ALTER DATABASE {} ALLOW_CONNECTIONS false",
                quote_ident(outgoing)
            ));
        }
        all.push(rename(&self.incoming, &self.live));
        all.push(format!(
            "ALTER DATABASE {} ALLOW_CONNECTIONS true",
            quote_ident(&self.live)
        ));
        all.extend(self.also.iter().cloned());
        all
    }

    /// Exchanges the names.
    pub(super) async fn run(&self, target: &Target) -> Result<(), NotSwapped> {
        let renamed = self.rename(target).await;
        let (mut connection, backend) = renamed.map_err(NotSwapped::Untouched)?;
        // From here on nobody knows what has happened until the server says so.
        match run(&mut connection, "COMMIT").await {
            Ok(_done) => Ok(()),
            Err(e) => {
                drop(connection);
                self.settle(target, &backend, e).await
            }
        }
    }

    /// Exchanges the names in a transaction that is still open; given up, it is rolled back.
    async fn rename(&self, target: &Target) -> Result<(PgConnection, String)> {
        let mut renaming = admin::maintenance(target).await?;
        let mut ending = admin::maintenance(target).await?;
        run(&mut renaming, "SET statement_timeout = 0").await?;
        run(&mut renaming, "SET lock_timeout = '20s'").await?;
        let backend = backend(&mut renaming).await?;
        let mut tries = 1;
        loop {
            let done = tokio::select! {
                done = self.transaction(&mut renaming) => done,
                error = end_sessions(&mut ending, [&self.live, &self.incoming]) => return Err(error),
            };
            match done {
                Ok(()) => {
                    // A statement that still ends sessions must not meet those that come after the exchange.
                    run(&mut ending, "SELECT 1").await?;
                    return Ok((renaming, backend));
                }
                Err(e) if sqlstate(&e) == Some("55006") && tries < TRIES => tries += 1,
                Err(e) if sqlstate(&e) == Some("55006") => return Err(e.hint(
                    "somebody connects again and again, or has prepared a transaction: stop the application",
                )),
                Err(e) => return Err(e),
            }
            run(&mut renaming, "ROLLBACK").await?;
        }
    }

    async fn transaction(&self, connection: &mut PgConnection) -> Result<()> {
        run(connection, "BEGIN").await?;
        run_all(connection, &self.statements()).await
    }

    /// Finds out what became of a commit that was not answered.
    async fn settle(&self, target: &Target, backend: &str, error: Error) -> Result<(), NotSwapped> {
        let start = Instant::now();
        loop {
            match self.is_done(target, backend).await {
                Ok(Some(true)) => return Ok(()),
                Ok(Some(false)) => return Err(NotSwapped::Untouched(error)),
                _ if start.elapsed() > SETTLE => return Err(NotSwapped::Unknown(error)),
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Whether the names are exchanged; nothing as long as the session that was to do it is still at it.
    async fn is_done(&self, target: &Target, backend: &str) -> Result<Option<bool>> {
        const BUSY: &str = "select exists(select from pg_stat_activity \
            where pid || ' ' || backend_start = $1)";
        let mut connection = admin::maintenance(target).await?;
        let is_busy = sqlx::query_scalar::<_, bool>(BUSY).bind(backend);
        let is_busy = is_busy.fetch_one(&mut connection).await;
        if is_busy.map_err(|e| running(BUSY, e))? {
            return Ok(None);
        }
        let waits = admin::exists(&mut connection, &self.incoming).await?;
        Ok(Some(
            !waits && admin::exists(&mut connection, &self.live).await?,
        ))
    }
}

/// The statement that gives a database a comment, or takes it away.
pub(super) fn comment_on(database: &str, comment: Option<&str>) -> String {
    let comment = comment.map_or_else(|| "NULL".to_owned(), quote_literal);
    format!("COMMENT ON DATABASE {} IS {comment}", quote_ident(database))
}

/// What tells a session apart from all others, also when its process number is used again.
async fn backend(connection: &mut PgConnection) -> Result<String> {
    const SQL: &str = "select pid || ' ' || backend_start from pg_stat_activity \
        where pid = pg_backend_pid()";
    let found = sqlx::query_scalar(SQL).fetch_one(connection).await;
    found.map_err(|e| running(SQL, e))
}

/// Ends sessions again and again until this is dropped; returns only when that fails.
async fn end_sessions(connection: &mut PgConnection, databases: [&str; 2]) -> Error {
    const SQL: &str = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
        where datname = any($1) and backend_type = 'client backend' and pid <> pg_backend_pid()";
    loop {
        let names: Vec<&str> = databases.to_vec();
        let ended = sqlx::query(SQL).bind(names).execute(&mut *connection).await;
        if let Err(e) = ended {
            return running(SQL, e)
                .context("cannot end the sessions of the database")
                .hint("end them as a superuser, or stop the application");
        }
        tokio::time::sleep(PAUSE).await;
    }
}
