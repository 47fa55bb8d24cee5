//! How a program ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::base::{Error, Kind, Result, cancel::signal_name};

/// How many of the last lines of stderr stand in the message of a failure.
const LINES_IN_MESSAGE: usize = 5;

/// How a program ended: with a code, or by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exit {
    /// What the program returned; none when a signal ended it.
    pub code: Option<i32>,
    /// The number of the signal that ended it.
    pub signal: Option<i32>,
}

impl Exit {
    /// Whether the program says that it did what it was asked to do.
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// The code as a shell has it: the program's own, or 128 and the signal.
    pub fn shell_code(&self) -> i32 {
        self.code
            .or_else(|| self.signal.map(|signal| 128 + signal))
            .unwrap_or(-1)
    }

    /// Nothing for a success; for a failure an error that carries the code and the end of stderr.
    pub fn ok(&self, program: &str, stderr_tail: &str) -> Result<()> {
        if self.is_success() {
            return Ok(());
        }
        let stderr = stderr_tail.trim_end();
        let mut message = format!("`{program}` {self}");
        let lines: Vec<&str> = stderr.lines().collect();
        let last = &lines[lines.len().saturating_sub(LINES_IN_MESSAGE)..];
        if !last.is_empty() {
            message = format!("{message}: {}", last.join("\n"));
        }
        Err(Error::new(Kind::ProcessFailed, message)
            .field("program", program)
            .field("exit_code", self.code)
            .field("signal", self.signal)
            .field("stderr", stderr))
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        Self {
            code: status.code(),
            signal: status.signal(),
        }
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exited with code {code}"),
            (None, Some(signal)) => {
                let name = signal_name(usize::try_from(signal).unwrap_or_default());
                write!(f, "was ended by {name}")
            }
            (None, None) => f.write_str("ended, nobody knows how"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_carries_its_code_and_the_end_of_stderr() {
        let exit = Exit {
            code: Some(3),
            signal: None,
        };

        let error = exit.ok("pg_dump", "1\n2\n3\n4\n5\n6\n").unwrap_err();

        assert_eq!(
            error.message(),
            "`pg_dump` exited with code 3: 2\n3\n4\n5\n6"
        );
        assert_eq!(error.fields()["exit_code"], 3);
        assert_eq!(error.fields()["stderr"], "1\n2\n3\n4\n5\n6");
        assert_eq!(error.exit_code(), 1);
    }

    #[test]
    fn a_signal_is_named() {
        let exit = Exit {
            code: None,
            signal: Some(9),
        };

        assert_eq!(
            exit.ok("x", "").unwrap_err().message(),
            "`x` was ended by SIGKILL"
        );
        assert_eq!(exit.shell_code(), 137);
    }
}
