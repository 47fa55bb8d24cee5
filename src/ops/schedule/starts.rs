//! What a daemon does when the time of an entry has come.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::daemon::{Daemon, Level, shown, stop};
use super::due::{self, plus};
use super::ends::{End, Over};
use super::entry::Entry;
use super::journal::{Note, REPLACED, Stop};
use super::track::{AGAIN, Running, Unclaimed};
use crate::base::Result;
use crate::base::schedule::{CatchUp, Overlap};
use crate::base::text::count;
use crate::ops::process::Exit;

/// More runs of one entry do not go on at once, and not more times wait for one.
const MOST_AT_ONCE: usize = 100;

/// How a run ends that cannot be started.
const FAILED: Exit = Exit {
    code: Some(1),
    signal: None,
};

/// A clock that is put back further was wrong before; cron(8) draws the line there too.
const CORRECTION: Duration = Duration::from_hours(3);

impl Daemon {
    /// Decides about the times of an entry that have come.
    pub(super) async fn look(&mut self, name: &str, now: Timestamp) -> Result<()> {
        let Some(track) = self.tracks.get_mut(name) else {
            return Ok(());
        };
        let Some(entry) = track.entry.clone() else {
            return Ok(());
        };
        if track.since > plus(now, CORRECTION) {
            self.book.add(name, &[Note::Clock { at: now }]).await?;
            let message = format!(
                "{name}: the clock was put back to {}; times count from there",
                shown(now)
            );
            track.since = now;
            track.decided.clear();
            self.tell(Level::Warn, &message);
        }
        let Some(track) = self.tracks.get_mut(name) else {
            return Ok(());
        };
        let found = due::due(&entry, track.since, now, &|slot| track.is_decided(slot));
        track.since = track.since.max(due::minus(now, entry.delay));
        track.decided.clear();
        for missed in found.missed {
            let late = if missed.from == missed.to {
                format!("{name}: {} was missed", shown(missed.from))
            } else {
                format!(
                    "{name}: what was due from {} to {} was missed",
                    shown(missed.from),
                    shown(missed.to)
                )
            };
            self.tell(Level::Warn, &late);
            self.skip(name, missed.from, missed.to, "missed").await;
        }
        let mut starts = found.starts;
        // What is caught up goes one after the other, also beside what comes by itself.
        let newest = starts.pop();
        if entry.overlap == Overlap::Allow {
            for slot in starts.drain(..) {
                self.queue(name, slot).await?;
            }
        }
        let is_late = starts.first().is_some_and(|slot| is_old(&entry, *slot));
        for (number, slot) in starts.into_iter().chain(newest).enumerate() {
            if self.book.is_lost() {
                break;
            }
            let came = self.came(name, &entry, slot, is_late && number > 0).await;
            self.survive(name, came);
        }
        Ok(())
    }

    /// A time has come, perhaps behind missed ones that came with it: it is started, waits, or is left out.
    async fn came(
        &mut self,
        name: &str,
        entry: &Entry,
        slot: Timestamp,
        is_behind: bool,
    ) -> Result<()> {
        let Some(track) = self.tracks.get_mut(name) else {
            return Ok(());
        };
        // A newer time makes another try of an older one pointless.
        track.retry = None;
        let runs = track.running.len();
        if runs == 0 && track.waiting.is_empty() {
            return self.start(name, slot, 1).await;
        }
        let has_room = track.waiting.len() < MOST_AT_ONCE;
        match entry.overlap {
            Overlap::Allow if runs < MOST_AT_ONCE => self.start(name, slot, 1).await,
            Overlap::Allow => self.leave_out(name, slot, "too many runs go on").await,
            // What is caught up one by one waits for the one before, up to the newest.
            Overlap::Skip
                if entry.catch_up == CatchUp::All
                    && has_room
                    && (is_behind || is_old(entry, slot)) =>
            {
                self.queue(name, slot).await
            }
            Overlap::Skip => self.leave_out(name, slot, "the run before goes on").await,
            Overlap::Queue => self.queue(name, slot).await,
            Overlap::Replace => {
                let (journal, mut unmarked) = (self.book.journal(), None);
                for run in &mut track.running {
                    run.stopped.get_or_insert(Stop::Replaced);
                    if run.kill_at.is_none() {
                        // Without the mark the run takes itself for one that failed, and is stopped all the same.
                        let pid = run.process();
                        let marked = pid.map(|pid| journal.mark(name, pid, Stop::Replaced));
                        unmarked = marked.transpose().err().or(unmarked);
                        stop(run);
                    }
                }
                let replaced: Vec<Timestamp> = track.waiting.drain(..).collect();
                track.waiting.push_back(slot);
                for old in replaced {
                    self.skip(name, old, old, REPLACED).await;
                }
                unmarked.map_or(Ok(()), Err)
            }
        }
    }

