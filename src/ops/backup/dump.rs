//! Runs `pg_dump` and brings what it writes to a file; good only when the program says so too.

use std::path::Path;
use std::sync::Arc;

use tokio::io::AsyncReadExt;

use super::password::PasswordFile;
use super::progress::{OnProgress, Progress, Step};
use super::reader::BUFFER;
use super::tool::Tool;
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
        let program = password.apply(self.program(), self.target);
        let mut running = program.spawn_piped(self.registry)?;
        let mut stdout = running
            .take_stdout()
            .ok_or_else(|| Error::internal("pg_dump has no output"))?;
        let mut done = 0;
        let mut piece = Vec::with_capacity(BUFFER);
        loop {
            let read = stdout.read_buf(&mut piece).await;
            let read = read.map_err(|e| Error::io("cannot read the output of `pg_dump`", e))?;
            done += read as u64;
            on(Progress::of(Step::Dump, done, total));
            // pg_dump writes a few kilobytes at a time; handing each on by itself would cost more than packing it.
            let is_full = piece.len() >= BUFFER / 2;
            if (is_full || read == 0) && !piece.is_empty() {
                let full = std::mem::replace(&mut piece, Vec::with_capacity(BUFFER));
                if !writer.send(full).await {
                    // The disk is full, most likely; its own error says so. pg_dump ends when `running` is dropped.
                    return Err(writer.failure().await);
                }
            }
            if read == 0 {
                break;
            }
        }
        let exit = running.finish().await?;
        let said = running.stderr_tail();
        exit.ok("pg_dump", &said).map_err(|e| explain(e, &said))?;
        Ok(Dumped {
            written: writer.finish().await?,
            warnings: said.lines().map(str::to_owned).collect(),
        })
    }

    fn program(&self) -> Program {
        let fixed = [
            "--format=plain",
            "--encoding=UTF8",
            "--no-password",
            "--lock-wait-timeout=30s",
        ];
        let excluded = self.exclude_data.iter();
        Program::new(&self.tool.program)
            .args(fixed)
            .args(excluded.map(|table| format!("--exclude-table-data={table}")))
    }
}

/// Says what to do about the ways in which `pg_dump` fails that have a remedy.
fn explain(error: Error, said: &str) -> Error {
    let hint = if said.contains("canceling statement due to lock timeout") {
        "somebody holds a lock on a table; see who with `lexi run ps`, then try again"
    } else if said.contains("password authentication failed") {
        "check `DB_PASSWORD` and where it comes from with `lexi env`"
    } else if said.contains("permission denied") {
        "the user must be able to read every table: make it the owner, or grant it pg_read_all_data"
    } else {
        return error;
    };
    error.hint(hint)
}
