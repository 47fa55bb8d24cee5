//! Gives a password to a program of PostgreSQL: in a file for its owner only, never as an argument or a variable.

use std::path::{Path, PathBuf};

use super::files::{self, Temporary};
use crate::base::{Error, Result};
use crate::ops::database::Target;
use crate::ops::database::target::Tls;
use crate::ops::process::Program;

/// How the server's list of sessions calls what is started here.
pub(super) const APPLICATION: &str = "lexi-backup";

const PREFIX: &str = "pgpass-";

/// A password file; gone when this is dropped.
pub(super) struct PasswordFile {
    path: PathBuf,
    _guard: Temporary,
}

impl PasswordFile {
    /// Writes the password of a target into `folder`.
    pub(super) fn write(folder: &Path, target: &Target) -> Result<Self> {
        files::make_folder(folder)?;
        sweep(folder);
        let path = folder.join(format!("{PREFIX}{}-{}", std::process::id(), unique()));
        let guard = Temporary::new(path.clone());
        files::write_private(&path, line(target).as_bytes())?;
        Ok(Self {
            path,
            _guard: guard,
        })
    }

    /// Says where a program finds the server, and nothing else of this process' environment.
    pub(super) fn apply(&self, program: Program, target: &Target) -> Program {
        let program = program
            .clear_env()
            .env("PGHOST", &target.host)
            .env("PGPORT", target.port.to_string())
            .env("PGUSER", &target.user)
            .env("PGDATABASE", &target.database)
            .env("PGPASSFILE", self.path.as_os_str())
            .env("PGAPPNAME", APPLICATION)
            .env("PGCONNECT_TIMEOUT", "10")
            .env("PGSSLMODE", ssl_mode(&target.tls))
            .env("LC_MESSAGES", "C");
        match &target.tls {
            Tls::Verified(authority) => {
                // A version before 16 does not know the system's certificates by itself.
                let system = Path::new("/etc/ssl/certs/ca-certificates.crt");
                program.env("PGSSLROOTCERT", authority.as_deref().unwrap_or(system))
            }
            Tls::Off | Tls::Unverified => program,
        }
    }
}

/// Removes files that a killed run left: the process that wrote them is named in them.
fn sweep(folder: &Path) {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for file in files {
        let name = file.file_name();
        let pid = name.to_str().and_then(|name| {
            name.strip_prefix(PREFIX)?
                .split('-')
                .next()?
                .parse::<u32>()
                .ok()
        });
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Another run may have swept it at the same moment.
            let _gone = std::fs::remove_file(file.path());
        }
    }
}

fn unique() -> i128 {
    jiff::Timestamp::now().as_nanosecond()
}

/// One line of a password file: `host:port:database:user:password`, with `:` and `\` escaped.
fn line(target: &Target) -> String {
    let escape = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
    let (user, password) = (escape(&target.user), escape(target.password.reveal()));
    format!("*:*:*:{user}:{password}\n")
}

const fn ssl_mode(tls: &Tls) -> &'static str {
    match tls {
        Tls::Off => "disable",
        Tls::Unverified => "require",
        Tls::Verified(_) => "verify-full",
    }
}

/// Refuses a password that a password file cannot hold.
pub(super) fn check(target: &Target) -> Result<()> {
    if target.password.reveal().contains(['\n', '\r', '\0']) {
        return Err(Error::refused("the database's password holds a line break")
            .hint("set a password without line breaks: pg_dump reads it from a line of a file"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;

    #[test]
    fn a_password_is_escaped_as_libpq_reads_it() {
        let target = Target {
            host: "h".to_owned(),
            port: 1,
            database: "d".to_owned(),
            user: "a:b".to_owned(),
            password: Secret::new("c\\:d"),
            tls: Tls::Off,
        };
        assert_eq!(line(&target), "*:*:*:a\\:b:c\\\\\\:d\n");

        let broken = Target {
            password: Secret::new("a\nb"),
            ..target
        };
        assert!(check(&broken).is_err());
    }

    #[test]
    fn files_of_runs_that_are_gone_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let mine = folder
            .path()
            .join(format!("{PREFIX}{}-1", std::process::id()));
        std::fs::write(&mine, "").unwrap();
        std::fs::write(folder.path().join(format!("{PREFIX}999999999-1")), "").unwrap();

        sweep(folder.path());

        let left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .flatten()
            .collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].path(), mine);
    }
}
