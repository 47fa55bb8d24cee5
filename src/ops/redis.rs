//! Redis: connecting, any command with its reply as a value, and the few that need more than one command.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo,
    ProtocolVersion, RedisConnectionInfo, RedisError,
};
use tokio::time::sleep;

use crate::base::{Error, Kind, Result, Secret, Settings, units};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A server, a database on it and the password to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisTarget {
    /// The server's host name or address.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The server's password; may be empty.
    pub password: Secret,
    /// The number of the database.
    pub db: i64,
}

impl RedisTarget {
    /// The profile's Redis as the settings name it.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let port = settings.int("REDIS_PORT")?;
        let port = u16::try_from(port)
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| {
                let place = settings.place("REDIS_PORT");
                Error::usage(format!("setting `REDIS_PORT` is {port} ({place})"))
                    .hint("a port is a number from 1 to 65535")
            })?;
        let has_db = settings
            .get("REDIS_DB")
            .is_some_and(|db| !db.trim().is_empty());
        Ok(Self {
            host: settings.require("REDIS_HOST")?.to_owned(),
            port,
            password: settings.secret("REDIS_PASSWORD"),
            db: if has_db { settings.int("REDIS_DB")? } else { 0 },
        })
    }

    fn client(&self) -> Result<Client> {
        let mut login = RedisConnectionInfo::default()
            .set_db(self.db)
            .set_protocol(ProtocolVersion::RESP3)
            .set_lib_name("lexi", env!("CARGO_PKG_VERSION"));
        if !self.password.is_empty() {
            login = login.set_password(self.password.reveal());
        }
        let address = ConnectionAddr::Tcp(self.host.clone(), self.port);
        address
            .into_connection_info()
            .and_then(|info| Client::open(info.set_redis_settings(login)))
            .map_err(|e| self.connecting(&e))
    }

    fn connecting(&self, error: &RedisError) -> Error {
        let doing = format!("cannot connect to redis {self}");
        let text = error.to_string();
        let refused = |why: &str| Error::new(Kind::Redis, format!("{doing}: {why}"));
        // The library tells a refused login by its own kind and keeps the server's word only in the text.
        let is_login = error.kind() == ErrorKind::AuthenticationFailed
            || ["WRONGPASS", "NOAUTH"]
                .iter()
                .any(|code| text.contains(code));
        if is_login && self.password.is_empty() {
            return refused("it needs a password and none is set")
                .field("code", "NOAUTH")
                .hint("set `REDIS_PASSWORD` in the profile's `.env` file");
        }
        if is_login {
            return refused("wrong password")
                .field("code", "WRONGPASS")
                .hint("check `REDIS_PASSWORD` and where it comes from with `lexi env`");
        }
        if error.is_connection_refusal() {
            return Error::unavailable(doing)
                .because("nothing listens there")
                .hint("start it with `lexi run up`");
        }
        if error.is_timeout() || error.is_io_error() {
            return Error::unavailable(doing)
                .because(text)
                .hint("check `REDIS_HOST` and `REDIS_PORT` with `lexi env`");
        }
        answered(error).context(doing)
    }
}

impl fmt::Display for RedisTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.host, self.port, self.db)
    }
}

/// What the server or the way to it said to a command.
fn answered(error: &RedisError) -> Error {
    match error.code() {
        Some("LOADING") => Error::unavailable("redis is still loading its data"),
        Some(code) => {
            let detail = error.detail().unwrap_or_default();
            Error::new(Kind::Redis, format!("{code} {detail}").trim().to_owned())
                .field("code", code)
        }
        None if error.is_timeout() => Error::new(Kind::Timeout, "redis did not answer in time"),
        None if error.is_io_error() || error.is_connection_dropped() => {
            Error::unavailable("the connection to redis was lost while a command ran")
                .because(error.to_string())
                .hint("check the server with `lexi run status`")
        }
        None => Error::new(Kind::Redis, error.to_string()),
    }
}

/// A reply of the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Nothing.
    Nil,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A string that is UTF-8.
    Text(String),
    /// A string that is not.
    Bytes(Vec<u8>),
    /// An array or a set.
    List(Vec<Self>),
    /// Names and values.
    Map(BTreeMap<String, Self>),
}

