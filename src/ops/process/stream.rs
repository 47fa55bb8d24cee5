//! Runs a program and hands on what it writes, line by line.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncRead;

use super::exit::Exit;
use super::program::Program;
use super::registry::Registry;
use super::running::{Patience, Started, Streams, Tail};
use crate::base::{Error, Result};
use crate::ops::lines::Lines;

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// The program's data.
    Stdout,
    /// The program's narration.
    Stderr,
}

/// Who is told each line.
pub(super) type OnLine<'a> = &'a (dyn Fn(Channel, &str) + Sync);

impl Program {
    /// Like [`Program::stream`]; gives also the end of stderr.
    pub async fn stream_with_tail(
        &self,
        registry: &Arc<Registry>,
        on_line: OnLine<'_>,
    ) -> Result<(Exit, String)> {
        let tail = Mutex::new(Tail::default());
        let exit = self
            .stream(registry, &|channel, line| {
                if channel == Channel::Stderr {
                    let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
                    tail.push(line.as_bytes());
                    tail.push(b"\n");
                }
                on_line(channel, line);
            })
            .await?;
        let tail = tail.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((exit, tail.text()))
    }

    /// Like [`Program::stream`]; a failure is an error that carries the end of stderr.
    pub async fn stream_ok(&self, registry: &Arc<Registry>, on_line: OnLine<'_>) -> Result<()> {
        let (exit, tail) = self.stream_with_tail(registry, on_line).await?;
        exit.ok(self.name(), &tail)
    }

    /// Runs the program and hands on each line; a last line without a line end too.
    pub async fn stream(&self, registry: &Arc<Registry>, on_line: OnLine<'_>) -> Result<Exit> {
        let mut started = Started::new(self, registry, Streams::Piped)?;
        let (stdout, stderr) = (started.stdout.take(), started.stderr.take());
        let on_out = |line: &str| on_line(Channel::Stdout, line);
        let on_err = |line: &str| on_line(Channel::Stderr, line);
        let ((), (), exit) = tokio::try_join!(
            self.lines(stdout, started.patience(), on_out),
            self.lines(stderr, started.patience(), on_err),
            started.wait(),
        )?;
        Ok(exit)
    }

    async fn lines(
        &self,
        stream: Option<impl AsyncRead + Unpin>,
        mut patience: Patience,
        mut on_line: impl FnMut(&str),
    ) -> Result<()> {
        let Some(mut stream) = stream else {
            return Ok(());
        };
        let mut lines = Lines::new(&self.redactor);
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = patience.read(&mut stream, &mut buffer).await;
            let count = read.map_err(|e| {
                Error::io(format!("cannot read the output of `{}`", self.name()), e)
            })?;
            if count == 0 {
                lines.finish(&mut on_line);
                return Ok(());
            }
            lines.push(&buffer[..count], &mut on_line);
        }
    }
}
