//! The loop of a daemon: it waits for the clock, for runs that end and for orders.
//!
//! What it does when a time has come is in `starts`, what when a run has ended in `ends`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::Signal;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::alarm::Alarm;
use super::book::Book;
use super::child::{self, GRACE, Launch};
use super::due;
use super::ends::End;
use super::entry::Entry;
use super::journal::Note;
use super::slot::Slot;
use super::switch::{Unswitched, switched_on};
use super::track::{AGAIN, Running, Track};
use crate::base::Result;
use crate::base::schedule::CatchUp;
use crate::base::text::count;

/// How long a run may take to end after SIGTERM when somebody else may lead soon.
const FENCED: Duration = Duration::from_secs(2);

/// What a daemon is asked for.
#[derive(Debug)]
pub enum Order {
    /// What counts from now on.
    Entries {
        /// All entries that run.
        on: Vec<Entry>,
        /// What else is off, and so is not missed.
        off: BTreeSet<String>,
    },
    /// Start nothing more and end when nothing runs.
    Drain,
    /// Also stop what runs.
    Stop,
    /// Somebody else may lead soon: stop what runs at once and note nothing more.
    Fence,
}

/// How much what is told matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As planned.
    Info,
    /// Not as planned.
    Warn,
}

/// Whether something was told before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Before,
    Not,
}

/// The first entries of a daemon.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// Nobody knows yet what runs.
    Awaited,
    /// They came, or are not waited for any more.
    Came,
}

/// Tells what happens.
pub type Tell = Box<dyn Fn(Level, &str)>;

/// Masks secrets in what is kept.
pub type Mask = Box<dyn Fn(&str) -> String>;

/// Starts what is due.
pub struct Daemon {
    pub(super) book: Book,
    pub(super) launch: Launch,
    pub(super) state: PathBuf,
    tell: Tell,
    pub(super) mask: Mask,
    pub(super) tracks: BTreeMap<String, Track>,
    /// Entries that were there before: what passed while they were not is not missed.
    left: BTreeMap<String, Timestamp>,
    /// Those of which it could not be noted that they are on, or off.
    pub(super) unswitched: BTreeMap<String, Unswitched>,
    first: First,
    /// Entries whose notes could not be read yet.
    late: Vec<Entry>,
    /// When that is tried again.
    late_at: Option<Instant>,
    pub(super) ends: (mpsc::UnboundedSender<End>, mpsc::UnboundedReceiver<End>),
    pub(super) is_draining: bool,
    pub(super) is_fenced: bool,
    pub(super) has_failed: bool,
}

impl Daemon {
    /// A daemon without entries.
    pub fn new(book: Book, launch: Launch, state: PathBuf, tell: Tell, mask: Mask) -> Self {
        Self {
            book,
            launch,
            state,
            tell,
            mask,
            tracks: BTreeMap::new(),
            left: BTreeMap::new(),
            unswitched: BTreeMap::new(),
            first: First::Awaited,
            late: Vec::new(),
            late_at: None,
            ends: mpsc::unbounded_channel(),
            is_draining: false,
            is_fenced: false,
            has_failed: false,
        }
    }

    /// Takes these entries for all there are; what runs goes on. What is off is not missed.
    pub async fn entries(&mut self, entries: Vec<Entry>, off: &BTreeSet<String>) {
        self.late.clear();
        self.late_at = None;
        let names: BTreeSet<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        self.first = First::Came;
        let now = Timestamp::now();
        let mut dropped = Vec::new();
        for (name, track) in &mut self.tracks {
            if !names.contains(name) {
                track.entry = None;
                dropped.push((name.clone(), track.forget_plans()));
                self.left.insert(name.clone(), track.since);
            }
        }
        for (name, times) in dropped {
            self.drop_times(&name, times, "it is scheduled no more")
                .await;
            self.switch(&name, now).await;
        }
        for name in off.iter().filter(|name| !names.contains(*name)) {
            self.switch(name, now).await;
        }
        for entry in entries {
            let name = entry.name.clone();
            match self.tracks.get_mut(&name) {
                Some(track) => {
                    let line = entry.line.to_string();
                    let before = track.entry.replace(entry);
                    if before.is_none() {
                        track.since = track.since.max(now);
                    }
                    if before.is_none_or(|before| before.line.to_string() != line) {
                        self.switch(&name, now).await;
                    }
                }
                None if self.left.contains_key(&name) => {
                    // A clock that was put back meanwhile is found out by that.
                    let since = self.left[&name].max(now);
                    self.tracks.insert(name.clone(), Track::new(entry, since));
                    self.switch(&name, now).await;
                }
                None => self.take_up(entry, now, Told::Not).await,
            }
        }
    }

