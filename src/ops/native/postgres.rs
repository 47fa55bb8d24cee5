//! PostgreSQL as the native driver runs it: what a service asks for, and a real login.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use super::Answer;
use super::account::Account;
use super::place::{self, Place};
use crate::base::{Error, Kind, Result, Secret};
use crate::ops::database::Target;
use crate::ops::database::target::Tls;
use crate::ops::files;
use crate::ops::stack::file::Content;
use crate::ops::stack::{Service, tls};

/// The port inside a container; what it is published as is the port here.
pub(super) const PORT: u16 = 5432;

/// How long one login may take.
const LOGIN_LIMIT: Duration = Duration::from_secs(5);

/// What the driver decides itself, so that a service may not.
const OWNED: [&str; 8] = [
    "listen_addresses",
    "port",
    "unix_socket_directories",
    "data_directory",
    "config_file",
    "hba_file",
    "ident_file",
    "external_pid_file",
];

/// What a service asks of PostgreSQL.
#[derive(Debug, Clone)]
pub(super) struct Postgres {
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) database: String,
    settings: Vec<(String, String)>,
    certificate: Option<Certificate>,
}

/// What the server shows of itself, and the key to it.
#[derive(Debug, Clone)]
struct Certificate {
    chain: Content,
    key: Content,
}

impl Certificate {
    /// The secrets of a service that make a server speak TLS.
    fn of(service: &Service) -> Option<Self> {
        let content = |name| Some(Content::from(service.secrets.get(name)?.content()));
        Some(Self {
            chain: content(tls::CERTIFICATE)?,
            key: content(tls::KEY)?,
        })
    }
}

impl Postgres {
    /// Reads the variables of the official image (`POSTGRES_USER`, `_PASSWORD`, `_DB`) and the settings of the command.
    pub(super) fn of(service: &Service) -> Result<Self> {
        let or = |name: &str, other: &str| match service.variable(name).reveal() {
            "" => other.to_owned(),
            value => value.to_owned(),
        };
        let password = service.variable("POSTGRES_PASSWORD");
        if password.is_empty() {
            let message = format!("service `{}` has no `POSTGRES_PASSWORD`", service.name);
            return Err(Error::usage(message).hint("set DB_PASSWORD for this profile"));
        }
        let user = or("POSTGRES_USER", "postgres");
        let database = or("POSTGRES_DB", &user);
        let settings = parse_settings(&service.command)
            .map_err(|e| e.context(format!("service `{}`", service.name)))?;
        Ok(Self {
            user,
            password,
            database,
            settings,
            certificate: Certificate::of(service),
        })
    }

    /// Writes the certificate and its key, which only the server's user can read.
    pub(super) fn write_certificate(&self, place: &Place, account: &Account) -> Result<()> {
        let Some(certificate) = &self.certificate else {
            return Ok(());
        };
        Place::make_private(&place.certificates(), account)?;
        let files = [
            (tls::CERTIFICATE, &certificate.chain),
            (tls::KEY, &certificate.key),
        ];
        for (name, content) in files {
            let path = place.certificates().join(name);
            files::write(&path, content.reveal(), Some(0o600))?;
            account.give(&path)?;
        }
        Ok(())
    }

    /// What the server is started with, in one text: two of them say whether something has changed.
    pub(super) fn wanted(&self) -> String {
        let arguments = self.arguments(Path::new(""), Path::new(""), 0).join("\n");
        let contents = self
            .certificate
            .iter()
            .flat_map(|one| [&one.chain, &one.key]);
        contents.fold(arguments, |text, content| {
            format!("{text}\n{}", place::short_hash(content.reveal()))
        })
    }

    /// The arguments of the server; what the driver decides comes last, so that it holds.
    pub(super) fn arguments(&self, data: &Path, certificates: &Path, port: u16) -> Vec<String> {
        let mut arguments = vec!["-D".to_owned(), data.display().to_string()];
        let setting = |name: &str, value: &str| ["-c".to_owned(), format!("{name}={value}")];
        for (name, value) in &self.settings {
            arguments.extend(setting(name, value));
        }
        arguments.extend(setting("listen_addresses", "127.0.0.1"));
        arguments.extend(setting("unix_socket_directories", ""));
        if self.certificate.is_some() {
            let file = |name| certificates.join(name).display().to_string();
            arguments.extend(setting("ssl", "on"));
            arguments.extend(setting("ssl_cert_file", &file(tls::CERTIFICATE)));
            arguments.extend(setting("ssl_key_file", &file(tls::KEY)));
        }
        arguments.extend(["-p".to_owned(), port.to_string()]);
        arguments
    }

    /// Logs in as the profile will, after making the database if there is none.
    pub(super) async fn login(&self, port: u16, data: &Path, age: Age) -> Result<Answer> {
        let target = Target {
            host: "127.0.0.1".to_owned(),
            port,
            database: self.database.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
            tls: Tls::Off,
        };
        if age == Age::Started && self.make_database(&target, data).await? == Answer::NotYet {
            return Ok(Answer::NotYet);
        }
        let first = connect(&target).await;
        match &first {
            // Somebody dropped it while the server ran.
            Err(e) if sqlstate(e).as_deref() == Some("3D000") => {
                self.make_database(&target, data).await?;
                Ok(Answer::NotYet)
            }
            _ => self.answer(first, data).map(|(answer, _)| answer),
        }
    }

