//! Gets a message to where it goes, in little time and twice at most: who waits for it must not hold up the run.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use super::message::Message;
use crate::base::tell::{Address, Channel, Occasion, TellConfig};
use crate::base::{Error, Profile, Project, Result, Secret, Settings};
use crate::ops::http::{Http, Request};
use crate::ops::process::{Program, Registry, Stdin};

/// How long a request or a program may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How long to wait before the second try.
const PAUSE: Duration = Duration::from_secs(1);

/// How much a program may say that nobody reads.
const HEARD: usize = 64 * 1024;

/// Where the messages about a run go.
#[derive(Debug)]
pub struct Teller<'a> {
    /// The `[[tell]]` that are about the run.
    about: Vec<&'a TellConfig>,
    settings: Option<&'a Settings>,
    http: Http,
    registry: Arc<Registry>,
    /// Where programs start, and look for `./hook.sh`.
    folder: &'a Path,
}

impl<'a> Teller<'a> {
    /// Whoever is to hear of runs of this task; without settings only addresses that stand in lexi.toml are known.
    pub fn new(
        project: &'a Project,
        (task, profile, started_by): (&str, Profile, &str),
        settings: Option<&'a Settings>,
        registry: Arc<Registry>,
    ) -> Self {
        let is_about = |config: &&TellConfig| config.is_about(task, profile, started_by);
        Self {
            about: project.config().tell.iter().filter(is_about).collect(),
            settings,
            http: Http::default(),
            registry,
            folder: project.root(),
        }
    }

    /// Whether nobody is to be told anything.
    pub const fn is_idle(&self) -> bool {
        self.about.is_empty()
    }

    /// Whether a start is to be told: mostly it is not, and then nothing is made ready for it.
    pub fn wants_start(&self) -> bool {
        self.wanted(Occasion::Started).next().is_some()
    }

    /// Tells everybody who wants to hear it; gives what did not get through.
    pub async fn tell(&self, message: &Message) -> Vec<Error> {
        let channels: Vec<&Channel> = self.wanted(message.event).collect();
        let sending = channels
            .into_iter()
            .map(|channel| self.send(channel, message));
        let results = futures_util::future::join_all(sending).await;
        results.into_iter().filter_map(Result::err).collect()
    }

    fn wanted(&self, occasion: Occasion) -> impl Iterator<Item = &'a Channel> {
        self.about.iter().flat_map(move |config| {
            let channels = config.channels.iter();
            channels.filter(move |channel| config.wants(occasion, channel))
        })
    }

    async fn send(&self, channel: &Channel, message: &Message) -> Result<()> {
        let told = match channel {
            Channel::Webhook(address) => match self.address(address, message)? {
                Some(address) => self.post(webhook(address.reveal(), message)?).await,
                None => Ok(()),
            },
            Channel::Ping(address) => match self.address(address, message)? {
                Some(address) => self.post(ping(address.reveal(), message)?).await,
                None => Ok(()),
            },
            Channel::Command(words) => self.run(words, message).await,
        };
        told.map_err(|error| {
            let what = match channel {
                Channel::Webhook(_) => "the webhook",
                Channel::Ping(_) => "the ping",
                Channel::Command(_) => "the command",
            };
            error.context(format!(
                "{what} of [[tell]] in lexi.toml did not hear of it"
            ))
        })
    }

    /// The address; none where its setting is not there and nothing bad is to be told.
    fn address(&self, address: &Address, message: &Message) -> Result<Option<Secret>> {
        let name = match address {
            Address::Literal(address) => return Ok(Some(Secret::new(address))),
            Address::Setting(name) => name,
        };
        let value = self.settings.and_then(|settings| settings.get(name));
        match value.filter(|value| !value.is_empty()) {
            Some(value) => Ok(Some(Secret::new(value))),
            None if message.event != Occasion::Failed => Ok(None),
            None => Err(Error::usage(format!(
                "nobody was told: the setting {name}, which [[tell]] in lexi.toml names, has no value"
            ))
            .hint(format!("set {name} in the profile's .env file"))),
        }
    }

    /// Sends a request; once more when that may help.
    async fn post(&self, request: Request) -> Result<()> {
        let first = self.http.send(&request).await;
        if first.as_ref().is_ok_and(|answer| answer.status < 500) {
            return first?.check().map(drop);
        }
        tokio::time::sleep(PAUSE).await;
        self.http.send(&request).await?.check().map(drop)
    }

    async fn run(&self, words: &[String], message: &Message) -> Result<()> {
        let Some((program, args)) = words.split_first() else {
            return Ok(());
        };
        let event = serde_json::to_value(message.event).unwrap_or_default();
        let captured = Program::new(program)
            .args(args)
            .dir(self.folder)
            .env("LEXI_EVENT", event.as_str().unwrap_or_default())
            .env("LEXI_TASK", &message.task)
            .stdin(Stdin::Bytes(message.document()))
            .timeout(LIMIT)
            .capture(&self.registry, HEARD)
            .await?;
        captured.ok(program).map(drop)
    }
}

