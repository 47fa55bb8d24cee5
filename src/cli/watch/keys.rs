//! Keys, while nothing runs: a task that runs has the terminal to itself.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Sender;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::desk::Own;
use crate::base::Output;
use crate::script::watch::Message;

/// What a key asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// Run the task again.
    Again,
    /// Only look at files whose path holds this; at all with nothing.
    Filter(String),
    /// Stop watching.
    Quit,
}

/// A thread that reads keys while it is allowed to.
pub(super) struct Keys {
    control: UnixStream,
    settings: Termios,
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.restore();
    }
}

impl Keys {
    /// Starts to read keys; nobody presses any where there is no terminal.
    pub(super) fn start(output: &Output, sender: Sender<Message<Own>>) -> Option<Self> {
        if !output.can_ask() {
            return None;
        }
        let settings = tcgetattr(stdin()).ok()?;
        let (control, told) = UnixStream::pair().ok()?;
        let reader = Reader {
            told,
            sender,
            settings: settings.clone(),
            output: output.clone(),
        };
        let thread = std::thread::Builder::new().name("keys".into());
        thread.spawn(move || reader.run()).ok()?;
        Some(Self { control, settings })
    }

    /// Reads keys from now on.
    pub(super) fn listen(&mut self) {
        // Without its thread there are no keys.
        let _ended = self.control.write_all(b"l");
    }

    /// Leaves the terminal to a task, as it was.
    pub(super) fn leave(&mut self) {
        let mut done = [0_u8; 1];
        if self.control.write_all(b"x").is_ok() {
            let _ended = self.control.read_exact(&mut done);
        }
        self.restore();
    }

    fn restore(&self) {
        // A terminal that was closed needs no settings.
        let _closed = tcsetattr(stdin(), OptionalActions::Now, &self.settings);
    }
}

struct Reader {
    told: UnixStream,
    sender: Sender<Message<Own>>,
    settings: Termios,
    output: Output,
}

impl Reader {
    fn run(mut self) {
        let mut is_listening = false;
        loop {
            let Some((is_told, is_pressed)) = self.wait(is_listening) else {
                return;
            };
            if is_told {
                let mut word = [0_u8; 1];
                if self.told.read_exact(&mut word).is_err() {
                    return;
                }
                is_listening = word == *b"l";
                self.set(is_listening);
                if !is_listening && self.told.write_all(b"k").is_err() {
                    return;
                }
            } else if is_pressed && !self.press() {
                return;
            }
        }
    }

    /// Waits for a word to us or, when we listen, for a key.
    fn wait(&self, is_listening: bool) -> Option<(bool, bool)> {
        let input = stdin();
        let mut both = [
            PollFd::new(&self.told, PollFlags::IN),
            PollFd::new(&input, PollFlags::IN),
        ];
        let count = if is_listening { 2 } else { 1 };
        match poll(&mut both[..count], None) {
            Ok(_) => Some((!both[0].revents().is_empty(), !both[1].revents().is_empty())),
            Err(rustix::io::Errno::INTR) => Some((false, false)),
            Err(_) => None,
        }
    }

    /// Lets single keys through, without showing them; Ctrl-C stays a signal.
    fn set(&self, is_listening: bool) {
        let mut settings = self.settings.clone();
        if is_listening {
            settings.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        }
        let _closed = tcsetattr(stdin(), OptionalActions::Now, &settings);
    }

    /// Reads one key, and says whether there will be more.
    fn press(&mut self) -> bool {
        let mut byte = [0_u8; 1];
        let Ok(1) = rustix::io::read(stdin(), &mut byte) else {
            return false;
        };
        let key = match byte[0] {
            b'r' | b'\n' => Key::Again,
            b'q' => Key::Quit,
            b'f' => Key::Filter(self.filter()),
            _ => return true,
        };
        self.sender.send(Message::Other(Own::Key(key))).is_ok()
    }

    fn filter(&self) -> String {
        self.set(false);
        self.output
            .ask("only files whose path holds (nothing for all): ");
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        self.set(true);
        read.map_or_else(|_closed| String::new(), |_| line.trim().to_owned())
    }
}
