//! Finds the servers' programs, in the one major version that the project's data has.

use std::path::{Path, PathBuf};

use crate::base::{Error, Result, Settings};
use crate::ops::process;
use crate::ops::stack::NativeServer;

/// The major version of PostgreSQL, of the server and of `pg_dump`.
pub const POSTGRES_MAJOR: u32 = 15;

/// The major version of Redis.
pub const REDIS_MAJOR: u32 = 7;

const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql/15/bin";

/// Where to look for programs.
#[derive(Debug, Clone, Default)]
pub struct Search {
    folders: Vec<PathBuf>,
    postgres: Option<PathBuf>,
    redis: Option<PathBuf>,
}

/// A program of the right major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary {
    /// Where it is.
    pub path: PathBuf,
    /// Its whole version, such as `15.18`.
    pub version: String,
}

impl Search {
    /// The folders of `LEXI_POSTGRES_BIN` and `LEXI_REDIS_BIN`, then where Debian puts PostgreSQL 15, then `PATH`.
    pub fn from_settings(settings: &Settings) -> Self {
        let folder = |name| {
            settings
                .get(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        let path = settings
            .get("PATH")
            .unwrap_or("/usr/local/bin:/usr/bin:/bin");
        Self {
            folders: std::env::split_paths(path).collect(),
            postgres: folder("LEXI_POSTGRES_BIN"),
            redis: folder("LEXI_REDIS_BIN"),
        }
    }

    /// The program of a server.
    pub fn server(&self, server: NativeServer) -> Result<Binary> {
        match server {
            NativeServer::Postgres => self.postgres("postgres"),
            NativeServer::Redis => self.redis(),
        }
    }

    /// A program of PostgreSQL, such as `postgres`, `initdb` or `pg_dump`.
    pub fn postgres(&self, name: &str) -> Result<Binary> {
        let folders: Vec<&Path> = match &self.postgres {
            Some(folder) => vec![folder],
            None => std::iter::once(Path::new(DEBIAN_POSTGRES))
                .chain(self.folders.iter().map(PathBuf::as_path))
                .collect(),
        };
        let package = match name {
            "postgres" | "initdb" => "postgresql-15",
            _ => "postgresql-client-15",
        };
        find(name, &folders, POSTGRES_MAJOR, postgres_version)
            .map_err(|found| missing(name, "PostgreSQL 15", package, &found))
    }

    fn redis(&self) -> Result<Binary> {
        let folders: Vec<&Path> = match &self.redis {
            Some(folder) => vec![folder],
            None => self.folders.iter().map(PathBuf::as_path).collect(),
        };
        find("redis-server", &folders, REDIS_MAJOR, redis_version)
            .map_err(|found| missing("redis-server", "Redis 7", "redis-server", &found))
    }
}

/// The first program with this name and major version, or what was found of other versions.
fn find(
    name: &str,
    folders: &[&Path],
    major: u32,
    version_in: fn(&str) -> Option<String>,
) -> Result<Binary, Vec<String>> {
    let mut others = Vec::new();
    for path in folders.iter().map(|folder| folder.join(name)) {
        if !path.is_file() {
            continue;
        }
        let output = process::command(&path)
            .arg("--version")
            .env_clear()
            .stdin(std::process::Stdio::null())
            .output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        match text.ok().as_deref().and_then(version_in) {
            Some(version) if major_of(&version) == Some(major) => {
                return Ok(Binary { path, version });
            }
            Some(version) => others.push(format!("`{}` is {version}", path.display())),
            None => others.push(format!("`{}` does not say its version", path.display())),
        }
    }
    Err(others)
}

fn missing(name: &str, wanted: &str, package: &str, others: &[String]) -> Error {
    let message = match others {
        [] => format!("`{name}` of {wanted} is not installed"),
        others => format!("`{name}` of {wanted} is needed, but {}", others.join(", ")),
    };
    Error::unavailable(message)
        .hint(format!(
            "apt-get install -y --no-install-recommends {package}"
        ))
        .field("package", package)
}

fn major_of(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn postgres_version(text: &str) -> Option<String> {
    let rest = text.split_once("(PostgreSQL) ")?.1;
    rest.split_whitespace().next().map(str::to_owned)
}

/// `Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=d81b8ff71cfb150e`.
fn redis_version(text: &str) -> Option<String> {
    let rest = text.split_once("v=")?.1;
    rest.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_the_program_says() {
        let postgres = postgres_version("postgres (PostgreSQL) 15.3 (Debian 15.3-1)").unwrap();
        let redis = redis_version("Redis server v=7.0.15 sha=00000000:0 bits=64").unwrap();

        assert_eq!((postgres.as_str(), redis.as_str()), ("15.3", "7.0.15"));
        assert_eq!((major_of(&postgres), major_of(&redis)), (Some(15), Some(7)));
        assert_eq!(postgres_version("something else"), None);
    }

    #[test]
    fn another_major_version_is_named_and_not_taken() {
        let folder = Path::new("/bin");

        let others = find("true", &[folder], 15, |_| Some("17.1".to_owned())).unwrap_err();

        let error = missing("postgres", "PostgreSQL 15", "postgresql-15", &others);
        assert_eq!(
            error.message(),
            "`postgres` of PostgreSQL 15 is needed, but `/bin/true` is 17.1"
        );
    }

    #[test]
    fn a_missing_program_is_an_error_with_the_line_that_installs_it() {
        let error = Search::default().server(NativeServer::Redis).unwrap_err();

        assert_eq!(
            error.message(),
            "`redis-server` of Redis 7 is not installed"
        );
        assert_eq!(
            error.hint_text(),
            Some("apt-get install -y --no-install-recommends redis-server")
        );
    }
}
