//! What became of each time of an entry, in files: `.lexi/schedule/PROFILE/ENTRY.jsonl`.
//!
//! A run adds the line of its own start, under a lock, before it does anything else: so whoever is killed at whatever
//! moment, a time is started at most once, and one that was not started is known not to be.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::slot::Slot;
use crate::base::{Error, Result};
use crate::ops::files;

/// The exit code of a run that could not note its start, and so has not begun: another was faster, or the notes are out
/// of reach.
pub const NOT_BEGUN: u8 = 75;

/// Why a run was stopped whose entry has `overlap: "replace"`.
pub(super) const REPLACED: &str = "a later time of its schedule replaced it";

/// Why a run was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It took too long.
    Late,
    /// A later time is to start.
    Replaced,
}

impl Stop {
    const ALL: [Self; 2] = [Self::Late, Self::Replaced];
}

/// A longer file is cut to its newer half.
const LONGEST: usize = 64 * 1024;

/// One thing that became of a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Note {
    /// Nothing before this moment counts: the entry was not known, or its notes were thrown away.
    Seen {
        /// The moment.
        at: Timestamp,
    },
    /// A run began.
    Started {
        /// The time.
        slot: Timestamp,
        /// Which try.
        attempt: u32,
        /// When it really began.
        at: Timestamp,
        /// Its process, which leads its group.
        pid: u32,
        /// Its name in the history.
        run: Option<String>,
    },
    /// A run ended.
    Ended {
        /// The time.
        slot: Timestamp,
        /// Which try.
        attempt: u32,
        /// When that was known.
        at: Timestamp,
        /// Its exit code; none when it was killed and nobody knows how far it came.
        exit: Option<u8>,
        /// Why, where that is neither success nor failure of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Times were left out.
    Skipped {
        /// The first.
        from: Timestamp,
        /// The last.
        to: Timestamp,
        /// Why.
        why: String,
        /// When that was decided.
        at: Timestamp,
    },
    /// The entry runs from now on.
    On {
        /// The moment.
        at: Timestamp,
        /// Its line, with the zone it is read in.
        line: String,
    },
    /// The entry is off from now on: its times are not missed.
    Off {
        /// The moment.
        at: Timestamp,
    },
    /// The clock was put back so far that what was decided for later times does not count.
    Clock {
        /// The moment it was put to.
        at: Timestamp,
    },
}

/// The notes of all entries of a profile.
#[derive(Debug, Clone)]
pub struct Journal {
    folder: PathBuf,
}

