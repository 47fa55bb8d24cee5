//! The `redis` namespace: the profile's Redis.

use rhai::{Array, Blob, Dynamic, Map, Module, NativeCallContext};
use serde::Deserialize;

use super::Host;
use super::bridge::{self, RhaiResultOf};
use crate::base::{Error, Result, Secret, units};
use crate::ops::redis::{Reply, ScanOptions};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

/// A word of a command as it is sent.
fn word(value: &Dynamic) -> Result<Vec<u8>> {
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(bytes.clone());
    }
    if let Some(secret) = value.read_lock::<Secret>() {
        return Ok(secret.reveal().as_bytes().to_vec());
    }
    let is_plain = value.is_string() || value.is_char() || value.is_int() || value.is_float();
    if is_plain {
        return Ok(value.to_string().into_bytes());
    }
    let message = format!(
        "a command is made of strings, numbers and blobs, not of a {}",
        value.type_name()
    );
    Err(Error::invalid(message))
}

fn words(values: &Array) -> Result<Vec<Vec<u8>>> {
    if values.is_empty() {
        return Err(Error::invalid("a command has at least one word"));
    }
    values.iter().map(word).collect()
}

fn to_dynamic(reply: Reply) -> Dynamic {
    match reply {
        Reply::Nil => Dynamic::UNIT,
        Reply::Bool(flag) => flag.into(),
        Reply::Int(number) => number.into(),
        Reply::Float(number) => number.into(),
        Reply::Text(text) => text.into(),
        Reply::Bytes(bytes) => Dynamic::from_blob(bytes),
        Reply::List(items) => items.into_iter().map(to_dynamic).collect::<Array>().into(),
        Reply::Map(fields) => {
            let fields = fields
                .into_iter()
                .map(|(name, reply)| (name.into(), to_dynamic(reply)));
            Dynamic::from_map(fields.collect())
        }
    }
}

/// Sends a command on behalf of the function `name`.
fn send(
    ctx: &NativeCallContext,
    name: &str,
    words: impl FnOnce() -> Result<Vec<Vec<u8>>>,
) -> RhaiResultOf<Dynamic> {
    let host = Host::of(ctx);
    let reply = bridge::wait(ctx, name, async { host.redis()?.command(&words()?).await })?;
    Ok(to_dynamic(reply))
}

