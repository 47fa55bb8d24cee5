//! The container engine for tests, with an image made of this machine's own busybox.

use std::path::Path;
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Project;

const INSTALL: &str =
    "apt-get install -y --no-install-recommends docker.io iptables busybox-static";
static READY: Once = Once::new();
static STACKS: AtomicUsize = AtomicUsize::new(0);

/// Makes `busybox:latest` where it is not there; the registry that has the real one may be out of reach.
const MAKE_IMAGE: &str = r#"set -eu
docker image inspect busybox:latest >/dev/null 2>&1 && exit 0
root=$(mktemp -d); trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/tmp" "$root/root" "$root/etc"; chmod 1777 "$root/tmp"
cp /usr/bin/busybox "$root/bin/busybox"
for name in $(/usr/bin/busybox --list); do [ -e "$root/bin/$name" ] || ln -s busybox "$root/bin/$name"; done
tar -C "$root" -c . | docker import - busybox:latest"#;

impl Project {
    /// Runs services in containers, in a stack that nobody else has.
    #[track_caller]
    pub(crate) fn docker(self) -> Self {
        let host = std::env::var("DOCKER_HOST").unwrap_or_default();
        READY.call_once(|| make_image(&host));
        self.docker_at(&host)
    }

    /// The same with the engine at this address.
    pub(super) fn docker_at(self, host: &str) -> Self {
        let number = STACKS.fetch_add(1, Ordering::SeqCst);
        let name = format!("lexi-test-{}-{number}", std::process::id());
        self.file("lexi.toml", &format!("name = \"{name}\"\n"))
            .env("STACK", &name)
            .env("LEXI_DRIVER", "docker")
            .env("DOCKER_HOST", host)
    }
}

/// Makes the image where it is not there.
#[track_caller]
pub(super) fn make_image(host: &str) {
    let run = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).env("DOCKER_HOST", host);
        command.output()
    };
    let answers = run("docker", &["version"]);
    let answers = answers.is_ok_and(|output| output.status.success());
    assert!(answers, "no engine answers: {INSTALL}, then `dockerd`");
    assert!(
        Path::new("/usr/bin/busybox").exists(),
        "no busybox here: {INSTALL}"
    );
    let made = run("sh", &["-c", MAKE_IMAGE]).unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}