impl Journal {
    /// The journal below a project's state folder.
    pub fn of(state: &Path, profile: &str) -> Self {
        Self {
            folder: state.join("schedule").join(profile),
        }
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The notes of an entry that count.
    pub fn notes(&self, entry: &str) -> Result<Vec<Note>> {
        Ok(counting(read(&self.path(entry))?))
    }

    /// Adds notes.
    pub fn add(&self, entry: &str, notes: &[Note]) -> Result<()> {
        if notes.is_empty() {
            return Ok(());
        }
        let _held = self.lock(entry)?;
        if !matches!(notes.first(), Some(Note::Seen { .. } | Note::Clock { .. })) {
            let known = read(&self.path(entry))?;
            self.append(entry, first(&known, Timestamp::now()).as_slice())?;
        }
        self.append(entry, notes)?;
        self.shorten(entry)
    }

    /// Notes that a run begins now, unless its time was decided before; says whether it may begin.
    pub fn claim(&self, slot: &Slot, run: Option<&str>) -> Result<bool> {
        let _held = self.lock(&slot.entry)?;
        let known = read(&self.path(&slot.entry))?;
        let first = first(&known, slot.at);
        if !is_free(&counting(known), slot) {
            return Ok(false);
        }
        // On the disk before anything is done: after a loss of power the time is not started again.
        let notes = first.into_iter().chain([started(slot, run)]);
        let note = lines_of(&notes.collect::<Vec<_>>())?;
        files::append_durably(&self.path(&slot.entry), &note, Some(0o600))?;
        Ok(true)
    }

    /// Makes the folder, but no project that is not there any more.
    pub(super) fn make_folder(&self) -> Result<()> {
        let project = self.folder.ancestors().nth(3).unwrap_or(&self.folder);
        if project.is_dir() {
            return files::make_private_dir(&self.folder);
        }
        let message = format!("there is no project in `{}` any more", project.display());
        Err(Error::not_found(message))
    }

    /// The file whose lock every run of the entry holds by its standard input, and so for exactly as long as it lives.
    pub fn running_path(&self, entry: &str) -> PathBuf {
        self.folder.join(format!("{entry}.running"))
    }

    /// Whether a run of the entry lives, whoever started it.
    pub fn is_running(&self, entry: &str) -> bool {
        File::open(self.running_path(entry)).is_ok_and(|file| {
            flock(&file, FlockOperation::NonBlockingLockExclusive)
                == Err(rustix::io::Errno::WOULDBLOCK)
        })
    }

    /// Marks why a run is stopped, so that the run knows it.
    pub(super) fn mark(&self, entry: &str, pid: u32, why: Stop) -> Result<()> {
        files::write(&self.mark_path(entry, pid, why), b"", Some(0o600))
    }

    /// Takes the mark away when that run has ended.
    pub fn unmark(&self, entry: &str, pid: u32) {
        for why in Stop::ALL {
            // There is none when it was not stopped.
            let _none = std::fs::remove_file(self.mark_path(entry, pid, why));
        }
    }

    /// Why the run that this process is was stopped by its daemon.
    pub fn stop_of(&self, entry: &str) -> Option<Stop> {
        let pid = std::process::id();
        Stop::ALL
            .into_iter()
            .find(|why| self.mark_path(entry, pid, *why).exists())
    }

    fn mark_path(&self, entry: &str, pid: u32, why: Stop) -> PathBuf {
        let word = match why {
            Stop::Late => "late",
            Stop::Replaced => "replaced",
        };
        self.folder.join(format!("{entry}.{word}-{pid}"))
    }

    fn path(&self, entry: &str) -> PathBuf {
        self.folder.join(format!("{entry}.jsonl"))
    }

    fn lock(&self, entry: &str) -> Result<File> {
        let path = self.folder.join(format!("{entry}.lock"));
        let doing = |e| Error::io(format!("cannot lock `{}`", path.display()), e);
        self.make_folder()?;
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(doing)?;
        // Held for as long as a note takes; closing the file frees it, however this process ends.
        while let Err(e) = flock(&file, FlockOperation::LockExclusive) {
            if e != rustix::io::Errno::INTR {
                return Err(doing(e.into()));
            }
        }
        Ok(file)
    }

    fn append(&self, entry: &str, notes: &[Note]) -> Result<()> {
        files::append(&self.path(entry), &lines_of(notes)?, Some(0o600))
    }

    fn shorten(&self, entry: &str) -> Result<()> {
        let path = self.path(entry);
        if std::fs::metadata(&path).is_ok_and(|about| about.len() < LONGEST as u64) {
            return Ok(());
        }
        let notes = counting(read(&path)?);
        let (older, newer) = notes.split_at(notes.len() / 2);
        let first = newer
            .iter()
            .find_map(slot_of)
            .unwrap_or_else(Timestamp::now);
        // Of a run that goes on for long it must stay known that it does.
        let open = older.iter().filter(|note| is_open(note, &notes));
        let seen = Note::Seen { at: first };
        let kept = std::iter::once(&seen).chain(last_switch(older));
        let kept = kept.chain(open).chain(newer);
        files::write(&path, &lines_of(kept)?, Some(0o600))
    }
}

/// What stands first in notes that are new: those before were thrown away, and nobody may start their times again.
fn first(known: &[Note], at: Timestamp) -> Option<Note> {
    known.is_empty().then_some(Note::Seen { at })
}

/// Notes as they stand in the file.
fn lines_of<'n>(notes: impl IntoIterator<Item = &'n Note>) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for note in notes {
        // The line end comes first: a line that a full disk cut short spoils itself and not the next one.
        text.push(b'\n');
        serde_json::to_writer(&mut text, note)
            .map_err(|e| Error::internal("cannot write a note as JSON").because(e))?;
    }
    Ok(text)
}

/// The note that this process begins the run of a slot now.
pub(super) fn started(slot: &Slot, run: Option<&str>) -> Note {
    Note::Started {
        slot: slot.at,
        attempt: slot.attempt,
        at: Timestamp::now(),
        pid: std::process::id(),
        run: run.map(str::to_owned),
    }
}

/// The last time that a note is about.
pub(super) fn slot_of(note: &Note) -> Option<Timestamp> {
    match note {
        Note::Started { slot, .. } | Note::Ended { slot, .. } => Some(*slot),
        Note::Skipped { to, .. } => Some(*to),
        Note::Seen { .. } | Note::On { .. } | Note::Off { .. } | Note::Clock { .. } => None,
    }
}

/// The last note of whether the entry is on.
pub(super) fn last_switch(notes: &[Note]) -> Option<&Note> {
    let mut switches = notes.iter().rev();
    switches.find(|note| matches!(note, Note::On { .. } | Note::Off { .. }))
}

/// Whether a note is of a start whose end is not noted.
fn is_open(note: &Note, notes: &[Note]) -> bool {
    let Note::Started { slot, attempt, .. } = note else {
        return false;
    };
    !notes.iter().any(|other| {
        matches!(other, Note::Ended { slot: of, attempt: number, .. } if of == slot && number == attempt)
    })
}