    /// Works until it is told to end; says whether every run was a success.
    pub async fn run(&mut self, orders: &mut mpsc::UnboundedReceiver<Order>) -> Result<bool> {
        let alarm = Alarm::new()?;
        loop {
            let next = self.tick().await;
            // Before it is known what runs, a run of an earlier daemon may.
            let is_known = self.first == First::Came || self.is_fenced;
            let is_over = self.tracks.values().all(|track| track.running.is_empty());
            if self.is_draining && is_known && is_over {
                self.note_all_again().await;
                return Ok(!self.has_failed);
            }
            tokio::select! {
                biased;
                Some(order) = orders.recv() => self.order(order).await,
                Some(end) = self.ends.1.recv() => self.ended(end).await,
                waited = alarm.wait(next) => waited?,
            }
        }
    }

    /// Starts what is due now, waits for it, and ends; says whether every run was a success.
    pub async fn once(&mut self, orders: &mut mpsc::UnboundedReceiver<Order>) -> Result<bool> {
        let alarm = Alarm::new()?;
        while let Ok(order) = orders.try_recv() {
            self.order(order).await;
        }
        self.has_failed |= self.late_at.take().is_some();
        self.tick().await;
        for track in self.tracks.values_mut() {
            track.is_closed = true;
            track.entry = track.entry.take().filter(|_| !track.is_idle());
        }
        let mut next = self.settle().await;
        while !self.tracks.values().all(Track::is_idle) {
            tokio::select! {
                biased;
                Some(order) = orders.recv() => self.order(order).await,
                Some(end) = self.ends.1.recv() => self.ended(end).await,
                waited = alarm.wait(next) => waited?,
            }
            next = self.settle().await;
        }
        Ok(!self.has_failed)
    }

    async fn order(&mut self, order: Order) {
        match order {
            Order::Entries { on, off } => self.entries(on, &off).await,
            Order::Drain | Order::Stop | Order::Fence => {
                self.is_draining = true;
                self.late_at = None;
                let runs: usize = self.tracks.values().map(|track| track.running.len()).sum();
                if runs > 0 && matches!(order, Order::Drain) {
                    let runs = count("run", runs);
                    self.tell(
                        Level::Info,
                        &format!("ending when {runs} ended; another signal stops what runs"),
                    );
                }
                self.is_fenced |= matches!(order, Order::Fence);
                if matches!(order, Order::Stop) {
                    self.first = First::Came;
                }
                self.drop_plans().await;
                for track in self.tracks.values_mut() {
                    if !matches!(order, Order::Drain) {
                        track.running.iter_mut().for_each(stop);
                    }
                    if self.is_fenced {
                        for run in &mut track.running {
                            run.kill_at = Some(Instant::now() + FENCED);
                        }
                    }
                }
            }
        }
    }

    /// Gives up what was to be started later; what the next daemon catches up is left to that one.
    async fn drop_plans(&mut self) {
        let mut dropped = Vec::new();
        for (name, track) in &mut self.tracks {
            let catch_up = track.entry.as_ref().map(|entry| entry.catch_up);
            let times = track.forget_plans();
            if !times.is_empty() {
                dropped.push((name.clone(), times, catch_up));
            }
        }
        // Who has lost the lead notes nothing more.
        if self.is_fenced {
            return;
        }
        for (name, times, catch_up) in dropped {
            if matches!(catch_up, Some(CatchUp::Latest | CatchUp::All)) {
                let waited = count("time", times.len());
                let message = format!("{name}: left to the next daemon {waited} that waited");
                self.tell(Level::Info, &message);
            } else {
                self.drop_times(&name, times, "ending").await;
            }
        }
    }

    /// Takes up an entry where earlier daemons left it.
    async fn resume(&self, entry: Entry, now: Timestamp) -> Result<Track> {
        let name = entry.name.clone();
        let mut notes = self.book.notes_and_switch(&name).await?;
        let switched = switched_on(&entry, &notes, now);
        if notes.is_empty() {
            let first = [&[Note::Seen { at: now }], switched.as_slice()].concat();
            self.book.add(&name, &first).await?;
            return Ok(Track::new(entry, now));
        }
        self.book.add(&name, &switched).await?;
        notes.extend(switched);
        let mut track = Track::resume(entry, notes, now);
        for begun in track.open_ends() {
            let wanted = self.slot(&name, begun.slot, begun.attempt);
            if let Some(pid) = child::orphan(begun.pid, &wanted) {
                let timeout = track.entry.as_ref().and_then(|entry| entry.timeout);
                track.running.push(Running::orphan(begun, pid, timeout));
            } else {
                let ended = self.lost(&name, &begun);
                self.book.add(&name, std::slice::from_ref(&ended)).await?;
                track.decided.push(ended);
            }
        }
        if track.running.is_empty() && self.book.journal().is_running(&name) {
            // One was started and has not noted it yet; or it did and its notes are gone.
            track.running.push(Running::unknown(track.since, 0));
        }
        track.resume_retry(now);
        Ok(track)
    }

