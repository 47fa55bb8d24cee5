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
use super::journal::{Note, Stop, slot_of};
use super::switch::floor;
use crate::base::schedule::{CatchUp, Overlap};

/// How soon something is tried again that needs the database or the disk.
pub(super) const AGAIN: Duration = Duration::from_secs(2);

/// What a run noted when it began.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    pub(super) slot: Timestamp,
    pub(super) attempt: u32,
    /// When it really began.
    pub(super) at: Timestamp,
    pub(super) pid: u32,
    /// Its name in the history.
    pub(super) run: Option<String>,
}

impl Begun {
    /// How long ago it began.
    pub(super) fn elapsed(&self) -> Duration {
        let passed = Timestamp::now().duration_since(self.at);
        // A clock that was put back since makes it less than nothing.
        Duration::try_from(passed).unwrap_or_default()
    }
}

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
    /// What that daemon's run noted of its start.
    pub(super) begun: Option<Begun>,
    /// When it has taken too long.
    pub(super) deadline: Option<Instant>,
    /// Whether its time had to wait for another run.
    pub(super) has_waited: bool,
    /// Why it was asked to end, if it was.
    pub(super) stopped: Option<Stop>,
    /// When it is killed, as it was asked to end.
    pub(super) kill_at: Option<Instant>,
}

impl Running {
    /// The number of its process, as notes and marks have it.
    pub(super) fn process(&self) -> Option<u32> {
        u32::try_from(self.pid?.as_raw_pid()).ok()
    }

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
            begun: None,
            deadline: timeout.map(|limit| Instant::now() + limit),
            has_waited: false,
            stopped: None,
            kill_at: None,
        }
    }

    /// One that an earlier daemon started; its time counts from when it began.
    pub(super) fn orphan(begun: Begun, pid: Pid, timeout: Option<Duration>) -> Self {
        let left = timeout.map(|limit| limit.saturating_sub(begun.elapsed()));
        Self {
            pid: Some(pid),
            mark: child::mark_of(pid),
            deadline: left.map(|left| Instant::now() + left),
            begun: Some(begun.clone()),
            ..Self::unknown(begun.slot, begun.attempt)
        }
    }

    /// One of which is known only that it lives.
    pub(super) const fn unknown(slot: Timestamp, attempt: u32) -> Self {
        Self {
            slot,
            attempt,
            pid: None,
            mark: None,
            is_orphan: true,
            begun: None,
            deadline: None,
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
    /// Whether no more times are looked at.
    pub(super) is_closed: bool,
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
            is_closed: false,
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
        let since = seen.into_iter().chain(gap).chain(floor(&notes)).max();
        let since = since.unwrap_or(now);
        let mut track = Self::new(entry, since);
        track.decided = notes;
        track
    }

    /// Whether something became of a time before we looked.
    pub(super) fn is_decided(&self, wanted: Timestamp) -> bool {
        self.decided.iter().any(|note| match note {
            Note::Started { slot, .. } | Note::Ended { slot, .. } => *slot == wanted,
            Note::Skipped { from, to, .. } => (*from..=*to).contains(&wanted),
            Note::Seen { .. } | Note::On { .. } | Note::Off { .. } | Note::Clock { .. } => false,
        })
    }

    /// The runs that began and whose end nobody noted.
    pub(super) fn open_ends(&self) -> Vec<Begun> {
        let ended = |wanted: Timestamp, number: u32| {
            self.decided.iter().any(|note| {
                matches!(note, Note::Ended { slot, attempt, .. } if *slot == wanted && *attempt == number)
            })
        };
        let open = self.decided.iter().filter_map(|note| match note {
            Note::Started {
                slot,
                attempt,
                at,
                pid,
                run,
            } if !ended(*slot, *attempt) => Some(Begun {
                slot: *slot,
                attempt: *attempt,
                at: *at,
                pid: *pid,
                run: run.clone(),
            }),
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
            .filter(|_| is_starting && !self.is_closed)
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

    /// Forgets what was to be started later; gives the times of which nothing has become yet.
    pub(super) fn forget_plans(&mut self) -> Vec<Timestamp> {
        self.retry = None;
        let unclaimed = self.unclaimed.drain(..).filter(|one| one.attempt == 1);
        let mut open: Vec<Timestamp> = unclaimed.map(|one| one.slot).collect();
        open.extend(self.waiting.drain(..));
        open.sort_unstable();
        open
    }

    /// Whether nothing of it runs or waits.
    pub(super) fn is_idle(&self) -> bool {
        let waits = !self.waiting.is_empty() || !self.unclaimed.is_empty();
        self.running.is_empty() && !waits && self.retry.is_none() && self.unnoted.at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_an_earlier_daemon_has_the_rest_of_its_time() {
        let now = Timestamp::now();
        let begun = |seconds: u64| Begun {
            slot: now,
            attempt: 1,
            at: minus(now, Duration::from_secs(seconds)),
            pid: std::process::id(),
            run: None,
        };
        let pid = Pid::from_raw(i32::try_from(std::process::id()).unwrap()).unwrap();
        let limit = Some(Duration::from_mins(10));
        let left = |seconds| {
            let deadline = Running::orphan(begun(seconds), pid, limit).deadline;
            deadline.unwrap().saturating_duration_since(Instant::now())
        };

        assert!(
            (300..=361).contains(&left(240).as_secs()),
            "{:?}",
            left(240)
        );
        assert_eq!(left(700), Duration::ZERO);
        assert!(Running::orphan(begun(240), pid, None).deadline.is_none());
    }
}
