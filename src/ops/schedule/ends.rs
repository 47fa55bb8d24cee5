//! What a daemon does when a run has ended, or should have.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::child::{self, GRACE};
use super::daemon::{Daemon, Level, shown, stop};
use super::journal::{NOT_BEGUN, Note, REPLACED, Stop};
use super::track::{Begun, Retry, Running};
use crate::base::{Result, units};
use crate::ops::history::{History, Run, State};
use crate::ops::process::Exit;

/// What is told of a run whose end nobody saw.
const KILLED: &str = "was killed, and nobody knows how far it came";

/// How a run ends whose time is over.
const TOO_LATE: Exit = Exit {
    code: Some(124),
    signal: None,
};

/// A run that has ended.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) entry: String,
    pub(super) slot: Timestamp,
    pub(super) attempt: u32,
    pub(super) pid: u32,
    /// None when it was killed and nobody knows how far it came.
    pub(super) exit: Option<Exit>,
    /// What it said before it began.
    pub(super) why: Option<String>,
    pub(super) took: Duration,
}

/// How the run of a time ended.
pub(super) struct Over {
    pub(super) slot: Timestamp,
    pub(super) attempt: u32,
    /// None when it was killed and nobody knows how far it came.
    pub(super) exit: Option<Exit>,
    pub(super) took: Duration,
    /// Its name in the history.
    pub(super) run: Option<String>,
    /// Why it failed, where it failed before it began and so is not in the history.
    pub(super) why: Option<String>,
}

impl Daemon {
    /// The end of a run that no daemon waited for: what the history knows of it, or that it is lost.
    pub(super) fn lost(&self, name: &str, begun: &Begun) -> Note {
        let (run, at) = (begun.run.as_deref(), shown(begun.slot));
        let known = self.kept(run);
        let is_replaced = known.as_ref().is_some_and(is_replaced);
        let exit = known.and_then(|run| run.exit);
        match exit {
            None => self.tell(Level::Warn, &format!("{name}: the run of {at} {KILLED}")),
            Some(0) => {}
            Some(_) if is_replaced => {}
            Some(code) => {
                let message = format!(
                    "{name}: the run of {at} failed with exit code {code} while no daemon was there"
                );
                self.tell(Level::Warn, &with_history(message, run));
            }
        }
        Note::Ended {
            slot: begun.slot,
            attempt: begun.attempt,
            at: Timestamp::now(),
            exit,
            why: is_replaced.then(|| REPLACED.to_owned()),
        }
    }

    /// What the history knows of a run.
    fn kept(&self, run: Option<&str>) -> Option<Run> {
        History::of(&self.state).find(run?).ok()
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
        // One that was about to end by itself and well has done all it had to.
        let is_well = exit.is_some_and(|exit| exit.is_success());
        if run.stopped == Some(Stop::Late) && !is_well {
            exit = Some(TOO_LATE);
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
            Some(_) if run.stopped == Some(Stop::Replaced) && !is_well => {
                self.note_replaced(end).await
            }
            // It was stopped before it had begun, so that nothing became of its time yet.
            None if run.stopped == Some(Stop::Replaced) => {
                let (name, slot) = (&end.entry, end.slot);
                self.skip(name, slot, slot, REPLACED).await;
                Ok(())
            }
            None if exit.and_then(|exit| exit.code) == Some(i32::from(NOT_BEGUN)) => {
                self.not_begun(&end.entry, end.slot, end.attempt).await
            }
            claim => {
                let why = end.why.as_deref().filter(|_| claim.is_none());
                let over = Over {
                    slot: end.slot,
                    attempt: end.attempt,
                    exit,
                    took: end.took,
                    why: why.map(|why| (self.mask)(why)),
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
            exit: end.exit.map(code_of),
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
            why,
        } = over;
        let why = why.filter(|_| exit.is_none_or(|exit| !exit.is_success()));
        let code = exit.map(code_of);
        let ended = Note::Ended {
            slot,
            attempt,
            at: Timestamp::now(),
            exit: code,
            why: why.clone(),
        };
        self.book.add(name, &[ended]).await?;
        let took = units::duration(took);
        if code == Some(0) {
            self.tell(Level::Info, &format!("{name}: ok in {took}"));
            return Ok(());
        }
        self.has_failed = true;
        let run = run.as_deref();
        let mut message = match code {
            None => format!("{name}: the run of {} {KILLED}", shown(slot)),
            Some(124) => with_history(
                format!("{name}: stopped after {took}, which is too long"),
                run,
            ),
            Some(code) => with_history(
                format!("{name}: failed with exit code {code} after {took}"),
                run,
            ),
        };
        if let Some(why) = why {
            message = format!("{message}: {why}");
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
    pub(super) async fn poll_orphans(&mut self, name: &str) {
        let Some(track) = self.tracks.get_mut(name) else {
            return;
        };
        if !track.running.iter().any(|run| run.is_orphan) {
            return;
        }
        let journal = self.book.journal();
        let is_over = |run: &Running| match run.pid {
            _ if !run.is_orphan => false,
            None => !journal.is_running(name),
            Some(pid) => rustix::process::test_kill_process(pid).is_err(),
        };
        let (over, live): (Vec<Running>, Vec<Running>) = track.running.drain(..).partition(is_over);
        track.running = live;
        for mut run in over {
            // Of one without a number nothing is known but that it is gone.
            let (Some(begun), Some(pid)) = (run.begun.clone(), run.process()) else {
                continue;
            };
            let known = self.kept(begun.run.as_deref());
            if known.as_ref().is_some_and(is_replaced) {
                run.stopped = Some(Stop::Replaced);
            }
            let exit = known.and_then(|run| run.exit);
            let end = End {
                entry: name.to_owned(),
                slot: run.slot,
                attempt: run.attempt,
                pid,
                exit: exit.map(|code| Exit {
                    code: Some(code.into()),
                    signal: None,
                }),
                why: None,
                took: begun.elapsed(),
            };
            self.note_or_keep(end, run).await;
        }
    }

    /// Stops what has taken too long, and kills what does not stop.
    pub(super) fn stop_late(&mut self, name: &str) {
        let now = Instant::now();
        let Some(track) = self.tracks.get_mut(name) else {
            return;
        };
        let mut unmarked = None;
        for run in &mut track.running {
            if run.deadline.is_some_and(|deadline| deadline <= now) {
                run.deadline = None;
                if run.stopped.is_none() {
                    run.stopped = Some(Stop::Late);
                    // Without the mark the run takes itself for one that somebody stopped, and is stopped all the same.
                    let journal = self.book.journal();
                    let marked = run.process().map(|pid| journal.mark(name, pid, Stop::Late));
                    unmarked = marked.transpose().err().or(unmarked);
                }
                stop(run);
            }
            if run.kill_at.is_some_and(|at| at <= now)
                && let Some(pid) = run.pid
            {
                child::kill(pid, run.mark.as_deref());
                run.kill_at = Some(now + GRACE);
            }
        }
        self.survive(name, unmarked.map_or(Ok(()), Err));
    }
}

/// The exit code as notes have it.
fn code_of(exit: Exit) -> u8 {
    u8::try_from(exit.shell_code()).unwrap_or(1)
}

fn is_replaced(run: &Run) -> bool {
    run.state == State::Replaced
}

/// Names the record that says more.
fn with_history(message: String, run: Option<&str>) -> String {
    match run {
        Some(run) => format!("{message}; `lexi history show {run}` says why"),
        None => message,
    }
}
