//! Which backups go: examples, and what must hold for any folder and any rules.

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

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn folder(&mut self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = (0..self.below(40)).map(|_| self.one()).collect();
        entries.sort_by(|a, b| b.name.cmp(&a.name));
        entries
    }

    fn one(&mut self) -> Entry {
        let hours = i64::try_from(self.below(24 * 120)).unwrap();
        let mut manifest = sample("x");
        manifest.database = ["one", "two"][usize::try_from(self.below(2)).unwrap()].to_owned();
        if self.below(6) == 0 {
            manifest.status = Status::Restored;
        }
        if self.below(8) == 0 {
            manifest.pin = Some(Pin::days(i64::try_from(self.below(3)).unwrap(), now()));
        }
        let state = match self.below(8) {
            0 => State::Unknown,
            1 => State::Damaged("cut".to_owned()),
            _ => State::Good(Box::new(manifest)),
        };
        let name = BackupName::new("a", now() - hours.hours());
        Entry {
            path: name.to_string().into(),
            name,
            bytes: 3,
            state,
        }
    }

    fn rules(&mut self) -> Rules {
        let mut count = |limit| usize::try_from(self.below(limit)).unwrap();
        Rules {
            days: u32::try_from(count(50)).unwrap(),
            keep: 1 + count(5),
            daily: count(10),
            weekly: count(6),
            monthly: count(5),
        }
    }
}

/// The good backups of a database, newest first, with their verdicts.
fn good_of<'e>(
    entries: &'e [Entry],
    verdicts: &[Verdict],
    database: &str,
) -> Vec<(&'e Entry, Verdict)> {
    let all = entries.iter().zip(verdicts.iter().copied());
    all.filter(|(entry, _)| entry.manifest().is_some_and(|m| m.database == database))
        .collect()
}

/// What must hold for the good backups of one database.
fn check_good(good: &[(&Entry, Verdict)], rules: Rules, round: u32) {
    let limit = now() - (i64::from(rules.days) * 24).hours();
    let gone = |(_, verdict): &&(&Entry, Verdict)| *verdict == Delete;
    // The last ones stay, the newest above all; so does everything when the newest is too old itself.
    let last = good.iter().take(rules.keep).filter(gone).count();
    assert_eq!(last, 0, "round {round}");
    let is_stale = good
        .first()
        .is_some_and(|(newest, _)| newest.name.at() < limit);
    if rules.days == 0 || is_stale {
        assert_eq!(good.iter().filter(gone).count(), 0, "round {round}");
    }
    let is_proven = |entry: &Entry| entry.manifest().unwrap().status == Status::Restored;
    let proven = good.iter().find(|(entry, _)| is_proven(entry));
    assert!(
        proven.is_none_or(|(_, verdict)| *verdict != Delete),
        "round {round}"
    );
    for (entry, _) in good.iter().filter(gone) {
        let pin = entry.manifest().unwrap().pin;
        assert!(
            entry.name.at() < limit,
            "round {round}: {} is young",
            entry.name
        );
        assert!(
            !pin.is_some_and(|pin| pin.holds(now())),
            "round {round}: pinned"
        );
    }
    // Each of the last days with a backup that are to be kept still has its newest one.
    let mut days = BTreeSet::new();
    for (entry, verdict) in good {
        let day = entry.name.to_string()[9..17].to_owned();
        if days.len() < rules.daily && days.insert(day) {
            assert_ne!(*verdict, Delete, "round {round}: {}", entry.name);
        }
    }
}

#[test]
fn whatever_the_folder_and_the_rules_nothing_that_matters_goes() {
    let mut random = Random(20_260_115);
    let mut deleted = 0;
    for round in 0..5_000 {
        let (entries, rules) = (random.folder(), random.rules());

        let verdicts = plan(&entries, rules, now());

        deleted += verdicts
            .iter()
            .filter(|verdict| **verdict == Delete)
            .count();
        for database in ["one", "two"] {
            check_good(&good_of(&entries, &verdicts, database), rules, round);
        }
        let decided = || entries.iter().zip(&verdicts);
        for (entry, verdict) in decided() {
            let is_known = entry.manifest().is_some();
            assert!(
                is_known || *verdict != Delete,
                "round {round}: {}",
                entry.name
            );
        }
        // Deciding again about what is left changes nothing.
        let left = decided().filter(|(_, verdict)| **verdict != Delete);
        let left: Vec<Entry> = left.map(|(entry, _)| entry.clone()).collect();
        let again = plan(&left, rules, now());
        assert!(!again.contains(&Delete), "round {round}: not at rest");
    }
    assert!(deleted > 5_000, "the rules delete too: {deleted}");
}
