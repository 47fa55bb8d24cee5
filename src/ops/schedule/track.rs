//! What is known of one entry while a daemon leads: what runs of it, what waits, and what to try again.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::Pid;
use tokio::time::Instant;

use super::child::{self, Started};
use super::due::{minus, plus};
use super::ends::End;
use super::entry::Entry;
use super::journal::{Note, slot_of};
use crate::base::schedule::{CatchUp, Overlap};

/// How soon something is tried again that needs the database or the disk.
pub(super) const AGAIN: Duration = Duration::from_secs(2);

/// A run of an entry that has not ended.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) slot: Timestamp,
    pub(super) attempt: u32,
    /// None for one that an earlier daemon had just started when it was killed.
    pub(super) pid: Option<Pid>,
    /// What all that it starts carries in its environment.
    pub(super) mark: Option<String>,
    /// Whether an earlier daemon started it; then its end is not told to us.
    pub(super) is_orphan: bool,
    /// When it has taken too long.
    pub(super) deadline: Option<Instant>,
    /// Whether its time had to wait for another run.
    pub(super) has_waited: bool,
    /// Why it was asked to end, if it was.
    pub(super) stopped: Option<Stop>,
    /// When it is killed, as it was asked to end.
    pub(super) kill_at: Option<Instant>,
}

/// Why a run was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It took too long.
    Late,
    /// A later time is to start.
    Replaced,
}

impl Running {
    /// One that we started just now.
    pub(super) fn new(
        slot: Timestamp,
        attempt: u32,
        started: &Started,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            slot,
            attempt,
            pid: Some(started.pid),
            mark: Some(started.mark.clone()),
            is_orphan: false,
            deadline: timeout.map(|limit| Instant::now() + limit),
            has_waited: false,
            stopped: None,
            kill_at: None,
        }
    }

    /// One that an earlier daemon started.
    pub(super) fn orphan(
        slot: Timestamp,
        attempt: u32,
        pid: Option<Pid>,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            slot,
            attempt,
            pid,
            mark: pid.and_then(child::mark_of),
            is_orphan: true,
            deadline: timeout.map(|limit| Instant::now() + limit),
            has_waited: false,
            stopped: None,
            kill_at: None,
        }
    }
}

/// A try to come after one that failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retry {
    pub(super) slot: Timestamp,
    pub(super) attempt: u32,
    pub(super) at: Instant,
}

/// A time whose run ended before it had begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unclaimed {
    pub(super) slot: Timestamp,
    pub(super) attempt: u32,
    /// When it is started again.
    pub(super) at: Instant,
}

/// What could not be noted yet, as the database or the disk was out of reach.
#[derive(Debug, Default)]
pub(super) struct Unnoted {
    pub(super) ends: Vec<(End, Running)>,
    pub(super) skips: Vec<Note>,
    /// When it is noted again.
    pub(super) at: Option<Instant>,
}

impl Unnoted {
    pub(super) fn keep_end(&mut self, end: End, run: Running) {
        self.ends.push((end, run));
        self.at = Some(Instant::now() + AGAIN);
    }

    pub(super) fn keep_skip(&mut self, note: Note) {
        self.skips.push(note);
        self.at = Some(Instant::now() + AGAIN);
    }

    /// Takes all that there is.
    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

/// One entry.
#[derive(Debug)]
pub(super) struct Track {
    /// None when it was taken out while a run went on.
    pub(super) entry: Option<Entry>,
    /// Times up to this one were looked at.
    pub(super) since: Timestamp,
    /// What an earlier daemon had decided of the newest times.
    pub(super) decided: Vec<Note>,
    pub(super) running: Vec<Running>,
    pub(super) waiting: VecDeque<Timestamp>,
    pub(super) retry: Option<Retry>,
    pub(super) unclaimed: Vec<Unclaimed>,
    pub(super) unnoted: Unnoted,
}

impl Track {
    /// An entry that is new from now on.
    pub(super) fn new(entry: Entry, now: Timestamp) -> Self {
        Self {
            entry: Some(entry),
            since: now,
            decided: Vec::new(),
            running: Vec::new(),
            waiting: VecDeque::new(),
            retry: None,
            unclaimed: Vec::new(),
            unnoted: Unnoted::default(),
        }
    }

