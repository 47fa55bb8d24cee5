//! What a run has started and what of it is still alive, so that the run's end can end all of it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::table;
use super::trace::Trace;
use crate::base::settings::Environment;

/// The variable that every program of a run carries, so that one that escaped its group is found.
pub const RUN_ID: &str = "LEXI_RUN_ID";

/// How long a program may take to end after SIGTERM before it gets SIGKILL.
pub const GRACE: Duration = Duration::from_secs(5);

/// How long to wait for the system to take away what got SIGKILL; longer means that it hangs in a system call.
pub(super) const AFTER_KILL: Duration = Duration::from_secs(2);

/// The programs of one run.
#[derive(Debug)]
pub struct Registry {
    run_id: String,
    path: String,
    live: Mutex<HashMap<Pid, Live>>,
    has_started: AtomicBool,
    pub(super) trace: Trace,
}

/// A program that was started, and whether signals go to it alone.
#[derive(Debug, Clone, Copy)]
struct Live {
    reach: Reach,
    leader_ended: bool,
}

/// Whom a signal to a program reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Its process group, which is its own.
    Group,
    /// It alone, since its group is ours.
    Leader,
}

impl Registry {
    /// The registry of a run; a run inside another run's program is a part of that one.
    pub fn new(environment: &Environment) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let own = format!(
            "{:x}-{:x}",
            std::process::id(),
            now.unwrap_or_default().as_nanos()
        );
        let run_id = match environment.get(RUN_ID) {
            Some(outer) if !outer.is_empty() => format!("{outer}/{own}"),
            _ => own,
        };
        Self {
            run_id,
            path: environment.get("PATH").unwrap_or_default().to_owned(),
            live: Mutex::default(),
            has_started: AtomicBool::new(false),
            trace: Trace::default(),
        }
    }

    /// What every program of this run carries in its environment.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Where programs are looked for.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether any program was started; without one there is nothing to stop and no need for a runtime.
    pub fn has_started(&self) -> bool {
        self.has_started.load(Ordering::Relaxed)
    }

    /// How many of the programs still run, or have left something that does.
    pub fn live(&self) -> usize {
        self.lock().len()
    }

    /// Asks everything that still runs to end, and after `grace` makes it. Gives the number of programs that were alive.
    pub async fn stop_all(&self, grace: Duration) -> usize {
        let all: Vec<Pid> = self.lock().keys().copied().collect();
        let mut alive = 0;
        for pid in &all {
            alive += usize::from(!self.has_ended(*pid));
            self.ask_to_end(*pid);
        }
        self.end_within(&all, grace).await;
        alive
    }

    /// Ends what carries this run's mark but left its group (`setsid`, a double fork). Gives the number of those.
    pub async fn sweep(&self, grace: Duration) -> usize {
        if !self.has_started() {
            return 0;
        }
        sweep(&self.run_id, grace).await
    }

    pub(super) fn add(&self, pid: Pid, reach: Reach) {
        self.has_started.store(true, Ordering::Relaxed);
        let live = Live {
            reach,
            leader_ended: false,
        };
        self.lock().insert(pid, live);
    }

    /// Notes that the program itself ended; what it left in its group stays known until the run ends.
    pub(super) fn leader_ended(&self, pid: Pid) {
        if let Some(live) = self.lock().get_mut(&pid) {
            live.leader_ended = true;
        }
        self.has_ended(pid);
    }

    /// Ends a program that nobody waits for any more; does not wait for it.
    pub(super) fn abandon(self: &Arc<Self>, pid: Pid, grace: Duration, runtime: &Handle) {
        self.ask_to_end(pid);
        let registry = Arc::clone(self);
        runtime.spawn(async move { registry.end_within(&[pid], grace).await });
    }

    /// Asks a program to end, and after `grace` makes it.
    pub(super) async fn stop(&self, pid: Pid, grace: Duration) {
        self.ask_to_end(pid);
        self.end_within(&[pid], grace).await;
    }

    async fn end_within(&self, pids: &[Pid], grace: Duration) {
        let all_ended = || pids.iter().filter(|pid| !self.has_ended(**pid)).count() == 0;
        if !until(grace, all_ended).await {
            for pid in pids {
                self.signal(*pid, Signal::KILL);
            }
            until(AFTER_KILL, all_ended).await;
        }
    }

    fn ask_to_end(&self, pid: Pid) {
        self.signal(pid, Signal::TERM);
        // A stopped process sees SIGTERM only when it goes on.
        self.signal(pid, Signal::CONT);
    }

    fn signal(&self, pid: Pid, signal: Signal) {
        if !self.has_ended(pid)
            && let Some(live) = self.lock().get(&pid).copied()
        {
            send(pid, live.reach, signal);
        }
    }

    /// Whether nothing is left of a program; then it is forgotten.
    fn has_ended(&self, pid: Pid) -> bool {
        let mut live = self.lock();
        let has_ended = match live.get(&pid) {
            None => true,
            Some(one) => {
                one.leader_ended && (one.reach == Reach::Leader || !table::has_members(pid))
            }
        };
        if has_ended {
            live.remove(&pid);
        }
        has_ended
    }

    /// Whether it is one of this run's own programs, or what is left of it.
    pub(super) fn holds(&self, pid: Pid) -> bool {
        self.lock().contains_key(&pid)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pid, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registry {
    /// The last resort, when a run ended without `stop_all`.
    fn drop(&mut self) {
        let all: Vec<Pid> = self.lock().keys().copied().collect();
        for pid in all {
            self.signal(pid, Signal::KILL);
        }
    }
}

/// Kills what carries the mark of a run now, wherever it is.
pub fn kill(run_id: &str) {
    for pid in table::carrying(RUN_ID, run_id) {
        send(pid, Reach::Leader, Signal::KILL);
    }
}

/// Ends what carries the mark of a run, wherever it is. Gives the number of programs.
pub async fn sweep(run_id: &str, grace: Duration) -> usize {
    let escaped = table::carrying(RUN_ID, run_id);
    for pid in &escaped {
        send(*pid, Reach::Leader, Signal::TERM);
        send(*pid, Reach::Leader, Signal::CONT);
    }
    let nothing_left = || table::carrying(RUN_ID, run_id).is_empty();
    if !escaped.is_empty() && !until(grace, nothing_left).await {
        // Another look each time: what forks while it is being killed is caught by the next one.
        until(AFTER_KILL, || {
            let left = table::carrying(RUN_ID, run_id);
            for pid in &left {
                send(*pid, Reach::Leader, Signal::KILL);
            }
            left.is_empty()
        })
        .await;
    }
    escaped.len()
}

fn send(pid: Pid, reach: Reach, signal: Signal) {
    // Whoever ended in between needs no signal.
    let _may_be_gone = match reach {
        Reach::Group => kill_process_group(pid, signal),
        Reach::Leader => kill_process(pid, signal),
    };
}

/// Looks at a condition until it holds or `limit` has passed; gives whether it holds.
pub(super) async fn until(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_millis(2);
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
