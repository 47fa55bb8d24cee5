//! Backs Redis up: it writes its data to a file of its own, which is copied and checked.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::place::Place;
use super::rdb::{self, Rdb};
use crate::base::{Error, Kind, Result, units};
use crate::ops::redis::{Redis, Reply};

const POLL: Duration = Duration::from_millis(50);
/// How long another save may take before ours can begin.
const BUSY: Duration = Duration::from_mins(10);

/// A server to back up.
#[derive(Debug, Clone, Copy)]
pub struct RedisSource<'a> {
    /// The server.
    pub redis: &'a Redis,
    /// Where its files are.
    pub place: &'a Place,
}

/// Redis' data in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The file.
    #[serde(flatten)]
    pub rdb: Rdb,
    /// How many keys there were when the save began.
    pub keys: u64,
    /// Whether nothing was written around that moment, so that the number is exact.
    pub is_exact: bool,
}

/// Writes the server's data to a new file `to`.
pub(in crate::ops::backup) async fn save(source: RedisSource<'_>, to: &Path) -> Result<Saved> {
    let redis = source.redis;
    let doing = |e: Error| e.context("redis cannot be backed up");
    let now = server_time(redis).await.map_err(doing)?;
    let keys = begin(redis).await.map_err(doing)?;
    let after = count_keys(redis).await.map_err(doing)?;
    finished(redis).await.map_err(doing)?;
    let from = format!(
        "{}/{}",
        setting(redis, "dir").await?,
        setting(redis, "dbfilename").await?
    );
    source.place.copy_out(&from, to).await.map_err(doing)?;
    let path = to.to_owned();
    let rdb = tokio::task::spawn_blocking(move || rdb::check(&path)).await;
    let rdb =
        rdb.map_err(|e| Error::internal("the thread that reads a file ended").because(e))??;
    // The clock that stamps the file lags some milliseconds behind the one that was asked, and both count whole seconds.
    if rdb.made.is_some_and(|made| made < now - 1) {
        let message = format!("`{from}` is older than the save that was asked for");
        return Err(doing(Error::refused(message).hint(
            "the settings name another Redis than the one whose files are there",
        )));
    }
    Ok(Saved {
        rdb,
        keys,
        is_exact: keys == after,
    })
}

/// Asks for a save, when no other is going on; gives the number of keys right before.
async fn begin(redis: &Redis) -> Result<u64> {
    let start = Instant::now();
    loop {
        wait_while_saving(redis, start).await?;
        let keys = count_keys(redis).await?;
        match redis.command(&["BGSAVE"]).await {
            // Somebody else's began in between, or the log is being rewritten.
            Err(e) if e.message().contains("in progress") && start.elapsed() < BUSY => {
                tokio::time::sleep(POLL).await;
            }
            begun => return begun.map(|_started| keys),
        }
    }
}

async fn wait_while_saving(redis: &Redis, start: Instant) -> Result<()> {
    while number(redis, "rdb_bgsave_in_progress").await? != 0 {
        if start.elapsed() > BUSY {
            let limit = units::duration(BUSY);
            let message = format!("redis has been saving for more than {limit}");
            return Err(Error::new(Kind::Timeout, message).hint("see `lexi run logs-redis`"));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

async fn finished(redis: &Redis) -> Result<()> {
    wait_while_saving(redis, Instant::now()).await?;
    let info = redis.info(Some("persistence")).await?;
    if info.get("rdb_last_bgsave_status") == Some(&Reply::Text("ok".to_owned())) {
        return Ok(());
    }
    let message = "redis could not save its data: no room on its disk, or no memory for it";
    Err(Error::new(Kind::Redis, message).hint("see why: `lexi run logs-redis`"))
}

async fn server_time(redis: &Redis) -> Result<i64> {
    let Reply::List(parts) = redis.command(&["TIME"]).await? else {
        return Err(Error::internal("redis replied to TIME with something else"));
    };
    let seconds = match parts.first() {
        Some(Reply::Text(text)) => text.parse().ok(),
        _ => None,
    };
    seconds.ok_or_else(|| Error::internal("redis replied to TIME with something else"))
}

/// A number among the facts about saving.
pub(super) async fn number(redis: &Redis, name: &str) -> Result<i64> {
    let info = redis.info(Some("persistence")).await?;
    match info.get(name) {
        Some(Reply::Int(number)) => Ok(*number),
        _ => Err(
            Error::unavailable(format!("redis does not tell its `{name}`"))
                .hint("Redis 6.2 or newer is needed"),
        ),
    }
}

/// How many keys there are in all databases.
pub(super) async fn count_keys(redis: &Redis) -> Result<u64> {
    let info = redis.info(Some("keyspace")).await?;
    let keys = |facts: &Reply| match facts {
        Reply::Text(text) => text
            .strip_prefix("keys=")?
            .split(',')
            .next()?
            .parse::<u64>()
            .ok(),
        _ => None,
    };
    let databases = info.iter().filter(|(name, _)| name.starts_with("db"));
    Ok(databases.filter_map(|(_, facts)| keys(facts)).sum())
}

/// A setting of the server.
pub(super) async fn setting(redis: &Redis, name: &str) -> Result<String> {
    let reply = redis.command(&["CONFIG", "GET", name]).await?;
    let value = match &reply {
        Reply::Map(map) => map.get(name),
        Reply::List(words) => words.get(1),
        _ => None,
    };
    match value {
        Some(Reply::Text(text)) => Ok(text.clone()),
        _ => Err(
            Error::unavailable(format!("redis does not tell its setting `{name}`"))
                .hint("its user must be allowed `CONFIG GET`"),
        ),
    }
}