    /// An entry as earlier daemons left it.
    pub(super) fn resume(entry: Entry, notes: Vec<Note>, now: Timestamp) -> Self {
        let seen = notes.iter().find_map(|note| match note {
            Note::Seen { at } => Some(*at),
            _ => None,
        });
        let newest = notes.iter().filter_map(slot_of).max();
        // A run that was about to note its start when its daemon was killed may leave a gap before the newest time, and so
        // may times that were being caught up beside it.
        let back = match entry.catch_up {
            CatchUp::All => Duration::from_mins(10),
            CatchUp::Skip | CatchUp::Latest => Duration::from_mins(1),
        };
        let gap = newest.map(|newest| minus(newest, entry.grace.max(back)));
        let since = seen.into_iter().chain(gap).max().unwrap_or(now);
        let mut track = Self::new(entry, since);
        track.decided = notes;
        track
    }

    /// Whether something became of a time before we looked.
    pub(super) fn is_decided(&self, wanted: Timestamp) -> bool {
        self.decided.iter().any(|note| match note {
            Note::Started { slot, .. } | Note::Ended { slot, .. } => *slot == wanted,
            Note::Skipped { from, to, .. } => (*from..=*to).contains(&wanted),
            Note::Seen { .. } | Note::Clock { .. } => false,
        })
    }

    /// The runs that began and whose end nobody noted.
    pub(super) fn open_ends(&self) -> Vec<(Timestamp, u32, u32, Option<String>)> {
        let ended = |wanted: Timestamp, number: u32| {
            self.decided.iter().any(|note| {
                matches!(note, Note::Ended { slot, attempt, .. } if *slot == wanted && *attempt == number)
            })
        };
        let open = self.decided.iter().filter_map(|note| match note {
            Note::Started {
                slot,
                attempt,
                pid,
                run,
                ..
            } if !ended(*slot, *attempt) => Some((*slot, *attempt, *pid, run.clone())),
            _ => None,
        });
        open.collect()
    }

    /// Takes up the tries that are left of the newest time, when its last one failed.
    pub(super) fn resume_retry(&mut self, now: Timestamp) {
        let Some(entry) = &self.entry else { return };
        let newest = self.decided.iter().filter_map(slot_of).max();
        let last = self.decided.iter().filter_map(|note| match note {
            Note::Ended {
                slot,
                attempt,
                at,
                exit,
                ..
            } if Some(*slot) == newest => Some((*attempt, *at, *exit)),
            _ => None,
        });
        if let (Some(slot), Some((attempt, at, exit))) = (newest, last.max())
            && exit != Some(0)
            && attempt <= entry.retries
            && self.running.is_empty()
        {
            let wait = plus(at, entry.pause_after(attempt)).duration_since(now);
            let wait = Duration::try_from(wait).unwrap_or_default();
            self.retry = Some(Retry {
                slot,
                attempt: attempt + 1,
                at: Instant::now() + wait,
            });
        }
    }

    /// When something is to be done for it next.
    pub(super) fn next(&self, now: Timestamp, is_starting: bool) -> Option<Timestamp> {
        let moment = Instant::now();
        let until = |at: Instant| plus(now, at.saturating_duration_since(moment));
        let timers = self.running.iter().flat_map(|run| {
            let poll = run.is_orphan.then(|| moment + Duration::from_secs(1));
            [run.deadline, run.kill_at, poll].into_iter().flatten()
        });
        let retry = self.retry.filter(|_| is_starting).map(|retry| retry.at);
        let slot = self
            .entry
            .as_ref()
            .filter(|_| is_starting)
            .and_then(|entry| Some(plus(entry.line.next(self.since)?, entry.delay)));
        // What may not start now waits for the end of a run, which is told to us.
        let unclaimed = self
            .unclaimed
            .iter()
            .filter(|_| is_starting && self.has_room())
            .map(|one| one.at);
        timers
            .chain(retry)
            .chain(unclaimed)
            .chain(self.unnoted.at)
            .map(until)
            .chain(slot)
            .min()
    }

    /// Whether a run may start that does not wait for its turn.
    pub(super) fn has_room(&self) -> bool {
        let overlap = self.entry.as_ref().map(|entry| entry.overlap);
        self.running.is_empty() || overlap == Some(Overlap::Allow)
    }

    /// Whether the next of those that wait may start.
    pub(super) fn may_catch_up(&self) -> bool {
        self.has_room() && !self.running.iter().any(|run| run.has_waited)
    }

    /// Forgets what was to be started later.
    pub(super) fn forget_plans(&mut self) {
        self.waiting.clear();
        self.retry = None;
        self.unclaimed.clear();
    }

    /// Whether nothing of it runs or waits.
    pub(super) fn is_idle(&self) -> bool {
        let waits = !self.waiting.is_empty() || !self.unclaimed.is_empty();
        self.running.is_empty() && !waits && self.retry.is_none() && self.unnoted.at.is_none()
    }
}
