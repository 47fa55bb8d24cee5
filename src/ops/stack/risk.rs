//! What is dangerous about services as they are written: reached from other machines, or by anybody without a password.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use serde::Serialize;

use super::form;
use super::part::Mount;
use super::redis::{self, Password};
use super::service::Service;

/// A port that other machines reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// The service.
    pub service: String,
    /// Where it is published.
    pub address: IpAddr,
    /// As which port; any free one without it.
    pub port: Option<u16>,
}

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "port {port} on {}", self.address),
            None => write!(f, "a free port on {}", self.address),
        }
    }
}

/// Every port that other machines reach; `bind` is the address of those that name none.
pub fn exposed(services: &[Service], bind: IpAddr) -> Vec<Exposed> {
    let ports = services
        .iter()
        .flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    let published = ports.map(|(service, port)| Exposed {
        service: service.name.clone(),
        address: port.host_ip.unwrap_or(bind),
        port: port.published,
    });
    published.filter(|one| !one.address.is_loopback()).collect()
}

/// Something that must not be so where it matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// The service.
    pub service: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// Every risk of these services.
pub fn risks(services: &[Service], bind: IpAddr) -> Vec<Risk> {
    let mut risks: Vec<Risk> = exposed(services, bind)
        .into_iter()
        .map(|one| Risk {
            problem: format!("can be reached from other machines: {one}"),
            remedy: "publish it on 127.0.0.1, in `ports` or with `bind` in lexi.toml; a proxy of this machine may stand before it"
                .to_owned(),
            service: one.service,
        })
        .collect();
    for service in services {
        for (problem, remedy) in dangers(service) {
            risks.push(Risk {
                service: service.name.clone(),
                problem: problem.to_owned(),
                remedy: remedy.to_owned(),
            });
        }
    }
    risks
}

/// What is wrong with one service, and what to do.
fn dangers(service: &Service) -> Vec<(&'static str, &'static str)> {
    let cache = if redis::is_redis(service) {
        redis::password(service)
    } else {
        Password::Set
    };
    let known = [
        (
            service.network_mode.as_deref() == Some("host"),
            "is in the network of this machine, so that whatever port it listens on is reached",
            "leave out `network_mode: host` and publish the ports that are needed on 127.0.0.1",
        ),
        (
            service.privileged,
            "may do whatever root of this machine may (privileged)",
            "leave out `privileged`; `cap_add` and `devices` give what it needs",
        ),
        (
            service.volumes.iter().any(holds_engine),
            "reaches the engine's socket, and with it everything on this machine",
            "leave out that mount",
        ),
        (
            cache == Password::None,
            "is Redis without a password",
            "set REDIS_PASSWORD, in `environment` too",
        ),
        (
            cache == Password::Short,
            "is Redis with a password shorter than 8 characters",
            "set a longer one: openssl rand -base64 36",
        ),
        (
            trusts(service),
            "is PostgreSQL that lets everybody in without a password (trust)",
            "leave out POSTGRES_HOST_AUTH_METHOD, and `--auth` in POSTGRES_INITDB_ARGS",
        ),
    ];
    let found = known.into_iter().filter(|(is_so, ..)| *is_so);
    found
        .map(|(_, problem, remedy)| (problem, remedy))
        .collect()
}

/// Whether it is the socket of Docker or Podman, or a folder that holds it.
fn holds_engine(mount: &Mount) -> bool {
    let source = Path::new(mount.0.source.as_deref().unwrap_or_default());
    let name = source.file_name().unwrap_or_default();
    let folders = [
        "/",
        "/run",
        "/var",
        "/var/run",
        "/run/podman",
        "/var/run/podman",
    ];
    name == "docker.sock"
        || name == "podman.sock"
        || folders.iter().any(|folder| source == Path::new(folder))
}

fn trusts(service: &Service) -> bool {
    let method = service.variable("POSTGRES_HOST_AUTH_METHOD");
    let arguments = service.variable("POSTGRES_INITDB_ARGS");
    let mut methods = method.reveal().split_whitespace().map(bare);
    methods.any(is_trust) || initdb_trusts(arguments.reveal())
}

/// A word without the quotes that PostgreSQL takes off.
fn bare(word: &str) -> &str {
    word.trim_matches(['"', '\''])
}

fn is_trust(method: &str) -> bool {
    method.eq_ignore_ascii_case("trust")
}

