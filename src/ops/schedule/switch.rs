//! Whether an entry is on: what came while it was off, or before its line was written, is no missed time.

use jiff::Timestamp;
use tokio::time::Instant;

use super::daemon::Daemon;
use super::entry::Entry;
use super::journal::{Note, last_switch, slot_of};
use super::track::AGAIN;
use crate::base::Result;

/// Why times are left out that came while their entry was off.
const OFF: &str = "it was off";

/// Whether an entry is on, which could not be noted yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unswitched {
    /// Since when it is so.
    since: Timestamp,
    /// When it is noted again.
    pub(super) at: Instant,
}

/// What is to be noted when an entry runs from a moment on; nothing when that is known.
pub(super) fn switched_on(entry: &Entry, notes: &[Note], at: Timestamp) -> Vec<Note> {
    let line = entry.line.to_string();
    match last_switch(notes) {
        Some(Note::On { line: known, .. }) if *known == line => Vec::new(),
        Some(Note::Off { at: from }) => {
            let (from, to, why) = (*from, at, OFF.to_owned());
            vec![Note::Skipped { from, to, why, at }, Note::On { at, line }]
        }
        _ => vec![Note::On { at, line }],
    }
}

/// The moment before which no time of an entry counts, as it was off or had another line.
pub(super) fn floor(notes: &[Note]) -> Option<Timestamp> {
    let (mut floor, mut newest, mut before) = (None, None, None::<&Note>);
    for note in notes {
        match (note, before) {
            (Note::On { at, .. }, Some(Note::Off { .. })) => floor = floor.max(Some(*at)),
            (Note::On { line, .. }, Some(Note::On { line: other, .. })) if line != other => {
                floor = floor.max(newest);
            }
            _ => {}
        }
        if matches!(note, Note::On { .. } | Note::Off { .. }) {
            before = Some(note);
        }
        newest = newest.max(slot_of(note));
    }
    floor
}

impl Daemon {
    /// Notes whether an entry is on since a moment; while that cannot be done it is kept in mind.
    pub(super) async fn switch(&mut self, name: &str, since: Timestamp) {
        let entry = self.tracks.get(name).and_then(|track| track.entry.as_ref());
        let noted = match entry {
            Some(entry) => self.note_on(entry, since).await,
            None => self.note_off(name, since).await,
        };
        if noted.is_err() {
            let at = Instant::now() + AGAIN;
            self.unswitched
                .insert(name.to_owned(), Unswitched { since, at });
        }
        self.survive(name, noted);
    }

    /// Notes what could not be noted before, as far as its moment has come.
    pub(super) async fn switch_again(&mut self, until: Instant) {
        let late = self.unswitched.iter().filter(|(_, one)| one.at <= until);
        let late: Vec<(String, Timestamp)> =
            late.map(|(name, one)| (name.clone(), one.since)).collect();
        for (name, since) in late {
            self.unswitched.remove(&name);
            self.switch(&name, since).await;
        }
    }

    async fn note_on(&self, entry: &Entry, at: Timestamp) -> Result<()> {
        let notes = self.book.notes_and_switch(&entry.name).await?;
        self.book
            .add(&entry.name, &switched_on(entry, &notes, at))
            .await
    }

    /// Nothing is noted of an entry that nothing is known of.
    async fn note_off(&self, name: &str, at: Timestamp) -> Result<()> {
        let notes = self.book.notes_and_switch(name).await?;
        if notes.is_empty() || matches!(last_switch(&notes), Some(Note::Off { .. })) {
            return Ok(());
        }
        self.book.add(name, &[Note::Off { at }]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::schedule::Schedule;
    use crate::ops::schedule::testing::entry;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ended(second: i64) -> Note {
        Note::Ended {
            slot: at(second),
            attempt: 1,
            at: at(second),
            exit: Some(0),
            why: None,
        }
    }

    #[test]
    fn nothing_counts_from_before_it_was_on_or_had_its_line() {
        let hourly = entry(Schedule {
            cron: Some("0 * * * *".to_owned()),
            ..Schedule::default()
        });
        let other = entry(Schedule {
            cron: Some("30 * * * *".to_owned()),
            ..Schedule::default()
        });
        let mut notes = vec![Note::Seen { at: at(0) }];
        let first = switched_on(&hourly, &notes, at(10));
        assert_eq!(first.len(), 1);
        notes.extend(first);
        notes.push(ended(100));
        assert_eq!(switched_on(&hourly, &notes, at(110)), []);
        assert_eq!(floor(&notes), None);

        notes.extend(switched_on(&other, &notes, at(120)));
        assert_eq!(floor(&notes), Some(at(100)));
        notes.push(ended(200));
        assert_eq!(floor(&notes), Some(at(100)));

        notes.push(Note::Off { at: at(210) });
        notes.extend(switched_on(&other, &notes, at(300)));
        let skipped = Note::Skipped {
            from: at(210),
            to: at(300),
            why: OFF.to_owned(),
            at: at(300),
        };
        assert!(notes.contains(&skipped));
        assert_eq!(floor(&notes), Some(at(300)));
    }
}
