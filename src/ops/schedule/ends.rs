//! What a daemon does when a run has ended, or should have.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::child::{self, GRACE};
use super::daemon::{Daemon, Level, shown, stop};
use super::journal::{NOT_BEGUN, Note, REPLACED};
use super::track::{Retry, Running, Stop};
use crate::base::{Result, units};
use crate::ops::history::History;
use crate::ops::process::Exit;

/// A run that has ended.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) entry: String,
    pub(super) slot: Timestamp,
    pub(super) attempt: u32,
    pub(super) pid: u32,
    pub(super) exit: Exit,
    pub(super) took: Duration,
}

/// How the run of a time ended.
pub(super) struct Over {
    pub(super) slot: Timestamp,
    pub(super) attempt: u32,
    pub(super) exit: Exit,
    pub(super) took: Duration,
    /// Its name in the history.
    pub(super) run: Option<String>,
}

impl Daemon {
    /// The end of a run that nobody waited for: what the history knows of it, or that it is lost.
    pub(super) fn lost(
        &self,
        name: &str,
        slot: Timestamp,
        attempt: u32,
        run: Option<&str>,
    ) -> Note {
        let known = run.and_then(|run| History::of(&self.state).find(run).ok());
        let exit = known.and_then(|run| run.exit);
        if exit.is_none() {
            let message = format!(
                "{name}: the run of {} was killed, and nobody knows how far it came",
                shown(slot)
            );
            self.tell(Level::Warn, &message);
        }
        Note::Ended {
            slot,
            attempt,
            at: Timestamp::now(),
            exit,
            why: None,
        }
    }

    /// A run of ours has ended.
    pub(super) async fn ended(&mut self, end: End) {
        let Some(track) = self.tracks.get_mut(&end.entry) else {
            return;
        };
        let of_end =
            |run: &Running| run.slot == end.slot && run.attempt == end.attempt && !run.is_orphan;
        let Some(at) = track.running.iter().position(of_end) else {
            return;
        };
        let run = track.running.remove(at);
        if self.is_fenced {
            let message = format!("{}: stopped, as another daemon may lead", end.entry);
            self.tell(Level::Warn, &message);
            return;
        }
        self.note_or_keep(end, run).await;
    }

    /// Notes an end; while that cannot be done it is kept, so that nobody takes the run for one that was lost.
    async fn note_or_keep(&mut self, end: End, run: Running) {
        let noted = self.note_end(&end, &run).await;
        if noted.is_err()
            && let Some(track) = self.tracks.get_mut(&end.entry)
        {
            track.unnoted.keep_end(end.clone(), run);
        }
        self.survive(&end.entry, noted);
    }

    /// Notes what could not be noted before.
    pub(super) async fn note_again(&mut self, name: &str) -> Result<()> {
        let Some(track) = self.tracks.get_mut(name) else {
            return Ok(());
        };
        let mut kept = track.unnoted.take();
        if !kept.skips.is_empty() && self.book.add(name, &kept.skips).await.is_ok() {
            kept.skips.clear();
        }
        if let Some(track) = self.tracks.get_mut(name) {
            kept.skips
                .into_iter()
                .for_each(|note| track.unnoted.keep_skip(note));
        }
        for (end, run) in kept.ends {
            self.note_or_keep(end, run).await;
        }
        Ok(())
    }

    async fn note_end(&mut self, end: &End, run: &Running) -> Result<()> {
        self.book.journal().unmark(&end.entry, end.pid);
        let mut exit = end.exit;
        if run.stopped == Some(Stop::Late) {
            exit = Exit {
                code: Some(124),
                signal: None,
            };
        }
        let notes = self.book.notes(&end.entry).await?;
        let claim = notes.iter().rev().find_map(|note| match note {
            Note::Started {
                slot,
                attempt,
                pid,
                run,
                ..
            } if *slot == end.slot && *attempt == end.attempt => Some((*pid, run.clone())),
            _ => None,
        });
        match claim {
            Some((pid, _)) if pid != end.pid => {
                let message = format!(
                    "{}: {} was started by another daemon",
                    end.entry,
                    shown(end.slot)
                );
                self.tell(Level::Info, &message);
                Ok(())
            }
            Some(_) if run.stopped == Some(Stop::Replaced) && exit.shell_code() != 0 => {
                self.note_replaced(end).await
            }
            // It was stopped before it had begun, so that nothing became of its time yet.
            None if run.stopped == Some(Stop::Replaced) => {
                let (name, slot) = (&end.entry, end.slot);
                self.skip(name, slot, slot, REPLACED).await;
                Ok(())
            }
            None if exit.code == Some(i32::from(NOT_BEGUN)) => {
                self.not_begun(&end.entry, end.slot, end.attempt).await
            }
            claim => {
                let over = Over {
                    slot: end.slot,
                    attempt: end.attempt,
                    exit,
                    took: end.took,
                    run: claim.and_then(|(_, run)| run),
                };
                self.over(&end.entry, over).await
            }
        }
    }

