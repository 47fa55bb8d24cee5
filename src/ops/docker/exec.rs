//! Running a program in a container, without a terminal.

use std::pin::Pin;
use std::time::{Duration, Instant};

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::connect::Engine;
use super::error::failed;
use crate::base::{Error, Result, Secret, units};

/// How much is read at a time.
const CAPACITY: usize = 64 * 1024;

/// A program to run in a container.
#[derive(Debug, Clone, Default)]
pub struct Exec {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables that are added to the container's.
    pub environment: Vec<(String, Secret)>,
    /// As whom.
    pub user: Option<String>,
    /// Where.
    pub dir: Option<String>,
    /// What it reads.
    pub stdin: Option<Vec<u8>>,
}

impl Exec {
    /// A program and its arguments.
    pub fn new<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Makes the engine ready to run it; gives the identity to start it with.
    pub(super) async fn create(
        &self,
        engine: &Engine,
        container: &str,
        attach: Attach,
    ) -> Result<String> {
        let variables = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={}", value.reveal()));
        let variables: Vec<String> = variables.collect();
        let options = CreateExecOptions {
            cmd: Some(self.command.clone()),
            env: Some(variables),
            user: self.user.clone(),
            working_dir: self.dir.clone(),
            attach_stdin: Some(attach != Attach::Output),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(attach == Attach::Terminal),
            ..CreateExecOptions::default()
        };
        let made = engine.client().create_exec(container, options).await;
        made.map(|made| made.id)
            .map_err(|e| failed(self.doing(container), e))
    }

    pub(super) fn doing(&self, container: &str) -> String {
        let program = self.command.first().map_or("", String::as_str);
        format!("cannot run `{program}` in container `{container}`")
    }
}

/// What of a program we hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attach {
    /// What it writes.
    Output,
    /// What it reads, too.
    Both,
    /// A terminal.
    Terminal,
}

/// Which stream something came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a program wrote and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Executed {
    /// Its exit code.
    pub code: i64,
    /// All it wrote to stdout.
    pub stdout: Vec<u8>,
    /// All it wrote to stderr.
    pub stderr: Vec<u8>,
}

/// Runs a program and keeps what it writes; more than `limit_bytes` in all is an error.
pub async fn capture(
    engine: &Engine,
    container: &str,
    exec: &Exec,
    limit_bytes: usize,
) -> Result<Executed> {
    let mut executed = Executed::default();
    let mut is_too_much = false;
    let code = stream(engine, container, exec, &mut |channel, bytes| {
        let kept = match channel {
            Channel::Stdout => &mut executed.stdout,
            Channel::Stderr => &mut executed.stderr,
        };
        is_too_much |= kept.len() + bytes.len() > limit_bytes;
        if !is_too_much {
            kept.extend_from_slice(bytes);
        }
        !is_too_much
    })
    .await?;
    if is_too_much {
        let limit = units::bytes(limit_bytes as u64);
        let message = format!("{}: it wrote more than {limit}", exec.doing(container));
        return Err(Error::invalid(message));
    }
    executed.code = code;
    Ok(executed)
}

