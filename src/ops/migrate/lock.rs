//! One run of migrations at a time per database: an advisory lock on a connection of its own, and a second one on the
//! connection that works.
//!
//! Both are asked for again and again and never waited for: a session that waits inside the server holds a snapshot, and
//! `CREATE INDEX CONCURRENTLY` of the run that holds the lock would wait for that one: a deadlock.
//!
//! The first lock is free as soon as a run is gone. The second one is not: what a killed run has begun may still be at work
//! on the server, and nobody may build on its result before it has ended.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor, Row};

use super::history::run;
use crate::base::{Error, Kind, Result, units};
use crate::ops::database::error::running;
use crate::ops::database::{Target, connect};

const RUN: i64 = 7_811_887_330_421;
const WORK: i64 = 7_811_887_330_422;
/// How long a run waits for another one, unless it is told otherwise.
pub(super) const WAIT: Duration = Duration::from_mins(1);
const RETRY: Duration = Duration::from_millis(100);

/// Both locks; they are freed when this is dropped, since the connections close.
pub(super) struct Held {
    _run: PgConnection,
    /// The connection that works.
    pub(super) work: Work,
}

/// The connection that works, and what makes it as new again.
pub(super) struct Work {
    /// The connection.
    pub(super) connection: PgConnection,
    /// What a file has set or made for its session must not reach the next one.
    pub(super) clean: Vec<String>,
}

impl Work {
    fn new(connection: PgConnection, check_interval: Option<&str>) -> Self {
        let mut clean: Vec<String> = ["discard temp", "unlisten *", "reset all"]
            .map(str::to_owned)
            .to_vec();
        // What every connection sets for itself would be reset too; not every server knows it.
        clean.extend(
            check_interval
                .filter(|interval| *interval != "0")
                .map(|interval| format!("set client_connection_check_interval = '{interval}'")),
        );
        Self { connection, clean }
    }

    /// Makes the session as it was when it was opened.
    pub(super) async fn clean(&mut self) -> Result<()> {
        run(&mut self.connection, &self.clean.join("; ")).await
    }
}

/// Both locks for something that is not done here, such as the migrations of another program.
pub struct Guard {
    _held: Held,
}

/// Takes the locks and does nothing with them; they are free when the guard is dropped.
pub async fn guard(target: &Target, limit: Duration) -> Result<Guard> {
    let held = acquire(target, limit).await?;
    Ok(Guard { _held: held })
}

/// Takes the locks, trying for as long as `limit`.
pub(super) async fn acquire(target: &Target, limit: Duration) -> Result<Held> {
    let deadline = Instant::now() + limit;
    let (first, _interval) = hold(target, RUN, deadline, limit).await?;
    let (work, interval) = hold(target, WORK, deadline, limit).await?;
    Ok(Held {
        _run: first,
        work: Work::new(work, interval.as_deref()),
    })
}

async fn hold(
    target: &Target,
    key: i64,
    deadline: Instant,
    limit: Duration,
) -> Result<(PgConnection, Option<String>)> {
    let sql = format!(
        "select pg_catalog.pg_try_advisory_lock({key}), \
        pg_catalog.current_setting('client_connection_check_interval', true)"
    );
    let mut connection = connect(target).await?;
    loop {
        let row = connection
            .fetch_one(sqlx::raw_sql(AssertSqlSafe(sql.as_str())))
            .await
            .map_err(|e| running(&sql, e))?;
        if row.try_get(0).map_err(|e| running(&sql, e))? {
            let interval = row.try_get(1).map_err(|e| running(&sql, e))?;
            return Ok((connection, interval));
        }
        if Instant::now() >= deadline {
            return Err(busy(&mut connection, target, key, limit).await);
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn busy(connection: &mut PgConnection, target: &Target, key: i64, limit: Duration) -> Error {
    let sql = format!(
        "select a.pid, coalesce(host(a.client_addr), 'local'), a.backend_start::text \
        from pg_locks l join pg_stat_activity a on a.pid = l.pid \
        where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database \
        where datname = current_database()) and l.classid = {} and l.objid = {}",
        key >> 32,
        key & 0xFFFF_FFFF
    );
    let holder = connection
        .fetch_optional(sqlx::raw_sql(AssertSqlSafe(sql)))
        .await
        .ok()
        .flatten();
    let who = holder.and_then(|row| {
        let pid: i32 = row.try_get(0).ok()?;
        let from: String = row.try_get(1).ok()?;
        let since: String = row.try_get(2).ok()?;
        Some((pid, format!("session {pid} from {from} since {since}")))
    });
    let (pid, who) = who.unzip();
    let who = who.unwrap_or_else(|| "another session".to_owned());
    let waited = units::duration(limit);
    if key == RUN {
        let message = format!("{target} is being migrated by {who}; waited {waited}");
        return Error::new(Kind::Locked, message).hint("try again when it is done");
    }
    let message = format!(
        "{target}: what an earlier run has begun is still at work in {who}; waited {waited}"
    );
    let error = Error::new(Kind::Locked, message);
    match pid {
        Some(pid) => error.hint(format!(
            "wait for it, or end it: `select pg_terminate_backend({pid})`"
        )),
        None => error.hint("try again when it is done"),
    }
}
