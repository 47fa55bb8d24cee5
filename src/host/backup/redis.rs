//! Bringing Redis' data back, step by step: a task starts the server between them.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rhai::{Dynamic, NativeCallContext};

use crate::base::{Error, Result};
use crate::host::stack::{container_of, is_local};
use crate::host::{Host, permit};
use crate::ops::backup::redis::RedisPlace;
use crate::ops::backup::{restore, stamp};
use crate::ops::redis::Redis;

/// The profile's Redis, and where its files are.
pub(super) async fn source(host: &Host) -> Result<(Arc<Redis>, RedisPlace)> {
    let redis = host.redis()?;
    let target = redis.target();
    if !is_local(&target.host) {
        let message = format!("redis {target} is on another machine: its files are out of reach");
        return Err(Error::refused(message).hint("leave `with_redis` out"));
    }
    let place = container_of(host, &target.host, target.port).await?;
    let place = place.map_or(RedisPlace::Here, |(engine, id, _)| RedisPlace::Container {
        engine,
        id,
    });
    Ok((redis, place))
}

fn pick(host: &Host, path: &str) -> Result<PathBuf> {
    let database = host.settings().get("DB_DATABASE").unwrap_or_default();
    let folder = super::folder(host, None)?;
    let root = host.project().root();
    permit::read(host, restore::pick(path, &folder, root, database)?)
}

fn now() -> String {
    let now = Timestamp::now();
    // Two within a second must not meet: what the first has put aside stays.
    format!("{}_{:03}", stamp(now), now.subsec_millisecond())
}

/// Bringing Redis' data back.
#[rhai::export_module]
pub mod api {
    use rhai::Map;

    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::ops::backup::redis::{self, Put};

    /// Checks Redis' data in a backup and puts them beside the server's own files, which stay as they are.
    ///
    /// Gives a map for the next steps: `name` (the file in the folder of the data), `own_log`, `folder`, `keys`, `keeps_log` and
    /// more. Then the server has to be started with `--appendonly no --dbfilename NAME --appenddirname OWN_LOG`. What a restore
    /// that was killed has left is removed.
    ///
    /// # Parameters
    /// - `path`: the backup, as for `backup::verify`
    ///
    /// # Errors
    /// - `not_found`: there is no such backup, or it holds no data of Redis
    /// - `corrupt`: the data are damaged
    /// - `refused`: the server still runs with what a restore that was given up has put
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```
    /// let kind = "";
    /// try { backup::put_redis("latest"); } catch (e) { kind = e.kind; }
    /// ensure(kind == "not_found", "there is no backup yet");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn put_redis(ctx: NativeCallContext, path: &str) -> RhaiResultOf<Dynamic> {
        const NAME: &str = "backup::put_redis";
        let host = Host::of(&ctx);
        let data = bridge::call(&ctx, NAME, |host| super::pick(host, path))?;
        let put = bridge::wait(&ctx, NAME, async {
            redis::verify(&data)?;
            let (server, place) = super::source(&host).await?;
            redis::put(&data, &server, &place, &super::now()).await
        })?;
        bridge::value(&ctx, NAME, put)
    }

    /// Whether the server that was started with the file has loaded what the backup holds; gives the number of keys.
    ///
    /// # Parameters
    /// - `put`: what `backup::put_redis` gave
    ///
    /// # Errors
    /// - `corrupt`: the number of keys is another
    /// - `refused`: the server runs with another file
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```
    /// let kind = "";
    /// try { backup::check_redis(#{}); } catch (e) { kind = e.kind; }
    /// ensure(kind == "invalid", "that is not what `backup::put_redis` gives");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn check_redis(ctx: NativeCallContext, put: Map) -> RhaiResultOf<i64> {
        const NAME: &str = "backup::check_redis";
        let host = Host::of(&ctx);
        let put: Put = bridge::options(&ctx, NAME, put)?;
        let keys = bridge::wait(&ctx, NAME, async {
            redis::loaded(&put, &*host.redis()?).await
        })?;
        Ok(i64::try_from(keys).unwrap_or(i64::MAX))
    }

    /// Makes what the server has loaded its own: it writes a log of it, and both take the place of its old files in one step.
    ///
    /// Gives the name of the folder, in that of the data, where the old files are now; none is deleted. Then the server has to
    /// be started as ever.
    ///
    /// # Parameters
    /// - `put`: what `backup::put_redis` gave
    ///
    /// # Errors
    /// - `io`, `process_failed`: a file cannot be moved
    /// - `redis`: the log cannot be written
    ///
    /// # Example
    /// ```
    /// let kind = "";
    /// try { backup::adopt_redis(#{}); } catch (e) { kind = e.kind; }
    /// ensure(kind == "invalid", "that is not what `backup::put_redis` gives");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn adopt_redis(ctx: NativeCallContext, put: Map) -> RhaiResultOf<String> {
        const NAME: &str = "backup::adopt_redis";
        let host = Host::of(&ctx);
        let put: Put = bridge::options(&ctx, NAME, put)?;
        bridge::wait(&ctx, NAME, async {
            let (server, place) = super::source(&host).await?;
            redis::adopt(&put, &server, &place).await
        })?;
        Ok(put.away)
    }

    /// Whether Redis runs with what `backup::put_redis` has put, which is so after a restore that was killed.
    ///
    /// What is written to it then is lost with its next start, so it should be started anew at once.
    ///
    /// # Errors
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```redis
    /// ensure(!backup::is_redis_given_up(), "nothing was brought back");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn is_redis_given_up(ctx: NativeCallContext) -> RhaiResultOf<bool> {
        const NAME: &str = "backup::is_redis_given_up";
        let host = Host::of(&ctx);
        bridge::wait(&ctx, NAME, async {
            redis::is_given_up(&*host.redis()?).await
        })
    }

    /// Takes away again what `backup::put_redis` has put, after a restore that was given up.
    ///
    /// # Parameters
    /// - `put`: what `backup::put_redis` gave
    ///
    /// # Errors
    /// - `io`, `process_failed`: the file cannot be moved
    ///
    /// # Example
    /// ```
    /// let kind = "";
    /// try { backup::take_back_redis(#{}); } catch (e) { kind = e.kind; }
    /// ensure(kind == "invalid", "that is not what `backup::put_redis` gives");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn take_back_redis(ctx: NativeCallContext, put: Map) -> RhaiResultOf<()> {
        const NAME: &str = "backup::take_back_redis";
        let host = Host::of(&ctx);
        let put: Put = bridge::options(&ctx, NAME, put)?;
        bridge::wait(&ctx, NAME, async {
            let (_, place) = super::source(&host).await?;
            redis::take_back(&put, &place).await
        })
    }
}
