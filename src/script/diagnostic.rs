//! A finding in a script: where, what, and what to do. Drawing it is `cli/render.rs`' job.

use rhai::Position;
use serde::{Deserialize, Serialize};

/// A place in a file; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file as people know it: relative to the project's folder.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// The place of a position in a file; the start of the file when it has none.
    pub fn new(file: &str, position: Position) -> Self {
        Self {
            file: file.to_owned(),
            line: position.line().unwrap_or(1),
            column: position.position().unwrap_or(1),
        }
    }

    /// The position in its file.
    pub fn position(&self) -> Position {
        let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        Position::new(number(self.line), number(self.column))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// How bad a finding is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The script cannot work as it is.
    #[default]
    Error,
    /// Probably a mistake.
    Warning,
}

/// What kind of mistake a finding is; its name is what `--json` and the tests know it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The compiler does not understand it.
    Syntax,
    /// A field of a declaration is misspelt, computed, or of the wrong type.
    Declaration,
    /// A function that does not exist.
    UnknownFunction,
    /// A namespace that does not exist.
    UnknownModule,
    /// A variable or constant that does not exist.
    UnknownVariable,
    /// A method that nothing has.
    UnknownMethod,
    /// An option that a function does not know.
    UnknownOption,
    /// A task that is run by a name that no task has, or with an argument it does not take.
    UnknownTask,
    /// Too many or too few arguments.
    ArgumentCount,
    /// A literal of a type that a function does not take.
    ArgumentType,
    /// A variable, constant or parameter that nothing reads.
    UnusedVariable,
    /// An import that nothing uses.
    UnusedImport,
    /// A function that nothing can call.
    UnusedFunction,
    /// A name that hides another one.
    ShadowedName,
    /// Two tasks of one name.
    DuplicateTask,
    /// A need that no task has the name of.
    MissingNeed,
    /// Tasks that need each other.
    CyclicNeed,
    /// An import of a script that is not there.
    MissingImport,
    /// Libraries that import each other.
    CyclicImport,
    /// A call that cannot be followed, such as `eval`.
    Forbidden,
    /// A closure that rhai cannot tell from one of another script.
    SameClosure,
    /// An entry of `[schedule]` that cannot run.
    Schedule,
    /// A file that is no text, or an index that is damaged.
    Unreadable,
    /// A user-wide file that somebody else could have written.
    Untrusted,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Where it is.
    pub place: Place,
    /// How bad it is.
    #[serde(default)]
    pub severity: Severity,
    /// What kind of mistake it is.
    pub rule: Rule,
    /// What is wrong; lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Other places that belong to it, each with what is there.
    pub related: Vec<(Place, String)>,
}

impl Diagnostic {
    /// A finding at a place.
    pub fn new(rule: Rule, place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            severity: Severity::Error,
            rule,
            message: message.into(),
            hint: None,
            related: Vec::new(),
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// Changes how bad it is.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Adds another place that belongs to it.
    #[must_use]
    pub fn also(mut self, place: Place, what: impl Into<String>) -> Self {
        self.related.push((place, what.into()));
        self
    }
}
