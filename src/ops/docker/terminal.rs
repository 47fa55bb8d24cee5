//! A program in a container that has our terminal: raw mode, size, Ctrl-C, exit code.

use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

use bollard::exec::ResizeExecOptions;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::connect::Engine;
use super::exec::{self, Attach, Channel, Exec, exit_code};
use super::wire;
use crate::base::{Error, Result, Secret};

/// Whether both ends of our terminal are one.
pub fn is_here() -> bool {
    isatty(rustix::stdio::stdin()) && isatty(rustix::stdio::stdout())
}

/// Runs a program with our terminal, or without one with our standard streams; gives its exit code.
pub async fn run(
    engine: &Engine,
    container: &str,
    exec: &Exec,
    terminal: Option<&str>,
) -> Result<i64> {
    if is_here() {
        with_terminal(engine, container, exec, terminal.unwrap_or("xterm")).await
    } else {
        with_streams(engine, container, exec).await
    }
}

async fn with_terminal(engine: &Engine, container: &str, exec: &Exec, kind: &str) -> Result<i64> {
    let mut exec = exec.clone();
    exec.environment
        .insert(0, ("TERM".to_owned(), Secret::new(kind)));
    let id = exec.create(engine, container, Attach::Terminal).await?;
    let path = format!("/exec/{id}/start");
    let connection = wire::upgrade(engine, &path, r#"{"Detach":false,"Tty":true}"#).await?;
    let (mut from, mut to) = connection.split();
    let failed = |e| Error::io(exec.doing(container), e);
    let mut resized = signal(SignalKind::window_change()).map_err(failed)?;
    let _raw = RawMode::enter()?;
    resize(engine, &id).await;
    let mut keys = Keys::read()?;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            count = from.read(&mut buffer) => match count.map_err(failed)? {
                0 => break,
                count => show(&buffer[..count]).map_err(failed)?,
            },
            typed = keys.next() => match typed {
                // The program may have ended meanwhile; reading its end comes next.
                Some(bytes) => { let _ended = to.write_all(&bytes).await; let _ended = to.flush().await; }
                None => { let _ended = to.shutdown().await; }
            },
            _ = resized.recv() => resize(engine, &id).await,
        }
    }
    exit_code(engine, &id).await
}

async fn with_streams(engine: &Engine, container: &str, exec: &Exec) -> Result<i64> {
    let mut exec = exec.clone();
    if exec.stdin.is_none() && !isatty(rustix::stdio::stdin()) {
        let read = tokio::task::spawn_blocking(|| {
            let mut all = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut all).map(|_| all)
        });
        let all = read
            .await
            .map_err(|e| Error::internal("reading broke off").because(e))?;
        exec.stdin = Some(all.map_err(|e| Error::io("cannot read standard input", e))?);
    }
    exec::stream(engine, container, &exec, &mut |channel, bytes| {
        let written = match channel {
            Channel::Stdout => show(bytes),
            Channel::Stderr => std::io::stderr().write_all(bytes),
        };
        written.is_ok()
    })
    .await
}

fn show(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// The program's terminal gets the size of ours; one that just ended needs none.
async fn resize(engine: &Engine, id: &str) {
    if let Ok(size) = tcgetwinsize(rustix::stdio::stdout()) {
        let options = ResizeExecOptions {
            height: size.ws_row,
            width: size.ws_col,
        };
        let _ended = engine.client().resize_exec(id, options).await;
    }
}

/// While it lives, each key goes to the program at once and as it is, Ctrl-C too.
struct RawMode(Termios);

impl RawMode {
    fn enter() -> Result<Self> {
        let stdin = rustix::stdio::stdin();
        let failed = |e: rustix::io::Errno| Error::io("cannot set the terminal", e.into());
        let before = tcgetattr(stdin).map_err(failed)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin, OptionalActions::Now, &raw).map_err(failed)?;
        Ok(Self(before))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // A terminal that was closed needs no settings.
        let _closed = tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &self.0);
    }
}

/// What is typed, read by a thread that ends when this is dropped: tokio's own reader would take one more key.
struct Keys {
    typed: mpsc::Receiver<Vec<u8>>,
    is_open: bool,
    /// Closing it wakes the thread.
    _wake: std::os::unix::net::UnixStream,
}

impl Keys {
    fn read() -> Result<Self> {
        let failed = |e| Error::io("cannot read the terminal", e);
        let (sender, typed) = mpsc::channel(16);
        let (wake, woken) = std::os::unix::net::UnixStream::pair().map_err(failed)?;
        std::thread::spawn(move || read_keys(woken.as_fd(), &sender));
        Ok(Self {
            typed,
            is_open: true,
            _wake: wake,
        })
    }

    /// What was typed; nothing, once, at the end.
    async fn next(&mut self) -> Option<Vec<u8>> {
        if !self.is_open {
            std::future::pending::<()>().await;
        }
        let bytes = self.typed.recv().await;
        self.is_open = bytes.is_some();
        bytes
    }
}

fn read_keys(woken: BorrowedFd<'_>, sender: &mpsc::Sender<Vec<u8>>) {
    let stdin = rustix::stdio::stdin();
    let mut buffer = [0; 4096];
    loop {
        let mut ready = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(&woken, PollFlags::IN),
        ];
        match poll(&mut ready, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
            Ok(_) if !ready[1].revents().is_empty() => return,
            Ok(_) => {}
        }
        match rustix::io::read(stdin, &mut buffer) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(count) if count > 0 && sender.blocking_send(buffer[..count].to_vec()).is_ok() => {}
            _ => return,
        }
    }
}
