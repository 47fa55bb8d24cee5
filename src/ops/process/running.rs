//! A program that runs: who waits for it, who stops it, and what becomes of it when nobody waits any more.
//!
//! Over 300 lines because what is started, waited for, read and dropped is one state.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::exit::Exit;
use super::program::{Program, Stdin};
use super::registry::{GRACE, Reach, Registry};
use crate::base::{Error, Kind, Result, units};

/// How much of the end of stderr is kept for the message of a failure.
const TAIL_BYTES: usize = 64 * 1024;

/// How long a pipe must be silent, after the program ended, to count as ended although a descendant holds it open.
const QUIET: Duration = Duration::from_millis(250);

/// How long a descendant that goes on writing after the program ended is listened to.
const LISTEN: Duration = Duration::from_secs(2);

/// Which of a program's streams we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Streams {
    /// stdout and stderr; the program is in a group of its own.
    Piped,
    /// None: the program has our terminal and is in our group.
    Inherited,
}

/// A started program. Dropping it before it ended stops it.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) name: String,
    pid: Pid,
    registry: Arc<Registry>,
    runtime: Handle,
    grace: Duration,
    limit: Option<Duration>,
    timed_out: Arc<AtomicBool>,
    ended: watch::Receiver<Option<Exit>>,
    helpers: Vec<JoinHandle<()>>,
    pub(super) stdin: Option<ChildStdin>,
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
}

impl Started {
    pub(super) fn new(
        program: &Program,
        registry: &Arc<Registry>,
        streams: Streams,
    ) -> Result<Self> {
        let runtime = Handle::try_current()
            .map_err(|e| Error::internal("programs are started inside the runtime").because(e))?;
        // Before there is anything that a kill could leave behind.
        registry.leave_trace();
        let mut child = spawn(program, registry, streams)?;
        let reach = match streams {
            Streams::Piped => Reach::Group,
            Streams::Inherited => Reach::Leader,
        };
        let pid = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let pid = pid.ok_or_else(|| Error::internal("a started program has no number"))?;
        registry.add(pid, reach);
        tracing::debug!(program = program.name(), pid = pid.as_raw_pid(), "started");
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (sender, ended) = watch::channel(None);
        let waiting = Arc::clone(registry);
        runtime.spawn(async move {
            let exit = child.wait().await.map(Exit::from).unwrap_or_default();
            waiting.leader_ended(pid);
            sender.send_replace(Some(exit));
        });
        let mut started = Self {
            name: program.name().to_owned(),
            pid,
            registry: Arc::clone(registry),
            runtime,
            grace: program.grace.unwrap_or(GRACE),
            limit: program.limit,
            timed_out: Arc::default(),
            ended,
            helpers: Vec::new(),
            stdin,
            stdout,
            stderr,
        };
        started.watch_time();
        started.feed(&program.stdin);
        Ok(started)
    }

    /// Stops the program when its time is up, whoever waits for what meanwhile.
    fn watch_time(&mut self) {
        let Some(limit) = self.limit else { return };
        let (registry, timed_out) = (Arc::clone(&self.registry), Arc::clone(&self.timed_out));
        let (pid, grace) = (self.pid, self.grace);
        self.helpers.push(self.runtime.spawn(async move {
            tokio::time::sleep(limit).await;
            timed_out.store(true, Ordering::Relaxed);
            registry.stop(pid, grace).await;
        }));
    }

    fn feed(&mut self, stdin: &Stdin) {
        if let (Stdin::Bytes(bytes), Some(mut pipe)) = (
            stdin,
            self.stdin.take_if(|_| matches!(stdin, Stdin::Bytes(_))),
        ) {
            let bytes = bytes.clone();
            self.helpers.push(self.runtime.spawn(async move {
                // A program need not read all it is given (`head`); how it ended says whether it is content.
                let _closed_early = pipe.write_all(&bytes).await;
            }));
        }
    }

    /// Waits for the program itself; safe to drop and to call again.
    pub(super) async fn wait(&self) -> Result<Exit> {
        let mut ended = self.ended.clone();
        let exit = ended.wait_for(Option::is_some).await.map(|exit| *exit);
        let exit = exit.map_err(|e| Error::internal("nobody waits for a program").because(e))?;
        match self.limit {
            Some(limit) if self.timed_out.load(Ordering::Relaxed) => {
                let limit = units::duration(limit);
                let message = format!("`{}` took longer than {limit} and was stopped", self.name);
                Err(Error::new(Kind::Timeout, message).field("program", self.name.as_str()))
            }
            _ => Ok(exit.unwrap_or_default()),
        }
    }

