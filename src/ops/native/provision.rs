//! What is missing on this machine, and installing it where that is possible: Debian, as root.
//!
//! A shell does the work beside this program: an installation that is cut off half-way would be worse than one that ends
//! a little later, and what it must clean up is cleaned up also when this program is killed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use super::binary::Search;
use super::postgres::last_lines;
use super::proc::{Identity, Process};
use super::{launch, log};
use crate::base::{Error, Kind, Result};
use crate::ops::stack::NativeServer;

const SCRIPT: &str = include_str!("provision.sh");

/// Forbids packages to start services while it is there (`invoke-rc.d(8)`).
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Keeps the package of PostgreSQL from making a cluster of its own (`pg_createcluster(1)`).
const CLUSTER_SETTING: &str = "/etc/postgresql-common/createcluster.d/lexi.conf";

const LISTS: &str = "/var/lib/apt/lists";

/// Package lists older than this name versions that the servers may not have any more.
const LISTS_LIMIT: Duration = Duration::from_hours(24);

/// How long an installation that was called off may take to come to an end.
const END_LIMIT: Duration = Duration::from_mins(5);

/// How often the installation is looked at.
const POLL: Duration = Duration::from_millis(100);

/// The packages that hold what is missing.
pub fn missing(search: &Search) -> Vec<&'static str> {
    let has = |name: &str| search.postgres(name).is_ok();
    let mut packages = Vec::new();
    if !(has("postgres") && has("initdb")) {
        packages.push("postgresql-15");
    }
    if !(has("psql") && has("pg_dump")) {
        packages.push("postgresql-client-15");
    }
    if search.server(NativeServer::Redis).is_err() {
        packages.push("redis-server");
    }
    packages
}

/// Installs what is missing and gives the names of the packages; without the right to, an error with the line to paste.
///
/// Every line of the installation goes to `report`. Dropping the future asks the installation to end.
pub async fn provision(
    search: &Search,
    project_state: &Path,
    report: &(dyn Fn(&str) + Sync),
) -> Result<Vec<&'static str>> {
    let packages = missing(search);
    if packages.is_empty() {
        return Ok(packages);
    }
    if !is_possible() {
        return Err(by_hand(&packages));
    }
    let job = Job {
        lists: if lists_are_old() { "update" } else { "keep" },
        policy: POLICY.into(),
        setting: CLUSTER_SETTING.into(),
        apt: "/usr/bin/apt-get".to_owned(),
        log: project_state.join("native/install.log"),
    };
    job.run(&packages, report).await?;
    let left = missing(search);
    if left.is_empty() {
        Ok(packages)
    } else {
        Err(by_hand(&left))
    }
}

/// Whether this user can install packages here.
pub fn is_possible() -> bool {
    Path::new("/usr/bin/apt-get").exists() && rustix::process::geteuid().is_root()
}

/// The error of a machine that has to be prepared by hand.
fn by_hand(packages: &[&str]) -> Error {
    let message = format!("not installed here: {}", packages.join(", "));
    let error = Error::unavailable(message).field("packages", packages.join(" "));
    if !Path::new("/usr/bin/apt-get").exists() {
        return error.hint(
            "install PostgreSQL 15 with its clients and Redis 7, or name their folders in LEXI_POSTGRES_BIN and LEXI_REDIS_BIN",
        );
    }
    error.hint(format!(
        "sudo sh -c 'mkdir -p /etc/postgresql-common/createcluster.d && \
         echo create_main_cluster = false > {CLUSTER_SETTING} && \
         apt-get update && apt-get install -y --no-install-recommends {}'",
        packages.join(" ")
    ))
}

fn lists_are_old() -> bool {
    let newest = std::fs::read_dir(LISTS)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let is_list = entry.file_name().to_string_lossy().contains("_Packages");
            let modified = entry.metadata().ok()?.modified().ok()?;
            is_list.then_some(modified)
        })
        .max();
    // The time of a list is when its server made it, so the folder's own time, of the last update, counts as well.
    let updated = std::fs::metadata(LISTS)
        .and_then(|metadata| metadata.modified())
        .ok();
    match newest {
        None => true,
        Some(newest) => {
            let last = updated.map_or(newest, |updated| updated.max(newest));
            SystemTime::now()
                .duration_since(last)
                .is_ok_and(|age| age > LISTS_LIMIT)
        }
    }
}

/// One installation.
#[derive(Debug)]
struct Job {
    lists: &'static str,
    policy: PathBuf,
    setting: PathBuf,
    apt: String,
    log: PathBuf,
}

impl Job {
    async fn run(&self, packages: &[&str], report: &(dyn Fn(&str) + Sync)) -> Result<()> {
        if let Some(folder) = self.log.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|e| Error::io(format!("cannot make folder `{}`", folder.display()), e))?;
        }
        let mut position = log::length(&self.log);
        let mut command = launch::plain(Path::new("/bin/sh"), log::open(&self.log)?)?;
        command
            .args(["-c", SCRIPT, "sh", self.lists])
            .arg(&self.policy)
            .arg(&self.setting)
            .arg(&self.apt)
            .args(packages);
        let mut child = command
            .spawn()
            .map_err(|e| Error::io("cannot start `/bin/sh`", e))?;
        let _asked_to_end = Identity::of(child.id())
            .and_then(Process::open)
            .map(AskToEnd);
        let status = loop {
            position = hand_on(&self.log, position, report);
            let ended = child
                .try_wait()
                .map_err(|e| Error::io("cannot wait for `apt-get`", e))?;
            match ended {
                Some(status) => break status,
                None => tokio::time::sleep(POLL).await,
            }
        };
        hand_on(&self.log, position, report);
        if status.success() {
            return Ok(());
        }
        let said = last_lines(&log::tail(&self.log, 8).unwrap_or_default().join("\n"));
        let message = format!("`apt-get` did not install {}", packages.join(", "));
        Err(Error::new(Kind::ProcessFailed, message)
            .because(said)
            .hint(format!("all it said: `cat {}`", self.log.display())))
    }
}

