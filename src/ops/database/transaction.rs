//! Transactions: all of it or nothing, with parts that can be taken back by themselves.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::sync::{Mutex, OwnedSemaphorePermit};

use super::connect::{Database, Reuse};
use super::error;
use crate::base::{Error, Kind, Result};

/// An open transaction or a part of one; cheap to clone, all clones are the same one.
#[derive(Debug, Clone)]
pub struct Transaction {
    shared: Arc<Shared>,
    /// 0 for the transaction itself, else how deep this part of it lies.
    depth: usize,
    is_over: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Shared {
    database: Arc<Database>,
    only_reads: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Open(PgConnection, OwnedSemaphorePermit),
    Over,
    /// The connection was closed while something ran on it; the server has rolled back.
    Lost,
}

/// Begins a transaction that only reads. Once a statement has looked at the data, the server lets nobody make it write:
/// <https://www.postgresql.org/docs/15/sql-set-transaction.html>.
pub(super) const BEGIN_READING: &str = "begin transaction read only; select 1";

impl Transaction {
    pub(super) async fn begin(database: &Arc<Database>) -> Result<Self> {
        Self::open(database, "begin").await
    }

    /// One in which the server refuses every change.
    pub(super) async fn begin_reading(database: &Arc<Database>) -> Result<Self> {
        Self::open(database, BEGIN_READING).await
    }

    async fn open(database: &Arc<Database>, begin: &str) -> Result<Self> {
        let permit = database.permit().await?;
        let mut connection = database.take().await?;
        let cleared = connection.clear_cached_statements().await;
        cleared.map_err(|e| error::running("", e))?;
        run(&mut connection, begin).await?;
        let shared = Shared {
            database: Arc::clone(database),
            only_reads: begin == BEGIN_READING,
            state: Mutex::new(State::Open(connection, permit)),
        };
        Ok(Self {
            shared: Arc::new(shared),
            depth: 0,
            is_over: Arc::default(),
        })
    }

    pub(super) async fn nested(&self) -> Result<Self> {
        let depth = self.depth + 1;
        let sql = format!("savepoint lexi_{depth}");
        self.with(Reuse::UnlessLost, async |c: &mut PgConnection| {
            run(c, &sql).await
        })
        .await?;
        Ok(Self {
            shared: Arc::clone(&self.shared),
            depth,
            is_over: Arc::default(),
        })
    }

    /// Whether the server refuses every change in it.
    pub(super) fn only_reads(&self) -> bool {
        self.shared.only_reads
    }

    /// The database that it is on.
    pub fn database(&self) -> &Arc<Database> {
        &self.shared.database
    }

    /// Makes it last. When something in it has failed before, nothing lasts and this is an error.
    pub async fn commit(&self) -> Result<()> {
        let (end, undo) = self.ends();
        let outcome = self
            .with(Reuse::UnlessLost, async |c: &mut PgConnection| {
                // COMMIT of a failed transaction rolls back and reports success.
                let usable = run(c, "select 1").await;
                let outcome = match usable {
                    Ok(()) => run(c, &end).await,
                    Err(e) if error::sqlstate(&e) == Some("25P02") => Err(failed_before()),
                    Err(e) => Err(e),
                };
                if outcome.is_err() {
                    // After a failed COMMIT there is nothing to undo and the server says so; that changes nothing.
                    let _already_undone = run(c, &undo).await;
                }
                outcome
            })
            .await;
        self.close().await;
        outcome
    }

    /// Takes it back.
    pub async fn rollback(&self) -> Result<()> {
        let (_, undo) = self.ends();
        let outcome = self
            .with(Reuse::UnlessLost, async |c: &mut PgConnection| {
                run(c, &undo).await
            })
            .await;
        self.close().await;
        match outcome {
            // The server rolls back what has lost its client.
            Err(e) if e.kind() == Kind::Unavailable => Ok(()),
            other => other,
        }
    }

    /// Closes the connection at once; the server rolls back. For a run that was asked to stop.
    pub fn abandon(&self) {
        if let Ok(mut state) = self.shared.state.try_lock() {
            *state = State::Lost;
        }
    }

    /// Does something in it. When the work is given up, the connection is closed and all is rolled back.
    pub(super) async fn with<T>(
        &self,
        reuse: Reuse,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T>,
    ) -> Result<T> {
        let mut state = self.shared.state.lock().await;
        if self.is_over.load(Ordering::Acquire) {
            return Err(over());
        }
        let (mut connection, permit) = match mem::replace(&mut *state, State::Lost) {
            State::Open(connection, permit) => (connection, permit),
            State::Over => {
                *state = State::Over;
                return Err(over());
            }
            State::Lost => return Err(lost()),
        };
        let outcome = work(&mut connection).await;
        // What a batch changes in the session ends with the transaction's own connection.
        let keeps = match reuse {
            Reuse::Never => Reuse::UnlessLost.allows(&outcome),
            other => other.allows(&outcome),
        };
        if keeps {
            *state = State::Open(connection, permit);
        }
        outcome
    }

    fn ends(&self) -> (String, String) {
        match self.depth {
            0 => ("commit".to_owned(), "rollback".to_owned()),
            depth => (
                format!("release savepoint lexi_{depth}"),
                format!("rollback to savepoint lexi_{depth}; release savepoint lexi_{depth}"),
            ),
        }
    }

    /// The connection is not used again: `SET` and temporary tables of the transaction end with it.
    async fn close(&self) {
        self.is_over.store(true, Ordering::Release);
        if self.depth == 0 {
            let mut state = self.shared.state.lock().await;
            if let State::Open(connection, _permit) = mem::replace(&mut *state, State::Over) {
                // The server ends a session whose farewell it did not hear just as well.
                let _already_gone = connection.close().await;
            }
        }
    }
}

/// In the simple protocol, since two statements may be one request here.
pub(super) async fn run(connection: &mut PgConnection, sql: &str) -> Result<()> {
    let outcome = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
    outcome.map(drop).map_err(|e| error::running(sql, e))
}

fn failed_before() -> Error {
    Error::new(
        Kind::Database,
        "nothing was committed: a statement of this transaction failed before",
    )
    .field("sqlstate", "25P02")
    .hint("put what may fail into its own `tx.transaction(|part| { .. })`")
}

fn over() -> Error {
    Error::invalid("this transaction is over")
        .hint("use it only inside the closure that it is given to")
}

fn lost() -> Error {
    Error::unavailable("this transaction's connection is closed; everything in it was rolled back")
}
