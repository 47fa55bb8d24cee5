//! Finding the engine and agreeing with it on a version.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::{START, failed, innermost};
use crate::base::redact::Redactor;
use crate::base::settings::Environment;
use crate::base::text::hex;
use crate::base::{Error, Kind, Result};

/// Longer than any stop, build or upload: the client's limit covers the wait for the head of an answer only.
const CLIENT_LIMIT: Duration = Duration::from_hours(12);

/// How long an engine may take to say its version.
const GREETING_LIMIT: Duration = Duration::from_secs(10);

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket in the file system.
    Unix(PathBuf),
    /// `host:port`, not encrypted.
    Tcp(String),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(host) => write!(f, "tcp://{host}"),
        }
    }
}

/// An address and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Where.
    pub address: Address,
    /// `DOCKER_HOST`, a context, or a socket that was found.
    pub source: String,
}

/// A connection to an engine; cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    client: Docker,
    endpoint: Endpoint,
    redactor: Arc<Redactor>,
}

/// What an engine says of itself.
#[derive(Debug, Clone, Serialize)]
pub struct Facts {
    /// Where it listens.
    pub address: String,
    /// Who named that address.
    pub source: String,
    /// Its version.
    pub version: String,
    /// The version of the API that is spoken with it.
    pub api: String,
    /// The machine's operating system.
    pub os: String,
    /// The machine's processors.
    pub cpus: i64,
    /// The machine's memory.
    pub memory_bytes: i64,
    /// Where it keeps its data.
    pub root: String,
    /// How it stores layers.
    pub storage: String,
    /// All containers.
    pub containers: i64,
    /// Containers that run.
    pub running: i64,
    /// Images.
    pub images: i64,
}

impl Engine {
    /// Connects to the engine that the environment names, or the one found on this machine.
    pub async fn connect(environment: &Environment) -> Result<Self> {
        Self::open(Endpoint::find(environment)?).await
    }

    /// Connects to the engine at an endpoint.
    pub async fn open(endpoint: Endpoint) -> Result<Self> {
        let absent = |e: bollard::errors::Error| absent(&endpoint, e);
        let client = match &endpoint.address {
            Address::Unix(path) => Docker::connect_with_unix(
                &path.display().to_string(),
                CLIENT_LIMIT.as_secs(),
                API_DEFAULT_VERSION,
            ),
            Address::Tcp(_) => Docker::connect_with_http(
                &endpoint.address.to_string(),
                CLIENT_LIMIT.as_secs(),
                API_DEFAULT_VERSION,
            ),
        };
        let client = client.map_err(absent)?;
        let greeting = tokio::time::timeout(GREETING_LIMIT, client.negotiate_version()).await;
        let client = greeting
            .map_err(|_elapsed| silent(&endpoint))?
            .map_err(absent)?;
        Ok(Self {
            client,
            endpoint,
            redactor: Arc::default(),
        })
    }

    /// The same with the secrets that a long line of output is not cut inside of.
    #[must_use]
    pub fn masking(mut self, redactor: &Arc<Redactor>) -> Self {
        self.redactor = Arc::clone(redactor);
        self
    }

    /// The secrets that it was told.
    pub(in crate::ops) const fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }

    /// The client.
    pub(in crate::ops) fn client(&self) -> &Docker {
        &self.client
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The version of the API that is spoken, such as `1.41`.
    pub fn api(&self) -> String {
        self.client.client_version().to_string()
    }

    /// Whether the API is at least this version.
    pub fn speaks(&self, major: usize, minor: usize) -> bool {
        let version = self.client.client_version();
        (version.major_version, version.minor_version) >= (major, minor)
    }

    /// Asks whether it answers.
    pub async fn ping(&self) -> Result<()> {
        let pong = tokio::time::timeout(GREETING_LIMIT, self.client.ping()).await;
        pong.map_err(|_elapsed| silent(&self.endpoint))?
            .map_err(|e| failed("cannot reach the engine", e))?;
        Ok(())
    }

    /// What it says of itself.
    pub async fn facts(&self) -> Result<Facts> {
        let info = self.client.info().await;
        let info = info.map_err(|e| failed("cannot ask the engine about itself", e))?;
        Ok(Facts {
            address: self.endpoint.address.to_string(),
            source: self.endpoint.source.clone(),
            version: info.server_version.unwrap_or_default(),
            api: self.api(),
            os: info.operating_system.unwrap_or_default(),
            cpus: info.ncpu.unwrap_or_default(),
            memory_bytes: info.mem_total.unwrap_or_default(),
            root: info.docker_root_dir.unwrap_or_default(),
            storage: info.driver.unwrap_or_default(),
            containers: info.containers.unwrap_or_default(),
            running: info.containers_running.unwrap_or_default(),
            images: info.images.unwrap_or_default(),
        })
    }
}

