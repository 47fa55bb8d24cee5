//! A registry of images that asks for a login, for all tests; Debian's `docker-registry`.

use std::net::TcpStream;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Project;
use super::servers::{Server, folder, free_port, keep, wait_until};

const INSTALL: &str = "apt-get install -y --no-install-recommends docker-registry";

/// Whom the registry knows.
pub(crate) const USER: &str = "lexi";
/// The password; its hash is in [`HASH`].
pub(crate) const PASSWORD: &str = "registry-password";
const HASH: &str = "$2b$04$/xJMtT/U7SQqPdeOJ/GxQe.4RYAdYmyjojeGXIE5yE/hOVEMCOdf.";

static REGISTRY: OnceLock<Server> = OnceLock::new();
static IMAGES: AtomicUsize = AtomicUsize::new(0);

/// The registry's name: engines speak plain HTTP with one on this machine.
pub(crate) fn registry() -> String {
    format!("127.0.0.1:{}", REGISTRY.get_or_init(start).port)
}

/// An image of so many random kilobytes that only the registry has; removed from the engine again when dropped.
pub(crate) struct Image(pub(crate) String);

impl Image {
    #[track_caller]
    pub(crate) fn pushed(kilobytes: usize) -> Self {
        let registry = registry();
        let number = IMAGES.fetch_add(1, Ordering::SeqCst);
        let name = format!("{registry}/lexi/test{}-{number}:1", std::process::id());
        let script = r#"set -e; folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
            mkdir -p "$folder/root/bin"; cp /usr/bin/busybox "$folder/root/bin/busybox"
            ln -s busybox "$folder/root/bin/sh"; ln -s busybox "$folder/root/bin/sleep"
            head -c "$2"k /dev/urandom >"$folder/root/noise"
            tar -C "$folder/root" -c . | docker import - "$1" >/dev/null
            echo "$4" | docker --config "$folder" login -u "$3" --password-stdin "${1%%/*}" >/dev/null 2>&1
            docker --config "$folder" push -q "$1" >/dev/null; docker rmi -f "$1" >/dev/null"#;
        let out = Command::new("sh")
            .args(["-c", script, "push", &name, &kilobytes.to_string()])
            .args([USER, PASSWORD])
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        Self(name)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _removed = Command::new("docker").args(["rmi", "-f", &self.0]).output();
    }
}

fn start() -> Server {
    let found = Command::new("docker-registry").arg("--version").output();
    assert!(found.is_ok(), "no registry here: {INSTALL}");
    let folder = folder("registry");
    let port = free_port();
    let at = folder.display();
    let config = format!(
        "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {at}/data }} }}\n\
         http: {{ addr: \"127.0.0.1:{port}\" }}\nauth: {{ htpasswd: {{ realm: test, path: {at}/htpasswd }} }}\n"
    );
    std::fs::write(folder.join("config.yml"), config).unwrap();
    std::fs::write(folder.join("htpasswd"), format!("{USER}:{HASH}\n")).unwrap();
    let keeper = keep(&folder, &["docker-registry", "serve", "config.yml"]);
    wait_until("the registry", &folder, || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    Server::new(port, folder, keeper)
}

/// Docker's own configuration, in the home of the tests.
pub(crate) fn configure(project: &Project, text: &str) {
    project.write(".docker/config.json", text);
}

/// What `docker login` leaves.
pub(crate) fn log_in(project: &Project, password: &str) {
    let pair = STANDARD.encode(format!("{USER}:{password}"));
    let registry = registry();
    configure(
        project,
        &format!(r#"{{"auths":{{"{registry}":{{"auth":"{pair}"}}}}}}"#),
    );
}