fn webhook(address: &str, message: &Message) -> Result<Request> {
    let mut request = Request::new("POST", parse(address)?);
    let json = Secret::new("application/json");
    request.headers.push(("content-type".into(), json));
    request.body = Some(message.document());
    request.timeout = LIMIT;
    request.is_private = true;
    Ok(request)
}

/// `/start`, nothing for success, the exit code for a failure; `rid` pairs start and end.
fn ping(address: &str, message: &Message) -> Result<Request> {
    let mut url = parse(address)?;
    let behind = match (message.event, message.exit) {
        (Occasion::Started, _) => Some("start".to_owned()),
        (Occasion::Failed, Some(exit)) if exit > 0 => Some(exit.to_string()),
        (Occasion::Failed, _) => Some("fail".to_owned()),
        (Occasion::Succeeded | Occasion::Recovered, _) => None,
    };
    if let (Some(behind), Ok(mut path)) = (behind, url.path_segments_mut()) {
        path.pop_if_empty().push(&behind);
    }
    url.query_pairs_mut().append_pair("rid", &message.pair());
    let mut request = Request::new("POST", url);
    request.body = Some(message.sentence().into_bytes());
    request.timeout = LIMIT;
    request.is_private = true;
    Ok(request)
}

fn parse(address: &str) -> Result<Url> {
    Url::parse(address).map_err(|e| Error::usage("its address is none").because(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::tell::Occasion::{Failed, Recovered, Started};

    #[test]
    fn pings_follow_the_protocol_of_healthchecks() {
        let message = |event, exit| Message {
            event,
            project: "p".into(),
            task: "t".into(),
            profile: "prod".into(),
            host: "h".into(),
            user: "u".into(),
            started_by: "cron".into(),
            run: Some("r".into()),
            at: jiff::Timestamp::UNIX_EPOCH,
            ms: None,
            exit,
            error: None,
        };
        let cases = [
            (Started, None, "https://hc.example/u-u/start?rid="),
            (Recovered, Some(0), "https://hc.example/u-u?rid="),
            (Failed, Some(75), "https://hc.example/u-u/75?rid="),
            (Failed, None, "https://hc.example/u-u/fail?rid="),
        ];
        for (event, exit, expected) in cases {
            for address in ["https://hc.example/u-u", "https://hc.example/u-u/"] {
                let request = ping(address, &message(event, exit)).unwrap();
                let url = request.url.replace("u-u/?", "u-u?");
                assert!(url.starts_with(expected), "{url}");
            }
        }
        let request = ping("https://hc.example/u?key=1", &message(Started, None)).unwrap();
        assert!(
            request
                .url
                .starts_with("https://hc.example/u/start?key=1&rid="),
            "{}",
            request.url
        );
    }
}
