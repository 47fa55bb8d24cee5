//! Sends commands, on connections that are kept and used again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd};
use tokio::time::sleep;

use super::reply::Reply;
use super::target::{RedisTarget, answered};
use crate::base::{Error, Kind, Result, units};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);

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