impl Reply {
    fn of(value: redis::Value) -> Result<Self> {
        use redis::Value;
        Ok(match value {
            Value::Nil => Self::Nil,
            Value::Int(number) => Self::Int(number),
            Value::Double(number) => Self::Float(number),
            Value::Boolean(flag) => Self::Bool(flag),
            Value::Okay => Self::Text("OK".to_owned()),
            Value::SimpleString(text) | Value::VerbatimString { text, .. } => Self::Text(text),
            Value::BulkString(bytes) | Value::BigNumber(bytes) => Self::string(bytes),
            Value::Array(items) | Value::Set(items) | Value::Push { data: items, .. } => {
                Self::List(items.into_iter().map(Self::of).collect::<Result<_>>()?)
            }
            Value::Map(pairs) => Self::map(pairs)?,
            Value::Attribute { data, .. } => Self::of(*data)?,
            Value::ServerError(error) => return Err(answered(&error.into())),
            other => return Err(Error::internal(format!("redis replied with {other:?}"))),
        })
    }

    fn string(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|e| Self::Bytes(e.into_bytes()), Self::Text)
    }

    /// A map; a list of pairs when a key is not text.
    fn map(pairs: Vec<(redis::Value, redis::Value)>) -> Result<Self> {
        let convert = |(key, value)| Ok((Self::of(key)?, Self::of(value)?));
        let pairs: Vec<(Self, Self)> = pairs.into_iter().map(convert).collect::<Result<_>>()?;
        let named = pairs
            .iter()
            .map(|(key, value)| Some((key.as_name()?, value.clone())));
        if let Some(map) = named.collect::<Option<BTreeMap<_, _>>>() {
            return Ok(Self::Map(map));
        }
        Ok(Self::List(
            pairs
                .into_iter()
                .map(|(key, value)| Self::List(vec![key, value]))
                .collect(),
        ))
    }

    fn as_name(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Int(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// Which keys a scan gives.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// How many keys the server looks at in one step.
    pub count: u64,
    /// The most keys to give; none for all.
    pub limit: Option<usize>,
}

/// A server with the connections that a run keeps to it; the first is made when it is needed.
#[derive(Debug)]
pub struct Redis {
    target: RedisTarget,
    idle: Mutex<Vec<MultiplexedConnection>>,
}

impl Redis {
    /// A server that nothing is connected to yet.
    pub const fn new(target: RedisTarget) -> Self {
        Self {
            target,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Where it is.
    pub const fn target(&self) -> &RedisTarget {
        &self.target
    }

    /// Sends one command. When it is given up, its connection is closed, so that nothing waits behind it.
    pub async fn command<A: AsRef<[u8]>>(&self, words: &[A]) -> Result<Reply> {
        let mut command = Cmd::new();
        for word in words {
            command.arg(word.as_ref());
        }
        let mut connection = self.take().await?;
        let outcome = command.query_async::<redis::Value>(&mut connection).await;
        let is_whole = outcome.as_ref().err().is_none_or(|e| e.code().is_some());
        if is_whole {
            self.give_back(connection);
        }
        Reply::of(outcome.map_err(|e| answered(&e))?)
    }

    /// The keys that match a pattern, each once, in order.
    pub async fn scan(&self, pattern: &str, options: &ScanOptions) -> Result<Vec<Reply>> {
        let count = options.count.max(1).to_string();
        let (mut cursor, mut found) = ("0".to_owned(), BTreeSet::new());
        loop {
            let words = ["SCAN", &cursor, "MATCH", pattern, "COUNT", &count];
            let Reply::List(parts) = self.command(&words).await? else {
                return Err(Error::internal("redis replied to SCAN with something else"));
            };
            let [Reply::Text(next), Reply::List(keys)] = parts.as_slice() else {
                return Err(Error::internal("redis replied to SCAN with something else"));
            };
            found.extend(keys.iter().filter_map(key_bytes));
            let is_enough = options.limit.is_some_and(|limit| found.len() >= limit);
            if next == "0" || is_enough {
                break;
            }
            cursor.clone_from(next);
        }
        let limit = options.limit.unwrap_or(usize::MAX);
        Ok(found.into_iter().take(limit).map(Reply::string).collect())
    }

    /// What the server says about itself; numbers as numbers.
    pub async fn info(&self, section: Option<&str>) -> Result<BTreeMap<String, Reply>> {
        let words: Vec<&str> = ["INFO"].into_iter().chain(section).collect();
        let Reply::Text(text) = self.command(&words).await? else {
            return Err(Error::internal("redis replied to INFO with something else"));
        };
        let pairs = text.lines().filter_map(|line| line.split_once(':'));
        let value = |text: &str| {
            text.parse()
                .map_or_else(|_not_a_number| Reply::Text(text.to_owned()), Reply::Int)
        };
        Ok(pairs
            .map(|(name, text)| (name.to_owned(), value(text)))
            .collect())
    }

    /// Waits until the server answers. A wrong password is no reason to wait; the last cause is named at the end.
    pub async fn wait_until_ready(
        &self,
        limit: Duration,
        on_try: &(dyn Fn(&Error) + Sync),
    ) -> Result<()> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            let Err(error) = self.command(&["PING"]).await else {
                return Ok(());
            };
            if !matches!(error.kind(), Kind::Unavailable | Kind::Timeout) {
                return Err(error);
            }
            on_try(&error);
            if start.elapsed() + pause > limit {
                let limit = units::duration(limit);
                let message = format!("redis {} was not ready within {limit}", self.target);
                let hint = error
                    .hint_text()
                    .unwrap_or("see `lexi run logs-redis`")
                    .to_owned();
                return Err(Error::new(Kind::Timeout, message).because(error).hint(hint));
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn take(&self) -> Result<MultiplexedConnection> {
        loop {
            let idle = self
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let Some(mut connection) = idle else {
                return self.connect().await;
            };
            // The server may have been restarted since.
            let answer = redis::cmd("PING")
                .query_async::<redis::Value>(&mut connection)
                .await;
            if answer.is_ok() {
                return Ok(connection);
            }
        }
    }

    fn give_back(&self, connection: MultiplexedConnection) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
    }

    async fn connect(&self) -> Result<MultiplexedConnection> {
        // A command such as BLPOP may rightly take as long as it likes; who waits for it decides.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_LIMIT))
            .set_response_timeout(None);
        let client = self.target.client()?;
        let connected = client
            .get_multiplexed_async_connection_with_config(&config)
            .await;
        connected.map_err(|e| self.target.connecting(&e))
    }
}

fn key_bytes(reply: &Reply) -> Option<Vec<u8>> {
    match reply {
        Reply::Text(text) => Some(text.clone().into_bytes()),
        Reply::Bytes(bytes) => Some(bytes.clone()),
        _ => None,
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "`#[tokio::test]` waits for the test"
)]
mod services {
    use super::*;
    use crate::ops::testing::{self, Server};

    async fn connected(server: &Server, password: &str) -> Redis {
        let redis = Redis::new(RedisTarget {
            host: "127.0.0.1".to_owned(),
            port: server.port,
            password: Secret::new(password),
            db: 0,
        });
        let ready = redis
            .wait_until_ready(Duration::from_mins(1), &|_| {})
            .await;
        ready.unwrap();
        redis
    }

    fn text(text: &str) -> Reply {
        Reply::Text(text.to_owned())
    }

    #[tokio::test]
    async fn replies_have_the_type_that_the_server_gave_them() {
        let redis = connected(testing::redis(), testing::PASSWORD).await;
        let raw = [0xff, 0x00, 0xfe];
        redis
            .command(&[b"SET".as_slice(), b"t:raw", &raw])
            .await
            .unwrap();
        redis
            .command(&["HSET", "t:hash", "a", "1", "b", "x"])
            .await
            .unwrap();
        redis.command(&["SADD", "t:set", "m"]).await.unwrap();
        redis
            .command(&["ZADD", "t:zset", "1.5", "m"])
            .await
            .unwrap();
        let hash = BTreeMap::from([("a".to_owned(), text("1")), ("b".to_owned(), text("x"))]);
        let cases = [
            (vec!["PING"], text("PONG")),
            (vec!["GET", "t:none"], Reply::Nil),
            (vec!["SET", "t:s", "ü"], text("OK")),
            (vec!["GET", "t:s"], text("ü")),
            (vec!["GET", "t:raw"], Reply::Bytes(raw.to_vec())),
            (vec!["INCR", "t:n"], Reply::Int(1)),
            (vec!["HGETALL", "t:hash"], Reply::Map(hash)),
            (vec!["SMEMBERS", "t:set"], Reply::List(vec![text("m")])),
            (vec!["ZSCORE", "t:zset", "m"], Reply::Float(1.5)),
            (
                vec!["MGET", "t:s", "t:none"],
                Reply::List(vec![text("ü"), Reply::Nil]),
            ),
            (
                vec!["EVAL", "return {1, {'a', false}}", "0"],
                Reply::List(vec![
                    Reply::Int(1),
                    Reply::List(vec![text("a"), Reply::Nil]),
                ]),
            ),
        ];
        for (words, expected) in cases {
            assert_eq!(redis.command(&words).await.unwrap(), expected, "{words:?}");
        }

        let error = redis.command(&["INCR", "t:s"]).await.unwrap_err();
        assert_eq!(
            (error.kind(), &error.fields()["code"]),
            (Kind::Redis, &"ERR".into())
        );
        let error = redis.command(&["LPUSH", "t:s", "1"]).await.unwrap_err();
        assert!(
            error.message().starts_with("WRONGTYPE "),
            "{}",
            error.message()
        );
        assert!(redis.info(Some("server")).await.unwrap()["redis_version"] != Reply::Nil);
        assert!(matches!(
            redis.info(None).await.unwrap()["connected_clients"],
            Reply::Int(_)
        ));
    }

    #[tokio::test]
    async fn a_scan_gives_each_key_once() {
        let server = testing::start_redis("");
        let redis = connected(&server, "").await;
        for number in 0..2_000 {
            redis
                .command(&["SET", &format!("scan:{number:04}"), "x"])
                .await
                .unwrap();
        }
        redis.command(&["SET", "other", "x"]).await.unwrap();
        let all = ScanOptions {
            count: 100,
            limit: None,
        };
        let few = ScanOptions {
            count: 10,
            limit: Some(7),
        };

        let keys = redis.scan("scan:*", &all).await.unwrap();
        assert_eq!(keys.len(), 2_000);
        assert_eq!(
            (&keys[0], &keys[1_999]),
            (&text("scan:0000"), &text("scan:1999"))
        );
        assert_eq!(redis.scan("scan:*", &few).await.unwrap().len(), 7);
        assert_eq!(redis.scan("none:*", &few).await.unwrap(), []);
    }

    #[tokio::test]
    async fn each_reason_not_to_connect_has_its_own_words() {
        let server = testing::redis();
        drop(connected(server, testing::PASSWORD).await);
        let cases = [
            (
                server.port,
                "not the password",
                Kind::Redis,
                "wrong password",
            ),
            (
                server.port,
                "",
                Kind::Redis,
                "it needs a password and none is set",
            ),
            (1, "", Kind::Unavailable, "nothing listens there"),
        ];
        for (port, password, kind, words) in cases {
            let password = Secret::new(password);
            let redis = Redis::new(RedisTarget {
                host: "127.0.0.1".into(),
                port,
                password,
                db: 0,
            });

            let error = redis.command(&["PING"]).await.unwrap_err();

            assert!(
                error.full_message().contains(words),
                "{}",
                error.full_message()
            );
            assert_eq!(error.kind(), kind, "{}", error.full_message());
            assert!(
                !format!("{error:?}").contains("not the password"),
                "{error:?}"
            );
            assert!(error.hint_text().is_some());
            let limit = Duration::from_millis(100);
            let waited = redis.wait_until_ready(limit, &|_| {}).await.unwrap_err();
            let gave_up = if port == 1 {
                Kind::Timeout
            } else {
                Kind::Redis
            };
            assert_eq!(waited.kind(), gave_up);
        }
    }

    #[tokio::test]
    async fn a_command_that_is_given_up_holds_nothing_back() {
        let server = testing::start_redis("");
        let redis = connected(&server, "").await;
        let blocked = redis.command(&["BLPOP", "t:never", "0"]);

        let outcome = tokio::time::timeout(Duration::from_millis(50), blocked).await;

        assert!(outcome.is_err());
        assert_eq!(redis.command(&["PING"]).await.unwrap(), text("PONG"));
        let deadline = Instant::now() + Duration::from_secs(30);
        while redis.info(Some("clients")).await.unwrap()["blocked_clients"] != Reply::Int(0) {
            assert!(
                Instant::now() < deadline,
                "the command still waits on the server"
            );
        }
    }

    #[tokio::test]
    async fn a_server_that_stops_is_unavailable() {
        let mut server = testing::start_redis("");
        let redis = std::sync::Arc::new(connected(&server, "").await);
        let waiting = std::sync::Arc::clone(&redis);
        let blocked = tokio::spawn(async move { waiting.command(&["BLPOP", "never", "0"]).await });
        while redis.info(Some("clients")).await.unwrap()["blocked_clients"] != Reply::Int(1) {
            tokio::task::yield_now().await;
        }

        tokio::task::spawn_blocking(move || server.stop())
            .await
            .unwrap();

        let error = blocked.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{}", error.full_message());
        let error = redis.command(&["PING"]).await.unwrap_err();
        assert_eq!(error.hint_text(), Some("start it with `lexi run up`"));
    }
}