/// The options of initdb, which a shell splits; a long one may be cut short, and several short ones stand in one word
/// (PostgreSQL manual, initdb).
fn initdb_trusts(arguments: &str) -> bool {
    let plain = || {
        arguments
            .split_whitespace()
            .map(|word| bare(word).to_owned())
    };
    let words = form::split_words(arguments).unwrap_or_else(|_unclosed| plain().collect());
    let following = words.iter().skip(1).map(String::as_str).chain([""]);
    let mut pairs = words.iter().zip(following);
    pairs.any(|(word, next)| {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long.split_once('=').unwrap_or((long, next));
            let is_auth = name == "auth" || (name.len() > 5 && "auth-host".starts_with(name));
            return is_auth && is_trust(value.trim());
        }
        let short = word.strip_prefix('-').unwrap_or_default();
        // What stands before it are options without a value.
        let (before, value) = short.split_once('A').unwrap_or(("-", ""));
        let is_auth = before.chars().all(|c| "dgknNsSW".contains(c));
        let value = if value.is_empty() { next } else { value };
        is_auth && is_trust(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::net::Ipv4Addr;

    fn found(service: Value, bind: &str) -> Vec<String> {
        let Value::Object(services) = json!({ "s": service }) else {
            panic!("it is a map")
        };
        let services = super::super::parse::parse(services).unwrap();
        let risks = risks(&services, bind.parse().unwrap());
        risks.into_iter().map(|risk| risk.problem).collect()
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "it is one table")]
    fn each_risk_is_named_and_what_is_safe_is_not() {
        const REACHED: &str = "can be reached from other machines: ";
        let port = |what: &str| vec![format!("{REACHED}{what}")];
        let no_password = vec!["is Redis without a password".to_owned()];
        let trust =
            vec!["is PostgreSQL that lets everybody in without a password (trust)".to_owned()];
        let (own, open) = ("127.0.0.1", "0.0.0.0");
        let cases = [
            (json!({"image": "x", "ports": ["80:80"]}), own, vec![]),
            (
                json!({"image": "x", "ports": ["80:80"]}),
                open,
                port("port 80 on 0.0.0.0"),
            ),
            (
                json!({"image": "x", "ports": ["0.0.0.0:80:80"]}),
                own,
                port("port 80 on 0.0.0.0"),
            ),
            (
                json!({"image": "x", "ports": ["127.0.0.1:80:80"]}),
                open,
                vec![],
            ),
            (
                json!({"image": "x", "ports": ["[::]:80:80"]}),
                own,
                port("port 80 on ::"),
            ),
            (json!({"image": "x", "ports": ["[::1]:80:80"]}), own, vec![]),
            (
                json!({"image": "x", "ports": ["192.0.2.7::80"]}),
                own,
                port("a free port on 192.0.2.7"),
            ),
            (
                json!({"image": "x", "ports": [{"target": 80, "published": 81, "host_ip": "0.0.0.0"}]}),
                own,
                port("port 81 on 0.0.0.0"),
            ),
            (
                json!({"image": "x", "network_mode": "host"}),
                own,
                vec!["is in the network of this machine, so that whatever port it listens on is reached".to_owned()],
            ),
            (json!({"native": "redis"}), own, no_password.clone()),
            (
                json!({"native": "redis", "environment": {"REDIS_PASSWORD": ""}}),
                own,
                no_password.clone(),
            ),
            (
                json!({"native": "redis", "environment": {"REDIS_PASSWORD": "long-enough"}}),
                own,
                vec![],
            ),
            (
                json!({"image": "docker.io/library/redis:7-alpine"}),
                own,
                no_password.clone(),
            ),
            (
                json!({"image": "redis", "environment": {"REDIS_PASSWORD": "long-enough"}}),
                own,
                no_password.clone(),
            ),
            (
                json!({"image": "redis", "command": "redis-server --requirepass ''"}),
                own,
                no_password,
            ),
            (
                json!({"image": "redis", "command": "redis-server --requirepass long-enough"}),
                own,
                vec![],
            ),
            (
                json!({"image": "redis", "command": "redis-server /etc/redis.conf"}),
                own,
                vec![],
            ),
            (json!({"image": "redis-commander"}), own, vec![]),
            (json!({"image": "postgres"}), own, vec![]),
            (
                json!({"image": "x", "environment": {"POSTGRES_HOST_AUTH_METHOD": "trust"}}),
                own,
                trust.clone(),
            ),
            (
                json!({"image": "x", "environment": {"POSTGRES_HOST_AUTH_METHOD": "md5"}}),
                own,
                vec![],
            ),
            (
                json!({"image": "x", "environment": ["POSTGRES_INITDB_ARGS=--no-sync -A trust"]}),
                own,
                trust.clone(),
            ),
            (
                json!({"image": "x", "environment": {"POSTGRES_INITDB_ARGS": "--auth-host=trust"}}),
                own,
                trust,
            ),
            (
                json!({"image": "x", "environment": {"POSTGRES_INITDB_ARGS": "--auth=scram-sha-256"}}),
                own,
                vec![],
            ),
        ];
        for (service, bind, expected) in cases {
            assert_eq!(
                found(service.clone(), bind),
                expected,
                "{service} on {bind}"
            );
        }
    }

    #[test]
    fn trust_is_found_however_it_is_written() {
        let trusting = |name: &str, value: &str| {
            let service = json!({"image": "x", "environment": {name: value}});
            !found(service, "127.0.0.1").is_empty()
        };
        for arguments in [
            "--auth='trust'",
            "--auth=\"trust\"",
            "--auth trust",
            "--auth-h=trust",
            "--auth-host trust",
            "-A trust",
            "-Atrust",
            "-kAtrust",
            "-kA trust",
            "-A'trust'",
            "-k --auth=tr''ust -E UTF8",
        ] {
            assert!(trusting("POSTGRES_INITDB_ARGS", arguments), "{arguments}");
        }
        for arguments in [
            "",
            "-A md5",
            "-DA trust",
            "--auth-local=trust",
            "-U trust",
            "-kA md5",
        ] {
            assert!(!trusting("POSTGRES_INITDB_ARGS", arguments), "{arguments}");
        }
        for method in ["trust ", " trust", "Trust", "\"trust\""] {
            assert!(trusting("POSTGRES_HOST_AUTH_METHOD", method), "{method}");
        }
        assert!(!trusting("POSTGRES_HOST_AUTH_METHOD", "scram-sha-256"));
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "it is one table")]
    fn redis_is_known_by_image_and_program_and_its_password_by_the_last_word() {
        const NONE: &str = "is Redis without a password";
        const SHORT: &str = "is Redis with a password shorter than 8 characters";
        let image = |image: &str| json!({ "image": image });
        let command = |command: &str| json!({"image": "redis", "command": command});
        let cases = [
            (image("redis/redis-stack-server"), NONE),
            (image("eqalpha/keydb"), NONE),
            (image("x/redis-alpine:7"), NONE),
            (image("valkey/valkey@sha256:0"), NONE),
            (
                json!({"image": "x", "entrypoint": ["/usr/bin/redis-server"]}),
                NONE,
            ),
            (
                json!({"image": "x", "command": ["sh", "-c", "exec redis-server --port 1"]}),
                NONE,
            ),
            (
                command("redis-server --requirepass long-enough --requirepass ''"),
                NONE,
            ),
            (
                command("redis-server /etc/redis.conf --REQUIREPASS ''"),
                NONE,
            ),
            (
                command("redis-server --requirepass long-enough --user default on nopass ~* +@all"),
                NONE,
            ),
            (
                command("redis-server /etc/redis.conf --user 'default on nopass ~* +@all'"),
                NONE,
            ),
            (command("redis-server --requirepass a"), SHORT),
            (
                json!({"native": "redis", "environment": {"REDIS_PASSWORD": "p"}}),
                SHORT,
            ),
            (image("rediscommander/redis-commander"), ""),
            (image("oliver006/redis_exporter"), ""),
            (image("acme/predis"), ""),
            (
                command("redis-server --requirepass long-enough --user x off nopass"),
                "",
            ),
            (
                command("docker-entrypoint.sh redis-server /etc/redis.conf"),
                "",
            ),
            (
                json!({"image": "redis", "command": ["sh", "-c", "redis-server --requirepass \"$P\""]}),
                "",
            ),
            (
                json!({"image": "redis/redis-stack", "environment": {"REDIS_ARGS": "--requirepass long-enough"}}),
                "",
            ),
            (
                json!({"image": "bitnami/redis", "environment": {"REDIS_PASSWORD": "long-enough"}}),
                "",
            ),
        ];
        for (service, expected) in cases {
            let expected: Vec<&str> = [expected].into_iter().filter(|e| !e.is_empty()).collect();
            assert_eq!(found(service.clone(), "127.0.0.1"), expected, "{service}");
        }
    }

    #[test]
    fn what_reaches_the_whole_machine_is_named() {
        let socket = "reaches the engine's socket, and with it everything on this machine";
        let cases = [
            (
                json!({"privileged": true}),
                "may do whatever root of this machine may (privileged)",
            ),
            (
                json!({"volumes": ["/var/run/docker.sock:/var/run/docker.sock:ro"]}),
                socket,
            ),
            (
                json!({"volumes": [{"type": "bind", "source": "/run/", "target": "/host"}]}),
                socket,
            ),
            (json!({"volumes": ["data:/run", "./run:/var/run"]}), ""),
        ];
        for (mut service, expected) in cases {
            service["image"] = "x".into();
            let expected: Vec<&str> = [expected].into_iter().filter(|e| !e.is_empty()).collect();
            assert_eq!(found(service.clone(), "127.0.0.1"), expected, "{service}");
        }
    }

    #[test]
    fn a_port_is_exposed_by_the_address_of_all() {
        let service = Service {
            ports: vec!["80".parse().unwrap()],
            ..Service::default()
        };

        let open = exposed(std::slice::from_ref(&service), Ipv4Addr::UNSPECIFIED.into());

        assert_eq!(open[0].to_string(), "a free port on 0.0.0.0");
        assert!(exposed(&[service], Ipv4Addr::LOCALHOST.into()).is_empty());
    }
}
