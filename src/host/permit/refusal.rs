//! The message of a refusal: who may not do what, and the line that would allow it.

use super::{Access, GrantedBy, Level, Permit, Service};
use crate::base::Error;

/// What was wanted and not granted.
pub(super) enum Wanted<'a> {
    Path(Access, &'a str),
    Temporary,
    /// A path that goes upward.
    Upward(&'a str),
    /// A path that leads through a link to nowhere, or that cannot be followed.
    Lost(&'a str),
    /// The folders behind links.
    Following,
    Run(&'a str),
    /// A program that the script may write.
    Writable(&'a str),
    Net(&'a str),
    /// A setting, and whether it is a secret.
    Setting(&'a str, bool),
    Task(&'a str),
    Service(&'a str, Service, Level),
    /// A function that no permission covers.
    Unlisted(&'a str),
}

/// What to add: the permission, what it has to hold, and the flag of an untrusted script, if there is one.
struct Missing {
    permission: &'static str,
    line: String,
    flag: Option<String>,
}

impl Permit {
    pub(super) fn refuse(&self, wanted: Wanted<'_>) -> Error {
        let who = match &self.granted_by {
            GrantedBy::Declaration { task, .. } => format!("task `{task}`"),
            GrantedBy::Flags => "an untrusted script".to_owned(),
        };
        let error = Error::refused(format!("{who} may not {}", wanted.deed()));
        let Some(missing) = wanted.missing() else {
            return error.hint(wanted.why_never());
        };
        let hint = match (&self.granted_by, missing.flag) {
            (GrantedBy::Declaration { place, .. }, _) => {
                format!("add to its `allow` ({place}): {}", missing.line)
            }
            (GrantedBy::Flags, Some(flag)) => format!("whoever runs it can grant it: {flag}"),
            (GrantedBy::Flags, None) => "no flag grants this".to_owned(),
        };
        error.hint(hint).field("permission", missing.permission)
    }
}

impl Wanted<'_> {
    fn deed(&self) -> String {
        match self {
            Self::Path(Access::Read, path) => format!("read `{path}`"),
            Self::Path(Access::Write, path) => format!("write `{path}`"),
            Self::Temporary => "make temporary files".to_owned(),
            Self::Upward(path) => format!("use `{path}`: it goes upward with `..`"),
            Self::Lost(path) => format!("use `{path}`: it cannot be told where that leads"),
            Self::Following => "enter folders that links lead to".to_owned(),
            Self::Run(program) => format!("run `{program}`"),
            Self::Writable(program) => format!("run `{program}`, which it may write"),
            Self::Net(to) => format!("talk to `{to}`"),
            Self::Setting("*", _) => "read all settings".to_owned(),
            Self::Setting(name, true) => format!("read the secret `{name}`"),
            Self::Setting(name, false) => format!("read the setting `{name}`"),
            Self::Task(name) => format!("run task `{name}`"),
            Self::Service(function, _, _) | Self::Unlisted(function) => {
                format!("call `{function}`")
            }
        }
    }

    fn missing(&self) -> Option<Missing> {
        let list = |permission, value: &str, flag: Option<String>| {
            let line = format!("`{permission}: [\"{value}\"]`");
            Some(Missing {
                permission,
                line,
                flag,
            })
        };
        let flag = |flag: &str, value: &str| Some(format!("`--allow-{flag} {value}`"));
        match *self {
            Self::Path(Access::Read, path) => list("read", path, flag("read", path)),
            Self::Path(Access::Write, path) => list("write", path, flag("write", path)),
            Self::Run(program) => list("run", program, flag("run", program)),
            Self::Net(to) => list("net", to, flag("net", to)),
            Self::Setting(name, true) => list("secrets", name, None),
            Self::Setting(name, false) => list("env", name, None),
            Self::Task(name) => list("tasks", name, None),
            Self::Service(_, service, level) => {
                let (permission, flag) = match service {
                    Service::Database => ("db", flag("db", &level.to_string())),
                    Service::Redis => ("redis", None),
                    Service::Docker => ("docker", None),
                };
                let line = format!("`{permission}: \"{level}\"`");
                Some(Missing {
                    permission,
                    line,
                    flag,
                })
            }
            Self::Temporary
            | Self::Upward(_)
            | Self::Lost(_)
            | Self::Following
            | Self::Writable(_)
            | Self::Unlisted(_) => None,
        }
    }

    fn why_never(&self) -> &'static str {
        match self {
            Self::Temporary => "whoever may write anything gets them too",
            Self::Upward(_) => "write the path without `..`",
            Self::Lost(_) => "look at the links on its way",
            Self::Following => "walk the folders themselves",
            Self::Writable(_) => "let it write elsewhere than where the program is",
            _ => "no permission covers this function",
        }
    }
}
