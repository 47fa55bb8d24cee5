//! Real servers for tests: unprivileged, on a free port, with their data in a temporary folder.
//!
//! A shell stands between the tests and a server: when the tests' process is gone, however it ended, the shell sees the
//! end of its input, stops the server and removes the folder.

use std::ffi::OsString;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::database::target::{Target, Tls};
use super::database::{admin, wait_until_ready};
use super::process;
use crate::base::Secret;

const INSTALL: &str = "apt-get install -y postgresql-15 redis-server";
const POSTGRES: &str = "/usr/lib/postgresql/15/bin";
/// The password of every test server.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Runs the server in `$@`; ends it when the input ends.
const KEEPER: &str = r#"trap : INT TERM HUP
folder=$1; signal=$2; shift 2
"$@" </dev/null >"$folder/log" 2>&1 &
cat >/dev/null
kill -"$signal" $! 2>/dev/null
wait $!
rm -rf "$folder""#;

/// A server that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    keeper: Child,
    /// Where it listens.
    pub(crate) port: u16,
}

impl Server {
    fn start(folder: tempfile::TempDir, port: u16, signal: &str, program: &[OsString]) -> Self {
        let folder = folder.keep();
        let mut keeper = process::command("sh");
        keeper
            .args(["-c", KEEPER, "sh"])
            .arg(&folder)
            .arg(signal)
            .args(program);
        let keeper = keeper.stdin(Stdio::piped()).spawn().unwrap();
        Self { keeper, port }
    }

    /// Stops the server now.
    pub(crate) fn stop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The PostgreSQL server that all tests of one process share.
pub(crate) fn postgres() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start_postgres)
}

/// A PostgreSQL server of one's own.
pub(crate) fn start_postgres() -> Server {
    start_postgres_at(folder(), &[])
}

/// A PostgreSQL server with its data in a folder below this one.
pub(crate) fn start_postgres_in(parent: &Path) -> Server {
    std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o755)).unwrap();
    let small = ["max_wal_size=48MB", "min_wal_size=32MB"];
    start_postgres_at(tempfile::tempdir_in(parent).unwrap(), &small)
}

fn start_postgres_at(folder: tempfile::TempDir, more: &[&str]) -> Server {
    let port = free_port();
    let data = folder.path().join("data");
    let password = folder.path().join("password");
    std::fs::write(&password, PASSWORD).unwrap();
    let mut initdb = unprivileged(&format!("{POSTGRES}/initdb"));
    initdb.extend(
        [
            "--no-sync",
            "--auth=scram-sha-256",
            "--username=lexi",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        .map(OsString::from),
    );
    initdb.extend([
        OsString::from("--pwfile"),
        password.into(),
        "-D".into(),
        data.clone().into(),
    ]);
    hand_over(folder.path());
    run(&initdb);
    let mut program = unprivileged(&format!("{POSTGRES}/postgres"));
    program.extend([OsString::from("-D"), data.into()]);
    let settings = [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", folder.path().display()),
        "fsync=off".to_owned(),
        "shared_buffers=16MB".to_owned(),
        "max_connections=60".to_owned(),
    ];
    for setting in settings
        .into_iter()
        .chain(more.iter().map(ToString::to_string))
    {
        program.extend(["-c".into(), setting.into()]);
    }
    Server::start(folder, port, "INT", &program)
}

/// The Redis server that all tests of one process share.
pub(crate) fn redis() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start_redis(PASSWORD))
}

/// A Redis server of one's own, with a password if it is not empty.
pub(crate) fn start_redis(password: &str) -> Server {
    let (folder, port) = (folder(), free_port());
    let mut program = unprivileged("/usr/bin/redis-server");
    let port_text = port.to_string();
    let data = folder.path().display().to_string();
    let arguments = [
        "--port",
        &port_text,
        "--bind",
        "127.0.0.1",
        "--dir",
        &data,
        "--save",
        "",
        "--requirepass",
        password,
    ];
    program.extend(arguments.map(OsString::from));
    hand_over(folder.path());
    Server::start(folder, port, "TERM", &program)
}

/// Whether the long bars run in full, as `tests/soak` asks for.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by their environment how long they shall be, as in tests/soak.rs"
)]
pub(crate) fn is_soak() -> bool {
    std::env::var("LEXI_SOAK").is_ok_and(|form| form == "full")
}

/// So many random cases, from a fixed seed; a hundred times as many where a soak asks for them.
pub(crate) fn random(short: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases: if is_soak() { short * 100 } else { short },
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_260_115),
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    }
}

/// The database `postgres` of a server, as its owner.
pub(crate) fn target(server: &Server) -> Target {
    Target {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        database: "postgres".to_owned(),
        user: "lexi".to_owned(),
        password: Secret::new(PASSWORD),
        tls: Tls::Off,
    }
}

/// A new, empty database on the shared server.
pub(crate) async fn database() -> Target {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let server = target(postgres());
    wait_until_ready(&server, Duration::from_mins(1), &|_| {})
        .await
        .unwrap();
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut connection = admin::maintenance(&server).await.unwrap();
    admin::create(&mut connection, &name, &admin::CreateOptions::default())
        .await
        .unwrap();
    server.with_database(name)
}

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("lexi-test-server-")
        .tempdir()
        .unwrap()
}

/// A port below those that the system gives to outgoing connections, so that none of them takes it before the server does.
fn free_port() -> u16 {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let start = std::process::id() as usize * 16;
    loop {
        let offset = (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let port = u16::try_from(12_000 + offset).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Root may not run PostgreSQL; everybody else is unprivileged already.
fn unprivileged(program: &str) -> Vec<OsString> {
    assert!(
        Path::new(program).exists(),
        "no `{program}`: install it with `{INSTALL}`"
    );
    let wrapper: &[&str] = if rustix::process::geteuid().is_root() {
        &[
            "setpriv",
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
        ]
    } else {
        &[]
    };
    wrapper
        .iter()
        .copied()
        .chain([program])
        .map(OsString::from)
        .collect()
}

fn hand_over(folder: &Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    if rustix::process::geteuid().is_root() {
        run(&["chown", "-R", "postgres:postgres", folder.to_str().unwrap()].map(OsString::from));
    }
}

fn run(program: &[OsString]) {
    let mut command: Command = process::command(&program[0]);
    let output = command
        .args(&program[1..])
        .current_dir("/")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
