//! A task as declared: plain data, the same whether read from a script or from the index.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::diagnostic::Place;
use crate::base::schedule::Schedule;
use crate::host::permit::{Allow, Permit};

/// One `task(..)` declaration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its name, as typed.
    pub name: String,
    /// The title of its file.
    pub group: String,
    /// Where its name stands.
    pub place: Place,
    /// What it does, in one line.
    pub about: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Tasks that run before it, each with the place of its name.
    pub needs: Vec<(String, Place)>,
    /// The named lock it holds while it runs.
    pub lock: Option<String>,
    /// The question asked before anything runs.
    pub confirm: Option<String>,
    /// How long it may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Whether it destroys data.
    pub destructive: bool,
    /// Whether `list` leaves it out.
    pub hidden: bool,
    /// Whether it is the user's own, for every project.
    #[serde(default)]
    pub user_wide: bool,
    /// Patterns of the files that it reads.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Patterns of the files that it writes.
    #[serde(default)]
    pub generates: Vec<String>,
    /// The settings that its result depends on.
    #[serde(default)]
    pub env: Vec<String>,
    /// Command lines that show how it is used.
    #[serde(default)]
    pub examples: Vec<String>,
    /// When it runs by itself, each with its place.
    #[serde(default)]
    pub schedules: Vec<(Schedule, Place)>,
    /// Its parameters, in the order of the closure's.
    pub params: Vec<Param>,
    /// What it may do; nothing here means everything.
    #[serde(default)]
    pub allow: Option<Allow>,
}

impl Task {
    /// What it is held to while it runs.
    pub(super) fn permit(&self) -> Option<Permit> {
        let allow = self.allow.clone()?;
        Some(Permit::declared(&self.name, self.place.to_string(), allow))
    }

    /// The way to call it: `restore [FILE] [--days INT]`.
    pub fn usage(&self) -> String {
        let (positionals, options): (Vec<&Param>, Vec<&Param>) = self
            .params
            .iter()
            .partition(|param| param.kind == ParamKind::Positional);
        let params = positionals
            .iter()
            .chain(&options)
            .map(|param| param.usage());
        std::iter::once(self.name.clone())
            .chain(params)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// One parameter of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// The name, the same as the closure's parameter.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// What a value may be.
    #[serde(rename = "type")]
    pub ty: ParamType,
    /// How it is given on the command line.
    pub kind: ParamKind,
    /// Whether a call without it is an error.
    pub required: bool,
    /// The value when it is not given.
    pub value: Option<Value>,
    /// The setting that gives the value when it is not given.
    pub env: Option<String>,
    /// What it is, in one line.
    pub about: String,
    /// A letter for `-x`.
    pub short: Option<char>,
    /// The values it may have, where they are fixed.
    pub choices: Vec<String>,
    /// Whether a closure in the declaration lists the choices for completion.
    pub dynamic_choices: bool,
}

impl Param {
    /// The name after `--`.
    pub fn flag_name(&self) -> String {
        self.name.replace('_', "-")
    }

    /// Whether it is a flag that is true unless it is switched off with `--no-..`.
    pub fn is_on(&self) -> bool {
        self.kind == ParamKind::Flag && self.value == Some(Value::Bool(true))
    }

    fn usage(&self) -> String {
        let (flag, value) = (self.flag_name(), self.value_name());
        let usage = match (self.kind, self.ty) {
            (ParamKind::Positional, ParamType::List) => format!("{value}..."),
            (ParamKind::Positional, _) => value,
            (ParamKind::Option, _) => format!("--{flag} {value}"),
            (ParamKind::Flag, _) if self.is_on() => format!("--no-{flag}"),
            (ParamKind::Flag, _) => format!("--{flag}"),
        };
        if self.required {
            usage
        } else {
            format!("[{usage}]")
        }
    }

    /// What stands for its value in a usage line.
    pub fn value_name(&self) -> String {
        match self.kind {
            ParamKind::Positional => self.name.to_uppercase(),
            _ => self.ty.to_string().to_uppercase().replace('-', "_"),
        }
    }
}

/// What a parameter's value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParamType {
    /// Any text.
    String,
    /// A whole number.
    Int,
    /// True or false.
    Bool,
    /// A path; relative to where the command was typed, bound absolute.
    Path,
    /// A duration such as `10m`, bound as text that every host function understands.
    Duration,
    /// A size such as `64k`, bound as a number of bytes.
    Size,
    /// One of `choices`.
    OneOf,
    /// Several texts: a repeatable option, or all remaining positionals.
    List,
}

impl ParamType {
    /// All types, by the names they have in declarations.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("string", Self::String),
        ("int", Self::Int),
        ("bool", Self::Bool),
        ("path", Self::Path),
        ("duration", Self::Duration),
        ("size", Self::Size),
        ("one-of", Self::OneOf),
        ("list", Self::List),
    ];
}

impl fmt::Display for ParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES
            .iter()
            .find(|(_, ty)| ty == self)
            .map_or("string", |(name, _)| name);
        f.write_str(name)
    }
}

/// How a parameter is given on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParamKind {
    /// By its place.
    Positional,
    /// `--name VALUE`.
    Option,
    /// `--name`, without a value.
    Flag,
}
