//! Reads `allow: #{ .. }` of a declaration: what the task is held to.

use rhai::{Expr, Position};

use super::declaration::Reader;
use crate::base::text::did_you_mean;
use crate::host::permit::{Allow, Level, Service, is_net_grant};

/// Reads the permissions; what is misspelt or means nothing is a finding, and grants nothing.
pub(super) fn read(reader: &mut Reader<'_>, value: &Expr) -> Allow {
    let mut allow = Allow::default();
    for (key, at, value) in reader.entries(value, "`allow`") {
        match key {
            "read" => allow.read = paths(reader, value, "`read`"),
            "write" => allow.write = paths(reader, value, "`write`"),
            "run" => allow.run = names(reader, value, "`run`"),
            "net" => allow.net = machines(reader, value),
            "env" => allow.env = names(reader, value, "`env`"),
            "secrets" => allow.secrets = names(reader, value, "`secrets`"),
            "tasks" => allow.tasks = names(reader, value, "`tasks`"),
            "db" => allow.db = level(reader, value, Service::Database),
            "redis" => allow.redis = level(reader, value, Service::Redis),
            "docker" => allow.docker = level(reader, value, Service::Docker),
            unknown => reader.unknown(at, "permission", unknown, &Allow::NAMES),
        }
    }
    allow
}

fn list(reader: &mut Reader<'_>, value: &Expr, what: &str) -> Vec<(String, Position)> {
    reader.texts(value, what, "an array of strings")
}

fn names(reader: &mut Reader<'_>, value: &Expr, what: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (name, at) in list(reader, value, what) {
        if name.is_empty() {
            reader.problem(at, format!("{what} holds a name that is empty"));
        } else {
            names.push(name);
        }
    }
    names
}

fn paths(reader: &mut Reader<'_>, value: &Expr, what: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (path, at) in list(reader, value, what) {
        let problem = if path.is_empty() || path.split('/').any(|part| part == "..") {
            Some("write a path without `..`; `.` is the project's folder")
        } else if path.contains(['*', '?']) {
            Some("a folder allows all it holds; patterns are not read here")
        } else {
            None
        };
        match problem {
            Some(hint) => {
                let message = format!("`{path}` in {what} is not a file or folder");
                reader.problem_with(at, message, Some(hint.to_owned()));
            }
            None => paths.push(path),
        }
    }
    paths
}

fn machines(reader: &mut Reader<'_>, value: &Expr) -> Vec<String> {
    let mut machines = Vec::new();
    for (machine, at) in list(reader, value, "`net`") {
        if is_net_grant(&machine) {
            machines.push(machine);
        } else {
            let hint = "write `host:port`, such as `api.example.org:443`, or `host:*`".to_owned();
            let message = format!("`{machine}` in `net` is not a machine and a port");
            reader.problem_with(at, message, Some(hint));
        }
    }
    machines
}

fn level(reader: &mut Reader<'_>, value: &Expr, service: Service) -> Option<Level> {
    let text = reader.text(value, &format!("`{service}`"))?;
    let known = service.levels();
    let found = Level::NAMES
        .iter()
        .find(|(name, level)| *name == text && known.contains(level));
    if let Some((_, level)) = found {
        return Some(*level);
    }
    let names: Vec<String> = known.iter().map(ToString::to_string).collect();
    let hint = match did_you_mean(&text, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("levels are {}", names.join(", ")),
    };
    let message = format!("`{service}` has no level `{text}`");
    reader.problem_with(value.start_position(), message, Some(hint));
    None
}