    /// Puts a time behind those that wait for a run.
    async fn queue(&mut self, name: &str, slot: Timestamp) -> Result<()> {
        let Some(track) = self.tracks.get_mut(name) else {
            return Ok(());
        };
        if track.waiting.len() >= MOST_AT_ONCE {
            return self.leave_out(name, slot, "too many times wait").await;
        }
        track.waiting.push_back(slot);
        let message = format!("{name}: {} waits for the run before", shown(slot));
        self.tell(Level::Info, &message);
        Ok(())
    }

    async fn leave_out(&mut self, name: &str, slot: Timestamp, why: &str) -> Result<()> {
        self.tell(
            Level::Warn,
            &format!("{name}: {} is left out: {why}", shown(slot)),
        );
        self.skip(name, slot, slot, why).await;
        Ok(())
    }

    /// Notes that times which waited are not started.
    pub(super) async fn drop_times(&mut self, name: &str, times: Vec<Timestamp>, why: &str) {
        if times.is_empty() {
            return;
        }
        let waited = count("time", times.len());
        self.tell(
            Level::Warn,
            &format!("{name}: left out {waited} that waited: {why}"),
        );
        for at in times {
            self.skip(name, at, at, why).await;
        }
    }

    /// Notes that times are left out; while that cannot be done it is kept in mind.
    pub(super) async fn skip(&mut self, name: &str, from: Timestamp, to: Timestamp, why: &str) {
        let (why, at) = (why.to_owned(), Timestamp::now());
        let note = Note::Skipped { from, to, why, at };
        let added = self.book.add(name, std::slice::from_ref(&note)).await;
        if added.is_err()
            && let Some(track) = self.tracks.get_mut(name)
        {
            track.unnoted.keep_skip(note);
        }
        self.survive(name, added);
    }

    /// Starts a run; one that cannot be started counts as one that failed.
    async fn start(&mut self, name: &str, at: Timestamp, attempt: u32) -> Result<()> {
        let slot = self.slot(name, at, attempt);
        let Some(track) = self.tracks.get_mut(name) else {
            return Ok(());
        };
        let Some(entry) = &track.entry else {
            return Ok(());
        };
        let words: Vec<String> = std::iter::once(entry.task.clone())
            .chain(entry.args.iter().cloned())
            .collect();
        let started = match self.launch.start(self.book.journal(), &slot, &words) {
            Ok(started) => started,
            Err(error) => {
                self.tell(Level::Warn, &format!("{name}: {}", error.full_message()));
                let over = Over {
                    slot: at,
                    attempt,
                    exit: Some(FAILED),
                    took: Duration::ZERO,
                    run: None,
                    why: None,
                };
                return self.over(name, over).await;
            }
        };
        track
            .running
            .push(Running::new(at, attempt, &started, entry.timeout));
        let again = match attempt {
            1 => String::new(),
            number => format!(", try {number} of {}", entry.retries + 1),
        };
        self.tell(
            Level::Info,
            &format!("{name}: started for {}{again}", shown(at)),
        );
        let (sender, entry) = (self.ends.0.clone(), name.to_owned());
        let pid = u32::try_from(started.pid.as_raw_pid()).unwrap_or_default();
        let since = Instant::now();
        tokio::spawn(async move {
            let (exit, why) = started.wait().await;
            let took = since.elapsed();
            let end = End {
                entry,
                slot: at,
                attempt,
                pid,
                exit: Some(exit),
                why,
                took,
            };
            // Nobody listens any more when the daemon has ended.
            let _ended = sender.send(end);
        });
        // Many starts at once must not keep the lead from being renewed.
        tokio::task::yield_now().await;
        Ok(())
    }

