//! The async ends: what reads a source into a queue, and what gives a queue to a program.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStdin;
use tokio::sync::mpsc::{Receiver, Sender};

use super::plan::Source;
use super::pump::{PIECE, Piece};
use crate::base::{Error, Kind, Result};
use crate::ops::process::{Program, Registry, Running, Stdin};

/// Why an end stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The other side is gone, and knows why.
    GivenUp,
    /// This side failed.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Reads a source to its end, and says so only when the source says that this was all.
pub(super) async fn feed(
    source: Source,
    registry: &Arc<Registry>,
    queue: Sender<Piece>,
) -> Result<(), Stop> {
    match source {
        Source::Program(program) => {
            let mut running = program.spawn_piped(registry)?;
            if let Some(stdout) = running.take_stdout() {
                let reading = || format!("cannot read the output of `{}`", program.name());
                forward(stdout, reading, &queue).await?;
            }
            let exit = running.finish().await?;
            exit.ok(program.name(), &running.stderr_tail())?;
        }
        Source::File(path) => {
            let file = open(path.clone()).await?;
            forward(file, || cannot_read(&path), &queue).await?;
        }
        Source::Bytes(bytes) => forward(bytes.as_slice(), String::new, &queue).await?,
    }
    let sent = queue.send(Piece::End).await;
    sent.map_err(|_closed| Stop::GivenUp)
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read `{}`", path.display())
}

async fn open(path: PathBuf) -> Result<tokio::fs::File> {
    let fail = |e| Error::io(cannot_read(&path), e);
    let facts = tokio::fs::metadata(&path).await.map_err(fail)?;
    if facts.is_dir() {
        return Err(Error::invalid(format!(
            "{}: it is a folder",
            cannot_read(&path)
        )));
    }
    tokio::fs::File::open(&path).await.map_err(fail)
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    reading: impl Fn() -> String,
    queue: &Sender<Piece>,
) -> Result<(), Stop> {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = from.read_buf(&mut piece).await;
        if read.map_err(|e| Error::io(reading(), e))? == 0 {
            return Ok(());
        }
        let sent = queue.send(Piece::Bytes(piece)).await;
        sent.map_err(|_closed| Stop::GivenUp)?;
    }
}

/// A program that reads from us. The order of the fields matters: a program that is dropped is told to end before its
/// stdin is closed, so that it does not take the end of a broken stream for the end of its input.
#[derive(Debug)]
struct Drain {
    running: Running,
    stdin: Option<ChildStdin>,
}

/// Gives the queue's bytes to a program and waits for its end; gives what it wrote to stdout.
pub(super) async fn drain(
    program: Program,
    registry: &Arc<Registry>,
    mut queue: Receiver<Piece>,
    limit_bytes: usize,
) -> Result<Vec<u8>, Stop> {
    let program = program.stdin(Stdin::Piped);
    let mut drain = Drain {
        running: program.spawn_piped(registry)?,
        stdin: None,
    };
    drain.stdin = drain.running.take_stdin();
    let writing = write_pieces(&mut drain.stdin, &mut queue);
    let reading = async { Ok(drain.running.read_stdout(limit_bytes).await?) };
    let (took_all, stdout) = tokio::try_join!(writing, reading)?;
    let exit = drain.running.finish().await?;
    exit.ok(program.name(), &drain.running.stderr_tail())?;
    if took_all {
        Ok(stdout)
    } else {
        let message = format!("`{}` ended before it had read everything", program.name());
        Err(Error::new(Kind::ProcessFailed, message).into())
    }
}

/// Gives whether the program took everything.
async fn write_pieces(
    stdin: &mut Option<ChildStdin>,
    queue: &mut Receiver<Piece>,
) -> Result<bool, Stop> {
    loop {
        match queue.recv().await {
            None => return Err(Stop::GivenUp),
            Some(Piece::End) => {
                // Closing is the end of the program's input.
                drop(stdin.take());
                return Ok(true);
            }
            Some(Piece::Bytes(bytes)) => {
                let Some(pipe) = stdin.as_mut() else {
                    return Ok(false);
                };
                if pipe.write_all(&bytes).await.is_err() {
                    return Ok(false);
                }
            }
        }
    }
}
