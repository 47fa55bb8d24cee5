//! The data folder of PostgreSQL on disk: making it, its version, its lock file.

use std::path::{Path, PathBuf};

use super::account::Account;
use super::binary::{POSTGRES_MAJOR, Search};
use super::place::{self, Place};
use super::postgres::{Postgres, last_lines};
use super::{launch, log, proc};
use crate::base::{Error, Kind, Result, Secret};

/// Whether what a server writes must outlive the machine's next crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Everything.
    Data,
    /// Nothing: the next start begins empty.
    Nothing,
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
    postgres: &Postgres,
    place: &Place,
    account: &Account,
    search: &Search,
    keep: Keep,
) -> Result<()> {
    let new_data = place.new_data();
    launch::end_users_of(&new_data)?;
    place::remove(&new_data)?;
    Place::make_private(&new_data, account)?;
    let password = PasswordFile::write(place.home.join("pwfile"), &postgres.password, account)?;
    let arguments = [
        "--username",
        &postgres.user,
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

/// The password for initdb, readable by the server's user only and gone when dropped.
struct PasswordFile(PathBuf);

impl PasswordFile {
    fn write(path: PathBuf, password: &Secret, account: &Account) -> Result<Self> {
        let line = format!("{}\n", password.reveal());
        let file = Self(path);
        place::write_private(&file.0, &line, account)?;
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

    #[test]
    fn a_lock_file_with_garbage_is_read_as_far_as_it_goes() {
        let dir = tempfile::tempdir().unwrap();
        assert!(PidFile::read(dir.path()).is_none());

        std::fs::write(dir.path().join("postmaster.pid"), b"\xff\xfe\n\nx").unwrap();

        let file = PidFile::read(dir.path()).unwrap();
        assert_eq!((file.pid, file.port, file.is_ready), (None, None, false));
        remove_stale_pid_file(dir.path()).unwrap();
        assert!(PidFile::read(dir.path()).is_none());
    }

    #[test]
    fn data_of_another_major_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("PG_VERSION"), "14\n").unwrap();

        let error = check_version(dir.path()).unwrap_err();

        assert_eq!(error.kind(), Kind::Refused);
        assert!(
            error
                .message()
                .ends_with("is of PostgreSQL 14, the server is 15")
        );
    }
}
