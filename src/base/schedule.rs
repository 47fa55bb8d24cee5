//! What a task's `schedule:` or a `[schedule.NAME]` of `lexi.toml` may say; nothing is decided here.

use std::fmt;
use std::time::Duration;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::units::parse_duration;
use super::{Profile, Result};

/// The keys of a schedule in a task's declaration.
pub const SCHEDULE_KEYS: [&str; 14] = [
    "cron", "setting", "when", "profiles", "args", "tz", "overlap", "jitter", "catch_up", "within",
    "grace", "timeout", "retries", "backoff",
];

/// When and how a task runs by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table [schedule.NAME] with `cron = \"0 2 * * *\"`"
)]
pub struct Schedule {
    /// The task, in `lexi.toml`; the entry's own name without it.
    pub task: Option<String>,
    /// The cron line.
    pub cron: Option<String>,
    /// The setting that holds the cron line.
    pub setting: Option<String>,
    /// The setting that must be true.
    pub when: Option<String>,
    /// The profiles it runs in.
    #[serde(deserialize_with = "profiles")]
    pub profiles: Vec<String>,
    /// The words behind the task's name, as typed.
    #[serde(deserialize_with = "list")]
    pub args: Vec<String>,
    /// The time zone that the line is read in.
    pub tz: Option<String>,
    /// What happens when the last run still goes on.
    pub overlap: Overlap,
    /// Starts are put off by a part of this that is always the same for one entry.
    pub jitter: Span,
    /// What happens to times that were missed.
    pub catch_up: CatchUp,
    /// How old a missed time may be to be caught up.
    pub within: Span,
    /// How late a start may be and still count as the time's own.
    pub grace: Span,
    /// How long a run may take.
    #[serde(deserialize_with = "limit")]
    pub timeout: Option<Span>,
    /// How often a run that failed is tried again.
    pub retries: u32,
    /// How long after the first failure; twice as long after each further one.
    pub backoff: Span,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            task: None,
            cron: None,
            setting: None,
            when: None,
            profiles: vec![Profile::Prod.as_str().to_owned()],
            args: Vec::new(),
            tz: None,
            overlap: Overlap::Skip,
            jitter: Span(Duration::ZERO),
            catch_up: CatchUp::Skip,
            within: Span(Duration::from_hours(24)),
            grace: Span(Duration::from_mins(1)),
            timeout: None,
            retries: 0,
            backoff: Span(Duration::from_mins(1)),
        }
    }
}

/// What happens when a time comes while the last run still goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The time is left out.
    #[default]
    Skip,
    /// It waits until the run has ended.
    Queue,
    /// The run is stopped and a new one started.
    Replace,
    /// Both run.
    Allow,
}

/// What happens to times that passed while nobody could start the task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// They are left out.
    #[default]
    Skip,
    /// The newest is made up for.
    Latest,
    /// All are, the oldest first.
    All,
}

/// A duration as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}ms", self.0.as_millis()))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = super::project::Scalar::deserialize(deserializer)?.to_string();
        parse_duration(&text).map(Self).map_err(|error| {
            let hint = error.hint_text().unwrap_or_default();
            serde::de::Error::custom(format!("{error}: {hint}"))
        })
    }
}

/// A time after which a run is stopped; none would stop each at once.
fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Span>, D::Error> {
    let limit = Option::<Span>::deserialize(deserializer)?;
    if limit.is_some_and(|limit| limit.0.is_zero()) {
        let message = "a `timeout` of 0 would stop each run at once: leave it out for no limit";
        return Err(serde::de::Error::custom(message));
    }
    Ok(limit)
}

/// A list of texts.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Texts;

    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list such as [\"dev\", \"prod\"]")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut texts = Vec::new();
            while let Some(text) = seq.next_element()? {
                texts.push(text);
            }
            Ok(texts)
        }
    }

    deserializer.deserialize_seq(Texts)
}

/// Names of profiles; a misspelt one would be a schedule that never runs.
fn profiles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = list(deserializer)?;
    for name in &names {
        name.parse::<Profile>().map_err(|error| {
            let hint = error.hint_text().unwrap_or_default();
            serde::de::Error::custom(format!("{error}: {hint}"))
        })?;
    }
    Ok(names)
}
