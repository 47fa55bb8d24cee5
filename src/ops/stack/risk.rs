//! What is dangerous about services as they are written: reached from other machines, or by anybody without a password.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use serde::Serialize;

use super::service::{NativeServer, Service};

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
        let known = [
            (
                service.network_mode.as_deref() == Some("host"),
                "is in the network of this machine, so that whatever port it listens on is reached",
                "leave out `network_mode: host` and publish the ports that are needed on 127.0.0.1",
            ),
            (
                is_redis(service) && !has_redis_password(service),
                "is Redis without a password",
                "set REDIS_PASSWORD, in `environment` too",
            ),
            (
                trusts(service),
                "is PostgreSQL that lets everybody in without a password (trust)",
                "leave out POSTGRES_HOST_AUTH_METHOD, and `--auth` in POSTGRES_INITDB_ARGS",
            ),
        ];
        for (_, problem, remedy) in known.into_iter().filter(|(is_so, ..)| *is_so) {
            risks.push(Risk {
                service: service.name.clone(),
                problem: problem.to_owned(),
                remedy: remedy.to_owned(),
            });
        }
    }
    risks
}

/// Whether it is Redis: by what it says, or by its image's name.
fn is_redis(service: &Service) -> bool {
    let image = service.image.as_deref().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    let name = name.split([':', '@']).next().unwrap_or_default();
    service.native == Some(NativeServer::Redis) || matches!(name, "redis" | "valkey")
}

/// A file of settings may hold a password, which nobody can see from here.
fn has_redis_password(service: &Service) -> bool {
    let words = &service.command;
    let is_set = |at: usize| words.get(at + 1).is_some_and(|word| !word.is_empty());
    let is_required = words
        .iter()
        .enumerate()
        .any(|(at, word)| word == "--requirepass" && is_set(at));
    let is_file = |word: &String| Path::new(word).extension() == Some("conf".as_ref());
    let has_file = words.get(1).is_some_and(is_file);
    let is_native = service.native == Some(NativeServer::Redis);
    is_required || has_file || (is_native && !service.variable("REDIS_PASSWORD").is_empty())
}

fn trusts(service: &Service) -> bool {
    let method = service.variable("POSTGRES_HOST_AUTH_METHOD");
    let arguments = service.variable("POSTGRES_INITDB_ARGS");
    let words: Vec<&str> = arguments.reveal().split_whitespace().collect();
    let is_trust = |words: &[&str]| {
        matches!(
            words,
            ["--auth=trust" | "--auth-host=trust" | "-Atrust", ..]
                | ["-A" | "--auth" | "--auth-host", "trust", ..]
        )
    };
    method.reveal() == "trust" || (0..words.len()).any(|at| is_trust(&words[at..]))
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
                json!({"native": "redis", "environment": {"REDIS_PASSWORD": "p"}}),
                own,
                vec![],
            ),
            (
                json!({"image": "docker.io/library/redis:7-alpine"}),
                own,
                no_password.clone(),
            ),
            (
                json!({"image": "redis", "environment": {"REDIS_PASSWORD": "p"}}),
                own,
                no_password.clone(),
            ),
            (
                json!({"image": "redis", "command": "redis-server --requirepass ''"}),
                own,
                no_password,
            ),
            (
                json!({"image": "redis", "command": "redis-server --requirepass p"}),
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
