//! Processes as `/proc` shows them, and signals to exactly the one that was meant.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, waitpid,
};
use serde::{Deserialize, Serialize};

/// Ticks per second in `/proc/<pid>/stat`; the kernel's interface fixes it at 100 (`proc_pid_stat(5)`, `USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

/// How often a process is looked at that is to end.
const END_POLL: Duration = Duration::from_millis(5);

/// A process that no later one with the same number can be mistaken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its number.
    pub pid: u32,
    /// When it started, in ticks since the machine did.
    pub start_ticks: u64,
}

impl Identity {
    /// The process with this number, unless it has ended (a zombie has).
    pub fn of(pid: u32) -> Option<Self> {
        let stat = Stat::of(pid)?;
        let identity = Self {
            pid,
            start_ticks: stat.start_ticks,
        };
        (!stat.has_ended).then_some(identity)
    }

    /// Whether this very process still runs.
    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// For how long it has run.
    pub fn uptime(self) -> Option<Duration> {
        let text = std::fs::read_to_string("/proc/uptime").ok()?;
        let since_boot: f64 = text.split(' ').next()?.parse().ok()?;
        let since_boot = Duration::try_from_secs_f64(since_boot).ok()?;
        since_boot.checked_sub(ticks(self.start_ticks))
    }
}

/// What `/proc/<pid>/stat` says.
struct Stat {
    has_ended: bool,
    parent: u32,
    cpu_ticks: u64,
    start_ticks: u64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses and may hold blanks and parentheses.
        let fields: Vec<&str> = text.get(text.rfind(')')? + 2..)?.split(' ').collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self {
            has_ended: matches!(fields.first(), Some(&("Z" | "X" | "x"))),
            parent: fields.get(1)?.parse().ok()?,
            cpu_ticks: (11..=14).filter_map(number).sum(),
            start_ticks: number(19)?,
        })
    }
}

fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(1000 / TICKS_PER_SECOND))
}

/// The numbers of all processes.
fn all() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// The arguments a process was started with.
fn arguments(pid: u32) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes)
        .split('\0')
        .map(str::to_owned)
        .collect()
}

/// Whether a process is the server of a data folder: it says so in its arguments, or it is that program and works there.
///
/// The second way finds a server whose project was moved; the programs of the server's own children have other names.
pub(super) fn serves(pid: u32, program: &str, argument: &Path, data: &Path) -> bool {
    let arguments = arguments(pid);
    let named = arguments
        .first()
        .and_then(|first| Path::new(first).file_name())
        .is_some_and(|name| name == program);
    if !named {
        return false;
    }
    let is_argument = arguments.iter().any(|given| Path::new(given) == argument);
    is_argument || works_in(pid, data)
}

/// The server of a data folder, found among all processes.
pub(super) fn find_server(program: &str, argument: &Path, data: &Path) -> Option<Identity> {
    all()
        .into_iter()
        .filter(|pid| serves(*pid, program, argument, data))
        .find_map(Identity::of)
}

/// Processes that were started with this folder as an argument, or work in it.
pub(super) fn users_of(folder: &Path) -> Vec<Identity> {
    let names_it = |pid: &u32| {
        arguments(*pid)
            .iter()
            .any(|given| Path::new(given) == folder)
    };
    all()
        .into_iter()
        .filter(|pid| names_it(pid) || works_in(*pid, folder))
        .filter_map(Identity::of)
        .collect()
}

fn works_in(pid: u32, folder: &Path) -> bool {
    std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|current| current == folder)
}

/// Memory and time of a server and its children.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory; what children share with the server counts once.
    pub memory_bytes: u64,
    /// Time on a processor, of children that ended too.
    pub cpu: Duration,
}

/// What a server and its children use.
pub fn usage(pid: u32) -> Usage {
    let mut usage = Usage {
        memory_bytes: memory(pid, "VmRSS:"),
        cpu: Stat::of(pid).map_or(Duration::ZERO, |stat| ticks(stat.cpu_ticks)),
    };
    for child in all() {
        if let Some(stat) = Stat::of(child).filter(|stat| stat.parent == pid) {
            usage.memory_bytes += memory(child, "RssAnon:");
            usage.cpu += ticks(stat.cpu_ticks);
        }
    }
    usage
}

fn memory(pid: u32, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kib| kib * 1024)
}

/// A process held by a descriptor: a signal cannot reach another one that took its number.
#[derive(Debug)]
pub(super) struct Process {
    fd: OwnedFd,
    identity: Identity,
}

impl Process {
    /// Takes hold of a process, if it still runs.
    pub(super) fn open(identity: Identity) -> Option<Self> {
        let fd = pidfd_open(raw(identity.pid)?, PidfdFlags::empty()).ok()?;
        identity.is_alive().then_some(Self { fd, identity })
    }

    /// Which process it is.
    pub(super) const fn identity(&self) -> Identity {
        self.identity
    }

    /// Sends a signal; a process that has ended does not mind.
    pub(super) fn signal(&self, signal: Signal) {
        let _may_have_ended = pidfd_send_signal(&self.fd, signal);
    }

    /// Waits for its end; `false` when it takes longer than this.
    pub(super) async fn ended_within(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        // The safe way to await a descriptor that is ours would need `unsafe` in this version of tokio.
        while !self.ended_within_blocking(Duration::ZERO) {
            if Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(END_POLL).await;
        }
        true
    }

    /// The same, where nothing can be awaited.
    pub(super) fn ended_within_blocking(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let ended = loop {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            };
            match poll(&mut [PollFd::new(&self.fd, PollFlags::IN)], Some(&timeout)) {
                Ok(0) if left.is_zero() => break false,
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => break true,
                Err(_) => break !self.identity.is_alive(),
            }
        };
        bury(self.identity.pid);
        ended
    }
}

/// Takes the result of a process that has ended, if this run started it; for any other this does nothing.
pub(super) fn bury(pid: u32) {
    let _not_a_child = waitpid(raw(pid), WaitOptions::NOHANG);
}

/// Whether any process has this number, one that ended and was not buried included.
pub(super) fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn raw(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_start_too() {
        let me = Identity::of(std::process::id()).unwrap();

        assert!(me.is_alive());
        let other = Identity {
            start_ticks: me.start_ticks + 1,
            ..me
        };
        assert!(!other.is_alive());
        assert!(me.uptime().unwrap() < Duration::from_hours(1));
        assert!(usage(me.pid).memory_bytes > 0);
    }

    #[test]
    fn a_zombie_has_ended() {
        let mut child = crate::ops::process::command("true").spawn().unwrap();
        let identity = Identity {
            pid: child.id(),
            start_ticks: Stat::of(child.id()).unwrap().start_ticks,
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while identity.is_alive() {
            assert!(Instant::now() < deadline, "`true` does not end");
            std::thread::yield_now();
        }

        assert!(Stat::of(child.id()).unwrap().has_ended);
        child.wait().unwrap();
    }

    #[test]
    fn a_signal_reaches_the_process_that_was_opened() {
        let mut child = crate::ops::process::command("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let process = Process::open(Identity::of(child.id()).unwrap()).unwrap();
        assert!(!process.ended_within_blocking(Duration::ZERO));

        process.signal(Signal::TERM);

        assert!(process.ended_within_blocking(Duration::from_secs(20)));
        assert!(Process::open(process.identity()).is_none());
        assert!(child.wait().is_err(), "it is buried already");
    }
}
