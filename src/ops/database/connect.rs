//! Connections: one by itself, or a few that are kept and used again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Connection, Executor, Row};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::{Target, error};
use crate::base::{Error, Kind, Result, units};

/// How long one attempt to connect may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How many connections one run may hold to one database at a time.
const MOST_CONNECTIONS: usize = 8;
/// How long to wait until one of them is free.
const FREE_LIMIT: Duration = Duration::from_mins(1);
/// How soon the server notices that the client of a running statement is gone.
const CHECK_CLIENT: &str = "set client_connection_check_interval = '250ms'";

/// Connects and logs in. Dropping the connection ends what runs on it, on the server too.
pub async fn connect(target: &Target) -> Result<PgConnection> {
    let options = target.connect_options().disable_statement_logging();
    let attempt = timeout(CONNECT_LIMIT, options.connect()).await;
    let mut connection = attempt
        .map_err(|_elapsed| {
            let limit = units::duration(CONNECT_LIMIT);
            Error::unavailable(format!("database {target} did not answer within {limit}"))
                .hint("check `DB_HOST` and `DB_PORT` with `lexi env`")
        })?
        .map_err(|e| error::connecting(target, e))?;
    super::nodelay::everywhere();
    if connection
        .server_version_num()
        .is_some_and(|version| version >= 140_000)
    {
        // A server on a system that cannot look at its sockets refuses this; its statements then run to their end.
        let _unsupported = connection.execute(CHECK_CLIENT).await;
    }
    Ok(connection)
}

/// Waits until a login and a query succeed. A wrong password or certificate is no reason to wait; the last cause is named at the end.
pub async fn wait_until_ready(
    target: &Target,
    limit: Duration,
    on_try: &(dyn Fn(&Error) + Sync),
) -> Result<()> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        let Err(error) = login_and_ask(target).await else {
            return Ok(());
        };
        let is_refused = error::sqlstate(&error).is_some_and(|code| code.starts_with("28"));
        if is_refused || error.kind() == Kind::Refused {
            return Err(error);
        }
        on_try(&error);
        if start.elapsed() + pause > limit {
            let limit = units::duration(limit);
            let message = format!("database {target} was not ready within {limit}");
            let hint = error
                .hint_text()
                .unwrap_or("see `lexi run logs-db`")
                .to_owned();
            return Err(Error::new(Kind::Timeout, message).because(error).hint(hint));
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

async fn login_and_ask(target: &Target) -> Result<()> {
    let mut connection = connect(target).await?;
    let answer = connection.execute("select 1").await;
    answer.map_err(|e| error::running("select 1", e))?;
    Ok(())
}

/// When a connection is used again after a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Unless it is lost: that a statement failed does not hurt it.
    UnlessLost,
    /// Only when the work succeeded: else the conversation may have stopped half way.
    UnlessFailed,
    /// Never: the work may have changed settings or made temporary tables.
    Never,
}

impl Reuse {
    /// Whether a connection whose work ended like this is of further use.
    pub(super) fn allows<T>(self, outcome: &Result<T>) -> bool {
        match (self, outcome) {
            (Self::Never, _) | (Self::UnlessFailed, Err(_)) => false,
            (_, Ok(_)) => true,
            (Self::UnlessLost, Err(e)) => is_whole_after(e),
        }
    }
}

/// Whether a connection is as good as before after this error; a refused result was not read to its end.
pub(super) const fn is_whole_after(error: &Error) -> bool {
    !matches!(
        error.kind(),
        Kind::Unavailable | Kind::Internal | Kind::Refused
    )
}

/// A database with the connections that a run keeps to it; the first is made when it is needed.
#[derive(Debug)]
pub struct Database {
    target: Target,
    idle: Mutex<Vec<PgConnection>>,
    permits: Arc<Semaphore>,
}

impl Database {
    /// A database that nothing is connected to yet.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            idle: Mutex::new(Vec::new()),
            permits: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
        }
    }

    /// Where it is.
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Does something on a connection of its own. When the work is given up, the connection is closed.
    pub async fn with<T>(
        &self,
        reuse: Reuse,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T>,
    ) -> Result<T> {
        let _permit = self.permit().await?;
        let mut connection = self.take().await?;
        let outcome = work(&mut connection).await;
        if reuse.allows(&outcome) {
            self.give_back(connection);
        }
        outcome
    }

    /// Closes the connections that are not in use.
    pub async fn close(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for connection in idle {
            // The server ends a session whose farewell it did not hear just as well.
            let _already_gone = connection.close().await;
        }
    }

    /// The right to hold one connection.
    pub(super) async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        timeout(FREE_LIMIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_elapsed| self.all_busy())?
            .map_err(|_closed| Error::internal("a pool of connections was closed"))
    }

    /// A connection that answers.
    pub(super) async fn take(&self) -> Result<PgConnection> {
        loop {
            let idle = self
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let Some(mut connection) = idle else {
                return connect(&self.target).await;
            };
            // The server may have been restarted since.
            if connection.ping().await.is_ok() {
                return Ok(connection);
            }
        }
    }

    pub(super) fn give_back(&self, connection: PgConnection) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
    }

    fn all_busy(&self) -> Error {
        let limit = units::duration(FREE_LIMIT);
        Error::new(
            Kind::Timeout,
            format!(
                "all {MOST_CONNECTIONS} connections to {} were busy for {limit}",
                self.target
            ),
        )
        .hint("run fewer at once, or use the transaction's own object inside its closure")
    }
}

/// What a server says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerFacts {
    /// The version as a number, such as `150018`.
    pub version_num: i32,
    /// The version as text, such as `15.18`.
    pub version: String,
    /// The database's encoding.
    pub encoding: String,
    /// The database's collation.
    pub locale: String,
    /// Whether the user may do everything.
    pub is_superuser: bool,
    /// The database's extensions and their versions.
    pub extensions: Vec<(String, String)>,
}

/// Asks the server what it is.
pub async fn server_facts(connection: &mut PgConnection) -> Result<ServerFacts> {
    const SQL: &str = "select current_setting('server_version_num')::int, \
        current_setting('server_version'), pg_encoding_to_char(encoding)::text, datcollate::text, \
        (select rolsuper from pg_roles where rolname = current_user), \
        array(select extname::text from pg_extension order by 1), \
        array(select extversion from pg_extension order by extname::text) \
        from pg_database where datname = current_database()";
    let row = connection.fetch_one(SQL).await;
    let facts = row.and_then(|row| {
        let names: Vec<String> = row.try_get(5)?;
        let versions: Vec<String> = row.try_get(6)?;
        Ok(ServerFacts {
            version_num: row.try_get(0)?,
            version: row.try_get(1)?,
            encoding: row.try_get(2)?,
            locale: row.try_get(3)?,
            is_superuser: row.try_get(4)?,
            extensions: names.into_iter().zip(versions).collect(),
        })
    });
    facts.map_err(|e| error::running(SQL, e))
}
