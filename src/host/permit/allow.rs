//! The permissions as data: what `allow: #{ .. }` of a declaration says, or the flags of `lexi run --untrusted`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Everything that a script is allowed; what is not here, it may not do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Allow {
    /// Files and folders, with all they hold, that it may read.
    pub read: Vec<String>,
    /// Files and folders, with all they hold, that it may write, move and remove.
    pub write: Vec<String>,
    /// Programs that it may start: names that are looked up in `PATH`, or paths.
    pub run: Vec<String>,
    /// Machines that it may talk to: `host:port`, or `host:*`.
    pub net: Vec<String>,
    /// Settings that it may read; `*` is all that are no secrets.
    pub env: Vec<String>,
    /// Secret settings that it may read.
    pub secrets: Vec<String>,
    /// Tasks that it may run.
    pub tasks: Vec<String>,
    /// How far it may use the database.
    pub db: Option<Level>,
    /// How far it may use Redis.
    pub redis: Option<Level>,
    /// How far it may use containers and the project's services.
    pub docker: Option<Level>,
}

impl Allow {
    /// The names of the permissions, as a declaration has them.
    pub const NAMES: [&'static str; 10] = [
        "read", "write", "run", "net", "env", "secrets", "tasks", "db", "redis", "docker",
    ];

    /// How far a service may be used.
    pub const fn level(&self, service: Service) -> Option<Level> {
        match service {
            Service::Database => self.db,
            Service::Redis => self.redis,
            Service::Docker => self.docker,
        }
    }

    /// Each permission with what it allows, as people read it.
    pub fn shown(&self) -> Vec<String> {
        let lists = [
            ("read", &self.read),
            ("write", &self.write),
            ("run", &self.run),
            ("net", &self.net),
            ("env", &self.env),
            ("secrets", &self.secrets),
            ("tasks", &self.tasks),
        ];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        let levels = [Service::Database, Service::Redis, Service::Docker];
        let levels = levels.into_iter().filter_map(|service| {
            let level = self.level(service)?;
            Some(format!("{service} {level}"))
        });
        lists
            .map(|(name, list)| format!("{name} {}", list.join(" ")))
            .chain(levels)
            .collect()
    }
}

/// What can be done to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It is looked at.
    Read,
    /// It is made, changed or removed.
    Write,
}

/// A service whose use has levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// PostgreSQL.
    Database,
    /// Redis.
    Redis,
    /// Containers and the project's services, whichever driver runs them.
    Docker,
}

impl Service {
    /// The levels that it has.
    pub const fn levels(self) -> &'static [Level] {
        match self {
            Self::Redis => &[Level::Read, Level::Write],
            Self::Database | Self::Docker => &[Level::Read, Level::Write, Level::Admin],
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "db",
            Self::Redis => "redis",
            Self::Docker => "docker",
        })
    }
}

/// How far a service may be used; each level has what those before it have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is changed.
    Read,
    /// What it holds is changed; containers are started, stopped and entered.
    Write,
    /// Whole databases, images and services are made, replaced and removed.
    Admin,
}

impl Level {
    /// All levels by their names.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("read", Self::Read),
        ("write", Self::Write),
        ("admin", Self::Admin),
    ];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, level)| level == self);
        f.write_str(name.map_or("read", |(name, _)| name))
    }
}

/// Whether a grant such as `api.example.org:443` or `localhost:*` means this machine and port.
pub(super) fn is_host(grant: &str, to: &str) -> bool {
    let Some((host, port)) = grant.rsplit_once(':') else {
        return false;
    };
    let Some((to_host, to_port)) = to.rsplit_once(':') else {
        return false;
    };
    host.eq_ignore_ascii_case(to_host) && (port == "*" || port == to_port)
}

/// Whether this can be granted: `host:port` with a number or a star.
pub fn is_net_grant(grant: &str) -> bool {
    let Some((host, port)) = grant.rsplit_once(':') else {
        return false;
    };
    let is_port = port == "*" || port.parse::<u16>().is_ok_and(|port| port > 0);
    is_port && !host.is_empty() && !host.contains(['/', '*', '@'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_meant_with_its_port() {
        assert!(is_host("api.example.org:443", "API.example.org:443"));
        assert!(is_host("[::1]:*", "[::1]:8080"));
        for other in [
            "api.example.org:80",
            "evil.org:443",
            "x.api.example.org:443",
        ] {
            assert!(!is_host("api.example.org:443", other), "{other}");
        }
    }

    #[test]
    fn a_grant_names_a_machine_and_a_port() {
        for good in ["localhost:80", "[::1]:*", "a.b:65535"] {
            assert!(is_net_grant(good), "{good}");
        }
        for bad in [
            "localhost",
            "*:80",
            ":80",
            "a:0",
            "a:99999",
            "http://a:80",
            "a:http",
        ] {
            assert!(!is_net_grant(bad), "{bad}");
        }
    }

    #[test]
    fn levels_are_in_order() {
        assert!(Some(Level::Admin) > Some(Level::Write) && Some(Level::Read) > None);
    }
}
