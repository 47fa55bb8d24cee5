//! What each function needs: the table behind [`super::enter`]. A function that is not here is refused to every script that
//! is held to a permit, so a new one cannot be forgotten.

use super::{Access, Level, Service};

/// Something that has to be granted before a function may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A service, at a level.
    Service(Service, Level),
    /// A place that the function itself knows.
    Path(Access, &'static str),
    /// The folder of the backups.
    Backups(Access),
    /// All settings.
    AllSettings,
    /// Temporary files: for those who may write anything.
    Temporary,
}

const DB_READ: Need = Need::Service(Service::Database, Level::Read);
const DB_WRITE: Need = Need::Service(Service::Database, Level::Write);
const DB_ADMIN: Need = Need::Service(Service::Database, Level::Admin);
const REDIS_READ: Need = Need::Service(Service::Redis, Level::Read);
const REDIS_WRITE: Need = Need::Service(Service::Redis, Level::Write);
const DOCKER_READ: Need = Need::Service(Service::Docker, Level::Read);
const DOCKER_WRITE: Need = Need::Service(Service::Docker, Level::Write);
const DOCKER_ADMIN: Need = Need::Service(Service::Docker, Level::Admin);
const SEE_BACKUPS: Need = Need::Backups(Access::Read);
const CHANGE_BACKUPS: Need = Need::Backups(Access::Write);

/// What a function needs; None when nobody has listed it. An empty list is a function without effect, or one that looks at
/// the very path, program, machine, setting or task that it is given.
pub(super) fn of(function: &str) -> Option<&'static [Need]> {
    let (namespace, name) = function.split_once("::").unwrap_or(("", function));
    let needs: &[Need] = match namespace {
        "" => of_flow(name)?,
        "fs" => match name {
            "temp_dir" | "temp_file" => &[Need::Temporary],
            "absolute" | "append" | "copy" | "disk_free" | "exists" | "glob" | "is_dir"
            | "is_file" | "make_dir" | "move" | "read" | "read_bytes" | "read_lines" | "remove"
            | "sha256" | "stat" | "stream" | "usage" | "walk" | "write" => &[],
            _ => return None,
        },
        "archive" => match name {
            "compress" | "create" | "decompress" | "extract" | "list" | "verify" => &[],
            _ => return None,
        },
        "process" => match name {
            "find" | "foreground" | "output" | "pipe" | "require" | "run" | "sh" => &[],
            _ => return None,
        },
        "env" => match name {
            "all" => &[Need::AllSettings],
            "bool" | "get" | "has" | "int" | "origin" | "require" | "secret" => &[],
            _ => return None,
        },
        "http" => match name {
            "delete" | "get" | "head" | "json" | "patch" | "post" | "put" | "request"
            | "status" => &[],
            _ => return None,
        },
        "db" => of_database(name)?,
        "migrate" | "seed" => of_schema(function)?,
        "backup" => of_backup(name)?,
        "redis" => of_redis(name)?,
        "stack" | "docker" | "tls" => of_services(function)?,
        "task" => match name {
            "run" => &[],
            _ => return None,
        },
        // They speak with the person in front, or read the clock.
        "time" | "ui" | "log" => &[],
        _ => return None,
    };
    Some(needs)
}

/// Functions without a namespace: what steers the run, and the stages and sinks of a pipeline. What flows into one was
/// looked at where it starts, what it writes and runs where that is named.
fn of_flow(name: &str) -> Option<&'static [Need]> {
    match name {
        "attempt" | "defer" | "ensure" | "parallel" | "parallel_map" | "retry" | "sort"
        | "sort_by" | "timeout" | "count" | "gunzip" | "gzip" | "into" | "text" | "verify"
        | "write" => Some(&[]),
        _ => None,
    }
}

fn of_database(name: &str) -> Option<&'static [Need]> {
    Some(match name {
        "close" | "ident" | "literal" => &[],
        "connect" | "copy_out" | "databases" | "exec" | "exists" | "one" | "query" | "sessions"
        | "size" | "target" | "transaction" | "value" | "wait" => &[DB_READ],
        "batch" | "batch_file" | "copy_in" => &[DB_WRITE],
        "create" | "drop" | "rename" | "terminate" | "tune" => &[DB_ADMIN],
        _ => return None,
    })
}

fn of_schema(function: &str) -> Option<&'static [Need]> {
    Some(match function {
        "migrate::driver" => &[],
        "migrate::invalid_indexes" | "migrate::lint" | "migrate::status" => &[DB_READ],
        "migrate::adopt" | "migrate::baseline" | "migrate::locked" | "migrate::repair"
        | "migrate::revert" | "migrate::up" | "seed::load" | "seed::scale" => &[DB_WRITE],
        "migrate::create" => &[Need::Path(Access::Write, "migrations")],
        "migrate::generate" => &[DB_ADMIN, Need::Path(Access::Write, "migrations")],
        "migrate::init" | "migrate::snapshot" => &[DB_ADMIN],
        _ => return None,
    })
}

fn of_backup(name: &str) -> Option<&'static [Need]> {
    Some(match name {
        "age_hours" | "check" | "kept" | "list" | "verify" => &[SEE_BACKUPS],
        "clean" | "pin" => &[CHANGE_BACKUPS],
        "rules" => &[],
        "is_redis_given_up" => &[REDIS_READ],
        "create" => &[DB_READ, CHANGE_BACKUPS],
        "plan_restore" => &[DB_READ, SEE_BACKUPS],
        "restore" => &[DB_ADMIN, SEE_BACKUPS],
        "rollback" => &[DB_ADMIN],
        "adopt_redis" | "check_redis" | "put_redis" | "take_back_redis" => {
            &[REDIS_WRITE, DOCKER_WRITE, SEE_BACKUPS]
        }
        _ => return None,
    })
}

fn of_redis(name: &str) -> Option<&'static [Need]> {
    Some(match name {
        "get" | "info" | "ping" | "scan" | "wait" => &[REDIS_READ],
        "command" | "del" | "flush" | "set" => &[REDIS_WRITE],
        _ => return None,
    })
}

/// Making services anew is as good as the whole machine: a container may hold any of its folders.
fn of_services(function: &str) -> Option<&'static [Need]> {
    Some(match function {
        "tls::files" => &[],
        "docker::df" | "docker::events" | "docker::follow" | "docker::images" | "docker::info"
        | "docker::logs" | "docker::ping" | "docker::ps" | "docker::stats" | "stack::driver"
        | "stack::has_data" | "stack::logs" | "stack::missing" | "stack::plan" | "stack::port"
        | "stack::ps" | "stack::risks" | "stack::status" => &[DOCKER_READ],
        "docker::copy_in" | "docker::copy_out" | "docker::exec" | "docker::pull"
        | "docker::shell" | "docker::start" | "docker::stop" | "docker::tag" | "stack::exec"
        | "stack::shell" => &[DOCKER_WRITE],
        "docker::build"
        | "docker::prune"
        | "docker::remove"
        | "docker::remove_image"
        | "stack::down"
        | "stack::provision"
        | "stack::restart"
        | "stack::up"
        | "tls::make" => &[DOCKER_ADMIN],
        _ => return None,
    })
}