    /// The time when reading a pipe of this program makes no sense any more.
    pub(super) fn patience(&self) -> Patience {
        Patience {
            ended: self.ended.clone(),
            last_moment: None,
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        for helper in &self.helpers {
            helper.abort();
        }
        if self.ended.borrow().is_none() || self.timed_out.load(Ordering::Relaxed) {
            self.registry.abandon(self.pid, self.grace, &self.runtime);
        }
    }
}

fn spawn(
    program: &Program,
    registry: &Registry,
    streams: Streams,
) -> Result<tokio::process::Child> {
    let mut command = tokio::process::Command::from(program.to_command(registry)?);
    match streams {
        Streams::Piped => {
            command.stdin(program.stdin_source()?);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.process_group(0);
        }
        Streams::Inherited => {
            let stdin = match program.stdin {
                Stdin::Null | Stdin::Inherit => Stdio::inherit(),
                _ => program.stdin_source()?,
            };
            command.stdin(stdin);
        }
    }
    command
        .spawn()
        .map_err(|e| Error::io(format!("cannot start `{}`", program.name()), e))
}

/// How long to go on reading from a program that ended while something it started holds its pipes open.
#[derive(Debug)]
pub(super) struct Patience {
    ended: watch::Receiver<Option<Exit>>,
    last_moment: Option<Instant>,
}

impl Patience {
    /// Reads some bytes; none at the end of the stream, or when there is nobody left worth listening to.
    pub(super) async fn read(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        buffer: &mut [u8],
    ) -> std::io::Result<usize> {
        tokio::select! {
            biased;
            () = passed(self.last_moment) => Ok(0),
            count = stream.read(buffer) => count,
            () = quiet(&mut self.ended, &mut self.last_moment) => Ok(0),
        }
    }
}

async fn passed(moment: Option<Instant>) {
    match moment {
        Some(moment) if Instant::now() >= moment => {}
        _ => std::future::pending().await,
    }
}

async fn quiet(ended: &mut watch::Receiver<Option<Exit>>, last_moment: &mut Option<Instant>) {
    // An error means that the waiter is gone, and the program with it.
    let _ended = ended.wait_for(Option::is_some).await.is_ok();
    last_moment.get_or_insert_with(|| Instant::now() + LISTEN);
    tokio::time::sleep(QUIET).await;
}

/// The end of a stream, bounded.
#[derive(Debug, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        if self.0.len() > 2 * TAIL_BYTES {
            self.0.drain(..self.0.len() - TAIL_BYTES);
        }
    }

    pub(super) fn text(&self) -> String {
        let start = self.0.len().saturating_sub(TAIL_BYTES);
        String::from_utf8_lossy(&self.0[start..]).into_owned()
    }
}

/// A program whose stdout is read by somebody else. Dropping it stops the program and everything in its group.
#[derive(Debug)]
pub struct Running {
    pub(super) started: Started,
    tail: Arc<Mutex<Tail>>,
    reader: JoinHandle<()>,
}

impl Program {
    /// Starts the program with its stdout to be taken; the end of its stderr is kept.
    pub fn spawn_piped(&self, registry: &Arc<Registry>) -> Result<Running> {
        let mut started = Started::new(self, registry, Streams::Piped)?;
        let tail = Arc::<Mutex<Tail>>::default();
        let (kept, stderr, patience) =
            (Arc::clone(&tail), started.stderr.take(), started.patience());
        let reader = started.runtime.spawn(async move {
            if let Some(stderr) = stderr {
                keep_tail(stderr, patience, &kept).await;
            }
        });
        Ok(Running {
            started,
            tail,
            reader,
        })
    }
}

async fn keep_tail(mut stderr: ChildStderr, mut patience: Patience, tail: &Mutex<Tail>) {
    let mut buffer = vec![0; 8 * 1024];
    while let Ok(count @ 1..) = patience.read(&mut stderr, &mut buffer).await {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.push(&buffer[..count]);
    }
}

impl Running {
    /// The program's stdout, once.
    pub fn take_stdout(&mut self) -> Option<impl AsyncRead + Send + Unpin + use<>> {
        self.started.stdout.take()
    }

    /// The program's stdin, once, when it was started with [`Stdin::Piped`]; dropping it is the end of the file.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.started.stdin.take()
    }

    /// The program's number, which is also its group's.
    pub fn id(&self) -> i32 {
        self.started.pid.as_raw_pid()
    }

    /// The end of what it wrote to stderr so far.
    pub fn stderr_tail(&self) -> String {
        self.tail
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .text()
    }

    /// Waits until the program ended and its stderr is read.
    pub async fn finish(&mut self) -> Result<Exit> {
        // A pipe that nobody takes must not block the program for ever.
        drop(self.started.stdin.take());
        drop(self.started.stdout.take());
        let exit = self.started.wait().await;
        if !self.reader.is_finished() {
            // It ends by itself soon after the program; a panic there loses only the tail.
            let _no_tail = (&mut self.reader).await;
        }
        exit
    }
}
