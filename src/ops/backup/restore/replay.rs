//! Fills a new database from a dump: one transaction, committed only when everything has arrived and was counted.
//!
//! `psql` would commit a dump that ends in the middle of a `COPY`; this does not.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor, Row};
use tokio::sync::mpsc;

use super::super::progress::{OnProgress, Progress, Step};
use super::super::verify::Verified;
use super::feed::{Job, feed};
use super::omit::Omit;
use crate::base::{Error, Result};
use crate::ops::database::error::{running, sqlstate};

/// How many jobs may wait for the server.
const QUEUE: usize = 16;

/// Why a dump may not find what was there when it was made.
const SEARCH_PATH: &str = "a dump is replayed with an empty search_path, also by psql: functions that an index, a check or a \
    generated column uses must write out the schemas in their bodies, or `SET search_path`";

/// Replays a dump that was verified before; it is measured again, since it may have changed meanwhile.
pub(super) async fn replay(
    connection: &mut PgConnection,
    source: &Verified,
    omit: &Omit,
    on: OnProgress<'_>,
) -> Result<()> {
    let (sender, mut jobs) = mpsc::channel(QUEUE);
    let (path, omit) = (source.path.clone(), omit.clone());
    let reader = tokio::task::spawn_blocking(move || feed(&path, &omit, &sender));
    execute(connection, "BEGIN").await?;
    let transaction = transaction(connection).await?;
    let mut replay = Replay {
        connection,
        path: &source.path,
        rows: BTreeMap::new(),
    };
    let mut done = 0;
    while let Some(job) = jobs.recv().await {
        if let Job::At(position) = job {
            done = position;
        }
        on(Progress::of(Step::Replay, done, Some(source.bytes)));
        replay.run(job, &mut jobs).await?;
    }
    let read = reader.await;
    let read =
        read.map_err(|e| Error::internal("the thread that reads a dump ended").because(e))??;
    read.facts.complete()?;
    if read.sha256 != source.sha256 || read.facts != source.facts {
        return Err(Error::corrupt("the file was changed while it was restored"));
    }
    if replay.rows != source.facts.tables {
        return Err(Error::corrupt(
            "the server took another number of rows than the file holds",
        ));
    }
    if self::transaction(replay.connection).await? != transaction {
        return Err(Error::corrupt(
            "a statement of the file ended the transaction of the restore",
        ));
    }
    let done = execute(replay.connection, "COMMIT").await;
    done.map_err(|e| e.context("what was restored cannot be committed"))
}

struct Replay<'c> {
    connection: &'c mut PgConnection,
    path: &'c Path,
    /// Rows that the server says it took, by table.
    rows: BTreeMap<String, u64>,
}

impl Replay<'_> {
    async fn run(&mut self, job: Job, jobs: &mut mpsc::Receiver<Job>) -> Result<()> {
        match job {
            Job::Sql { text, line } => {
                let done = execute(self.connection, &text).await;
                done.map_err(|e| self.placed(e, line))
            }
            Job::Copy { text, line, table } => {
                let rows = self.copy(&text, jobs).await;
                if let Some(rows) = rows.map_err(|e| self.placed(e, line))? {
                    *self.rows.entry(table).or_default() += rows;
                }
                Ok(())
            }
            Job::At(_) => Ok(()),
            Job::Data(_) | Job::CopyEnd => Err(Error::internal("rows without a COPY")),
        }
    }

    /// Sends the rows that follow; gives how many the server took, or nothing when they stop coming before their end.
    async fn copy(&mut self, sql: &str, jobs: &mut mpsc::Receiver<Job>) -> Result<Option<u64>> {
        let sql = sql.trim_end_matches(';');
        let failed = |e| running(sql, e);
        let mut copy = self.connection.copy_in_raw(sql).await.map_err(failed)?;
        loop {
            match jobs.recv().await {
                Some(Job::Data(rows)) => {
                    copy.send(rows).await.map_err(failed)?;
                }
                Some(Job::At(_)) => {}
                Some(Job::CopyEnd) => return copy.finish().await.map(Some).map_err(failed),
                _ => {
                    // The reader has the reason; the transaction is rolled back in any case.
                    let _aborted = copy.abort("the dump ended").await;
                    return Ok(None);
                }
            }
        }
    }

    fn placed(&self, error: Error, line: u64) -> Error {
        let own = error
            .fields()
            .get("line")
            .and_then(serde_json::Value::as_u64);
        let line = line + own.unwrap_or(1) - 1;
        let file = self
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let code = sqlstate(&error)
            .map(|code| format!(" ({code})"))
            .unwrap_or_default();
        let error = match sqlstate(&error) {
            // The server's own hint, to add casts, leads astray here.
            Some("42883" | "42P01") => error.hint(SEARCH_PATH),
            _ => error,
        };
        error
            .context(format!("line {line} of `{file}`"))
            .state(&code)
            .field("file", file)
            .field("line", line)
    }
}

/// What tells the open transaction apart from all others.
async fn transaction(connection: &mut PgConnection) -> Result<i64> {
    const SQL: &str = "select txid_current()";
    let row = connection.fetch_one(SQL).await;
    row.and_then(|row| row.try_get(0))
        .map_err(|e| running(SQL, e))
}

async fn execute(connection: &mut PgConnection, sql: &str) -> Result<()> {
    let done = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
    done.map(drop).map_err(|e| running(sql, e))
}
