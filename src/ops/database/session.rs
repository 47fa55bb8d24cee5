//! Where statements run: on any connection to a database, or inside one transaction.

use std::path::Path;
use std::sync::Arc;

use sqlx::postgres::PgConnection;

use super::batch::{Summary, Surroundings, batch};
use super::connect::{Database, Reuse};
use super::copy::{self, Copied, CopyOptions};
use super::query::{self, Rows};
use super::split::split;
use super::transaction::{self, Transaction};
use super::value::Value;
use crate::base::{Error, Result};

/// A database or a transaction on it; cheap to clone.
#[derive(Debug, Clone)]
pub enum Session {
    /// Each statement for itself.
    Database(Arc<Database>),
    /// Each statement for itself, in a transaction that only reads.
    Reader(Arc<Database>),
    /// Statements that take effect together or not at all.
    Transaction(Transaction),
}

impl Session {
    /// The database.
    pub fn database(&self) -> &Arc<Database> {
        match self {
            Self::Database(database) | Self::Reader(database) => database,
            Self::Transaction(transaction) => transaction.database(),
        }
    }

    /// The same database, where the server refuses to change anything.
    #[must_use]
    pub fn reader(&self) -> Self {
        match self {
            Self::Database(database) => Self::Reader(Arc::clone(database)),
            Self::Reader(_) | Self::Transaction(_) => self.clone(),
        }
    }

    fn only_reads(&self) -> bool {
        match self {
            Self::Database(_) => false,
            Self::Reader(_) => true,
            Self::Transaction(transaction) => transaction.only_reads(),
        }
    }

    /// The rows of a statement.
    pub async fn rows(&self, sql: &str, parameters: &[Value]) -> Result<Rows> {
        query::refuse_unsuitable(sql)?;
        let work = async |c: &mut PgConnection| query::rows(c, sql, parameters).await;
        self.with(reuse_after(sql), work).await
    }

    /// How many rows a statement changed.
    pub async fn execute(&self, sql: &str, parameters: &[Value]) -> Result<u64> {
        query::refuse_unsuitable(sql)?;
        let only_reads = self.only_reads();
        let work = async |c: &mut PgConnection| {
            if only_reads {
                // The server itself sees to it that this is one statement: none ends the transaction that only reads.
                return query::execute_prepared(c, sql, parameters).await;
            }
            query::execute(c, sql, parameters).await
        };
        self.with(reuse_after(sql), work).await
    }

    /// Runs several statements.
    pub async fn batch(&self, sql: &str) -> Result<Summary> {
        let around = match self {
            Self::Database(_) => Surroundings::Nothing,
            Self::Reader(_) => return Err(only_reads()),
            Self::Transaction(transaction) if transaction.only_reads() => {
                return Err(only_reads());
            }
            Self::Transaction(_) => Surroundings::Transaction,
        };
        self.with(Reuse::Never, async |c: &mut PgConnection| {
            batch(c, sql, around).await
        })
        .await
    }

    /// Loads a file into a table and gives the number of rows.
    pub async fn copy_in(&self, table: &str, path: &Path, options: &CopyOptions) -> Result<u64> {
        let work = async |c: &mut PgConnection| copy::in_file(c, table, path, options).await;
        self.with(Reuse::UnlessFailed, work).await
    }

    /// Loads rows into a table and gives their number.
    pub async fn copy_rows(&self, table: &str, rows: &Rows) -> Result<u64> {
        let work = async |c: &mut PgConnection| copy::in_rows(c, table, rows).await;
        self.with(Reuse::UnlessFailed, work).await
    }

    /// Writes a table or the rows of a query to a file.
    pub async fn copy_out(&self, from: &str, path: &Path, options: &CopyOptions) -> Result<Copied> {
        let work = async |c: &mut PgConnection| copy::out_file(c, from, path, options).await;
        self.with(Reuse::UnlessFailed, work).await
    }

    /// Begins a transaction; inside one, a part of it that can be taken back by itself.
    pub async fn begin(&self) -> Result<Transaction> {
        match self {
            Self::Database(database) => Transaction::begin(database).await,
            Self::Reader(database) => Transaction::begin_reading(database).await,
            Self::Transaction(transaction) => transaction.nested().await,
        }
    }

    /// Does something on the connection.
    pub async fn with<T>(
        &self,
        reuse: Reuse,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T>,
    ) -> Result<T> {
        match self {
            Self::Database(database) => database.with(reuse, work).await,
            Self::Reader(database) => {
                database
                    .with(reuse, async |c: &mut PgConnection| {
                        transaction::run(c, transaction::BEGIN_READING).await?;
                        let outcome = work(c).await;
                        // What the statement has set in the session goes too.
                        let undone = transaction::run(c, "rollback").await;
                        outcome.and_then(|value| undone.map(|()| value))
                    })
                    .await
            }
            Self::Transaction(transaction) => transaction.with(reuse, work).await,
        }
    }
}

fn only_reads() -> Error {
    Error::refused("several statements at once cannot be held to reading")
        .hint("send them one by one with `db::query`")
}

/// What a statement leaves behind in its connection must not be met by chance later.
fn reuse_after(sql: &str) -> Reuse {
    let words = split(sql)
        .ok()
        .and_then(|all| all.first().map(|first| first.words(3)));
    let words = words.unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [
            "SET" | "RESET" | "PREPARE" | "LISTEN" | "LOAD" | "DISCARD",
            ..,
        ]
        | ["CREATE", "TEMP" | "TEMPORARY", ..]
        | ["CREATE", "LOCAL" | "GLOBAL", "TEMP" | "TEMPORARY"] => Reuse::Never,
        _ => Reuse::UnlessLost,
    }
}
