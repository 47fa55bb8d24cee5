//! Which backups are old enough to go, and which never go.
//!
//! The age is that of the name, in UTC. Backups of each database are judged by themselves. Never deleted: the newest
//! verified and the newest restored one, the last `keep` verified ones, pinned ones, and files that nobody knows; nothing at
//! all when the newest verified one is too old itself, or when the clock stands before the newest file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use super::list::{Entry, State};
use super::manifest::Status;
use super::{files, manifest};
use crate::base::{Error, Result};

/// How long backups are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Backups older than this many days may go; 0 keeps all.
    pub days: u32,
    /// So many of the newest verified ones stay whatever their age.
    pub keep: usize,
    /// The newest of each of the last so many days stays.
    pub daily: usize,
    /// The newest of each of the last so many weeks stays.
    pub weekly: usize,
    /// The newest of each of the last so many months stays.
    pub monthly: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            days: 30,
            keep: 3,
            daily: 0,
            weekly: 0,
            monthly: 0,
        }
    }
}

/// What is to become of one backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is past its time.
    Delete,
    /// It is younger than the limit, or there is no limit.
    Young,
    /// It is the newest verified one of its database.
    Newest,
    /// It is the newest one that was restored to prove it.
    NewestRestored,
    /// It is one of the last verified ones.
    Last,
    /// Somebody pinned it.
    Pinned,
    /// It is the one of its day, week or month.
    Period,
    /// It has no manifest, so nobody knows what it is.
    Unknown,
    /// It or its manifest was changed.
    Damaged,
    /// The newest verified one is too old: something is wrong with making backups.
    NothingNewer,
    /// The clock stands before the newest file.
    ClockWrong,
}

/// How far the clock may be behind the newest file, which may come from another machine.
const CLOCK_SLACK_MINUTES: i64 = 5;

/// Decides about every entry of a list, in its order.
pub fn plan(entries: &[Entry], rules: Rules, now: Timestamp) -> Vec<Verdict> {
    let newest = entries.iter().map(|entry| entry.name.at()).max();
    if newest.is_some_and(|newest| newest > now + CLOCK_SLACK_MINUTES.minutes()) {
        return vec![Verdict::ClockWrong; entries.len()];
    }
    let mut verdicts: Vec<Verdict> = entries.iter().map(unknown_or_damaged).collect();
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        if let Some(manifest) = entry.manifest() {
            groups.entry(&manifest.database).or_default().push(at);
        }
    }
    for mut group in groups.into_values() {
        group.sort_by_key(|at| std::cmp::Reverse(entries[*at].name.at()));
        let members: Vec<&Entry> = group.iter().map(|at| &entries[*at]).collect();
        for (at, verdict) in group.iter().zip(judge(&members, rules, now)) {
            verdicts[*at] = verdict;
        }
    }
    verdicts
}

fn unknown_or_damaged(entry: &Entry) -> Verdict {
    match entry.state {
        State::Damaged(_) => Verdict::Damaged,
        State::Good(_) | State::Unknown => Verdict::Unknown,
    }
}

/// Judges the verified backups of one database, newest first.
fn judge(members: &[&Entry], rules: Rules, now: Timestamp) -> Vec<Verdict> {
    let limit = (rules.days > 0).then(|| now - (i64::from(rules.days) * 24).hours());
    let is_old = |entry: &Entry| limit.is_some_and(|limit| entry.name.at() < limit);
    let nothing_newer = members.first().is_some_and(|newest| is_old(newest));
    let restored = members.iter().position(|entry| {
        entry
            .manifest()
            .is_some_and(|manifest| manifest.status == Status::Restored)
    });
    let of_periods = period_keepers(members, rules);
    let verdict = |(at, entry): (usize, &&Entry)| {
        let pin = entry.manifest().and_then(|manifest| manifest.pin);
        match () {
            () if at == 0 => Verdict::Newest,
            () if restored == Some(at) => Verdict::NewestRestored,
            () if pin.is_some_and(|pin| pin.holds(now)) => Verdict::Pinned,
            () if !is_old(entry) => Verdict::Young,
            () if at < rules.keep => Verdict::Last,
            () if of_periods.contains(&at) => Verdict::Period,
            () if nothing_newer => Verdict::NothingNewer,
            () => Verdict::Delete,
        }
    };
    members.iter().enumerate().map(verdict).collect()
}

/// The newest of each day, week and month that is asked for.
fn period_keepers(members: &[&Entry], rules: Rules) -> BTreeSet<usize> {
    let periods = [
        (rules.daily, "%Y-%m-%d"),
        (rules.weekly, "%G-%V"),
        (rules.monthly, "%Y-%m"),
    ];
    let mut kept = BTreeSet::new();
    for (count, format) in periods {
        let mut seen = BTreeSet::new();
        for (at, entry) in members.iter().enumerate() {
            let date = entry.name.at().to_zoned(TimeZone::UTC);
            if seen.len() < count && seen.insert(date.strftime(format).to_string()) {
                kept.insert(at);
            }
        }
    }
    kept
}