fn absent(endpoint: &Endpoint, source: bollard::errors::Error) -> Error {
    let message = format!("no engine answers at `{}`", endpoint.address);
    let error = Error::unavailable(message).because(innermost(&source));
    match endpoint.source.as_str() {
        "DOCKER_HOST" => error.hint("correct DOCKER_HOST or unset it"),
        source if source.starts_with("context") => {
            error.hint("choose another: `docker context use default`")
        }
        _ => error.hint(START),
    }
}

fn silent(endpoint: &Endpoint) -> Error {
    let message = format!("the engine at `{}` does not answer", endpoint.address);
    Error::unavailable(message).hint(START)
}

impl Endpoint {
    /// `DOCKER_HOST`, else the chosen docker context, else a socket: the user's own, the system's, then Podman's.
    pub fn find(environment: &Environment) -> Result<Self> {
        let set = |name| environment.get(name).filter(|value| !value.is_empty());
        if let Some(host) = set("DOCKER_HOST") {
            return Self::parse(host, "DOCKER_HOST");
        }
        let config = config_folder(environment);
        let chosen = set("DOCKER_CONTEXT").map(str::to_owned);
        let chosen = chosen.or_else(|| current_context(config.as_deref()?));
        if let Some(name) = chosen.filter(|name| name != "default") {
            let host = context_host(config.as_deref(), &name)?;
            return Self::parse(&host, &format!("context `{name}`"));
        }
        Ok(Self::socket(set("XDG_RUNTIME_DIR")))
    }

    fn socket(runtime: Option<&str>) -> Self {
        let own = runtime.map(|folder| Path::new(folder).join("docker.sock"));
        let own_podman = runtime.map(|folder| Path::new(folder).join("podman/podman.sock"));
        let system = PathBuf::from("/var/run/docker.sock");
        let candidates = [
            (own, "rootless socket"),
            (Some(system.clone()), "default socket"),
            (own_podman, "rootless podman socket"),
            (Some("/run/podman/podman.sock".into()), "podman socket"),
        ];
        let found = candidates
            .into_iter()
            .filter_map(|(path, source)| Some((path?, source)))
            .find(|(path, _)| path.exists());
        let (path, source) = found.unwrap_or((system, "default socket"));
        Self {
            address: Address::Unix(path),
            source: source.to_owned(),
        }
    }

    /// Reads `unix:///path`, `tcp://host:2375` or `http://host:2375`.
    pub fn parse(host: &str, source: &str) -> Result<Self> {
        let address = match host.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => Address::Unix(path.into()),
            Some(("tcp" | "http", host)) if !host.is_empty() => {
                let host = host.trim_end_matches('/');
                let port = if host.contains(':') { "" } else { ":2375" };
                Address::Tcp(format!("{host}{port}"))
            }
            Some(("ssh", target)) => {
                return Err(Error::usage(format!("{source}: `{host}` is reached by ssh, which needs a tunnel"))
                    .hint(format!("ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock {target} & export DOCKER_HOST=unix:///tmp/docker.sock")));
            }
            _ => {
                return Err(
                    Error::usage(format!("{source}: `{host}` is not an engine's address"))
                        .hint("write `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`"),
                );
            }
        };
        Ok(Self {
            address,
            source: source.to_owned(),
        })
    }
}

