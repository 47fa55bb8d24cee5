//! Whether there is a backup that is good and new enough: the question of whoever watches over them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::list::{Entry, newest_good};
use crate::base::{Error, Result, units};

/// The newest good backup of a database; an error in one line when it is older than `limit` or there is none.
pub fn fresh<'e>(
    entries: &'e [Entry],
    database: &str,
    limit: Duration,
    now: Timestamp,
) -> Result<&'e Entry> {
    let make = "make one: `lexi run backup`";
    let Some(newest) = newest_good(entries, database) else {
        let message = format!("there is no verified backup of database `{database}`");
        return Err(Error::not_found(message).hint(make));
    };
    let age = now.duration_since(newest.name.at());
    if age <= SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX) {
        return Ok(newest);
    }
    let (age, limit) = (units::duration(age.unsigned_abs()), units::duration(limit));
    let message = format!(
        "the newest verified backup of database `{database}` is {age} old, which is more than {limit}: {}",
        newest.name
    );
    Err(Error::refused(message).hint(make))
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::super::list::State;
    use super::super::manifest::tests::sample;
    use super::super::name::BackupName;
    use super::*;

    fn entry(at: Timestamp, is_good: bool) -> Entry {
        let name = BackupName::new("a", at);
        let state = if is_good {
            State::Good(Box::new(sample(&name.to_string())))
        } else {
            State::Unknown
        };
        Entry {
            path: name.to_string().into(),
            name,
            bytes: 3,
            state,
        }
    }

    #[test]
    fn only_a_good_backup_that_is_new_enough_will_do() {
        let now: Timestamp = "2026-07-31T12:00:00Z".parse().unwrap();
        let entries = [entry(now, false), entry(now - 26.hours(), true)];
        let ask = |database: &str, hours| {
            fresh(&entries, database, Duration::from_hours(hours), now)
                .map(|entry| entry.name.to_string())
                .map_err(|e| e.message().to_owned())
        };

        assert_eq!(
            ask("lexiflow_dev", 26),
            Ok("a_backup_20260730_100000.sql.gz".to_owned())
        );
        let old = ask("lexiflow_dev", 25).unwrap_err();
        assert!(old.contains("more than 1d 1h: a_backup_20260730"), "{old}");
        let none = ask("other", 26).unwrap_err();
        assert!(
            none.contains("no verified backup of database `other`"),
            "{none}"
        );
    }
}
