//! The container that the server runs in: its programs are always of the server's version, and need no password there.

use super::tool::{Server, major_of, parse_version};
use crate::base::{Error, Result, Secret};
use crate::ops::database::Target;
use crate::ops::docker::Engine;
use crate::ops::docker::exec::{Attached, Exec, attach, capture};
use crate::ops::process::Exit;

/// Ends the program in the container when nobody reads it any more: then the input ends, however this process ended.
///
/// Every process is waited for. One that is left over goes to the container's first process, which is the server: that takes
/// it for a process of its own, and when it ended by a signal, ends all sessions and starts anew.
const UNTIL_LEFT: &str = r#"exec 3<&0
"$@" </dev/null 3<&- & program=$!
(read -r _ <&3; kill "$program") >/dev/null 2>&1 & watch=$!
exec 3<&-
wait "$program"; code=$?
kill "$watch" 2>/dev/null
wait "$watch" 2>/dev/null
exit "$code""#;

const IDENTITY: &str = "select system_identifier from pg_control_system()";
const MOST_SAID: usize = 64 * 1024;

/// A container of the stack that a PostgreSQL server runs in.
#[derive(Debug, Clone)]
pub struct Container {
    /// The engine it is on.
    pub engine: Engine,
    /// Its identity.
    pub id: String,
    /// The service it is.
    pub service: String,
}

impl Container {
    /// The version of `pg_dump` there, when the server there is the one of `target`.
    pub(super) async fn version(&self, server: &Server, target: &Target) -> Result<String> {
        let said = self.ask(target, &["pg_dump", "--version"]).await?;
        let version = parse_version(&said)
            .filter(|version| major_of(version) == Some(server.major))
            .ok_or_else(|| Error::unavailable(format!("its pg_dump says `{}`", said.trim())))?;
        let psql = ["psql", "-XAtw", "-d", &target.database, "-c", IDENTITY];
        let identity = self.ask(target, &psql).await?;
        if server.identity.as_deref() != Some(identity.trim()) {
            return Err(Error::unavailable(format!(
                "another server than {target} runs there"
            )));
        }
        Ok(version)
    }

    async fn ask(&self, target: &Target, words: &[&str]) -> Result<String> {
        let exec = exec(target, words.iter().copied());
        let asked = capture(&self.engine, &self.id, &exec, MOST_SAID).await?;
        let said = String::from_utf8_lossy(&asked.stderr).into_owned();
        exit(asked.code).ok(words[0], &said)?;
        Ok(String::from_utf8_lossy(&asked.stdout).into_owned())
    }

    /// Starts a program that ends when nobody reads it any more.
    pub(super) async fn start(
        &self,
        target: &Target,
        words: impl IntoIterator<Item = String>,
    ) -> Result<Attached> {
        let shell = ["sh", "-c", UNTIL_LEFT, "sh"].map(str::to_owned);
        let exec = exec(target, shell.into_iter().chain(words));
        attach(&self.engine, &self.id, &exec).await
    }
}

/// A program that finds the server by the socket in the container.
fn exec<S: Into<String>>(target: &Target, words: impl IntoIterator<Item = S>) -> Exec {
    let variable = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
    Exec {
        environment: vec![
            variable("PGUSER", &target.user),
            variable("PGDATABASE", &target.database),
            variable("PGAPPNAME", super::password::APPLICATION),
            variable("LC_ALL", "C"),
        ],
        ..Exec::new(words)
    }
}

/// How a program in a container ended.
pub(super) fn exit(code: i64) -> Exit {
    Exit {
        code: i32::try_from(code).ok(),
        signal: None,
    }
}
