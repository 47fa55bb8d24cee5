//! Runs a program and keeps what it writes.

use std::sync::Arc;

use tokio::io::AsyncRead;

use super::exit::Exit;
use super::program::Program;
use super::registry::Registry;
use super::running::{Patience, Running, Started, Streams};
use crate::base::{Error, Result, units};

/// What a program wrote and how it ended.
#[derive(Debug, Clone, Default)]
pub struct Captured {
    /// How it ended.
    pub exit: Exit,
    /// All it wrote to stdout.
    pub stdout: Vec<u8>,
    /// All it wrote to stderr.
    pub stderr: Vec<u8>,
}

impl Captured {
    /// stdout as text; what is not UTF-8 is replaced.
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// stderr as text; what is not UTF-8 is replaced.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Itself when the program succeeded.
    pub fn ok(self, program: &str) -> Result<Self> {
        self.exit.ok(program, &self.stderr_text())?;
        Ok(self)
    }
}

impl Program {
    /// Runs the program and keeps what it writes; more than `limit_bytes` in one stream stops it and is an error.
    pub async fn capture(&self, registry: &Arc<Registry>, limit_bytes: usize) -> Result<Captured> {
        let mut started = Started::new(self, registry, Streams::Piped)?;
        let (stdout, stderr) = (started.stdout.take(), started.stderr.take());
        let (stdout, stderr, exit) = tokio::try_join!(
            collect(self.name(), stdout, started.patience(), limit_bytes),
            collect(self.name(), stderr, started.patience(), limit_bytes),
            started.wait(),
        )?;
        Ok(Captured {
            exit,
            stdout,
            stderr,
        })
    }
}

impl Running {
    /// Reads all that the program writes to stdout, at most `limit_bytes`; nothing when it was taken.
    pub async fn read_stdout(&mut self, limit_bytes: usize) -> Result<Vec<u8>> {
        let (stdout, patience) = (self.started.stdout.take(), self.started.patience());
        collect(&self.started.name, stdout, patience, limit_bytes).await
    }
}

async fn collect(
    name: &str,
    stream: Option<impl AsyncRead + Unpin>,
    mut patience: Patience,
    limit_bytes: usize,
) -> Result<Vec<u8>> {
    let Some(mut stream) = stream else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = patience.read(&mut stream, &mut buffer).await;
        let count =
            read.map_err(|e| Error::io(format!("cannot read the output of `{name}`"), e))?;
        if count == 0 {
            return Ok(all);
        }
        if all.len() + count > limit_bytes {
            return Err(too_much(name, limit_bytes));
        }
        all.extend_from_slice(&buffer[..count]);
    }
}

fn too_much(name: &str, limit_bytes: usize) -> Error {
    let limit = units::bytes(u64::try_from(limit_bytes).unwrap_or(u64::MAX));
    Error::invalid(format!("`{name}` wrote more than {limit} and was stopped"))
        .hint("write its output to a file: `process::pipe(program, args).write(path)`")
        .field("program", name)
}
