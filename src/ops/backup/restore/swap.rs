//! Puts a database in the place of another, in one transaction: whoever connects finds the old one or the new one.
//!
//! Renaming takes the lock that connecting needs, so from then on nobody comes in; sessions that are in are ended by a second
//! connection meanwhile. Nothing has to be switched off before, so there is nothing to switch on again after a crash.

use std::time::Duration;

use sqlx::Executor;
use sqlx::postgres::PgConnection;

use super::super::settings::run_all;
use crate::base::{Error, Result};
use crate::ops::database::error::{running, sqlstate};
use crate::ops::database::sqlfile::run;
use crate::ops::database::{Target, admin, quote_ident};

/// How often the sessions of both databases are ended while they are renamed.
const PAUSE: Duration = Duration::from_millis(100);
/// The server waits 5 s for sessions to end, so this is up to 30 s.
const TRIES: usize = 6;

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

    /// Exchanges the names. On an error nothing has changed, unless the connection broke: then [`Swap::is_done`] tells.
    pub(super) async fn run(&self, target: &Target) -> Result<()> {
        let mut renaming = admin::maintenance(target).await?;
        let mut ending = admin::maintenance(target).await?;
        run(&mut renaming, "SET statement_timeout = 0").await?;
        run(&mut renaming, "SET lock_timeout = '20s'").await?;
        let mut tries = 1;
        loop {
            let done = tokio::select! {
                done = self.transaction(&mut renaming) => done,
                error = end_sessions(&mut ending, [&self.live, &self.incoming]) => Err(error),
            };
            match done {
                Err(e) if sqlstate(&e) == Some("55006") && tries < TRIES => tries += 1,
                Err(e) if sqlstate(&e) == Some("55006") => return Err(e.hint(
                    "somebody connects again and again, or has prepared a transaction: stop the application",
                )),
                other => return other,
            }
            run(&mut renaming, "ROLLBACK").await?;
        }
    }

    async fn transaction(&self, connection: &mut PgConnection) -> Result<()> {
        let begin = connection.execute("BEGIN").await;
        begin.map_err(|e| running("BEGIN", e))?;
        run_all(connection, &self.statements()).await?;
        let commit = connection.execute("COMMIT").await;
        commit.map(drop).map_err(|e| running("COMMIT", e))
    }

    /// Whether the names are exchanged.
    pub(super) async fn is_done(&self, target: &Target) -> Result<bool> {
        let mut connection = admin::maintenance(target).await?;
        let waits = admin::exists(&mut connection, &self.incoming).await?;
        Ok(!waits && admin::exists(&mut connection, &self.live).await?)
    }
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