fn as_number(reply: &Dynamic) -> i64 {
    reply.as_int().unwrap_or_default()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SetOptions {
    ttl: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScanLimits {
    count: u64,
    limit: Option<usize>,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self {
            count: 1_000,
            limit: None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FlushOptions {
    confirm: Option<String>,
}

/// Refuses to empty what belongs to a protected profile, unless the profile was named.
fn confirm(host: &Host, given: Option<&str>) -> Result<()> {
    let profile = host.profile();
    let given = given.or(host.flags().confirm.as_deref());
    match given {
        Some(name) if name != profile.as_str() => Err(Error::refused(format!(
            "`{name}` is not the profile of this run, `{profile}` is; nothing was done"
        ))),
        None if profile.is_protected() => Err(Error::refused(format!(
            "emptying redis in profile {profile} needs its name; nothing was done"
        ))
        .hint(format!("give it with `--confirm {profile}`"))),
        _ => Ok(()),
    }
}

/// Whether a command empties the database or all of them.
fn empties(words: &[Vec<u8>]) -> bool {
    let is = |name: &str| words[0].eq_ignore_ascii_case(name.as_bytes());
    is("FLUSHALL") || is("FLUSHDB")
}

/// Redis: any command of the profile's server.
///
/// A connection is made when the first command needs one. Replies keep their type: nil is `()`, numbers are numbers,
/// strings are strings or, when they are not UTF-8, blobs; arrays and sets are arrays, maps are maps.
#[rhai::export_module]
pub mod api {
    /// Asks whether the server answers, and throws when it does not.
    ///
    /// # Errors
    /// - `redis`: the password is wrong or missing; field `code`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```redis
    /// redis::ping();
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ping(ctx: NativeCallContext) -> RhaiResultOf<()> {
        send(&ctx, "redis::ping", || Ok(vec![b"PING".to_vec()])).map(std::mem::drop)
    }

    /// Sends any command and gives its reply.
    ///
    /// # Parameters
    /// - `words`: the command and its arguments: strings, numbers and blobs
    ///
    /// # Errors
    /// - `invalid`: a word is neither
    /// - `refused`: `FLUSHALL` and `FLUSHDB` in profile prod need `--confirm prod`, as `redis::flush` does; nothing was done
    /// - `redis`: the server refuses; field `code` (`ERR`, `WRONGTYPE` ..)
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```redis
    /// redis::command(["HSET", "example:h", "a", 1, "b", 2]);
    /// ensure(redis::command(["HGETALL", "example:h"]).a == "1", "a map");
    /// ensure(redis::command(["HLEN", "example:h"]) == 2, "a number");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn command(ctx: NativeCallContext, words: Array) -> RhaiResultOf<Dynamic> {
        let host = Host::of(&ctx);
        let words = || {
            let words = super::words(&words)?;
            if empties(&words) {
                confirm(&host, None)?;
            }
            Ok(words)
        };
        send(&ctx, "redis::command", words)
    }

    /// The value of a key: a string, a blob, or `()` when there is none.
    ///
    /// # Parameters
    /// - `key`: the key
    ///
    /// # Errors
    /// - `redis`: the key holds something else; field `code`
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```redis
    /// redis::set("example:a", "1");
    /// ensure(redis::get("example:a") == "1" && redis::get("example:none") == (), "one of them is there");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn get(ctx: NativeCallContext, key: &str) -> RhaiResultOf<Dynamic> {
        send(&ctx, "redis::get", || Ok(vec![b"GET".to_vec(), key.into()]))
    }

    /// Sets a key.
    ///
    /// # Parameters
    /// - `key`: the key
    /// - `value`: a string, a number or a blob
    ///
    /// # Errors
    /// - `redis`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```redis
    /// redis::set("example:a", 5);
    /// ensure(redis::get("example:a") == "5", "redis keeps text");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn set(ctx: NativeCallContext, key: &str, value: Dynamic) -> RhaiResultOf<()> {
        set_for(ctx, key, value, Map::new())
    }

    /// Sets a key, for a time if one is given.
    ///
    /// # Parameters
    /// - `key`: the key
    /// - `value`: a string, a number or a blob
    /// - `options`: see below
    ///
    /// # Options
    /// - `ttl`: how long it lasts, such as `"90s"` (default: until it is deleted)
    ///
    /// # Errors
    /// - `invalid`: `ttl` is no duration or shorter than a millisecond
    /// - `redis`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```redis
    /// redis::set("example:a", "x", #{ ttl: "1h" });
    /// ensure(redis::command(["TTL", "example:a"]) > 3500, "nearly an hour is left");
    /// ```
    #[rhai_fn(name = "set", return_raw)]
    pub fn set_for(
        ctx: NativeCallContext,
        key: &str,
        value: Dynamic,
        options: Map,
    ) -> RhaiResultOf<()> {
        let options: SetOptions = bridge::options(&ctx, "redis::set", options)?;
        let words = || {
            let mut words = vec![b"SET".to_vec(), key.into(), word(&value)?];
            if let Some(ttl) = options.ttl {
                let milliseconds = units::parse_duration(&ttl)?.as_millis().to_string();
                words.extend([b"PX".to_vec(), milliseconds.into_bytes()]);
            }
            Ok(words)
        };
        send(&ctx, "redis::set", words).map(std::mem::drop)
    }

    /// Deletes a key; gives 1, or 0 when there was none.
    ///
    /// # Parameters
    /// - `key`: the key
    ///
    /// # Errors
    /// - `redis`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```redis
    /// redis::set("example:a", "x");
    /// ensure(redis::del("example:a") == 1 && redis::del("example:a") == 0, "deleted once");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn del(ctx: NativeCallContext, key: &str) -> RhaiResultOf<i64> {
        let words = || Ok(vec![b"DEL".to_vec(), key.into()]);
        send(&ctx, "redis::del", words).map(|reply| as_number(&reply))
    }

    /// Deletes several keys and gives how many there were.
    ///
    /// # Parameters
    /// - `keys`: the keys, strings or blobs
    ///
    /// # Errors
    /// - `redis`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```redis
    /// redis::set("example:a", "x");
    /// ensure(redis::del(["example:a", "example:none"]) == 1, "one was there");
    /// ```
    #[rhai_fn(name = "del", return_raw)]
    pub fn del_all(ctx: NativeCallContext, keys: Array) -> RhaiResultOf<i64> {
        if keys.is_empty() {
            return Ok(0);
        }
        let words = || {
            let keys = keys.iter().map(word);
            std::iter::once(Ok(b"DEL".to_vec())).chain(keys).collect()
        };
        send(&ctx, "redis::del", words).map(|reply| as_number(&reply))
    }

    /// The keys that match a pattern, each once, in order. The server goes on serving others meanwhile.
    ///
    /// # Parameters
    /// - `pattern`: with `*`, `?` and `[ab]`
    ///
    /// # Errors
    /// - `redis`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```redis
    /// redis::set("scan:a", "x");
    /// ensure(redis::scan("scan:*") == ["scan:a"], "one key");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn scan(ctx: NativeCallContext, pattern: &str) -> RhaiResultOf<Array> {
        scan_some(ctx, pattern, Map::new())
    }

    /// The keys that match a pattern, at most so many.
    ///
    /// # Parameters
    /// - `pattern`: with `*`, `?` and `[ab]`
    /// - `options`: see below
    ///
    /// # Options
    /// - `count`: how many keys the server looks at in one step (default 1000)
    /// - `limit`: the most keys to give (default: all)
    ///
    /// # Errors
    /// - `redis`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```redis
    /// redis::set("some:a", "x");
    /// redis::set("some:b", "x");
    /// ensure(redis::scan("some:*", #{ limit: 1 }).len() == 1, "one of two");
    /// ```
    #[rhai_fn(name = "scan", return_raw)]
    pub fn scan_some(ctx: NativeCallContext, pattern: &str, options: Map) -> RhaiResultOf<Array> {
        let limits: ScanLimits = bridge::options(&ctx, "redis::scan", options)?;
        let options = ScanOptions {
            count: limits.count,
            limit: limits.limit,
        };
        let host = Host::of(&ctx);
        let keys = bridge::wait(&ctx, "redis::scan", async {
            host.redis()?.scan(pattern, &options).await
        })?;
        Ok(keys.into_iter().map(to_dynamic).collect())
    }

    /// What the server says about itself, as a map; whole numbers are numbers.
    ///
    /// # Errors
    /// - `redis`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```redis
    /// ensure(redis::info().connected_clients >= 1, "at least this one");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn info(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        about(&ctx, None)
    }

    /// What the server says about one thing, as a map.
    ///
    /// # Parameters
    /// - `section`: `"server"`, `"memory"`, `"persistence"`, `"keyspace"` ..
    ///
    /// # Errors
    /// - `redis`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```redis
    /// ensure(redis::info("memory").used_memory > 0, "it takes some");
    /// ```
    #[rhai_fn(name = "info", return_raw)]
    pub fn info_about(ctx: NativeCallContext, section: &str) -> RhaiResultOf<Dynamic> {
        about(&ctx, Some(section))
    }

    /// Waits until the server answers.
    ///
    /// # Parameters
    /// - `options`: see below
    ///
    /// # Options
    /// - `timeout`: how long at most (default `"30s"`)
    ///
    /// # Errors
    /// - `timeout`: it did not answer in time; the message says what was wrong last
    /// - `redis`: the password is wrong or missing, which no waiting would change
    ///
    /// # Example
    /// ```redis
    /// redis::wait(#{ timeout: "10s" });
    /// ```
    #[rhai_fn(return_raw)]
    pub fn wait(ctx: NativeCallContext, options: Map) -> RhaiResultOf<()> {
        let options: bridge::WaitOptions = bridge::options(&ctx, "redis::wait", options)?;
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "redis::wait", async {
            let limit = units::parse_duration(&options.timeout)?;
            let say = |e: &Error| host.output().detail(&e.full_message());
            host.redis()?.wait_until_ready(limit, &say).await
        })
    }

    /// Waits at most 30 seconds until the server answers.
    ///
    /// # Errors
    /// - as above
    ///
    /// # Example
    /// ```redis
    /// redis::wait();
    /// ```
    #[rhai_fn(name = "wait", return_raw)]
    pub fn wait_as_usual(ctx: NativeCallContext) -> RhaiResultOf<()> {
        wait(ctx, Map::new())
    }

    /// Deletes every key of the profile's database (`REDIS_DB`).
    ///
    /// # Parameters
    /// - `options`: see below
    ///
    /// # Options
    /// - `confirm`: the profile's name, which prod asks for (default: what `--confirm` says)
    ///
    /// # Errors
    /// - `refused`: in profile prod without its name, or with another one; nothing was done
    /// - `redis`, `unavailable`: the server refuses or does not answer
    ///
    /// # Example
    /// ```redis
    /// try {
    ///     redis::flush(#{ confirm: "prod" });
    /// } catch (e) {
    ///     ensure(e.kind == "refused", "this is another profile");
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn flush(ctx: NativeCallContext, options: Map) -> RhaiResultOf<()> {
        let options: FlushOptions = bridge::options(&ctx, "redis::flush", options)?;
        let host = Host::of(&ctx);
        let words = || {
            confirm(&host, options.confirm.as_deref())?;
            Ok(vec![b"FLUSHDB".to_vec()])
        };
        send(&ctx, "redis::flush", words).map(std::mem::drop)
    }
}

fn about(ctx: &NativeCallContext, section: Option<&str>) -> RhaiResultOf<Dynamic> {
    let host = Host::of(ctx);
    let found = bridge::wait(ctx, "redis::info", async {
        host.redis()?.info(section).await
    })?;
    Ok(to_dynamic(Reply::Map(found)))
}
