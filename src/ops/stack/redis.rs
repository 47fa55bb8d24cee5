//! Whether a service is Redis, and what password it asks for, as far as its command says.

use std::path::Path;

use super::form;
use super::service::{NativeServer, Service};

/// A shorter one is tried out sooner than anybody notices.
const SHORTEST: usize = 8;

/// What a server asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Password {
    /// Nothing.
    None,
    /// One that is easily tried out.
    Short,
    /// A password, or a file of settings that nobody can look into from here.
    Set,
}

impl Password {
    fn of(text: &str) -> Self {
        match text.len() {
            0 => Self::None,
            // What a shell will put there is not known.
            length if length < SHORTEST && !text.starts_with('$') => Self::Short,
            _ => Self::Set,
        }
    }
}

/// Whether it is Redis, Valkey or `KeyDB`: by what it says, by its program, or by its image's name.
pub(super) fn is_redis(service: &Service) -> bool {
    service.native == Some(NativeServer::Redis)
        || words(service).iter().any(|word| is_server(word))
        || is_image(service.image.as_deref().unwrap_or_default())
}

fn is_server(word: &str) -> bool {
    let name = Path::new(word).file_name().and_then(|name| name.to_str());
    matches!(
        name,
        Some("redis-server" | "valkey-server" | "keydb-server")
    )
}

/// Whether the last part of an image's name has the server's name among its words, and none of what only uses one.
fn is_image(image: &str) -> bool {
    const SERVERS: [&str; 3] = ["redis", "valkey", "keydb"];
    const OTHERS: [&str; 12] = [
        "admin",
        "browser",
        "cli",
        "client",
        "commander",
        "exporter",
        "gui",
        "insight",
        "operator",
        "proxy",
        "ui",
        "worker",
    ];
    let name = image.rsplit('/').next().unwrap_or_default();
    let name = name.split([':', '@']).next().unwrap_or_default();
    let has = |names: &[&str]| {
        name.split(['-', '_', '.'])
            .any(|word| names.contains(&word))
    };
    has(&SERVERS) && !has(&OTHERS)
}

/// The program with its arguments; the line of a shell is split.
fn words(service: &Service) -> Vec<String> {
    let words = [service.entrypoint.as_slice(), service.command.as_slice()].concat();
    let shell = words
        .iter()
        .position(|word| word == "-c" || word == "-ec" || word == "-lc");
    let line = shell.and_then(|at| words.get(at + 1));
    match line.map(|line| form::split_words(line)) {
        Some(Ok(split)) => split,
        _ => words,
    }
}

/// What it asks for; the last directive counts, as in redis.conf.
pub(super) fn password(service: &Service) -> Password {
    let mut words = words(service);
    let image = service.image.as_deref().unwrap_or_default();
    if image.contains("redis-stack") {
        // Its start script hands them to the server.
        let more = service.variable("REDIS_ARGS");
        words.extend(more.reveal().split_whitespace().map(str::to_owned));
    }
    if lets_user_in(&words) {
        return Password::None;
    }
    let is_directive = |word: &String| word.eq_ignore_ascii_case("--requirepass");
    if let Some(at) = words.iter().rposition(is_directive) {
        return Password::of(words.get(at + 1).map_or("", |word| word.trim()));
    }
    let is_file = |word: &String| Path::new(word).extension() == Some("conf".as_ref());
    let server = words.iter().position(|word| is_server(word)).unwrap_or(0);
    if words.get(server + 1).is_some_and(is_file) {
        return Password::Set;
    }
    if service.native == Some(NativeServer::Redis) || image.contains("bitnami") {
        return Password::of(service.variable("REDIS_PASSWORD").reveal());
    }
    Password::None
}

/// Whether a `user` directive lets somebody in without a password (redis.io, ACL).
fn lets_user_in(words: &[String]) -> bool {
    let parts: Vec<&str> = words
        .iter()
        .flat_map(|word| word.split_whitespace())
        .collect();
    let mut users = (0..parts.len()).filter(|at| parts[*at].eq_ignore_ascii_case("--user"));
    users.any(|at| {
        let rules = || {
            parts[at + 1..]
                .iter()
                .take_while(|part| !part.starts_with("--"))
        };
        let has = |rule: &str| rules().any(|part| part.eq_ignore_ascii_case(rule));
        has("nopass") && has("on")
    })
}