/// The folder of docker's own configuration.
pub(super) fn config_folder(environment: &Environment) -> Option<PathBuf> {
    let own = environment
        .get("DOCKER_CONFIG")
        .filter(|path| !path.is_empty());
    let home = || Some(Path::new(environment.get("HOME")?).join(".docker"));
    own.map(PathBuf::from).or_else(home)
}

/// A JSON file, if it is there and can be read.
pub(super) fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

fn current_context(config: &Path) -> Option<String> {
    let config = read_json(&config.join("config.json"))?;
    let name = config.get("currentContext")?.as_str()?;
    (!name.is_empty()).then(|| name.to_owned())
}

fn folder_of(name: &str) -> String {
    hex(&Sha256::digest(name.as_bytes()))
}

/// Docker keeps a context in a folder named by the hash of its name.
fn context_host(config: Option<&Path>, name: &str) -> Result<String> {
    let folder = folder_of(name);
    let meta = config
        .and_then(|config| read_json(&config.join("contexts/meta").join(folder).join("meta.json")));
    let host = meta
        .as_ref()
        .and_then(|meta| meta.pointer("/Endpoints/docker/Host")?.as_str());
    host.map(str::to_owned).ok_or_else(|| {
        Error::new(
            Kind::Usage,
            format!("docker context `{name}` does not exist"),
        )
        .hint("choose another: `docker context ls`, `docker context use default`")
    })
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "`#[tokio::test]` waits for the test"
)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_the_environment_comes_first_then_the_context_then_a_socket() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let meta = folder
            .path()
            .join(".docker/contexts/meta")
            .join(folder_of("far"));
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(
            meta.join("meta.json"),
            r#"{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far:1"}}}"#,
        )
        .unwrap();
        std::fs::write(
            folder.path().join(".docker/config.json"),
            r#"{"currentContext":"far"}"#,
        )
        .unwrap();
        std::fs::write(folder.path().join("docker.sock"), "").unwrap();
        let find = |pairs: &[(&str, &str)]| Endpoint::find(&Environment::of(pairs));

        let host = find(&[("HOME", home), ("DOCKER_HOST", "unix:///x/y.sock")]).unwrap();
        assert_eq!(host.address, Address::Unix("/x/y.sock".into()));
        let context = find(&[("HOME", home)]).unwrap();
        assert_eq!(
            (context.address, context.source.as_str()),
            (Address::Tcp("far:1".into()), "context `far`")
        );
        let rootless = find(&[("XDG_RUNTIME_DIR", home)]).unwrap();
        assert_eq!(rootless.source, "rootless socket");
        let error = find(&[("HOME", home), ("DOCKER_CONTEXT", "gone")]).unwrap_err();
        assert_eq!(error.message(), "docker context `gone` does not exist");
    }

    #[test]
    fn addresses_are_read_and_others_refused() {
        let read = |host| Endpoint::parse(host, "DOCKER_HOST");

        assert_eq!(
            read("tcp://a").unwrap().address,
            Address::Tcp("a:2375".into())
        );
        assert!(
            read("ssh://u@h")
                .unwrap_err()
                .hint_text()
                .unwrap()
                .contains("ssh -nNT")
        );
        for bad in ["", "x", "unix://relative", "npipe:////./pipe/x"] {
            assert_eq!(read(bad).unwrap_err().exit_code(), 2, "{bad}");
        }
    }

    #[tokio::test]
    async fn an_engine_that_is_not_there_is_unavailable_with_a_hint() {
        let environment = Environment::of(&[("DOCKER_HOST", "unix:///nowhere/docker.sock")]);

        let error = Engine::connect(&environment).await.unwrap_err();

        assert_eq!(error.kind(), Kind::Unavailable);
        assert_eq!(error.hint_text(), Some("correct DOCKER_HOST or unset it"));
    }
}
