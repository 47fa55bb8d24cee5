//! A terminal for a command: it types keys, has a size, and sees what a person would see.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::{HUNG, LEXI, Project};

/// A command in a terminal of its own.
pub(crate) struct Terminal {
    keyboard: File,
    /// Held so that the terminal's settings outlive the command.
    screen: File,
    child: Child,
    seen: Vec<u8>,
    /// What was waited for already.
    past: usize,
}

impl Project {
    /// Runs `lexi` in a terminal of this many rows and columns.
    #[track_caller]
    pub(crate) fn terminal(&self, args: &[&str], size: (u16, u16)) -> Terminal {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let screen = File::from(ioctl_tiocgptpeer(&keyboard, flags).unwrap());
        let plain = self.command(args);
        // It takes the terminal for its own, so that keys and a new size make signals.
        let mut command = Command::new("setsid");
        command.args(["--ctty", LEXI]).args(args).env_clear();
        for (name, value) in plain.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command
            .env("TERM", "xterm")
            .current_dir(plain.get_current_dir().unwrap());
        let end = || Stdio::from(screen.try_clone().unwrap());
        command.stdin(end()).stdout(end()).stderr(end());
        let keyboard = File::from(keyboard);
        resize(&keyboard, size);
        let child = command.spawn().unwrap();
        Terminal {
            keyboard,
            screen,
            child,
            seen: Vec::new(),
            past: 0,
        }
    }
}

fn resize(terminal: &File, (rows, columns): (u16, u16)) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).unwrap();
}

impl Terminal {
    /// Gives it another size.
    pub(crate) fn resize(&self, size: (u16, u16)) {
        resize(&self.keyboard, size);
    }

    /// Types keys.
    pub(crate) fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until this is shown behind what was waited for before.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) {
        assert!(
            self.shows_within(text, HUNG),
            "not shown: {text:?}\n{}",
            self.text()
        );
    }

    /// Whether this is shown in time.
    pub(crate) fn shows_within(&mut self, text: &str, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            let new = &self.seen[self.past..];
            let found = new
                .windows(text.len())
                .position(|window| window == text.as_bytes());
            if let Some(at) = found {
                self.past += at + text.len();
                return true;
            }
            if Instant::now() > deadline || !self.read() {
                return false;
            }
        }
    }

    /// Reads what is there, for a moment; says whether more may come.
    fn read(&mut self) -> bool {
        let has_ended = self.child.try_wait().unwrap().is_some();
        let mut ready = [PollFd::new(&self.keyboard, PollFlags::IN)];
        let moment = Timespec {
            tv_sec: 0,
            tv_nsec: 20_000_000,
        };
        let count = poll(&mut ready, Some(&moment)).unwrap();
        if count == 0 {
            return !has_ended;
        }
        let mut buffer = [0; 4096];
        let count = self.keyboard.read(&mut buffer).unwrap();
        self.seen.extend_from_slice(&buffer[..count]);
        true
    }

    /// All that was shown.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// The same as it came.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.seen
    }

    /// Whether keys go to the program one by one and as they are.
    pub(crate) fn is_raw(&self) -> bool {
        let modes = tcgetattr(&self.screen).unwrap().local_modes;
        !modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Whether it is as a shell expects it.
    pub(crate) fn is_sane(&self) -> bool {
        let modes = tcgetattr(&self.screen).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// The process of the command.
    pub(crate) fn pid(&self) -> i32 {
        self.child.id().try_into().unwrap()
    }

    /// Waits until the command ends; gives its exit code.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> i32 {
        let deadline = Instant::now() + HUNG;
        while self.read() {
            assert!(Instant::now() < deadline, "it hangs\n{}", self.text());
        }
        let status = self.child.wait().unwrap();
        status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal))
            .unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
