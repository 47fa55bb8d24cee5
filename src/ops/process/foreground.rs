//! Runs a program that has the terminal to itself.

use std::sync::Arc;

use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

use super::exit::Exit;
use super::program::Program;
use super::registry::Registry;
use super::running::{Started, Streams};
use super::table;
use crate::base::{Cancel, Error, Result};

impl Program {
    /// Runs the program with our terminal, in our process group, so that it may read from it.
    ///
    /// Ctrl-C and Ctrl-\ are the program's meanwhile and do not stop the run; SIGTERM to us stops both. Without a terminal
    /// nobody types them: then they are for us, and stop both too.
    pub async fn foreground(&self, registry: &Arc<Registry>, cancel: &Cancel) -> Result<Exit> {
        let has_terminal = isatty(rustix::stdio::stdin());
        let _left_to_the_program = has_terminal.then(|| cancel.leave_interrupts());
        // Listening keeps the system from ending us: both signals go to everybody who has the terminal.
        let _interrupt = listen(SignalKind::interrupt())?;
        let _quit = listen(SignalKind::quit())?;
        let _terminal = Terminal::remember();
        Started::new(self, registry, Streams::Inherited)?
            .wait()
            .await
    }
}

fn listen(kind: SignalKind) -> Result<tokio::signal::unix::Signal> {
    signal(kind).map_err(|e| Error::io("cannot listen for signals", e))
}

/// How the terminal was set, to be set again when a program that changed it is gone.
#[derive(Debug)]
struct Terminal(Option<Termios>);

impl Terminal {
    fn remember() -> Self {
        let stdin = rustix::stdio::stdin();
        Self(isatty(stdin).then(|| tcgetattr(stdin).ok()).flatten())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let stdin = rustix::stdio::stdin();
        // Setting a terminal that belongs to another group would stop us.
        let is_ours =
            tcgetpgrp(stdin).is_ok_and(|group| Some(group.as_raw_pid()) == table::own_group());
        if let (Some(settings), true) = (&self.0, is_ours) {
            // A terminal that was closed needs no settings.
            let _closed = tcsetattr(stdin, OptionalActions::Drain, settings);
        }
    }
}
