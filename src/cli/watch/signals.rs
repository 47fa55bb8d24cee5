//! Signals as news: one thread waits for them, so that nothing else has to look.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Sender;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::desk::Own;
use crate::base::{Error, Result};
use crate::script::watch::Message;

/// Sends each signal that asks us to end.
pub(super) fn forward(sender: Sender<Message<Own>>) -> Result<()> {
    let io = |e| Error::io("cannot listen for signals", e);
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        let (mut told, teller) = UnixStream::pair().map_err(io)?;
        signal_hook::low_level::pipe::register(signal, teller).map_err(io)?;
        let sender = sender.clone();
        let number = usize::try_from(signal).unwrap_or_default();
        let wait = move || {
            let mut byte = [0_u8; 1];
            while told.read_exact(&mut byte).is_ok()
                && sender.send(Message::Other(Own::Signal(number))).is_ok()
            {}
        };
        let thread = std::thread::Builder::new()
            .name("signals".into())
            .spawn(wait);
        thread.map_err(io)?;
    }
    Ok(())
}
