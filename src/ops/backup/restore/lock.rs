//! One restore of a database at a time, whatever machine it is started from: an advisory lock of the server.

use std::time::{Duration, Instant};

use sqlx::Executor;
use sqlx::postgres::PgConnection;

use crate::base::{Error, Kind, Result, units};
use crate::ops::database::error::running;
use crate::ops::database::{Target, admin};

const TAKE: &str = "select pg_try_advisory_lock(hashtextextended('lexi restore ' || $1, 0))";
const LIMITS: [&str; 2] = ["set statement_timeout = 0", "set idle_session_timeout = 0"];
const PAUSE: Duration = Duration::from_millis(250);

/// The lock, and with it a connection for what cannot be done from inside the database; the server frees it when that ends.
pub(super) async fn take(target: &Target, wait: Duration) -> Result<PgConnection> {
    let mut connection = admin::maintenance(target).await?;
    // It is idle while the new database is filled, and holds the lock all the time.
    for limit in LIMITS {
        let _unknown_to_an_old_server = connection.execute(limit).await;
    }
    let start = Instant::now();
    loop {
        let taken = sqlx::query_scalar::<_, bool>(TAKE)
            .bind(&target.database)
            .fetch_one(&mut connection)
            .await;
        if taken.map_err(|e| running(TAKE, e))? {
            return Ok(connection);
        }
        if start.elapsed() >= wait {
            let message = format!(
                "database `{}` is being restored by another run; waited {}",
                target.database,
                units::duration(wait)
            );
            return Err(Error::new(Kind::Locked, message)
                .hint("see who with `lexi run ps`, then try again"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
