//! Which database on which server, as whom.

use std::fmt;
use std::path::{Path, PathBuf};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::base::{Error, Result, Secret, Settings};

/// A database on a server and the user to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The server's host name or address.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The database's name.
    pub database: String,
    /// The user's name.
    pub user: String,
    /// The user's password; may be empty.
    pub password: Secret,
    /// How far the connection is encrypted.
    pub tls: Tls,
}

/// How far a connection is encrypted and the server's certificate looked at, the least first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tls {
    /// Not encrypted.
    Off,
    /// Encrypted, any certificate.
    Unverified,
    /// Encrypted, with a certificate for this host that an authority of this file has signed, or else a public one.
    Verified(Option<PathBuf>),
}

impl Tls {
    /// The name that scripts know it by.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Unverified => "unverified",
            Self::Verified(_) => "verified",
        }
    }

    /// The file with the authorities that are trusted, where one is named.
    pub fn authority(&self) -> Option<&Path> {
        match self {
            Self::Verified(file) => file.as_deref(),
            Self::Off | Self::Unverified => None,
        }
    }
}

impl Target {
    /// The profile's database as the settings name it; `authority` is the file of those who may sign its certificate.
    pub fn from_settings(settings: &Settings, authority: Option<PathBuf>) -> Result<Self> {
        let port = settings.int("DB_PORT")?;
        let port = u16::try_from(port)
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| {
                Error::usage(format!(
                    "setting `DB_PORT` is {port} ({})",
                    settings.place("DB_PORT")
                ))
                .hint("a port is a number from 1 to 65535")
            })?;
        let reject = settings.get("DB_SSL_REJECT_UNAUTHORIZED").is_none()
            || settings.bool("DB_SSL_REJECT_UNAUTHORIZED")?;
        let tls = match (settings.bool("DB_SSL")?, reject) {
            (false, _) => Tls::Off,
            (true, false) => Tls::Unverified,
            (true, true) => Tls::Verified(authority),
        };
        Ok(Self {
            host: settings.require("DB_HOST")?.to_owned(),
            port,
            database: settings.require("DB_DATABASE")?.to_owned(),
            user: settings.require("DB_USERNAME")?.to_owned(),
            password: settings.secret("DB_PASSWORD"),
            tls,
        })
    }

    /// The same server and user, another database.
    #[must_use]
    pub fn with_database(&self, database: impl Into<String>) -> Self {
        Self {
            database: database.into(),
            ..self.clone()
        }
    }

    /// How `sqlx` connects there; no file and no variable of the environment has a say in it.
    pub fn connect_options(&self) -> PgConnectOptions {
        let mode = match &self.tls {
            Tls::Off => PgSslMode::Disable,
            Tls::Unverified => PgSslMode::Require,
            Tls::Verified(_) => PgSslMode::VerifyFull,
        };
        let options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .database(&self.database)
            .username(&self.user)
            .password(self.password.reveal())
            .ssl_mode(mode)
            .application_name("lexi");
        match self.tls.authority() {
            Some(file) => options.ssl_root_cert(file),
            None => options,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` on {}:{}", self.database, self.host, self.port)
    }
}
