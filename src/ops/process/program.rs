//! A program to start, as data.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::termios::isatty;

use super::lookup;
use super::registry::{RUN_ID, Registry};
use crate::base::redact::Redactor;
use crate::base::{Error, Result, Secret};

/// What a program reads from its standard input.
#[derive(Debug, Clone, Default)]
pub enum Stdin {
    /// Nothing: the end of the file at once.
    #[default]
    Null,
    /// These bytes, then the end of the file.
    Bytes(Vec<u8>),
    /// This file.
    File(PathBuf),
    /// What we read ourselves; not for a terminal, which only a program in the foreground may read.
    Inherit,
    /// What is written to [`super::Running::take_stdin`].
    Piped,
}

/// A program, its arguments and what surrounds it; nothing is started yet.
///
/// Its environment is that of this process, all of it, with the given variables added. It is not a copy of the
/// settings: a value of a `.env` file reaches a program only when it is passed with [`Program::env`].
#[derive(Debug, Clone)]
pub struct Program {
    name: String,
    args: Vec<OsString>,
    variables: Vec<(OsString, Variable)>,
    is_clear: bool,
    dir: Option<PathBuf>,
    pub(super) stdin: Stdin,
    pub(super) limit: Option<Duration>,
    pub(super) grace: Option<Duration>,
    pub(super) redactor: Arc<Redactor>,
}

#[derive(Debug, Clone)]
enum Variable {
    Plain(OsString),
    Secret(Secret),
}

impl Program {
    /// A program by its name, looked up in `PATH`, or by its path.
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            name: program.into(),
            args: Vec::new(),
            variables: Vec::new(),
            is_clear: false,
            dir: None,
            stdin: Stdin::Null,
            limit: None,
            grace: None,
            redactor: Arc::default(),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables
            .push((name.into(), Variable::Plain(value.into())));
        self
    }

    /// Sets a variable whose value is never shown.
    #[must_use]
    pub fn secret_env(mut self, name: impl Into<OsString>, value: &Secret) -> Self {
        self.variables
            .push((name.into(), Variable::Secret(value.clone())));
        self
    }

    /// Starts from an empty environment; variables set before and after this stay.
    #[must_use]
    pub fn clear_env(mut self) -> Self {
        self.is_clear = true;
        self
    }

    /// The folder it starts in.
    #[must_use]
    pub fn dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.dir = Some(path.into());
        self
    }

    /// What it reads; nothing by default.
    #[must_use]
    pub fn stdin(mut self, stdin: Stdin) -> Self {
        self.stdin = stdin;
        self
    }

    /// How long it may take before it is stopped, which is then an error of kind `timeout`.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How long it may take to end after SIGTERM before it gets SIGKILL; [`super::GRACE`] by default.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// The secrets that a long line of output is not cut in, so that whoever prints its pieces can mask them.
    #[must_use]
    pub fn redactor(mut self, redactor: &Arc<Redactor>) -> Self {
        self.redactor = Arc::clone(redactor);
        self
    }

    /// The name as it was given, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the program's file is.
    pub fn find(&self, registry: &Registry) -> Result<PathBuf> {
        let own = self
            .variables
            .iter()
            .rev()
            .find_map(|(name, value)| match value {
                Variable::Plain(value) if name == "PATH" => value.to_str(),
                _ => None,
            });
        let path = own.unwrap_or_else(|| registry.path());
        lookup::find(&self.name, path, self.dir.as_deref())
    }

    /// The command with its arguments, folder and environment, and the mark of the run.
    pub(super) fn to_command(&self, registry: &Registry) -> Result<std::process::Command> {
        if let Some(dir) = self.dir.as_deref().filter(|dir| !dir.is_dir()) {
            let message = format!("cannot start `{}` in `{}`", self.name, dir.display());
            return Err(Error::not_found(format!(
                "{message}: there is no such folder"
            )));
        }
        let mut command = bare(self.find(registry)?);
        command.arg0(&self.name).args(&self.args);
        if self.is_clear {
            command.env_clear();
        }
        for (name, value) in &self.variables {
            match value {
                Variable::Plain(value) => command.env(name, value),
                Variable::Secret(value) => command.env(name, value.reveal()),
            };
        }
        command.env(RUN_ID, registry.run_id());
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        Ok(command)
    }

    /// What its standard input is connected to.
    pub(super) fn stdin_source(&self) -> Result<Stdio> {
        match &self.stdin {
            Stdin::Null => Ok(Stdio::null()),
            Stdin::Bytes(_) | Stdin::Piped => Ok(Stdio::piped()),
            // The system would stop a program of another group when it reads from the terminal.
            Stdin::Inherit if isatty(rustix::stdio::stdin()) => Err(Error::invalid(format!(
                "`{}` cannot read from the terminal while its output is read",
                self.name
            ))
            .hint("start it with `process::foreground`")),
            Stdin::Inherit => Ok(Stdio::inherit()),
            Stdin::File(path) => open(path).map(Into::into),
        }
    }
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| Error::io(format!("cannot read `{}`", path.display()), e))
}

/// A command for a server that is meant to outlive the run: it does not carry the run's mark, and nobody ends it.
pub fn command(program: impl AsRef<OsStr>) -> std::process::Command {
    let mut command = bare(program);
    command.env_remove(RUN_ID);
    command
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where programs are started"
)]
fn bare(program: impl AsRef<OsStr>) -> std::process::Command {
    std::process::Command::new(program)
}
