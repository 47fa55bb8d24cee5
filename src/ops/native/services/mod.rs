//! The native driver with real servers: PostgreSQL 15 and Redis 7 must be installed.

mod lifecycle;
mod recovery;

use std::fs::Permissions;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, Executor, Row};

use super::driver::{Driver, Stopped, Up};
use super::proc::Identity;
use super::server::Running;
use super::status::{Credentials, Status};
use super::{Search, published_port};
use crate::base::settings::{Environment, Overrides};
use crate::base::{Cancel, Error, Profile, Project, Result, Secret, Settings};
use crate::ops::database::Target;
use crate::ops::database::target::Tls;
use crate::ops::stack::parse;
use crate::runtime::Runtime;

const LIMIT: Duration = Duration::from_mins(2);

/// A project of its own, whose servers end with it.
struct Stage {
    dir: tempfile::TempDir,
    runtime: Runtime,
}

impl Stage {
    /// A project whose folder any user may pass, so that data is kept in it.
    fn new() -> Self {
        let stage = Self::closed();
        std::fs::set_permissions(stage.dir.path(), Permissions::from_mode(0o755)).unwrap();
        stage
    }

    /// A project whose folder is closed to others, as root's home is.
    fn closed() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
        Self {
            dir,
            runtime: Runtime::default(),
        }
    }

    fn state(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(".lexi")
    }

    fn folder(&self, profile: Profile, service: &str) -> PathBuf {
        self.state()
            .join("native")
            .join(profile.as_str())
            .join(service)
    }

    fn search() -> Search {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("lexi.toml"), "").unwrap();
        let project = Project::open(dir.path()).unwrap();
        let environment = Environment::of_process();
        Search::from_settings(
            &Settings::load(&project, &Overrides::default(), environment).unwrap(),
        )
    }

    fn driver(&self, profile: Profile) -> Driver {
        Driver::new(&self.state(), profile, Self::search())
    }

    fn wait<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        self.runtime.wait(&Cancel::detached(), future)
    }

    fn up(&self, profile: Profile, services: &Value) -> Result<Up> {
        let services = parse(services);
        let driver = self.driver(profile);
        self.wait(driver.up(&services, LIMIT, &|_| ()))
    }

    /// Brings one service up that must come.
    fn one(&self, profile: Profile, services: &Value) -> Running {
        self.up(profile, services).unwrap().running.remove(0)
    }

    fn down(&self, profile: Profile) -> Vec<Stopped> {
        let driver = self.driver(profile);
        self.wait(driver.down(&[], &|_| ())).unwrap()
    }

    fn status(&self, profile: Profile, database: Target) -> Vec<Status> {
        let driver = self.driver(profile);
        let credentials = Credentials {
            database: Some(database),
            redis_password: Secret::new("redis-secret"),
        };
        self.wait(async { Ok(driver.status(&credentials).await) })
            .unwrap()
    }

    /// Runs statements and gives the first column of the first row of the last one, as text.
    fn sql(&self, target: &Target, statement: &'static str) -> Result<String> {
        self.wait(async {
            let mut connection = target
                .connect_options()
                .disable_statement_logging()
                .connect()
                .await
                .map_err(|e| Error::unavailable("cannot connect").because(e))?;
            let row = connection
                .fetch_optional(statement)
                .await
                .map_err(|e| Error::unavailable("cannot ask").because(e))?;
            connection.close().await.unwrap();
            Ok(row.map_or_else(String::new, |row| row.get::<String, _>(0)))
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for profile in Profile::ALL {
            self.down(profile);
        }
        for profile in Profile::ALL {
            for service in ["postgres", "redis"] {
                let Some(state) = super::state::State::load(&self.folder(profile, service)) else {
                    continue;
                };
                let project = state.home.ancestors().nth(2).unwrap();
                if project.starts_with("/var/lib/lexi/") && project.exists() {
                    std::fs::remove_dir_all(project).unwrap();
                }
            }
        }
    }
}

fn parse(services: &Value) -> Vec<crate::ops::stack::Service> {
    parse::parse(services.as_object().unwrap().clone()).unwrap()
}

fn postgres(port: u16) -> Value {
    json!({"postgres": {
        "native": "postgres",
        "environment": {"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "app-secret", "POSTGRES_DB": "app_db"},
        "command": ["postgres", "-c", "shared_buffers=16MB", "-c", "log_line_prefix=%m [%p] %q%u@%d "],
        "ports": [format!("127.0.0.1:{port}:5432")],
    }})
}

fn redis(port: u16) -> Value {
    json!({"redis": {
        "native": "redis", "environment": {"REDIS_PASSWORD": "redis-secret"},
        "command": ["redis-server", "--appendonly", "yes", "--appendfsync", "always"],
        "ports": [format!("127.0.0.1:{port}:6379")],
    }})
}

/// The services of [`postgres`] or [`redis`] with nothing kept.
fn in_memory(mut services: Value) -> Value {
    for (name, folder) in [("postgres", "/var/lib/postgresql/data"), ("redis", "/data")] {
        if let Some(service) = services.get_mut(name) {
            service["tmpfs"] = folder.into();
        }
    }
    services
}

fn with(mut services: Value, service: &str, variable: &str, value: &str) -> Value {
    services[service]["environment"][variable] = value.into();
    services
}

fn target(port: u16) -> Target {
    Target {
        host: "127.0.0.1".to_owned(),
        port,
        database: "app_db".to_owned(),
        user: "app".to_owned(),
        password: Secret::new("app-secret"),
        tls: Tls::Off,
    }
}

/// Sends commands to Redis and gives all it says.
fn redis_says(port: u16, commands: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    write!(stream, "AUTH redis-secret\r\n{commands}\r\nQUIT\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

/// A port of this process' own stretch, below those that the system gives to outgoing connections.
fn port(offset: u16) -> u16 {
    let stretch = u16::try_from(std::process::id() % 200).unwrap();
    20_000 + stretch * 50 + offset
}

fn take_port(port: u16) -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap()
}

fn kill(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

/// Kills a process the hard way and waits until it is gone.
fn kill_hard(pid: u32) {
    let identity = Identity::of(pid).unwrap();
    kill(pid, Signal::KILL);
    wait_until("the killed process is gone", || !identity.is_alive());
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