    /// Makes the database unless there is one; asking first keeps a failed login out of the log.
    async fn make_database(&self, target: &Target, data: &Path) -> Result<Answer> {
        let server = connect(&target.with_database("postgres")).await;
        let (answer, Some(mut server)) = self.answer(server, data)? else {
            return Ok(Answer::NotYet);
        };
        let doing = |e| {
            let message = format!("cannot make database `{}`", self.database);
            Error::new(Kind::Database, message).because(e)
        };
        let known = sqlx::query("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1")
            .bind(&self.database)
            .fetch_optional(&mut server);
        if known.await.map_err(doing)?.is_none() {
            let name = self.database.replace('"', "\"\"");
            let statement = AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
            server.execute(statement).await.map_err(doing)?;
        }
        let _closed = server.close().await;
        Ok(answer)
    }

    fn answer(
        &self,
        result: sqlx::Result<PgConnection>,
        data: &Path,
    ) -> Result<(Answer, Option<PgConnection>)> {
        let error = match result {
            Ok(connection) => return Ok((Answer::Ready, Some(connection))),
            Err(error) => error,
        };
        match sqlstate(&error).as_deref() {
            Some("57P03") => Ok((Answer::NotYet, None)),
            None if matches!(error, sqlx::Error::Io(_)) => Ok((Answer::NotYet, None)),
            Some(state @ ("28P01" | "28000")) => {
                Err(self.wrong_password(data).field("sqlstate", state))
            }
            _ => {
                let message = format!("cannot log in to database `{}`", self.database);
                Err(Error::new(Kind::Database, message).because(error))
            }
        }
    }

    /// The password is set when the data folder is made; changing it in the settings alone cannot work.
    fn wrong_password(&self, data: &Path) -> Error {
        let (user, data) = (&self.user, data.display());
        let message = format!(
            "postgres refuses user `{user}` with the password of the settings: the data in `{data}` was made with another"
        );
        Error::refused(message).hint(format!(
            "to keep the data, put the former password back, start, and change it with \
             `ALTER ROLE \"{user}\" PASSWORD '..'` in `lexi run shell-db`; \
             to begin with an empty database: `lexi run down && rm -r {data}`"
        ))
    }
}

/// Whether a server was only just started, so that its database may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// It was.
    Started,
    /// It ran before.
    Found,
}

async fn connect(target: &Target) -> sqlx::Result<PgConnection> {
    let connecting = target.connect_options().disable_statement_logging();
    match tokio::time::timeout(LOGIN_LIMIT, connecting.connect()).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// Logs in; what is wrong otherwise.
pub(super) async fn check(target: &Target) -> Result<(), String> {
    let connection = connect(target).await.map_err(|e| e.to_string())?;
    let _closed = connection.close().await;
    Ok(())
}

fn sqlstate(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code()?;
    Some(code.into_owned())
}

/// The end of what a program said, for a message.
pub(super) fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// The settings among a command's arguments: `-c name=value`, `-cname=value`, `--name=value`.
fn parse_settings(command: &[String]) -> Result<Vec<(String, String)>> {
    let mut words = command.iter().map(String::as_str);
    let mut settings = Vec::new();
    let mut word = words.next();
    if word == Some("postgres") {
        word = words.next();
    }
    while let Some(current) = word {
        let setting = match current {
            "-c" => words.next().unwrap_or_default(),
            long if long.starts_with("--") => &long[2..],
            short if short.starts_with("-c") => &short[2..],
            other => {
                return Err(Error::invalid(format!(
                    "`{other}` in `command` means nothing to the native driver"
                ))
                .hint("write settings of PostgreSQL as `-c name=value`"));
            }
        };
        let (name, value) = setting.split_once('=').ok_or_else(|| {
            Error::invalid(format!("`{setting}` in `command` is not `name=value`"))
        })?;
        let name = name.replace('-', "_");
        if OWNED.contains(&name.as_str()) {
            return Err(Error::invalid(format!("`{name}` is decided by the driver"))
                .hint("leave it out of `command`; the port is the one in `ports`"));
        }
        settings.push((name, value.to_owned()));
        word = words.next();
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Vec<(String, String)>> {
        parse_settings(
            &words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn settings_are_read_from_a_command() {
        let settings = parse(&["postgres", "-c", "a=1", "-cb=2 3", "--log-x=y=z"]).unwrap();

        let expected = [("a", "1"), ("b", "2 3"), ("log_x", "y=z")];
        assert_eq!(
            settings,
            expected.map(|(n, v)| (n.to_owned(), v.to_owned()))
        );
        assert!(parse(&[]).unwrap().is_empty());
        for words in [
            &["-c"][..],
            &["-c", "x"],
            &["-F"],
            &["-c", "port=1"],
            &["--data-directory=/x"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
