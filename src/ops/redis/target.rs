//! Which Redis, and what it means when it does not let us in or says no.

use std::fmt;

use redis::{
    Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo,
    RedisError,
};

use crate::base::{Error, Kind, Result, Secret, Settings};

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

    /// The library's client for it.
    pub(super) fn client(&self) -> Result<Client> {
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

    /// The error of an attempt to connect.
    pub(super) fn connecting(&self, error: &RedisError) -> Error {
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
pub(super) fn answered(error: &RedisError) -> Error {
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
