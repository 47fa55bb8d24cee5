//! PostgreSQL as the native driver runs it: what a service asks for, a new data folder, readiness and a real login.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use super::account::Account;
use super::binary::{POSTGRES_MAJOR, Search};
use super::place::{self, Place};
use super::{Answer, launch, log, proc};
use crate::base::{Error, Kind, Result, Secret};
use crate::ops::database::Target;
use crate::ops::database::target::Tls;
use crate::ops::stack::Service;

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
        })
    }

    /// The arguments of the server; what the driver decides comes last, so that it holds.
    pub(super) fn arguments(&self, data: &Path, port: u16) -> Vec<String> {
        let mut arguments = vec!["-D".to_owned(), data.display().to_string()];
        let setting = |name: &str, value: &str| ["-c".to_owned(), format!("{name}={value}")];
        for (name, value) in &self.settings {
            arguments.extend(setting(name, value));
        }
        arguments.extend(setting("listen_addresses", "127.0.0.1"));
        arguments.extend(setting("unix_socket_directories", ""));
        arguments.extend(["-p".to_owned(), port.to_string()]);
        arguments
    }

    /// Refuses data of another major version, which this server could not read.
    pub(super) fn check_version(data: &Path) -> Result<()> {
        let path = data.join("PG_VERSION");
        let text = std::fs::read_to_string(&path)
            .map_err(|e| Error::io(format!("cannot read `{}`", path.display()), e))?;
        if text.trim() == POSTGRES_MAJOR.to_string() {
            return Ok(());
        }
        let message = format!(
            "the data in `{}` is of PostgreSQL {}, the server is {POSTGRES_MAJOR}",
            data.display(),
            text.trim()
        );
        Err(Error::refused(message).hint(format!(
            "dump it with PostgreSQL {}, remove the folder, start again and restore the dump",
            text.trim()
        )))
    }

    /// Makes a data folder beside the final one and moves it there when it is whole: one that was cut off is never used.
    pub(super) async fn initialise(
        &self,
        place: &Place,
        account: &Account,
        search: &Search,
        keep: Keep,
    ) -> Result<()> {
        let new_data = place.new_data();
        launch::end_users_of(&new_data)?;
        place::remove(&new_data)?;
        Place::make_private(&new_data, account)?;
        let password = PasswordFile::write(place.home.join("pwfile"), &self.password, account)?;
        let arguments = [
            "--username",
            &self.user,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
        ];
        let initdb = search.postgres("initdb")?.path;
        let position = log::length(&place.log());
        let mut command = launch::command(&initdb, account, log::open(&place.log())?)?;
        command.args(arguments).arg("-D").arg(&new_data);
        command.arg(format!("--pwfile={}", password.0.display()));
        if keep == Keep::Nothing {
            command.arg("--no-sync");
        }
        // Dropping the future (a signal, a timeout) ends initdb; what it leaves is removed by the next start.
        let mut child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| Error::io(format!("cannot start `{}`", initdb.display()), e))?;
        let status = child
            .wait()
            .await
            .map_err(|e| Error::io("cannot wait for `initdb`", e))?;
        if !status.success() {
            let said = log::since(&place.log(), position);
            let message = format!("`initdb` made no data folder in `{}`", new_data.display());
            return Err(Error::new(Kind::ProcessFailed, message).because(last_lines(&said)));
        }
        launch::rename_for_good(&new_data, &place.data())
    }

    /// Whether the server with this number says that it takes connections.
    pub(super) fn says_ready(data: &Path, pid: u32) -> bool {
        PidFile::read(data).is_some_and(|file| file.pid == Some(pid) && file.is_ready)
    }

    /// The port that a running server wrote down.
    pub(super) fn port_in(data: &Path) -> Option<u16> {
        PidFile::read(data)?.port
    }

    /// Removes a lock file whose process is alive but another one: PostgreSQL would refuse to start because of it.
    ///
    /// One whose process is dead stays: PostgreSQL itself looks whether children of it are left.
    pub(super) fn remove_stale_pid_file(data: &Path) -> Result<()> {
        let stale = PidFile::read(data).is_some_and(|file| match file.pid {
            None => true,
            Some(pid) => {
                proc::bury(pid);
                proc::exists(pid)
            }
        });
        if stale {
            place::remove(&data.join("postmaster.pid"))?;
        }
        Ok(())
    }

    /// Logs in as the profile will, after making the database if there is none.
    pub(super) async fn login(&self, port: u16, data: &Path) -> Result<Answer> {
        let target = Target {
            host: "127.0.0.1".to_owned(),
            port,
            database: self.database.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
            tls: Tls::Off,
        };
        let first = connect(&target).await;
        let is_missing = matches!(&first, Err(e) if sqlstate(e).as_deref() == Some("3D000"));
        if !is_missing {
            return self.answer(first, data);
        }
        let mut server = match connect(&target.with_database("postgres")).await {
            Ok(server) => server,
            refused => return self.answer(refused, data),
        };
        let name = self.database.replace('"', "\"\"");
        let made = server
            .execute(AssertSqlSafe(format!("CREATE DATABASE \"{name}\"")))
            .await;
        if let Err(e) = made {
            let message = format!("cannot make database `{}`", self.database);
            return Err(Error::new(Kind::Database, message).because(e));
        }
        let _closed = server.close().await;
        let second = connect(&target).await;
        self.answer(second, data)
    }

    fn answer(&self, result: sqlx::Result<PgConnection>, data: &Path) -> Result<Answer> {
        let error = match result {
            Ok(_serves) => return Ok(Answer::Ready),
            Err(error) => error,
        };
        match sqlstate(&error).as_deref() {
            Some("57P03") => Ok(Answer::NotYet),
            None if matches!(error, sqlx::Error::Io(_)) => Ok(Answer::NotYet),
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

/// Whether what a server writes must outlive the machine's next crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Everything.
    Data,
    /// Nothing: the next start begins empty.
    Nothing,
}

async fn connect(target: &Target) -> sqlx::Result<PgConnection> {
    let connecting = target.connect_options().disable_statement_logging();
    match tokio::time::timeout(LOGIN_LIMIT, connecting.connect()).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// What a login says is wrong, if anything is.
pub(super) async fn trouble(target: &Target) -> Option<String> {
    match connect(target).await {
        Ok(connection) => {
            let _closed = connection.close().await;
            None
        }
        Err(error) => Some(error.to_string()),
    }
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

/// The password for initdb, readable by the server's user only and gone when dropped.
struct PasswordFile(PathBuf);

impl PasswordFile {
    fn write(path: PathBuf, password: &Secret, account: &Account) -> Result<Self> {
        place::remove(&path)?;
        let write = || -> std::io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            writeln!(file, "{}", password.reveal())
        };
        write().map_err(|e| Error::io(format!("cannot write `{}`", path.display()), e))?;
        let file = Self(path);
        account.give(&file.0)?;
        Ok(file)
    }
}

impl Drop for PasswordFile {
    fn drop(&mut self) {
        // The next start removes what is left.
        let _removed = place::remove(&self.0);
    }
}

/// `postmaster.pid`, read as far as it makes sense.
struct PidFile {
    pid: Option<u32>,
    port: Option<u16>,
    is_ready: bool,
}

impl PidFile {
    fn read(data: &Path) -> Option<Self> {
        let bytes = std::fs::read(data.join("postmaster.pid")).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            pid: lines.first().and_then(|line| line.parse().ok()),
            port: lines.get(3).and_then(|line| line.parse().ok()),
            is_ready: lines.get(7) == Some(&"ready"),
        })
    }
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

    #[test]
    fn a_lock_file_with_garbage_is_read_as_far_as_it_goes() {
        let dir = tempfile::tempdir().unwrap();
        assert!(PidFile::read(dir.path()).is_none());

        std::fs::write(dir.path().join("postmaster.pid"), b"\xff\xfe\n\nx").unwrap();

        let file = PidFile::read(dir.path()).unwrap();
        assert_eq!((file.pid, file.port, file.is_ready), (None, None, false));
        Postgres::remove_stale_pid_file(dir.path()).unwrap();
        assert!(PidFile::read(dir.path()).is_none());
    }

    #[test]
    fn data_of_another_major_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("PG_VERSION"), "14\n").unwrap();

        let error = Postgres::check_version(dir.path()).unwrap_err();

        assert_eq!(error.kind(), Kind::Refused);
        assert!(
            error
                .message()
                .ends_with("is of PostgreSQL 14, the server is 15")
        );
    }
}