/// Hands on the whole lines after a position and gives the position after them.
fn hand_on(path: &Path, position: u64, report: &(dyn Fn(&str) + Sync)) -> u64 {
    let text = log::since(path, position);
    let Some(end) = text.rfind('\n') else {
        return position;
    };
    text[..end].lines().for_each(report);
    position + end as u64 + 1
}

/// Ends the installation in good order when it is not waited for any more.
#[derive(Debug)]
struct AskToEnd(Process);

impl Drop for AskToEnd {
    fn drop(&mut self) {
        if self.0.identity().is_alive() {
            self.0.signal(Signal::INT);
            self.0.ended_within_blocking(END_LIMIT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Cancel, Reason};
    use crate::runtime::Runtime;
    use std::sync::Mutex;
    use std::time::Instant;

    /// Stands in for apt-get: notes its arguments and whether the policy was there, then does what its test wants.
    const APT: &str = r#"printf '%s\n' "$*" >>"$0.calls"
ls "$(dirname "$0")" >>"$0.seen"
[ ! -e "$0.fails" ] || { rm "$0.fails"; exit 100; }
trap 'echo interrupted; exit 130' INT
if [ -e "$0.hangs" ]; then echo hanging; while :; do sleep 0.05; done; fi
"#;

    fn job(folder: &Path) -> Job {
        let apt = folder.join("apt");
        std::fs::write(&apt, APT).unwrap();
        Job {
            lists: "keep",
            policy: folder.join("policy"),
            setting: folder.join("d/setting"),
            apt: format!("sh {}", apt.display()),
            log: folder.join("log"),
        }
    }

    fn run(job: &Job, cancel: &Cancel) -> Result<()> {
        Runtime::default().wait(cancel, job.run(&["a", "b"], &|_| ()))
    }

    fn calls(folder: &Path) -> Vec<String> {
        let text = std::fs::read_to_string(folder.join("apt.calls")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    const INSTALL: &str = "install -y --no-install-recommends -o DPkg::Lock::Timeout=600 a b";

    #[test]
    fn packages_are_installed_under_a_policy_that_is_gone_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let job = job(dir.path());

        run(&job, &Cancel::detached()).unwrap();

        assert_eq!(calls(dir.path()), [INSTALL]);
        assert!(
            std::fs::read_to_string(dir.path().join("apt.seen"))
                .unwrap()
                .contains("policy\n")
        );
        assert!(!job.policy.exists());
        let setting = std::fs::read_to_string(&job.setting).unwrap();
        assert_eq!(setting, "create_main_cluster = false\n");
    }

    #[test]
    fn lists_are_updated_when_they_are_old_or_the_installation_fails() {
        let dir = tempfile::tempdir().unwrap();
        let mut job = job(dir.path());
        std::fs::write(dir.path().join("apt.fails"), "").unwrap();

        run(&job, &Cancel::detached()).unwrap();

        assert_eq!(calls(dir.path()), [INSTALL, "update", INSTALL]);
        job.lists = "update";
        run(&job, &Cancel::detached()).unwrap();
        assert_eq!(calls(dir.path())[3..], ["update", INSTALL]);
    }

    #[test]
    fn a_policy_and_a_setting_that_were_there_are_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let job = job(dir.path());
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::fs::write(&job.policy, "mine").unwrap();
        std::fs::write(&job.setting, "mine").unwrap();

        run(&job, &Cancel::detached()).unwrap();

        for path in [&job.policy, &job.setting] {
            assert_eq!(std::fs::read_to_string(path).unwrap(), "mine");
        }
    }

    #[test]
    fn a_failure_shows_what_apt_said_and_removes_the_policy() {
        let dir = tempfile::tempdir().unwrap();
        let mut job = job(dir.path());
        job.apt = "false".to_owned();

        let error = run(&job, &Cancel::detached()).unwrap_err();

        assert_eq!(error.message(), "`apt-get` did not install a, b");
        assert!(!job.policy.exists());
    }

    #[test]
    fn an_installation_that_is_called_off_ends_in_good_order() {
        let dir = tempfile::tempdir().unwrap();
        let job = job(dir.path());
        std::fs::write(dir.path().join("apt.hangs"), "").unwrap();
        let cancel = Cancel::detached();
        let lines = Mutex::new(Vec::new());
        let report = |line: &str| {
            lines.lock().unwrap().push(line.to_owned());
            cancel.cancel(Reason::Signal(2));
        };
        let started = Instant::now();

        let result = Runtime::default().wait(&cancel, job.run(&["a"], &report));

        assert!(result.is_err() && started.elapsed() < END_LIMIT);
        assert_eq!(*lines.lock().unwrap(), ["hanging"]);
        assert!(!job.policy.exists());
        let said = std::fs::read_to_string(&job.log).unwrap();
        assert!(said.ends_with("interrupted\n"), "{said}");
        assert_eq!(calls(dir.path()).len(), 1, "nothing is tried after that");
    }
}
