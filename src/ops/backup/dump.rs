//! Runs `pg_dump` and brings what it writes to a file; good only when the program says so too.

use std::path::Path;
use std::sync::Arc;

use super::gzip::BLOCK;
use super::password::PasswordFile;
use super::progress::{OnProgress, Progress, Step};
use super::source::Source;
use super::tool::{Place, Tool};
use super::writer::{Writer, Written};
use crate::base::{Error, Result};
use crate::ops::database::Target;
use crate::ops::process::{Program, Registry};

/// What is dumped, and how.
pub(super) struct Dump<'a> {
    pub(super) target: &'a Target,
    pub(super) tool: &'a Tool,
    /// Where the password file is kept meanwhile.
    pub(super) scratch: &'a Path,
    /// Tables whose rows are left out.
    pub(super) exclude_data: &'a [String],
    pub(super) level: u32,
    pub(super) registry: &'a Arc<Registry>,
}

/// A dump that was written, and what `pg_dump` warned about.
pub(super) struct Dumped {
    pub(super) written: Written,
    pub(super) warnings: Vec<String>,
}

impl Dump<'_> {
    /// Writes the dump to `path`. When this is given up, the program ends and the file is of no use.
    pub(super) async fn run(
        &self,
        path: &Path,
        total: Option<u64>,
        on: OnProgress<'_>,
    ) -> Result<Dumped> {
        let password = PasswordFile::write(self.scratch, self.target)?;
        let writer = Writer::start(path, self.level)?;
        let mut source = self.start(&password, "pg_dump", self.arguments()).await?;
        let mut done = 0;
        let mut piece = Vec::with_capacity(BLOCK);
        loop {
            let read = source.read(&mut piece).await?;
            done += read as u64;
            on(Progress::of(Step::Dump, done, total));
            // pg_dump writes a few kilobytes at a time; handing each on by itself would cost more than packing it.
            let is_full = piece.len() >= BLOCK - BLOCK / 8;
            if (is_full || read == 0) && !piece.is_empty() {
                let full = std::mem::replace(&mut piece, Vec::with_capacity(BLOCK));
                if !writer.send(full).await {
                    // The disk is full, most likely; its own error says so. pg_dump ends when `source` is dropped.
                    return Err(writer.failure().await);
                }
            }
            if read == 0 {
                break;
            }
        }
        let (exit, said) = source.finish().await?;
        exit.ok("pg_dump", &said).map_err(|e| explain(e, &said))?;
        Ok(Dumped {
            written: writer.finish().await?,
            warnings: said.lines().map(str::to_owned).collect(),
        })
    }

    /// The roles of the whole server, without their passwords, as SQL.
    pub(super) async fn roles(&self) -> Result<Vec<u8>> {
        let password = PasswordFile::write(self.scratch, self.target)?;
        let arguments = ["--globals-only", "--no-role-passwords", "--no-password"];
        let arguments = arguments.map(str::to_owned).to_vec();
        let text = self.text(&password, "pg_dumpall", arguments).await?;
        if super::lexer::find(&text, b"\n-- PostgreSQL database cluster dump complete").is_none() {
            return Err(Error::corrupt("the dump of the roles has no end"));
        }
        Ok(text)
    }

    /// The schema without rows, as SQL.
    pub(super) async fn schema(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let password = PasswordFile::write(self.scratch, self.target)?;
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        let text = self.text(&password, "pg_dump", arguments).await?;
        if super::lexer::find(&text, b"\n-- PostgreSQL database dump complete").is_none() {
            return Err(Error::corrupt("the dump of the schema has no end"));
        }
        Ok(text)
    }

    async fn text(
        &self,
        password: &PasswordFile,
        name: &str,
        arguments: Vec<String>,
    ) -> Result<Vec<u8>> {
        let mut source = self.start(password, name, arguments).await?;
        let mut text = Vec::new();
        while source.read(&mut text).await? > 0 {}
        let (exit, said) = source.finish().await?;
        exit.ok(name, &said).map_err(|e| explain(e, &said))?;
        Ok(text)
    }

    async fn start(
        &self,
        password: &PasswordFile,
        name: &str,
        arguments: Vec<String>,
    ) -> Result<Source> {
        match &self.tool.place {
            Place::Here(pg_dump) => {
                let program = Path::new(pg_dump).with_file_name(name);
                let program = Program::new(program.display().to_string()).args(arguments);
                let program = password.apply(program, self.target);
                Source::here(program.spawn_piped(self.registry)?)
            }
            Place::Container(container) => {
                let words = std::iter::once(name.to_owned()).chain(arguments);
                let attached = container.start(self.target, words).await?;
                Ok(Source::inside(attached))
            }
        }
    }

    fn arguments(&self) -> Vec<String> {
        let fixed = [
            "--format=plain",
            "--encoding=UTF8",
            "--no-password",
            "--lock-wait-timeout=30s",
        ];
        let excluded = self.exclude_data.iter();
        let excluded = excluded.map(|table| format!("--exclude-table-data={table}"));
        fixed
            .map(str::to_owned)
            .into_iter()
            .chain(excluded)
            .collect()
    }
}

/// Says what to do about the ways in which `pg_dump` fails that have a remedy.
fn explain(error: Error, said: &str) -> Error {
    let hint = if said.contains("canceling statement due to lock timeout") {
        "somebody holds a lock on a table; see who with `lexi run ps`, then try again"
    } else if said.contains("password authentication failed") {
        "check `DB_PASSWORD` and where it comes from with `lexi env`"
    } else if said.contains("no password supplied") {
        "the server in the container wants a password on its own socket: `tool: \"system\"` dumps from outside"
    } else if said.contains("no matching tables were found") {
        "the patterns of `exclude_data` are those of `pg_dump --exclude-table-data`, such as `audit.*`"
    } else if said.contains("permission denied") {
        "the user must be able to read every table: make it the owner, or grant it pg_read_all_data"
    } else {
        return error;
    };
    error.hint(hint)
}
