//! Which backups are old enough to go, and which never go.
//!
//! The age is that of the name, in UTC. Backups of each database are judged by themselves. Never deleted: the newest
//! verified and the newest restored one, the last `keep` verified ones, pinned ones, and files that nobody knows; nothing at
//! all when the newest verified one is too old itself, or when the clock stands before the newest file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use super::list::{Entry, State};
use super::manifest::Status;
use super::{files, manifest, sidecar};
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
    files::remove(&manifest::path_beside(&entry.path))?;
    let folder = entry.path.parent().unwrap_or(Path::new("."));
    sidecar::remove(folder, &entry.name.to_string())?;
    fs::remove_file(&leaving).map_err(doing)?;
    files::sync_folder(folder)
}

/// How files end that are being deleted.
pub(super) const DELETING: &str = ".deleting";

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
