//! A control group that counts processes: root is not held to the limit that a user has.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

use crate::base::{Error, Result};

const NAME: &str = "lexi-untrusted-";

/// A group of processes of which there may be so many. It goes when this value does, which is after its processes.
#[derive(Debug)]
pub struct Group(PathBuf);

impl Group {
    /// A new group; none where the system has no such groups or does not let this user make one.
    pub fn new(most: u64) -> Option<Self> {
        let parent = parent(Path::new("/"))?;
        clear(&parent);
        let group = Self(parent.join(format!("{NAME}{}", std::process::id())));
        fs::create_dir(&group.0).ok()?;
        // Dropped where it counts no processes.
        fs::write(group.0.join("pids.max"), most.to_string()).ok()?;
        Some(group)
    }

    /// Lets nothing new begin in it, and kills what it holds where the system does that at once.
    pub fn close(&self) {
        close(&self.0);
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A process that is still ending keeps it; the next one that makes a group clears it away.
        let _kept = fs::remove_dir(&self.0);
    }
}

fn close(group: &Path) {
    for (file, word) in [("pids.max", "0"), ("cgroup.kill", "1")] {
        // Only the groups of the new kind kill; what is in others is looked for in the table of processes.
        let _other_kind = fs::OpenOptions::new()
            .write(true)
            .open(group.join(file))
            .and_then(|mut file| file.write_all(word.as_bytes()));
    }
}

/// Puts this very process into a group.
pub fn join(group: &Path) -> Result<()> {
    let path = group.join("cgroup.procs");
    fs::write(&path, "0").map_err(|e| Error::io("cannot set the limit of processes", e))
}

/// The group that this process is in, below which others can be made: of the old kind or of the new one.
fn parent(root: &Path) -> Option<PathBuf> {
    let own = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let below = |path: &str| path.trim_start_matches('/').to_owned();
    let old = own
        .lines()
        .find_map(|line| line.split_once(":pids:"))
        .map(|(_, path)| root.join("sys/fs/cgroup/pids").join(below(path)));
    let new = || {
        let (_, path) = own.lines().find_map(|line| line.split_once("0::"))?;
        let mounted = root.join("sys/fs/cgroup");
        // A group of the new kind that has processes hands nothing to groups below it, so the new one stands beside it.
        let own = mounted.join(below(path));
        let beside = own.parent().filter(|beside| beside.starts_with(&mounted));
        let handed = |group: &Path| {
            let handed = fs::read_to_string(group.join("cgroup.subtree_control"));
            handed.is_ok_and(|names| names.split_whitespace().any(|name| name == "pids"))
        };
        [Some(own.as_path()), beside]
            .into_iter()
            .flatten()
            .find(|group| handed(group))
            .map(Path::to_path_buf)
    };
    old.filter(|path| path.is_dir()).or_else(new)
}

/// Clears away the groups of processes that are gone.
fn clear(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(NAME));
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            // Its watcher was killed: what the script had started is still in it.
            close(&entry.path());
            let members = fs::read_to_string(entry.path().join("cgroup.procs"));
            let pids = members.unwrap_or_default();
            for pid in pids
                .lines()
                .filter_map(|pid| Pid::from_raw(pid.parse().ok()?))
            {
                let _may_be_gone = kill_process(pid, Signal::KILL);
            }
            // One that still holds processes cannot be removed.
            let _kept = fs::remove_dir(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_group_of_either_kind_is_found() {
        let old = root(&[
            ("proc/self/cgroup", "8:pids:/user/one\n4:memory:/x\n0::/\n"),
            ("sys/fs/cgroup/pids/user/one/pids.max", "max"),
        ]);
        let found = parent(old.path()).unwrap();
        assert_eq!(found, old.path().join("sys/fs/cgroup/pids/user/one"));

        let new = root(&[
            ("proc/self/cgroup", "0::/user.slice/session.scope\n"),
            (
                "sys/fs/cgroup/user.slice/cgroup.subtree_control",
                "memory pids\n",
            ),
            (
                "sys/fs/cgroup/user.slice/session.scope/cgroup.subtree_control",
                "",
            ),
        ]);
        let found = parent(new.path()).unwrap();
        assert_eq!(found, new.path().join("sys/fs/cgroup/user.slice"));

        let none = root(&[
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/cgroup.subtree_control", "memory\n"),
        ]);
        assert_eq!(parent(none.path()), None);
        assert_eq!(parent(root(&[]).path()), None);
    }
}
