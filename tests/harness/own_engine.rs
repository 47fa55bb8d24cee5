//! A container engine of a test's own, which may be killed and started again beside the one that all share.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Project, engine};

/// Removes what is left of an engine when its input ends, whichever way the test ends.
const KEEPER: &str = r#"trap : INT TERM HUP
cat >/dev/null
export DOCKER_HOST="unix://$1/sock"
docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1
docker network prune -f >/dev/null 2>&1
pid=$(cat "$1/pid" 2>/dev/null) && kill "$pid" && while [ -e "$1/pid" ]; do sleep 0.05; done
# One that was killed leaves its mounts and the keepers of its containers behind.
for line in /proc/[0-9]*/cmdline; do
    case "$(tr '\0' ' ' 2>/dev/null <"$line")" in
    */containerd-shim*"$1/"*) pid=${line#/proc/}; kill -9 "${pid%/cmdline}" 2>/dev/null ;;
    esac
done
grep -o " $1/[^ ]*" /proc/mounts | sort -r | xargs -r umount -l
rm -rf "$1""#;

/// An engine with data, socket and networks of its own.
pub(crate) struct OwnEngine {
    folder: std::path::PathBuf,
    daemon: Child,
    keeper: Child,
}

impl OwnEngine {
    #[track_caller]
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("lexi-test-engine-")
            .tempdir()
            .unwrap()
            .keep();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let daemon = spawn(&folder);
        let mut engine = Self {
            folder,
            daemon,
            keeper,
        };
        engine.wait();
        engine::make_image(&engine.host());
        engine
    }

    /// The address for `DOCKER_HOST`.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}/sock", self.folder.display())
    }

    /// Ends it as a crash does: nothing of what it does is finished.
    pub(crate) fn kill(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
    }

    /// Starts it again with what it had.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        self.daemon = spawn(&self.folder);
        self.wait();
    }

    #[track_caller]
    fn wait(&mut self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !answers(&self.host()) {
            let ended = self.daemon.try_wait().unwrap();
            let log = || std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(ended.is_none(), "the engine ended: {}", log());
            assert!(Instant::now() < deadline, "the engine is silent: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        if !matches!(self.daemon.try_wait(), Ok(None)) {
            self.daemon = spawn(&self.folder);
            let deadline = Instant::now() + Duration::from_mins(1);
            while !answers(&self.host()) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        drop(self.keeper.stdin.take());
        // The engine first: its keeper waits until it is gone, and it is our child.
        let _ended = self.daemon.wait();
        let _kept = self.keeper.wait();
    }
}

fn answers(host: &str) -> bool {
    let asked = Command::new("docker")
        .args(["-H", host, "version"])
        .output();
    asked.is_ok_and(|output| output.status.success())
}

fn spawn(folder: &Path) -> Child {
    // One that was killed leaves the numbers of its processes, which may be somebody else's by now.
    for stale in ["pid", "exec/containerd/containerd.pid"] {
        let _none = std::fs::remove_file(folder.join(stale));
    }
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let at = |name: &str| folder.join(name).display().to_string();
    Command::new("dockerd")
        .args(["--data-root", &at("data"), "--exec-root", &at("exec")])
        .args(["--pidfile", &at("pid"), "-H", &format!("unix://{}", at("sock"))])
        // Beside the engine of this machine: no bridge and no rules of its own, and other addresses.
        .args(["--bridge=none", "--iptables=false", "--ip-masq=false"])
        .args(["--default-address-pool", &address_pool()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Networks that no engine of another test has.
fn address_pool() -> String {
    let number = std::process::id() % 200;
    format!("base=10.{}.0.0/16,size=24", 20 + number)
}

impl Project {
    /// Runs services in containers of this engine.
    pub(crate) fn docker_of(self, engine: &OwnEngine) -> Self {
        self.docker_at(&engine.host())
    }
}