    async fn note_replaced(&self, end: &End) -> Result<()> {
        let ended = Note::Ended {
            slot: end.slot,
            attempt: end.attempt,
            at: Timestamp::now(),
            exit: u8::try_from(end.exit.shell_code()).ok(),
            why: Some(REPLACED.to_owned()),
        };
        self.book.add(&end.entry, &[ended]).await?;
        let took = units::duration(end.took);
        let message = format!("{}: stopped after {took}: {REPLACED}", end.entry);
        self.tell(Level::Info, &message);
        Ok(())
    }

    /// Notes and tells how a run ended, and plans another try.
    pub(super) async fn over(&mut self, name: &str, over: Over) -> Result<()> {
        let Over {
            slot,
            attempt,
            exit,
            took,
            run,
        } = over;
        let code = u8::try_from(exit.shell_code()).unwrap_or(1);
        let ended = Note::Ended {
            slot,
            attempt,
            at: Timestamp::now(),
            exit: Some(code),
            why: None,
        };
        self.book.add(name, &[ended]).await?;
        let took = units::duration(took);
        if code == 0 {
            self.tell(Level::Info, &format!("{name}: ok in {took}"));
            return Ok(());
        }
        self.has_failed = true;
        let mut message = match code {
            124 => format!("{name}: stopped after {took}, which is too long"),
            code => format!("{name}: failed with exit code {code} after {took}"),
        };
        if let Some(run) = &run {
            message = format!("{message}; `lexi history show {run}` says why");
        }
        let is_draining = self.is_draining;
        if let Some(track) = self.tracks.get_mut(name)
            && let Some(entry) = &track.entry
            && attempt <= entry.retries
            && !is_draining
        {
            let pause = entry.pause_after(attempt);
            message = format!("{message}; it is tried again in {}", units::duration(pause));
            track.retry = Some(Retry {
                slot,
                attempt: attempt + 1,
                at: Instant::now() + pause,
            });
            self.has_failed = false;
        }
        self.tell(Level::Warn, &message);
        Ok(())
    }

    /// Looks whether runs of an earlier daemon have ended.
    pub(super) async fn poll_orphans(&mut self, name: &str) -> Result<()> {
        let Some(track) = self.tracks.get_mut(name) else {
            return Ok(());
        };
        if !track.running.iter().any(|run| run.is_orphan) {
            return Ok(());
        }
        let (book, entry) = (&self.book, name.to_owned());
        let is_over = |run: &Running| match run.pid {
            _ if !run.is_orphan => false,
            None => !book.journal().is_running(&entry),
            Some(pid) => rustix::process::test_kill_process(pid).is_err(),
        };
        let (over, live): (Vec<Running>, Vec<Running>) = track.running.drain(..).partition(is_over);
        track.running = live;
        if over.is_empty() {
            return Ok(());
        }
        let notes = self.book.notes(name).await?;
        for run in over {
            let id = notes.iter().rev().find_map(|note| match note {
                Note::Started {
                    slot,
                    attempt,
                    run: id,
                    ..
                } if *slot == run.slot && *attempt == run.attempt => Some(id.clone()),
                _ => None,
            });
            if let Some(id) = id {
                let ended = if run.stopped == Some(Stop::Late) {
                    Note::Ended {
                        slot: run.slot,
                        attempt: run.attempt,
                        at: Timestamp::now(),
                        exit: Some(124),
                        why: None,
                    }
                } else {
                    self.lost(name, run.slot, run.attempt, id.as_deref())
                };
                self.book.add(name, &[ended]).await?;
            }
        }
        Ok(())
    }

    /// Stops what has taken too long, and kills what does not stop.
    pub(super) fn stop_late(&mut self, name: &str) {
        let now = Instant::now();
        let Some(track) = self.tracks.get_mut(name) else {
            return;
        };
        for run in &mut track.running {
            if run.deadline.is_some_and(|deadline| deadline <= now) {
                run.deadline = None;
                run.stopped.get_or_insert(Stop::Late);
                stop(run);
            }
            if run.kill_at.is_some_and(|at| at <= now)
                && let Some(pid) = run.pid
            {
                child::kill(pid, run.mark.as_deref());
                run.kill_at = Some(now + GRACE);
            }
        }
    }
}
