//! A PostgreSQL server of one test's own, which may fall.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::servers::{self, BIN, Server, psql, unprivileged};

/// A server that ends with this.
#[derive(Debug)]
pub(crate) struct OwnPostgres {
    server: Server,
}

impl OwnPostgres {
    /// Starts it.
    pub(crate) fn start() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let folder = servers::folder(&format!("own-postgres-{number}"));
        Self {
            server: servers::start_postgres_in(folder),
        }
    }

    /// Where it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.server.port
    }

    /// Ends it as a crash would and starts it again.
    pub(crate) fn restart(&self) {
        self.pg_ctl(&["restart", "-m", "immediate"]);
    }

    /// Asks one of its databases.
    #[track_caller]
    pub(crate) fn psql(&self, database: &str, sql: &str) -> String {
        psql(self.port(), database, sql)
    }

    /// A client that reads statements.
    pub(crate) fn psql_command(&self, database: &str) -> Command {
        let mut command = Command::new(format!("{BIN}/psql"));
        command
            .args(["-X", "-q", "-h", "127.0.0.1", "-U", "tester"])
            .args(["-p", &self.port().to_string(), "-d", database]);
        command
    }

    /// The schema of a database as SQL.
    #[track_caller]
    pub(crate) fn dump_schema(&self, database: &str) -> String {
        let out = Command::new(format!("{BIN}/pg_dump"))
            .args(["-s", "-h", "127.0.0.1", "-U", "tester", "-d", database])
            .args(["-p", &self.port().to_string()])
            .output()
            .unwrap();
        assert!(out.status.success(), "{out:?}");
        let text = String::from_utf8(out.stdout).unwrap();
        // Each dump has a key of its own in these two lines.
        let is_key =
            |line: &str| line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
        let lines: Vec<&str> = text.lines().filter(|line| !is_key(line)).collect();
        lines.join("\n")
    }

    #[track_caller]
    fn pg_ctl(&self, words: &[&str]) {
        let data = self.server.folder.join("data").display().to_string();
        let program = unprivileged(&format!("{BIN}/pg_ctl"));
        let status = Command::new(&program[0])
            .args(&program[1..])
            .args(["-s", "-w", "-D", &data])
            .args(words)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "pg_ctl {words:?}");
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        // After a restart it is no child of its keeper any more.
        self.pg_ctl(&["stop", "-m", "immediate"]);
    }
}