/// Runs a program and hands on what it writes as it comes, until `take` says no; gives its exit code.
pub async fn stream(
    engine: &Engine,
    container: &str,
    exec: &Exec,
    take: &mut (dyn FnMut(Channel, &[u8]) -> bool + Send),
) -> Result<i64> {
    let attach = if exec.stdin.is_some() {
        Attach::Both
    } else {
        Attach::Output
    };
    let id = exec.create(engine, container, attach).await?;
    let failed_here = |e| failed(exec.doing(container), e);
    let options = StartExecOptions {
        output_capacity: Some(CAPACITY),
        ..StartExecOptions::default()
    };
    let started = engine.client().start_exec(&id, Some(options)).await;
    let StartExecResults::Attached {
        mut output,
        mut input,
    } = started.map_err(failed_here)?
    else {
        return Err(Error::internal("a program was started and not attached"));
    };
    let feed = async {
        if let Some(bytes) = &exec.stdin {
            // A program need not read all it is given; how it ended says whether it is content.
            let _closed_early = input.write_all(bytes).await;
            let _closed_already = input.shutdown().await;
        }
        // The other direction stays open: some engines end both when one is dropped.
        std::future::pending::<()>().await;
    };
    let read = async {
        while let Some(piece) = output.next().await {
            let wants_more = match piece.map_err(failed_here)? {
                LogOutput::StdErr { message } => take(Channel::Stderr, &message),
                LogOutput::StdOut { message }
                | LogOutput::StdIn { message }
                | LogOutput::Console { message } => take(Channel::Stdout, &message),
            };
            if !wants_more {
                return Ok(());
            }
        }
        Ok::<_, Error>(())
    };
    tokio::select! {
        read = read => read?,
        () = feed => {}
    }
    exit_code(engine, &id).await
}

/// How long the engine may take to notice that a program has ended.
const NOTICE: Duration = Duration::from_secs(10);
const NOTICE_POLL: Duration = Duration::from_millis(20);

type Output = Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>;

/// A program that runs in a container and is read at the reader's pace. Its input stays open until this is dropped.
pub struct Attached {
    engine: Engine,
    id: String,
    doing: String,
    output: Output,
    input: Pin<Box<dyn AsyncWrite + Send>>,
}

/// Starts a program to be read piece by piece.
pub async fn attach(engine: &Engine, container: &str, exec: &Exec) -> Result<Attached> {
    let id = exec.create(engine, container, Attach::Both).await?;
    let doing = exec.doing(container);
    let options = StartExecOptions {
        output_capacity: Some(CAPACITY),
        ..StartExecOptions::default()
    };
    let started = engine.client().start_exec(&id, Some(options)).await;
    match started.map_err(|e| failed(doing.clone(), e))? {
        StartExecResults::Attached { output, input } => Ok(Attached {
            engine: engine.clone(),
            id,
            doing,
            output,
            input,
        }),
        StartExecResults::Detached => {
            Err(Error::internal("a program was started and not attached"))
        }
    }
}

impl Attached {
    /// Adds what comes next to one of the two; `false` at the end, which says nothing about success.
    pub async fn read(&mut self, stdout: &mut Vec<u8>, stderr: &mut Vec<u8>) -> Result<bool> {
        let Some(piece) = self.output.next().await else {
            return Ok(false);
        };
        match piece.map_err(|e| failed(self.doing.clone(), e))? {
            LogOutput::StdErr { message } => stderr.extend_from_slice(&message),
            LogOutput::StdOut { message }
            | LogOutput::StdIn { message }
            | LogOutput::Console { message } => stdout.extend_from_slice(&message),
        }
        Ok(true)
    }

    /// The exit code of a program whose output is at its end. The end comes as well when the engine or the connection
    /// breaks, so the program must be known to have ended.
    pub async fn finish(mut self) -> Result<i64> {
        let start = Instant::now();
        loop {
            let facts = self.engine.client().inspect_exec(&self.id).await;
            let facts = facts.map_err(|e| failed("cannot see how a program ended", e))?;
            if facts.running == Some(false)
                && let Some(code) = facts.exit_code
            {
                let _closed_already = self.input.shutdown().await;
                return Ok(code);
            }
            if start.elapsed() > NOTICE {
                let message = format!("{}: its output ended and it did not", self.doing);
                return Err(Error::unavailable(message).hint("try again"));
            }
            tokio::time::sleep(NOTICE_POLL).await;
        }
    }
}

/// How a program that was started ended.
pub(super) async fn exit_code(engine: &Engine, id: &str) -> Result<i64> {
    let facts = engine.client().inspect_exec(id).await;
    let facts = facts.map_err(|e| failed("cannot see how a program ended", e))?;
    Ok(facts.exit_code.unwrap_or(-1))
}
