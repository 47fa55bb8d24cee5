//! The steps by which Redis gets data back; between them the caller starts the server anew.
//!
//! A file put under a server that keeps a log (`appendonly yes`) is ignored: the log is loaded instead; and without either
//! the server is empty. So the file gets a name of its own, the server is started with that file, and it writes a log of its
//! own beside. Only when both are complete do they take the place of the old ones, in one step, and the old ones are kept.
//! Whenever this ends early, a normal start loads the old data or the new, whole; the next restore clears up.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::super::manifest::Manifest;
use super::super::sidecar;
use super::place::Place;
use super::rdb;
use super::save::{Saved, count_keys, number, setting};
use crate::base::{Error, Kind, Result, units};
use crate::ops::redis::{Redis, Reply};

const POLL: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_mins(10);
/// What the names begin with of all that is there only while data are brought back.
const PREFIX: &str = "lexi-restore-";

/// A file that was put beside the server's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Put {
    /// Its name in the folder of the data.
    pub name: String,
    /// The name of the folder of a log of its own.
    pub own_log: String,
    /// The folder.
    pub folder: String,
    /// The name of the server's own file.
    pub own_name: String,
    /// The name of the folder of its log.
    pub log_folder: String,
    /// Whether it keeps a log.
    pub keeps_log: bool,
    /// How many keys there must be.
    pub keys: u64,
    /// Whether it must be exactly so many.
    pub is_exact: bool,
    /// Where its own files go.
    pub away: String,
}

/// Checks Redis' part of a backup against its manifest; gives what it holds.
pub fn verify(data: &Path) -> Result<Saved> {
    let manifest = Manifest::beside(data)?;
    let saved = manifest.and_then(|manifest| manifest.redis);
    let saved = saved.ok_or_else(|| {
        Error::not_found(format!("`{}` holds no data of Redis", data.display()))
            .hint("make one that does: `lexi run backup --with-redis`")
    })?;
    let rdb = rdb::check(&sidecar::redis_beside(data))?;
    if rdb.bytes != saved.rdb.bytes || rdb.sha256 != saved.rdb.sha256 {
        let file = sidecar::redis_beside(data);
        return Err(Error::corrupt(format!(
            "`{}` was changed since it was made",
            file.display()
        )));
    }
    Ok(saved)
}

/// Whether the server runs with the data of a restore that was given up, which a normal start does not load.
pub async fn is_given_up(redis: &Redis) -> Result<bool> {
    Ok(setting(redis, "dbfilename").await?.starts_with(PREFIX))
}

/// Checks Redis' part of a backup and puts it beside the server's own files, which stay as they are. What a restore that was
/// killed has left goes.
pub async fn put(data: &Path, redis: &Redis, place: &Place, stamp: &str) -> Result<Put> {
    let saved = verify(data)?;
    if is_given_up(redis).await? {
        let message = "redis runs with the data of a restore that was given up";
        return Err(Error::refused(message).hint("start it anew: `lexi run restart --only redis`"));
    }
    let own_log = format!("{PREFIX}{stamp}");
    let put = Put {
        name: format!("{own_log}.rdb"),
        own_log,
        folder: setting(redis, "dir").await?,
        own_name: setting(redis, "dbfilename").await?,
        log_folder: setting(redis, "appenddirname").await?,
        keeps_log: setting(redis, "appendonly").await? == "yes",
        keys: saved.keys,
        is_exact: saved.is_exact,
        away: format!("before-restore-{stamp}"),
    };
    place.remove(&put.folder, PREFIX).await?;
    let from = sidecar::redis_beside(data);
    place.copy_in(&from, &put.folder, &put.name).await?;
    Ok(put)
}

/// Whether the server that was started with the file has loaded what it holds; gives the number of keys.
pub async fn loaded(put: &Put, redis: &Redis) -> Result<u64> {
    let own_name = setting(redis, "dbfilename").await?;
    if own_name != put.name {
        let message = format!("redis runs with `{own_name}`, not with `{}`", put.name);
        return Err(Error::refused(message));
    }
    let keys = number(redis, "rdb_last_load_keys_loaded").await?;
    let expired = number(redis, "rdb_last_load_keys_expired").await?;
    let found = u64::try_from(keys + expired).unwrap_or_default();
    let is_right = if put.is_exact {
        found == put.keys
    } else {
        found > 0 || put.keys == 0
    };
    if !is_right {
        let message = format!("redis has loaded {found} keys, the backup has {}", put.keys);
        return Err(Error::corrupt(message));
    }
    count_keys(redis).await
}

/// Makes what was loaded the server's own; its old files are kept in the folder `away`. The server has to be started anew then.
pub async fn adopt(put: &Put, redis: &Redis, place: &Place) -> Result<()> {
    let mut names = vec![put.own_name.as_str()];
    if put.keeps_log {
        write_log(redis).await?;
        let log = (put.away.as_str(), put.log_folder.as_str());
        place.put_into(&put.folder, &put.own_log, log).await?;
        // The log is what is loaded, so it comes first.
        names.insert(0, &put.log_folder);
    }
    let file = (put.away.as_str(), put.own_name.as_str());
    place.put_into(&put.folder, &put.name, file).await?;
    place.exchange(&put.folder, &put.away, &names).await
}

/// Has the server write all it has to a log.
async fn write_log(redis: &Redis) -> Result<()> {
    redis
        .command(&["CONFIG", "SET", "appendonly", "yes"])
        .await?;
    let start = Instant::now();
    loop {
        let busy = number(redis, "aof_rewrite_in_progress").await?
            + number(redis, "aof_rewrite_scheduled").await?;
        if busy == 0 {
            break;
        }
        if start.elapsed() > LIMIT {
            let limit = units::duration(LIMIT);
            let message = format!("redis has not written its log within {limit}");
            return Err(Error::new(Kind::Timeout, message));
        }
        tokio::time::sleep(POLL).await;
    }
    let info = redis.info(Some("persistence")).await?;
    if info.get("aof_last_bgrewrite_status") == Some(&Reply::Text("ok".to_owned())) {
        return Ok(());
    }
    Err(Error::new(Kind::Redis, "redis could not write its log")
        .hint("see why: `lexi run logs-redis`"))
}

/// Takes away again what was put, after a restore that was given up.
pub async fn take_back(put: &Put, place: &Place) -> Result<()> {
    place.remove(&put.folder, PREFIX).await
}
