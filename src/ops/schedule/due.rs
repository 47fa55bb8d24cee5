//! Which times of an entry have come, and which of them are started, caught up or left out.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::entry::Entry;
use crate::base::schedule::CatchUp;

/// More missed times than this are not caught up one by one.
pub(super) const MOST: usize = 100;

/// Times that were left out, as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missed {
    /// The first.
    pub from: Timestamp,
    /// The last.
    pub to: Timestamp,
}

/// What has come since the last look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Due {
    /// What is left out because it is too old or not wanted any more.
    pub missed: Vec<Missed>,
    /// What is to be started, the oldest first.
    pub starts: Vec<Timestamp>,
}

/// Looks at the times after `since` up to now; those that are decided are not due again.
pub(super) fn due(
    entry: &Entry,
    since: Timestamp,
    now: Timestamp,
    is_decided: &dyn Fn(Timestamp) -> bool,
) -> Due {
    let now = minus(now, entry.delay);
    // A time that is exactly as old as it may be still counts.
    let cutoff = minus(minus(now, reach(entry)), Duration::from_secs(1));
    let mut found = Due::default();
    let Some(first) = entry.line.next(since).filter(|first| *first <= now) else {
        return found;
    };
    if first <= cutoff {
        let to = entry.line.last(cutoff).unwrap_or(first).max(first);
        found.missed = missed(entry, first, to, is_decided);
    }
    let most = if entry.catch_up == CatchUp::All {
        MOST
    } else {
        1
    };
    let mut starts = VecDeque::new();
    let mut at = since.max(cutoff);
    while let Some(slot) = entry.line.next(at).filter(|slot| *slot <= now) {
        at = slot;
        if is_decided(slot) {
            continue;
        }
        starts.push_back(slot);
        if starts.len() > most {
            let old = starts.pop_front().unwrap_or(slot);
            leave_out(&mut found.missed, old);
        }
    }
    found.starts = starts.into();
    found
}

/// How old a time may be to be started.
pub(super) fn reach(entry: &Entry) -> Duration {
    match entry.catch_up {
        CatchUp::Skip => entry.grace,
        CatchUp::Latest | CatchUp::All => entry.within,
    }
}

/// How many times are looked at one by one: what was decided lies close to where an earlier daemon ended.
const CLOSE: usize = 1_000;

/// The times of a stretch that nothing was decided about.
fn missed(
    entry: &Entry,
    first: Timestamp,
    to: Timestamp,
    is_decided: &dyn Fn(Timestamp) -> bool,
) -> Vec<Missed> {
    let (mut found, mut is_open, mut next) = (Vec::new(), false, Some(first));
    for _ in 0..CLOSE {
        let Some(slot) = next.filter(|slot| *slot <= to) else {
            return found;
        };
        if is_decided(slot) {
            is_open = false;
        } else if is_open {
            leave_out(&mut found, slot);
        } else {
            is_open = true;
            let (from, to) = (slot, slot);
            found.push(Missed { from, to });
        }
        next = entry.line.next(slot);
    }
    match next.filter(|slot| *slot <= to) {
        Some(_) if is_open => leave_out(&mut found, to),
        Some(from) => found.push(Missed { from, to }),
        None => {}
    }
    found
}

/// Adds a time to the last ones that were left out.
fn leave_out(missed: &mut Vec<Missed>, slot: Timestamp) {
    match missed.last_mut() {
        Some(last) => last.to = slot,
        None => missed.push(Missed {
            from: slot,
            to: slot,
        }),
    }
}

/// A moment earlier.
pub(super) fn minus(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// A moment later.
pub(super) fn plus(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::schedule::{Schedule, Span};
    use crate::ops::schedule::testing::entry;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-01T{text}Z").parse().unwrap()
    }

    fn shown(due: &Due) -> String {
        let time = |at: &Timestamp| at.strftime("%H:%M:%S").to_string();
        let missed = due
            .missed
            .iter()
            .map(|m| format!("-{}..{}", time(&m.from), time(&m.to)));
        let starts = due.starts.iter().map(|slot| format!("+{}", time(slot)));
        missed.chain(starts).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_was_missed_is_skipped_made_up_for_once_or_all() {
        use CatchUp::{All, Latest, Skip};
        // Every ten minutes; grace one minute; caught up within an hour.
        let cases = [
            (Skip, "10:00:00", "10:09:59", ""),
            (Skip, "10:00:00", "10:10:00", "+10:10:00"),
            (Skip, "10:00:00", "10:11:00", "+10:10:00"),
            (Skip, "10:00:00", "10:11:01", "-10:10:00..10:10:00"),
            (
                Skip,
                "10:00:00",
                "10:40:30",
                "-10:10:00..10:30:00 +10:40:00",
            ),
            (
                Latest,
                "10:00:00",
                "10:45:00",
                "-10:10:00..10:30:00 +10:40:00",
            ),
            (
                Latest,
                "08:00:00",
                "10:45:00",
                "-08:10:00..10:30:00 +10:40:00",
            ),
            (
                All,
                "10:00:00",
                "10:45:00",
                "+10:10:00 +10:20:00 +10:30:00 +10:40:00",
            ),
            (
                All,
                "08:00:00",
                "10:25:00",
                "-08:10:00..09:20:00 +09:30:00 +09:40:00 +09:50:00 +10:00:00 +10:10:00 +10:20:00",
            ),
        ];
        for (catch_up, since, now, expected) in cases {
            let entry = entry(Schedule {
                cron: Some("*/10 * * * *".to_owned()),
                catch_up,
                within: Span(Duration::from_hours(1)),
                ..Schedule::default()
            });

            let due = due(&entry, at(since), at(now), &|_| false);

            assert_eq!(shown(&due), expected, "{catch_up:?} {since} {now}");
        }
    }

    #[test]
    fn a_long_stop_of_a_line_with_seconds_is_bounded() {
        let entry = entry(Schedule {
            cron: Some("* * * * * *".to_owned()),
            catch_up: CatchUp::All,
            within: Span(Duration::from_mins(10)),
            ..Schedule::default()
        });
        let now = at("10:00:00");
        let long_ago = minus(now, Duration::from_hours(24 * 365));

        let due = due(&entry, long_ago, now, &|_| false);

        assert_eq!(due.starts.len(), MOST);
        assert_eq!(due.starts.last(), Some(&now));
        assert_eq!(due.missed.len(), 1);
        assert_eq!(
            plus(due.missed[0].to, Duration::from_secs(1)),
            due.starts[0]
        );
    }

    #[test]
    fn what_is_decided_is_not_missed_either() {
        let entry = entry(Schedule {
            cron: Some("*/10 * * * *".to_owned()),
            ..Schedule::default()
        });
        let decided = ["10:10:00", "10:30:00", "10:40:00"].map(at);

        let due = due(&entry, at("10:00:00"), at("13:00:00"), &|slot| {
            decided.contains(&slot)
        });

        assert_eq!(
            shown(&due),
            "-10:20:00..10:20:00 -10:50:00..12:50:00 +13:00:00"
        );
    }

    #[test]
    fn what_is_decided_is_not_due_again() {
        let entry = entry(Schedule {
            cron: Some("*/10 * * * *".to_owned()),
            catch_up: CatchUp::All,
            ..Schedule::default()
        });
        let decided = at("10:20:00");

        let due = due(&entry, at("10:00:00"), at("10:30:00"), &|slot| {
            slot == decided
        });

        assert_eq!(shown(&due), "+10:10:00 +10:30:00");
    }
}
