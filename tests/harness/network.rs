//! Hosts with a network between them: namespaces, each joined to one more in which PostgreSQL listens.
//!
//! A namespace lives as long as the shell in it, which ends when its standard input closes: whichever way the tests end,
//! nothing of the network is left.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Project;
use super::servers::{self, BIN, Server};

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// Where the database listens.
const HUB: &str = "10.77.0.1";

/// A namespace of the network and what keeps it alive.
#[derive(Debug)]
struct Space {
    keeper: Child,
}

/// The hub, with a database, and the hosts around it.
#[derive(Debug)]
pub(crate) struct Network {
    hub: Space,
    hosts: Vec<Space>,
    server: Server,
}

impl Space {
    fn new() -> Self {
        let keeper = Command::new("unshare")
            .args(["--net", "sh", "-c", "echo; read -r _"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut space = Self { keeper };
        // It is in a network of its own once it has said something.
        let mut said = [0];
        let stdout = space.keeper.stdout.as_mut().unwrap();
        std::io::Read::read_exact(stdout, &mut said)
            .expect("a network namespace, which only root can make");
        space
    }

    /// What stands before the words of a program that runs in it.
    fn prefix(&self) -> [String; 2] {
        let file = format!("--net=/proc/{}/ns/net", self.keeper.id());
        ["nsenter".to_owned(), file]
    }

    #[track_caller]
    fn ip(&self, words: &str) {
        let prefix = self.prefix();
        let status = Command::new(&prefix[0])
            .arg(&prefix[1])
            .arg("ip")
            .args(words.split_whitespace())
            .status()
            .unwrap();
        assert!(status.success(), "ip {words}");
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Its end was asked for; there is nothing to do when it cannot be waited for.
        let _ended = self.keeper.wait();
    }
}

impl Network {
    /// So many hosts and a database that they all reach.
    pub(crate) fn new(count: usize) -> Self {
        let hub = Space::new();
        hub.ip("link set lo up");
        hub.ip("link add hub type bridge");
        hub.ip(&format!("addr add {HUB}/24 dev hub"));
        hub.ip("link set hub up");
        let hosts: Vec<Space> = (0..count).map(|_| Space::new()).collect();
        for (number, host) in hosts.iter().enumerate() {
            let (link, pid) = (link(number), host.keeper.id());
            hub.ip(&format!(
                "link add {link} type veth peer name eth0 netns {pid}"
            ));
            hub.ip(&format!("link set {link} master hub up"));
            host.ip("link set lo up");
            host.ip(&format!("addr add 10.77.0.{}/24 dev eth0", number + 10));
            host.ip("link set eth0 up");
        }
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let folder = servers::folder(&format!("network-{number}"));
        let server = servers::start_postgres_at(HUB, &hub.prefix(), folder);
        Self { hub, hosts, server }
    }

    /// The settings of a project that lead to a database here.
    pub(crate) fn settings(&self, project: Project, database: &str) -> Project {
        project
            .env("DB_HOST", HUB)
            .env("DB_PORT", &self.server.port.to_string())
            .env("DB_DATABASE", database)
            .env("DB_USERNAME", "tester")
            .env("DB_PASSWORD", "tester-password")
    }

    /// A command of a project as it is started on a host.
    pub(crate) fn on(&self, host: usize, command: &Command) -> Command {
        let [program, space] = self.hosts[host].prefix();
        let mut inside = Command::new(program);
        inside.arg(space).arg("--").arg(command.get_program());
        inside.args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside.env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                inside.env(name, value);
            }
        }
        inside
    }

    /// Takes the cable of a host out.
    pub(crate) fn cut(&self, host: usize) {
        self.hub.ip(&format!("link set {} down", link(host)));
    }

    /// Puts the cable back.
    pub(crate) fn mend(&self, host: usize) {
        self.hub.ip(&format!("link set {} up", link(host)));
    }

    /// Asks a database.
    #[track_caller]
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let prefix = self.hub.prefix();
        let out = Command::new(&prefix[0])
            .arg(&prefix[1])
            .arg(Path::new(BIN).join("psql"))
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", HUB])
            .args(["-U", "tester", "-p", &self.server.port.to_string()])
            .args(["-d", database, "-c", sql])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{sql}\n{told}");
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    }
}

fn link(host: usize) -> String {
    format!("host{host}")
}