    /// One look at the clock: what is due, what has taken too long; gives when to look again.
    async fn tick(&mut self) -> Timestamp {
        if !self.is_draining && !self.book.is_lost() {
            let now = Timestamp::now();
            let names: Vec<String> = self.tracks.keys().cloned().collect();
            for name in names {
                if self.book.is_lost() {
                    break;
                }
                let looked = self.look(&name, now).await;
                self.survive(&name, looked);
            }
        }
        self.settle().await
    }

    /// A disk that is full, or a database that does not answer, must not end everybody's schedule.
    pub(super) fn survive(&self, name: &str, done: Result<()>) {
        // What cannot be noted once the lead is lost is found out by the next leader.
        if let Err(error) = done
            && !self.book.is_lost()
        {
            self.tell(Level::Warn, &format!("{name}: {}", error.full_message()));
        }
    }

    /// Tells what happens.
    pub(super) fn tell(&self, level: Level, text: &str) {
        (self.tell)(level, text);
    }

    /// What is to be done for what runs and waits; gives when to look again.
    async fn settle(&mut self) -> Timestamp {
        let names: Vec<String> = self.tracks.keys().cloned().collect();
        for name in &names {
            if self.tracks[name]
                .unnoted
                .at
                .is_some_and(|at| at <= Instant::now())
            {
                let noted = self.note_again(name).await;
                self.survive(name, noted);
            }
            self.poll_orphans(name).await;
            self.stop_late(name);
            let started = self.start_waiting(name).await;
            self.survive(name, started);
        }
        self.tracks
            .retain(|_, track| track.entry.is_some() || !track.is_idle());
        self.take_up_again().await;
        self.switch_again(Instant::now()).await;
        let now = Timestamp::now();
        let nexts = self
            .tracks
            .values()
            .filter_map(|track| track.next(now, !self.is_draining));
        let until = |at: Instant| due::plus(now, at.saturating_duration_since(Instant::now()));
        let switches = self.unswitched.values().map(|one| one.at);
        let again = self.late_at.into_iter().chain(switches).map(until);
        nexts.chain(again).min().unwrap_or(Timestamp::MAX)
    }

    /// The last try to note what could not be noted.
    async fn note_all_again(&mut self) {
        if self.is_fenced {
            return;
        }
        let names: Vec<String> = self.tracks.keys().cloned().collect();
        for name in names {
            let noted = self.note_again(&name).await;
            self.survive(&name, noted);
        }
        self.switch_again(Instant::now() + AGAIN).await;
    }

    /// Takes up entries whose notes could not be read before.
    async fn take_up_again(&mut self) {
        if self.late_at.is_none_or(|at| at > Instant::now()) {
            return;
        }
        self.late_at = None;
        for entry in std::mem::take(&mut self.late) {
            self.take_up(entry, Timestamp::now(), Told::Before).await;
        }
    }

    /// Takes up an entry where earlier daemons left it; where its notes cannot be read, that is done later.
    async fn take_up(&mut self, entry: Entry, now: Timestamp, told: Told) {
        let name = entry.name.clone();
        match self.resume(entry.clone(), now).await {
            Ok(track) => {
                self.tracks.insert(name, track);
            }
            Err(error) => {
                self.late.push(entry);
                self.late_at = Some(Instant::now() + AGAIN);
                if told == Told::Not {
                    self.survive(&name, Err(error));
                }
            }
        }
    }

    pub(super) fn slot(&self, name: &str, at: Timestamp, attempt: u32) -> Slot {
        Slot {
            entry: name.to_owned(),
            at,
            attempt,
            coordinator: self.book.coordinator(),
            epoch: self.book.epoch(),
        }
    }
}

/// Asks a run to end; it is killed when it does not.
pub(super) fn stop(run: &mut Running) {
    if let Some(pid) = run.pid {
        child::send(pid, Signal::TERM);
        run.kill_at = Some(Instant::now() + GRACE);
    }
}

/// A time for people.
pub(super) fn shown(at: Timestamp) -> String {
    let at = at.to_zoned(jiff::tz::TimeZone::system());
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
