//! Confines this very process, for ever: limits on what it uses, and on Linux with Landlock on what it reaches.
//!
//! Called by the process that will run a stranger's script, before it has read a word of it.

mod calls;
mod group;

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use serde::{Deserialize, Serialize};

use crate::base::{Error, Result};

pub use group::{Group, join};

/// The newest set of rights that is asked for; an older kernel enforces those that it knows.
const RIGHTS: ABI = ABI::V6;

/// What any program needs in order to start and to tell the time.
const SYSTEM: [&str; 5] = [
    "/usr/share/zoneinfo",
    "/etc/localtime",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
];
/// What names and certificates of other machines are looked up in.
const NETWORK: [&str; 6] = [
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/gai.conf",
    "/etc/ssl",
    "/usr/share/ca-certificates",
];
/// Where programs and their libraries are.
const PROGRAMS: [&str; 9] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/opt",
];

/// How much a process may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory, for each process.
    pub memory: u64,
    /// Seconds of processor time, for each process.
    pub cpu_seconds: u64,
    /// Bytes of the longest file.
    pub file_bytes: u64,
    /// Open files, for each process.
    pub files: u64,
    /// Processes and threads besides those that this user has already; root is held to it by a [`Group`].
    pub processes: u64,
}

/// What a process may reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Files and folders that it may read.
    pub read: Vec<PathBuf>,
    /// Files and folders that it may write.
    pub write: Vec<PathBuf>,
    /// Programs that it may start, and with them what the system's programs and libraries are.
    pub run: Vec<PathBuf>,
    /// Folders among those of the system's programs that it may not look into.
    pub without: Vec<PathBuf>,
    /// Ports that it may connect to; None is all.
    pub ports: Option<Vec<u16>>,
}

/// How far the system holds the process to what it may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// All of it.
    Whole,
    /// A part: the kernel is older.
    Partly,
    /// Nothing: the kernel has no Landlock.
    Not,
}

/// Keeps to this process what others had open when they started it: open files are held by nothing that confines.
pub fn keep_descriptors() {
    close_fds::set_fds_cloexec(3, &[]);
}

/// Sets the limits, and lets the process die with the one that started it. Nothing takes this back.
pub fn limit(limits: &Limits) -> Result<()> {
    let wrong = |what: &str, e| Error::io(format!("cannot set the limit of {what}"), e);
    let set = |resource, amount: u64, what: &str| {
        // At the soft limit of time a signal says why, at the hard one it does not.
        let limit = Rlimit {
            current: Some(amount),
            maximum: Some(amount + u64::from(resource == Resource::Cpu)),
        };
        setrlimit(resource, limit).map_err(|e| wrong(what, e.into()))
    };
    set(Resource::Core, 0, "core files")?;
    set(Resource::Data, limits.memory, "memory")?;
    set(Resource::Cpu, limits.cpu_seconds, "processor time")?;
    set(Resource::Fsize, limits.file_bytes, "files' length")?;
    set(Resource::Nofile, limits.files, "open files")?;
    let tasks = own_tasks().saturating_add(limits.processes);
    set(Resource::Nproc, tasks, "processes")?;
    // Nobody of the same user looks into its memory, and it does not outlive the one who watches it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|e| wrong("dumps", e.into()))?;
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| wrong("life", e.into()))
}

/// Whether the limit of processes is not for this user: the system counts none of root's.
pub fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// How many processes and threads this user has, which is what the system counts.
fn own_tasks() -> u64 {
    let uid = rustix::process::getuid().as_raw();
    let Ok(all) = std::fs::read_dir("/proc") else {
        return 0;
    };
    let count = |status: String| -> Option<u64> {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        let owner: u32 = field("Uid:")?.split_whitespace().next()?.parse().ok()?;
        let threads = field("Threads:")?.trim().parse().ok()?;
        (owner == uid).then_some(threads)
    };
    let statuses =
        all.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("status")).ok());
    statuses.filter_map(count).sum()
}

/// Lets the process reach nothing but this. Threads that it has already are not held: call it first.
pub fn confine(reach: &Reach) -> Result<Held> {
    let wrong = |e: landlock::RulesetError| {
        Error::internal("cannot confine the process").because(e.to_string())
    };
    let status = rules(reach)
        .and_then(RulesetCreated::restrict_self)
        .map_err(wrong)?;
    calls::forbid()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Held::Whole,
        RulesetStatus::PartiallyEnforced => Held::Partly,
        RulesetStatus::NotEnforced => Held::Not,
    })
}

fn rules(reach: &Reach) -> Result<RulesetCreated, landlock::RulesetError> {
    let look = AccessFs::ReadFile | AccessFs::ReadDir;
    let start = look | AccessFs::Execute;
    let change = AccessFs::from_write(RIGHTS);
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RIGHTS))?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::from_all(RIGHTS))?;
    if reach.ports.is_some() {
        ruleset = ruleset.handle_access(AccessNet::ConnectTcp)?;
    }
    let mut created = ruleset
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, look))?
        .add_rules(path_beneath_rules(["/dev/null"], change))?
        .add_rules(path_beneath_rules(&reach.read, look))?
        .add_rules(path_beneath_rules(&reach.write, look | change))?;
    if !reach.run.is_empty() {
        created = created
            .add_rules(path_beneath_rules(programs(&reach.without), start))?
            .add_rules(path_beneath_rules(&reach.run, start))?;
    }
    if reach.ports.as_ref().is_none_or(|ports| !ports.is_empty()) {
        created = created.add_rules(path_beneath_rules(NETWORK, look))?;
    }
    for port in reach.ports.iter().flatten() {
        created = created.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
    }
    Ok(created)
}

/// Where programs are, without these folders: rights can only be added, so all that is beside one is named.
fn programs(without: &[PathBuf]) -> Vec<PathBuf> {
    let real = |path: &str| Path::new(path).canonicalize().ok();
    let folders = PROGRAMS.iter().filter_map(|path| real(path));
    folders.flat_map(|path| around(path, without)).collect()
}

fn around(path: PathBuf, without: &[PathBuf]) -> Vec<PathBuf> {
    if without.contains(&path) {
        return Vec::new();
    }
    if !without.iter().any(|folder| folder.starts_with(&path)) {
        return vec![path];
    }
    let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
    let within = entries.filter_map(|entry| entry.path().canonicalize().ok());
    // A link may lead back up.
    let within = within.filter(|inner| inner.starts_with(&path) && *inner != path);
    within.flat_map(|inner| around(inner, without)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_beside_a_folder_is_named() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in ["lib", "src/app/data", "src/other"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::os::unix::fs::symlink(&root, root.join("up")).unwrap();

        let mut found = around(root.clone(), &[root.join("src/app")]);

        found.sort();
        assert_eq!(found, [root.join("lib"), root.join("src/other")]);
        assert_eq!(around(root.clone(), &["/elsewhere".into()]), [root]);
    }
}
