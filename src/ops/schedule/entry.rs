//! An entry that may run: what a schedule says, with the settings it names looked up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::line::Line;
use crate::base::schedule::{CatchUp, Overlap, Schedule};
use crate::base::{Error, Profile, Result, Settings};

/// What runs by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// The entry's name; its times and runs are known by it.
    pub name: String,
    /// The task.
    pub task: String,
    /// The words behind the task's name.
    pub args: Vec<String>,
    /// When.
    pub line: Line,
    /// What happens while the last run still goes on.
    pub overlap: Overlap,
    /// What happens to times that were missed.
    pub catch_up: CatchUp,
    /// How old a missed time may be to be caught up.
    pub within: Duration,
    /// How late a start may be and still count as the time's own.
    pub grace: Duration,
    /// How much later than its time it starts, always the same.
    pub delay: Duration,
    /// How long a run may take.
    pub timeout: Option<Duration>,
    /// How often a run that failed is tried again.
    pub retries: u32,
    /// How long after the first failure.
    pub backoff: Duration,
}

/// Why an entry does not run here and now, which is no mistake.
pub type Off = String;

impl Entry {
    /// Looks up what the schedule names. An entry that is off says why; a mistake is an error.
    pub fn resolve(
        name: &str,
        task: &str,
        schedule: &Schedule,
        settings: &Settings,
    ) -> Result<Result<Self, Off>> {
        if let Some(off) = elsewhere(schedule, settings.profile()) {
            return Ok(Err(off));
        }
        if let Some(setting) = &schedule.when
            && !settings.bool(setting)?
        {
            let value = settings.get(setting).unwrap_or_default();
            return Ok(Err(match value {
                "" => format!("setting {setting} is not set"),
                value => format!("setting {setting} is {value} ({})", settings.place(setting)),
            }));
        }
        let text = match (&schedule.cron, &schedule.setting) {
            (Some(text), None) => text.clone(),
            (None, Some(setting)) => match settings.get(setting).map(str::trim) {
                None | Some("") => return Ok(Err(format!("setting {setting} is not set"))),
                Some(text) => text.to_owned(),
            },
            _ => return Err(no_line(name)),
        };
        let line = Line::parse(&text, schedule.tz.as_deref()).map_err(|error| {
            match &schedule.setting {
                Some(setting) => {
                    error.context(format!("setting {setting} ({})", settings.place(setting)))
                }
                None => error.context(format!("schedule `{name}`")),
            }
        })?;
        Ok(Ok(Self {
            name: name.to_owned(),
            task: task.to_owned(),
            args: schedule.args.clone(),
            line,
            overlap: schedule.overlap,
            catch_up: schedule.catch_up,
            within: schedule.within.0.max(schedule.grace.0),
            grace: schedule.grace.0,
            delay: delay(name, schedule.jitter.0),
            timeout: schedule.timeout.map(|limit| limit.0),
            retries: schedule.retries,
            backoff: schedule.backoff.0,
        }))
    }

    /// What is typed to run it: `backup --label nightly`.
    pub fn command(&self) -> String {
        std::iter::once(self.task.as_str())
            .chain(self.args.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// How long to wait after the attempt of this number, counted from 1, has failed; an hour at most.
    pub fn pause_after(&self, attempt: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        self.backoff
            .saturating_mul(factor)
            .min(Duration::from_hours(1).max(self.backoff))
    }
}

/// A schedule runs only in the profiles that it lists.
fn elsewhere(schedule: &Schedule, profile: Profile) -> Option<Off> {
    let lists = schedule
        .profiles
        .iter()
        .any(|name| name == profile.as_str());
    (!lists).then(|| match schedule.profiles.as_slice() {
        [] => "it lists no profiles".to_owned(),
        names => format!(
            "profile {profile} is not one of its profiles ({})",
            names.join(", ")
        ),
    })
}

/// An entry needs exactly one of the two.
pub fn no_line(name: &str) -> Error {
    Error::usage(format!("schedule `{name}` has neither `cron` nor `setting`, or both"))
        .hint("write `cron = \"0 2 * * *\"`, or `setting = \"NAME\"` for a setting that holds such a line")
}

/// A part of the jitter that is always the same for one name, so that many entries of one time spread out.
fn delay(name: &str, jitter: Duration) -> Duration {
    let span = u64::try_from(jitter.as_millis()).unwrap_or(u64::MAX);
    // FNV-1a: the same on every machine and in every version, which std's hasher does not promise.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
    Duration::from_millis(if span == 0 { 0 } else { mixed % span })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_stable_within_its_bound_and_spreads() {
        let jitter = Duration::from_mins(5);
        let delays: Vec<Duration> = (0..100)
            .map(|n| delay(&format!("task-{n}"), jitter))
            .collect();

        assert_eq!(delays[7], delay("task-7", jitter));
        assert!(delays.iter().all(|delay| *delay < jitter));
        for fifth in 0..5 {
            let inside = delays.iter().filter(|delay| delay.as_secs() / 60 == fifth);
            let inside = inside.count();
            assert!((8..=35).contains(&inside), "minute {fifth}: {inside}");
        }
        assert_eq!(delay("a", Duration::ZERO), Duration::ZERO);
    }
}
