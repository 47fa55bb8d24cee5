//! One run of migrations at a time per database: an advisory lock on a connection of its own.
//!
//! The lock is asked for again and again and never waited for: a session that waits inside the server holds a snapshot, and
//! `CREATE INDEX CONCURRENTLY` of the run that holds the lock would wait for that one: a deadlock.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use crate::base::{Error, Kind, Result, units};
use crate::ops::database::error::running;
use crate::ops::database::{Target, connect};

const TRY: &str = "select pg_try_advisory_lock(7811887330421)";
const HOLDER: &str = "select a.pid, coalesce(host(a.client_addr), 'local'), a.backend_start::text \
    from pg_locks l join pg_stat_activity a on a.pid = l.pid \
    where l.locktype = 'advisory' and l.granted and l.classid = 1818 and l.objid = 3636786293";
const RETRY: Duration = Duration::from_millis(100);

/// Holds the lock; it is freed when this is dropped, since the connection closes.
pub(super) struct Held {
    _connection: PgConnection,
}

/// Takes the lock, trying for as long as `limit`.
pub(super) async fn acquire(target: &Target, limit: Duration) -> Result<Held> {
    let mut connection = connect(target).await?;
    let started = Instant::now();
    loop {
        let row = connection
            .fetch_one(TRY)
            .await
            .map_err(|e| running(TRY, e))?;
        if row.try_get(0).map_err(|e| running(TRY, e))? {
            return Ok(Held {
                _connection: connection,
            });
        }
        if started.elapsed() >= limit {
            return Err(busy(&mut connection, target, limit).await);
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn busy(connection: &mut PgConnection, target: &Target, limit: Duration) -> Error {
    let holder = connection.fetch_optional(HOLDER).await.ok().flatten();
    let who = holder.and_then(|row| {
        let pid: i32 = row.try_get(0).ok()?;
        let from: String = row.try_get(1).ok()?;
        let since: String = row.try_get(2).ok()?;
        Some(format!("session {pid} from {from} since {since}"))
    });
    let who = who.unwrap_or_else(|| "another session".to_owned());
    let message = format!(
        "{target} is being migrated by {who}; waited {}",
        units::duration(limit)
    );
    Error::new(Kind::Locked, message).hint("try again when it is done")
}
