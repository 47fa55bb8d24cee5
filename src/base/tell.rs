//! `[[tell]]` and `[metrics]` of `lexi.toml`: who hears of runs, and what counts them.

use std::net::SocketAddr;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Deserializer, Serialize};

use super::Profile;

/// What is told of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// It begins.
    Started,
    /// It ended well.
    Succeeded,
    /// It failed, or was killed.
    Failed,
    /// It ended well, and the one before it had not.
    Recovered,
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// A JSON document is posted there.
    Webhook(Address),
    /// The program gets it on standard input.
    Command(Vec<String>),
    /// Start and end are told as healthchecks does.
    Ping(Address),
}

/// An address, or the setting that holds one: who knows such an address can write there, so most are secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// It stands in lexi.toml.
    Literal(String),
    /// The name of the setting.
    Setting(String),
}

/// One `[[tell]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub struct TellConfig {
    tasks: Option<GlobSet>,
    profiles: Vec<Profile>,
    started_by: Vec<String>,
    on: Vec<Occasion>,
    /// Where its messages go.
    pub channels: Vec<Channel>,
}

/// `[metrics]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// A file for the node exporter's textfile collector, written anew after each run.
    pub textfile: Option<String>,
    /// Where `lexi cron` answers `GET /metrics`.
    #[serde(deserialize_with = "listen")]
    pub listen: Option<SocketAddr>,
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let address = text.parse().map_err(|_none| {
        let message = format!("`{text}` is no address: write IP:PORT, such as \"127.0.0.1:9464\"");
        serde::de::Error::custom(message)
    });
    address.map(Some)
}

impl MetricsConfig {
    /// Whether anything counts runs.
    pub const fn is_on(&self) -> bool {
        self.textfile.is_some() || self.listen.is_some()
    }
}

/// How runs are started, by the words that stand in the history.
const STARTED_BY: [&str; 6] = ["terminal", "program", "cron", "schedule", "watch", "rerun"];

/// Without a list: whoever sits at a terminal sees what happens.
const UNATTENDED: [&str; 3] = ["program", "cron", "schedule"];

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    tasks: Vec<String>,
    #[serde(default)]
    profiles: Vec<String>,
    started_by: Option<Vec<String>>,
    on: Option<Vec<Occasion>>,
    webhook: Option<String>,
    command: Option<Vec<String>>,
    ping: Option<String>,
}

impl TryFrom<Written> for TellConfig {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let mut channels = Vec::new();
        if let Some(text) = &written.webhook {
            channels.push(Channel::Webhook(address("webhook", text)?));
        }
        if let Some(text) = &written.ping {
            channels.push(Channel::Ping(address("ping", text)?));
        }
        match written.command {
            Some(command) if command.first().is_none_or(String::is_empty) => {
                return Err("`command` names no program: write [\"PROGRAM\", \"ARGUMENT\"]".into());
            }
            command => channels.extend(command.map(Channel::Command)),
        }
        if channels.is_empty() {
            return Err("`[[tell]]` needs a `webhook`, a `command` or a `ping`".into());
        }
        let profiles = written.profiles.iter().map(|name| name.parse());
        let profiles: Result<_, super::Error> = profiles.collect();
        let started_by = written.started_by.unwrap_or_else(|| {
            let words = UNATTENDED.iter();
            words.map(|word| (*word).to_owned()).collect()
        });
        if let Some(word) = started_by
            .iter()
            .find(|word| !STARTED_BY.contains(&&***word))
        {
            let known = STARTED_BY.join(", ");
            return Err(format!("`started_by` does not know `{word}`: use {known}"));
        }
        Ok(Self {
            tasks: patterns(&written.tasks)?,
            profiles: profiles.map_err(|error| error.message().to_owned())?,
            started_by,
            on: written
                .on
                .unwrap_or_else(|| vec![Occasion::Failed, Occasion::Recovered]),
            channels,
        })
    }
}

fn patterns(tasks: &[String]) -> Result<Option<GlobSet>, String> {
    if tasks.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for task in tasks {
        set.add(Glob::new(task).map_err(|e| format!("`tasks` has a pattern that is none: {e}"))?);
    }
    set.build().map(Some).map_err(|e| e.to_string())
}

fn address(field: &str, text: &str) -> Result<Address, String> {
    if text.starts_with("https://") || text.starts_with("http://") {
        return Ok(Address::Literal(text.to_owned()));
    }
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if !text.is_empty() && text.chars().all(is_name) {
        return Ok(Address::Setting(text.to_owned()));
    }
    Err(format!(
        "`{field}` is an address that begins with https://, or the name of the setting that holds it; `{text}` is neither"
    ))
}

impl TellConfig {
    /// The settings that hold its addresses.
    pub fn settings(&self) -> impl Iterator<Item = &str> {
        self.channels.iter().filter_map(|channel| match channel {
            Channel::Webhook(Address::Setting(name)) | Channel::Ping(Address::Setting(name)) => {
                Some(name.as_str())
            }
            _ => None,
        })
    }

    /// Whether runs of this task are told here.
    pub fn is_about(&self, task: &str, profile: Profile, started_by: &str) -> bool {
        self.tasks.as_ref().is_none_or(|tasks| tasks.is_match(task))
            && (self.profiles.is_empty() || self.profiles.contains(&profile))
            && self.started_by.iter().any(|word| word == started_by)
    }

    /// Whether this is told through a channel; a ping hears of every start and end, or it would call us late. Whoever wants
    /// to hear of success hears of the first one after a failure too.
    pub fn wants(&self, occasion: Occasion, channel: &Channel) -> bool {
        let is_success = occasion == Occasion::Recovered && self.on.contains(&Occasion::Succeeded);
        matches!(channel, Channel::Ping(_)) || self.on.contains(&occasion) || is_success
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TellConfig, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn it_is_about_the_tasks_profiles_and_starts_that_it_names() {
        let all = read("webhook = 'ALERTS'").unwrap();
        assert!(all.is_about("backup", Profile::Dev, "cron"));
        assert!(!all.is_about("backup", Profile::Dev, "terminal"));
        assert!(all.wants(Occasion::Failed, &all.channels[0]));
        assert!(!all.wants(Occasion::Succeeded, &all.channels[0]));

        let some = read(
            "tasks = ['db-*', 'backup']\nprofiles = ['prod']\nstarted_by = ['terminal']\ncommand = ['mail']",
        )
        .unwrap();
        assert!(some.is_about("db-reset", Profile::Prod, "terminal"));
        assert!(!some.is_about("restore", Profile::Prod, "terminal"));
        assert!(!some.is_about("backup", Profile::Dev, "terminal"));
        assert!(!some.is_about("backup", Profile::Prod, "cron"));
    }

    #[test]
    fn a_ping_hears_of_every_start_and_end() {
        let ping = read("ping = 'https://ping.example/1'").unwrap();
        for occasion in [Occasion::Started, Occasion::Succeeded, Occasion::Failed] {
            assert!(ping.wants(occasion, &ping.channels[0]));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_to_write() {
        let cases = [
            ("tasks = ['backup']", "needs a `webhook`"),
            ("webhook = 'alerts'", "the name of the setting"),
            ("command = []", "names no program"),
            ("ping = 'P'\nstarted_by = ['crom']", "does not know `crom`"),
            ("ping = 'P'\nprofiles = ['live']", "live"),
            ("ping = 'P'\ntasks = ['a{']", "pattern"),
            ("ping = 'P'\nonn = []", "unknown field `onn`"),
        ];
        for (text, expected) in cases {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
