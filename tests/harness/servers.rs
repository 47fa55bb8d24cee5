//! Real servers for the tests: one PostgreSQL and one Redis for all of them, a database for each test.
//!
//! A server is started by a shell that ends it when its standard input closes: whichever way the tests end, so does it.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Project;

pub(super) const BIN: &str = "/usr/lib/postgresql/15/bin";
const INSTALL: &str = "apt-get install -y --no-install-recommends postgresql-15 redis-server";

/// A server and what keeps it alive.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(super) folder: PathBuf,
    _keeper: Child,
}

impl Server {
    pub(super) const fn new(port: u16, folder: PathBuf, keeper: Child) -> Self {
        Self {
            port,
            folder,
            _keeper: keeper,
        }
    }
}

static POSTGRES: OnceLock<Server> = OnceLock::new();
static REDIS: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicUsize = AtomicUsize::new(0);

impl Project {
    /// Gives the project a database of its own on a real server, as the settings of its profile.
    #[track_caller]
    pub(crate) fn postgres(self) -> Self {
        let port = postgres_port();
        let number = DATABASES.fetch_add(1, Ordering::SeqCst);
        let name = format!("t{}_{number}", std::process::id());
        psql(port, "postgres", &format!("create database {name}"));
        self.env("DB_HOST", "127.0.0.1")
            .env("DB_PORT", &port.to_string())
            .env("DB_DATABASE", &name)
            .env("DB_USERNAME", "tester")
            .env("DB_PASSWORD", "tester-password")
    }

    /// Gives the project a real Redis server, as the settings of its profile.
    #[track_caller]
    pub(crate) fn redis(self) -> Self {
        let port = REDIS.get_or_init(start_redis).port;
        self.env("REDIS_HOST", "127.0.0.1")
            .env("REDIS_PORT", &port.to_string())
    }
}

/// The port of the tests' own server.
pub(crate) fn postgres_port() -> u16 {
    POSTGRES.get_or_init(start_postgres).port
}

/// Asks a database of the tests' own server.
#[track_caller]
pub(crate) fn psql(port: u16, database: &str, sql: &str) -> String {
    psql_as(port, "tester", "tester-password", database, sql)
}

/// Asks a database with the server's own client and gives what it printed.
#[track_caller]
pub(crate) fn psql_as(port: u16, user: &str, password: &str, database: &str, sql: &str) -> String {
    let out = Command::new(format!("{BIN}/psql"))
        .args([
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-U",
            user,
        ])
        .args(["-p", &port.to_string(), "-d", database, "-c", sql])
        .env("PGPASSWORD", password)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{sql}\n{}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

pub(super) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("lexi-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A port that is free now, below those that the system gives to outgoing connections: nobody takes it by chance.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let start = 20_000 + usize::try_from(std::process::id()).unwrap() * 37 % 10_000;
    loop {
        let offset = NEXT.fetch_add(1, Ordering::SeqCst);
        let port = u16::try_from(20_000 + (start + offset - 20_000) % 12_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Starts a program that runs until the tests end.
pub(super) fn keep(folder: &Path, program: &[&str]) -> Child {
    let script = r#"cd "$1"; folder=$1; shift; "$@" >log 2>&1 </dev/null & child=$!
        read -r _; kill -INT $child; wait $child; rm -rf "$folder""#;
    let mut child = Command::new("sh");
    child
        .args(["-c", script, "keeper"])
        .arg(folder)
        .args(program);
    child
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

pub(super) fn wait_until(what: &str, folder: &Path, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !ready() {
        let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(
            Instant::now() < deadline,
            "{what} does not come up\n{}",
            log()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

/// PostgreSQL does not run as root: root becomes the user that the package made.
pub(super) fn unprivileged(program: &str) -> Vec<String> {
    let as_user = [
        "setpriv",
        "--reuid=postgres",
        "--regid=postgres",
        "--clear-groups",
    ];
    let prefix = if is_root() { as_user.as_slice() } else { &[] };
    prefix
        .iter()
        .map(ToString::to_string)
        .chain([program.to_owned()])
        .collect()
}

fn start_postgres() -> Server {
    start_postgres_in(folder("postgres"))
}

/// A server with its data in this folder.
pub(super) fn start_postgres_in(folder: PathBuf) -> Server {
    start_postgres_at("127.0.0.1", &[], folder)
}

/// A server at an address, with the words before its own that bring it there.
pub(super) fn start_postgres_at(address: &str, prefix: &[String], folder: PathBuf) -> Server {
    assert!(
        Path::new(BIN).join("postgres").exists(),
        "no PostgreSQL 15 here: {INSTALL}"
    );
    if is_root() {
        let status = Command::new("chown")
            .arg("postgres:")
            .arg(&folder)
            .status()
            .unwrap();
        assert!(status.success());
    }
    let data = folder.join("data").display().to_string();
    let access = folder.join("data/pg_hba.conf");
    let initdb = unprivileged(&format!("{BIN}/initdb"));
    let out = Command::new(&initdb[0])
        .args(&initdb[1..])
        .args([
            "-D",
            &data,
            "-U",
            "tester",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let near = format!("\nhost all all {address}/24 trust\n");
    let written = std::fs::read_to_string(&access).unwrap();
    std::fs::write(&access, written + near.as_str()).unwrap();
    let port = free_port();
    let mut server = prefix.to_vec();
    server.extend(unprivileged(&format!("{BIN}/postgres")));
    let listen = format!("listen_addresses={address}");
    let settings = [
        &listen,
        "unix_socket_directories=",
        "fsync=off",
        "max_connections=200",
        "shared_preload_libraries=pg_stat_statements",
    ];
    server.extend(["-D".to_owned(), data, "-p".to_owned(), port.to_string()]);
    server.extend(
        settings
            .iter()
            .flat_map(|setting| ["-c".to_owned(), (*setting).to_owned()]),
    );
    let keeper = keep(
        &folder,
        &server.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    wait_until("PostgreSQL", &folder, || {
        let program = format!("{BIN}/pg_isready");
        let (first, rest) = match prefix {
            [first, rest @ ..] => (first.clone(), [rest, &[program]].concat()),
            [] => (program, Vec::new()),
        };
        Command::new(first)
            .args(rest)
            .args(["-q", "-h", address, "-p", &port.to_string()])
            .status()
            .unwrap()
            .success()
    });
    Server {
        port,
        folder,
        _keeper: keeper,
    }
}

fn start_redis() -> Server {
    let found = Command::new("sh")
        .args(["-c", "command -v redis-server"])
        .output()
        .unwrap();
    assert!(found.status.success(), "no Redis here: {INSTALL}");
    let folder = folder("redis");
    let port = free_port();
    let port_text = port.to_string();
    let program = [
        "redis-server",
        "--port",
        &port_text,
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        ".",
    ];
    let keeper = keep(&folder, &program);
    wait_until("Redis", &folder, || {
        let answer = TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
            stream.write_all(b"PING\r\n")?;
            let mut answer = [0; 5];
            std::io::Read::read_exact(&mut stream, &mut answer)?;
            Ok(answer)
        });
        answer.is_ok_and(|answer| &answer == b"+PONG")
    });
    Server {
        port,
        folder,
        _keeper: keeper,
    }
}
