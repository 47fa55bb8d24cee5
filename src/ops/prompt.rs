//! Reads a line that somebody types, in a way that can be given up.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::oneshot;

use crate::base::{Error, Result};

/// How often the reading thread looks whether anybody still waits.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// The longest line that is read.
const LONGEST: usize = 64 * 1024;

/// Waits for a line from standard input, without its line end. Dropping the future leaves what is typed later unread.
pub async fn read_line() -> Result<String> {
    let (sender, receiver) = oneshot::channel();
    let is_given_up = Arc::new(AtomicBool::new(false));
    let _gives_up = GiveUpOnDrop(Arc::clone(&is_given_up));
    std::thread::Builder::new()
        .name("prompt".into())
        .spawn(move || {
            // Nobody waits for an answer that comes too late.
            let _too_late = sender.send(read(&is_given_up));
        })
        .map_err(|e| Error::io("cannot start a thread", e))?;
    let line = receiver
        .await
        .map_err(|e| Error::internal("the thread that reads the terminal broke").because(e))?;
    match line.map_err(|e| Error::io("cannot read the answer", e))? {
        Some(line) => Ok(line),
        None => Err(Error::refused("there was no answer").exit_status(2)),
    }
}

fn read(is_given_up: &AtomicBool) -> io::Result<Option<String>> {
    let stdin = rustix::stdio::stdin();
    let mut line = Vec::new();
    while line.len() < LONGEST {
        if is_given_up.load(Ordering::Relaxed) {
            return Ok(None);
        }
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&LOOK)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => {}
            Err(e) => return Err(e.into()),
        }
        // One byte at a time, so that what follows the line stays for the next question.
        let mut byte = [0];
        match rustix::io::read(stdin, &mut byte) {
            Ok(0) if line.is_empty() => return Ok(None),
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) => line.push(byte[0]),
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    let line = String::from_utf8_lossy(&line);
    Ok(Some(line.trim_end_matches('\r').to_owned()))
}

/// Lets the thread go when nobody waits for it any more.
struct GiveUpOnDrop(Arc<AtomicBool>);

impl Drop for GiveUpOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