/// Whether nothing was decided yet about a time.
pub(super) fn is_free(notes: &[Note], wanted: &Slot) -> bool {
    notes.iter().all(|note| match note {
        Note::Started { slot, attempt, .. } => *slot != wanted.at || *attempt != wanted.attempt,
        Note::Skipped { from, to, .. } => {
            wanted.attempt > 1 || wanted.at < *from || wanted.at > *to
        }
        Note::Seen { at } => wanted.at >= *at,
        Note::Ended { .. } | Note::On { .. } | Note::Off { .. } | Note::Clock { .. } => true,
    })
}

/// What was noted since the clock was last put back.
pub(super) fn counting(mut notes: Vec<Note>) -> Vec<Note> {
    let mut found = None;
    for (at, note) in notes.iter().enumerate() {
        if let Note::Clock { at: moment } = note {
            found = Some((at, *moment));
        }
    }
    if let Some((at, moment)) = found {
        let rest = notes.split_off(at + 1);
        notes.retain(|note| slot_of(note).is_some_and(|slot| slot <= moment));
        notes.insert(0, Note::Seen { at: moment });
        notes.extend(rest);
    }
    notes
}

fn read(path: &Path) -> Result<Vec<Note>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io(format!("cannot read `{}`", path.display()), e)),
    };
    let lines = text.split(|byte| *byte == b'\n');
    // A line that a full disk cut short tells nothing.
    Ok(lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::schedule::Coordinator;

    fn slot(second: i64, attempt: u32) -> Slot {
        Slot {
            entry: "e".to_owned(),
            at: Timestamp::from_second(second).unwrap(),
            attempt,
            coordinator: Coordinator::File,
            epoch: 0,
        }
    }

    #[test]
    fn a_time_is_claimed_once_however_many_want_it() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::of(dir.path(), "dev");
        let won: usize = std::thread::scope(|scope| {
            let race = || {
                (0..50)
                    .filter(|n| journal.claim(&slot(*n, 1), None).unwrap())
                    .count()
            };
            let racers: Vec<_> = (0..4).map(|_| scope.spawn(race)).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).sum()
        });

        assert_eq!(won, 50);
        assert!(!journal.claim(&slot(7, 1), None).unwrap());
        assert!(
            journal.claim(&slot(7, 2), None).unwrap(),
            "a second try is another start"
        );
    }

    #[test]
    fn what_was_skipped_or_is_older_than_the_notes_cannot_be_claimed() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::of(dir.path(), "dev");
        let at = |second| Timestamp::from_second(second).unwrap();
        let skipped = Note::Skipped {
            from: at(10),
            to: at(20),
            why: "missed".to_owned(),
            at: at(30),
        };
        journal
            .add("e", &[Note::Seen { at: at(5) }, skipped])
            .unwrap();

        let claims = [4, 10, 15, 20].map(|second| journal.claim(&slot(second, 1), None).unwrap());
        assert_eq!(claims, [false; 4]);
        assert!(journal.claim(&slot(21, 1), None).unwrap());

        journal.add("e", &[Note::Clock { at: at(12) }]).unwrap();
        assert!(
            journal.claim(&slot(13, 1), None).unwrap(),
            "the clock was put back before it"
        );
    }

    #[test]
    fn what_was_started_before_the_notes_were_thrown_away_is_not_started_again() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::of(dir.path(), "dev");
        for second in 0..3 {
            assert!(journal.claim(&slot(second, 1), None).unwrap());
        }
        std::fs::remove_dir_all(dir.path().join("schedule")).unwrap();

        assert!(journal.claim(&slot(3, 1), None).unwrap());

        let claims = [0, 1, 2, 3].map(|second| journal.claim(&slot(second, 1), None).unwrap());
        assert_eq!(claims, [false; 4]);
        assert!(journal.claim(&slot(4, 1), None).unwrap());
    }

    #[test]
    fn a_project_that_is_gone_is_not_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("project");
        let journal = Journal::of(&project.join(".lexi"), "dev");

        let error = journal.claim(&slot(1, 1), None).unwrap_err();

        assert!(
            error.message().starts_with("there is no project in `"),
            "{error}"
        );
        assert!(!project.exists());
    }

    #[test]
    fn a_long_journal_is_shortened_and_forgets_nothing_that_could_start_twice() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::of(dir.path(), "dev");
        for second in 0..1_200 {
            let ended = Note::Ended {
                slot: Timestamp::from_second(second).unwrap(),
                attempt: 1,
                at: Timestamp::UNIX_EPOCH,
                exit: Some(0),
                why: None,
            };
            assert!(journal.claim(&slot(second, 1), None).unwrap());
            journal.add("e", &[ended]).unwrap();
        }

        let size = std::fs::metadata(dir.path().join("schedule/dev/e.jsonl"))
            .unwrap()
            .len();
        assert!(size < LONGEST as u64 + 1_000, "{size}");
        for second in (0..1_200).step_by(97) {
            assert!(!journal.claim(&slot(second, 1), None).unwrap(), "{second}");
        }
    }
}
