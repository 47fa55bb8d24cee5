//! A program of PostgreSQL that is read while it runs, on this machine or in a container.

use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::container;
use crate::base::{Error, Result};
use crate::ops::docker::exec::Attached;
use crate::ops::process::{Exit, Running};

/// How much of what a program in a container says is kept.
const TAIL: usize = 64 * 1024;

/// A running program. Dropping it ends the program.
pub(super) enum Source {
    /// On this machine.
    Here {
        running: Running,
        stdout: Pin<Box<dyn AsyncRead + Send>>,
    },
    /// In a container.
    Inside { attached: Attached, said: Vec<u8> },
}

impl Source {
    /// A program on this machine that was started with its output piped.
    pub(super) fn here(mut running: Running) -> Result<Self> {
        let stdout = running.take_stdout();
        let stdout = stdout.ok_or_else(|| Error::internal("a program has no output"))?;
        Ok(Self::Here {
            running,
            stdout: Box::pin(stdout),
        })
    }

    /// A program in a container.
    pub(super) const fn inside(attached: Attached) -> Self {
        let said = Vec::new();
        Self::Inside { attached, said }
    }

    /// Adds what comes next; 0 at the end, which says nothing about success.
    pub(super) async fn read(&mut self, piece: &mut Vec<u8>) -> Result<usize> {
        let before = piece.len();
        match self {
            Self::Here { stdout, .. } => {
                let read = stdout.read_buf(piece).await;
                read.map_err(|e| Error::io("cannot read the output of `pg_dump`", e))
            }
            Self::Inside { attached, said } => {
                while piece.len() == before && attached.read(piece, said).await? {
                    said.drain(..said.len().saturating_sub(TAIL));
                }
                Ok(piece.len() - before)
            }
        }
    }

    /// How it ended and what it said, when its output is at its end.
    pub(super) async fn finish(self) -> Result<(Exit, String)> {
        match self {
            Self::Here {
                mut running,
                stdout,
            } => {
                drop(stdout);
                let exit = running.finish().await?;
                Ok((exit, running.stderr_tail()))
            }
            Self::Inside { attached, said } => {
                let code = attached.finish().await?;
                let said = String::from_utf8_lossy(&said).into_owned();
                Ok((container::exit(code), said))
            }
        }
    }
}
