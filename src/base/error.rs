//! The one error of the crate: a kind a caller can act on, what happened, what to do, and why.
//!
//! Rendering is not its job: `cli/render.rs` draws it, `host/bridge.rs` turns it into a script's value.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// Result with the crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What a caller can do something about; the stable string of it is what scripts see as `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A thing that was named does not exist.
    NotFound,
    /// An argument, option or setting has an unusable value.
    Invalid,
    /// The command line or the configuration is wrong.
    Usage,
    /// A guard said no; nothing was done.
    Refused,
    /// A server or program that is needed does not answer or is not installed.
    Unavailable,
    /// It took longer than allowed.
    Timeout,
    /// The run was asked to stop.
    Cancelled,
    /// Something else holds it or is already there.
    Conflict,
    /// A named lock is held by another run.
    Locked,
    /// A program ended with a failure.
    ProcessFailed,
    /// Reading or writing a file failed.
    Io,
    /// A file or stream is damaged or incomplete.
    Corrupt,
    /// PostgreSQL refused or failed.
    Database,
    /// Redis refused or failed.
    Redis,
    /// The container engine refused or failed.
    Docker,
    /// An HTTP request failed.
    Http,
    /// A script failed by itself (a throw, a type error, a syntax error).
    Script,
    /// A promise inside `lexi` was broken; a bug.
    Internal,
}

impl Kind {
    /// The stable name that scripts compare with `e.kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::Usage => "usage",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Conflict => "conflict",
            Self::Locked => "locked",
            Self::ProcessFailed => "process_failed",
            Self::Io => "io",
            Self::Corrupt => "corrupt",
            Self::Database => "database",
            Self::Redis => "redis",
            Self::Docker => "docker",
            Self::Http => "http",
            Self::Script => "script",
            Self::Internal => "internal",
        }
    }

    /// The kind with this stable name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The stable names of all kinds.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().map(Self::as_str)
    }

    const ALL: [Self; 18] = [
        Self::NotFound,
        Self::Invalid,
        Self::Usage,
        Self::Refused,
        Self::Unavailable,
        Self::Timeout,
        Self::Cancelled,
        Self::Conflict,
        Self::Locked,
        Self::ProcessFailed,
        Self::Io,
        Self::Corrupt,
        Self::Database,
        Self::Redis,
        Self::Docker,
        Self::Http,
        Self::Script,
        Self::Internal,
    ];
}

/// What happened, with everything a person or a script needs to act on it.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    hint: Option<String>,
    fields: BTreeMap<String, Value>,
    source: Option<Source>,
}

impl Error {
    /// An error of `kind`; the message is lower case, without a full stop, values in backticks.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            fields: BTreeMap::new(),
            source: None,
        }
    }

    /// A named thing does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// A value is unusable.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// The command line or configuration is wrong; exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A guard said no.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// Something that is needed is not there or does not answer.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    /// A file or stream is damaged.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(Kind::Corrupt, message)
    }

    /// A promise inside `lexi` was broken.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// An input/output error with what was being done, such as "cannot read `a.txt`".
    pub fn io(doing: impl Into<String>, source: std::io::Error) -> Self {
        let kind = match source.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            _ => Kind::Io,
        };
        Self::new(kind, doing).because(source)
    }

    /// Adds what to do about it: a command to paste when there is one.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a named value that scripts can read from the caught error.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Puts what was being done in front of the message.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }

    /// Puts the state that is left behind, or another fact, after the message.
    #[must_use]
    pub fn state(mut self, left: &str) -> Self {
        self.message.push_str(left);
        self
    }

    /// What a caller can act on.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What happened, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Named values that belong to this error, such as `sqlstate` or `exit_code`.
    pub const fn fields(&self) -> &BTreeMap<String, Value> {
        &self.fields
    }

    /// The causes, outermost first, each as one line; a cause that the one before already says is left out.
    pub fn causes(&self) -> Vec<String> {
        let mut said = self.message.clone();
        let mut causes = Vec::new();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            let line = cause.to_string();
            if !said.contains(&line) {
                causes.push(line.clone());
                said = line;
            }
            next = cause.source();
        }
        causes
    }

    /// The message with its causes in one line.
    pub fn full_message(&self) -> String {
        std::iter::once(self.message.clone())
            .chain(self.causes())
            .collect::<Vec<_>>()
            .join(": ")
    }

    /// The exit code of the process when this error ends the run (documented in README.md).
    pub fn exit_code(&self) -> u8 {
        if let Some(code) = self.fields.get("exit_status").and_then(Value::as_u64) {
            return u8::try_from(code).unwrap_or(1);
        }
        match self.kind {
            Kind::Usage => 2,
            Kind::Locked => 75,
            Kind::Timeout => 124,
            Kind::Cancelled => 130,
            _ => 1,
        }
    }

    /// Fixes the exit code of the process when this error ends the run.
    #[must_use]
    pub fn exit_status(self, code: u8) -> Self {
        self.field("exit_status", code)
    }

    /// The same, said to people already: another run of this program has failed in front of them.
    #[must_use]
    pub fn told(self) -> Self {
        self.field("told", true)
    }

    /// Whether people know of it already.
    pub fn is_told(&self) -> bool {
        self.fields.get("told") == Some(&Value::Bool(true))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn a_cause_that_repeats_the_message_is_left_out() {
        let error = Error::invalid("cannot parse: bad digit").because("bad digit");

        assert!(error.causes().is_empty());
    }

    #[test]
    fn exit_codes_follow_the_documented_table() {
        let cases = [
            (Error::usage("x"), 2),
            (Error::new(Kind::Locked, "x"), 75),
            (Error::new(Kind::Timeout, "x"), 124),
            (Error::new(Kind::Cancelled, "x"), 130),
            (Error::invalid("x"), 1),
            (Error::new(Kind::ProcessFailed, "x").exit_status(42), 42),
        ];
        for (error, code) in cases {
            assert_eq!(error.exit_code(), code, "{:?}", error.kind());
        }
    }
}