    /// Starts what waited for the run before, or for another try.
    pub(super) async fn start_waiting(&mut self, name: &str) -> Result<()> {
        let Some(track) = self.tracks.get_mut(name) else {
            return Ok(());
        };
        if self.is_draining {
            return Ok(());
        }
        if track.has_room() {
            self.start_unclaimed(name).await?;
        }
        let Some(track) = self.tracks.get_mut(name) else {
            return Ok(());
        };
        if track.may_catch_up()
            && let Some(slot) = track.waiting.pop_front()
        {
            track.retry = None;
            self.start(name, slot, 1).await?;
            if let Some(track) = self.tracks.get_mut(name)
                && let Some(run) = track.running.last_mut().filter(|run| run.slot == slot)
            {
                run.has_waited = true;
            }
            return Ok(());
        }
        if !track.running.is_empty() {
            return Ok(());
        }
        if let Some(retry) = track.retry.filter(|retry| retry.at <= Instant::now()) {
            track.retry = None;
            return self.start(name, retry.slot, retry.attempt).await;
        }
        Ok(())
    }
}

impl Daemon {
    /// Puts off a time whose run could not note its start, which happens while the database or the disk is out of reach.
    pub(super) async fn not_begun(
        &mut self,
        name: &str,
        slot: Timestamp,
        attempt: u32,
    ) -> Result<()> {
        let wanted = self.slot(name, slot, attempt);
        if !self.book.is_free(&wanted).await? {
            let message = format!("{name}: {} was decided before", shown(slot));
            self.tell(Level::Info, &message);
            return Ok(());
        }
        let Some(track) = self.tracks.get_mut(name) else {
            return Ok(());
        };
        track.unclaimed.push(Unclaimed {
            slot,
            attempt,
            at: Instant::now() + AGAIN,
        });
        let message = format!(
            "{name}: the start for {} could not be noted, so it has not begun; it is started again",
            shown(slot)
        );
        self.tell(Level::Warn, &message);
        Ok(())
    }

    /// Starts again what had not begun, the oldest first, unless it is too late for that.
    async fn start_unclaimed(&mut self, name: &str) -> Result<()> {
        loop {
            let Some(track) = self.tracks.get_mut(name).filter(|track| track.has_room()) else {
                return Ok(());
            };
            let Some(entry) = track.entry.clone() else {
                return Ok(());
            };
            let ready = track.unclaimed.iter().enumerate();
            let ready = ready.filter(|(_, one)| one.at <= Instant::now());
            let Some((at, _)) = ready.min_by_key(|(_, one)| one.slot) else {
                return Ok(());
            };
            let Unclaimed { slot, attempt, .. } = track.unclaimed.remove(at);
            if plus(slot, entry.delay) >= due::minus(Timestamp::now(), due::reach(&entry)) {
                self.start(name, slot, attempt).await?;
            } else {
                self.leave_out(name, slot, "its start could not be noted")
                    .await?;
            }
        }
    }
}

/// Whether a time is so late that it is being caught up.
fn is_old(entry: &Entry, slot: Timestamp) -> bool {
    plus(slot, entry.delay) < due::minus(Timestamp::now(), entry.grace)
}