/// Deletes one backup: first its name, so that nobody takes what is left for a backup.
pub fn delete(entry: &Entry) -> Result<()> {
    let doing = |e| Error::io(format!("cannot delete `{}`", entry.path.display()), e);
    let leaving = entry
        .path
        .with_file_name(format!(".{}{DELETING}", entry.name));
    fs::rename(&entry.path, &leaving).map_err(doing)?;
    match fs::remove_file(manifest::path_beside(&entry.path)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(doing(e)),
        _ => {}
    }
    fs::remove_file(&leaving).map_err(doing)?;
    entry.path.parent().map_or(Ok(()), files::sync_folder)
}

/// How files end that are being deleted.
pub(super) const DELETING: &str = ".deleting";

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::sample;
    use super::super::manifest::{Manifest, Pin};
    use super::super::name::BackupName;
    use super::Verdict::{Delete, Last, Newest, NewestRestored, Pinned};
    use super::*;

    /// An entry made so many days before `now`; `None` when nothing is known about it.
    fn entry(days: i64, manifest: Option<Manifest>) -> Entry {
        let name = BackupName::new("a", now() - (days * 24).hours());
        let state = manifest.map_or(State::Unknown, |manifest| State::Good(Box::new(manifest)));
        Entry {
            path: name.to_string().into(),
            name,
            bytes: 3,
            state,
        }
    }

    fn now() -> Timestamp {
        "2026-07-31T12:00:00Z".parse().unwrap()
    }

    fn good(days: i64) -> Entry {
        entry(days, Some(sample("x")))
    }

    fn changed(days: i64, change: impl Fn(&mut Manifest)) -> Entry {
        let mut manifest = sample("x");
        change(&mut manifest);
        entry(days, Some(manifest))
    }

    fn verdicts(entries: &[Entry]) -> Vec<Verdict> {
        plan(entries, Rules::default(), now())
    }

    #[test]
    fn old_ones_go_but_the_last_three_stay() {
        let entries: Vec<Entry> = [1, 31, 32, 33, 34].map(good).into();

        assert_eq!(verdicts(&entries), [Newest, Last, Last, Delete, Delete]);
        let keep_all = Rules {
            days: 0,
            ..Rules::default()
        };
        assert!(!plan(&entries, keep_all, now()).contains(&Delete));
    }

    #[test]
    fn newer_bad_files_never_push_out_good_ones() {
        let mut entries: Vec<Entry> = (0..10).map(|days| entry(days, None)).collect();
        entries.push(good(40));
        entries.extend([41, 42, 43, 44].map(good));

        let verdicts = verdicts(&entries);

        assert!(verdicts[..10].iter().all(|v| *v == Verdict::Unknown));
        assert_eq!(verdicts[10], Verdict::Newest);
        assert!(!verdicts.contains(&Verdict::Delete), "{verdicts:?}");
        assert_eq!(verdicts[13], Verdict::NothingNewer);
    }

    #[test]
    fn pinned_and_restored_ones_stay() {
        let later = now() + 24.hours();
        let entries = [
            good(1),
            good(2),
            good(3),
            changed(40, |m| m.status = Status::Restored),
            changed(41, |m| m.status = Status::Restored),
            changed(42, |m| m.pin = Some(Pin::Until(later))),
            changed(43, |m| m.pin = Some(Pin::Until(now()))),
            changed(44, |m| m.pin = Some(Pin::Forever)),
        ];

        assert_eq!(
            verdicts(&entries)[3..],
            [NewestRestored, Delete, Pinned, Delete, Pinned]
        );
    }

    #[test]
    fn each_database_is_judged_by_itself() {
        let other = |days| changed(days, |m| m.database = "prod".to_owned());
        let entries = [good(1), good(2), good(3), good(40), other(41), other(42)];

        let verdicts = verdicts(&entries);

        assert_eq!(verdicts[3], Verdict::Delete);
        assert_eq!(verdicts[4], Verdict::Newest);
        assert_eq!(verdicts[5], Verdict::Last);
    }

    #[test]
    fn a_wrong_clock_deletes_nothing() {
        let mut entries = vec![good(0)];
        entries.extend((31..40).map(good));

        let early = plan(&entries, Rules::default(), now() - 1.hours());

        assert!(early.iter().all(|v| *v == Verdict::ClockWrong));
        assert!(verdicts(&entries).contains(&Verdict::Delete));
    }

    #[test]
    fn the_newest_of_each_period_stays() {
        let entries: Vec<Entry> = (0..400).step_by(10).map(good).collect();
        let rules = Rules {
            days: 5,
            monthly: 6,
            ..Rules::default()
        };

        let verdicts = plan(&entries, rules, now());

        let kept = verdicts.iter().filter(|v| **v == Verdict::Period).count();
        assert_eq!(kept, 5, "{verdicts:?}");
    }

    #[test]
    fn a_deleted_backup_takes_its_manifest_along() {
        let folder = tempfile::tempdir().unwrap();
        let mut entry = good(1);
        entry.path = folder.path().join(entry.name.to_string());
        fs::write(&entry.path, "abc").unwrap();
        sample(&entry.name.to_string())
            .write(folder.path())
            .unwrap();

        delete(&entry).unwrap();

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
