//! What happens in the engine, as it happens.

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::{Stream, StreamExt};
use serde::Serialize;

use super::connect::Engine;
use super::container::{PROJECT, SERVICE};
use super::error::failed;
use crate::base::Result;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// To what: `container`, `network`, `volume`, `image` ..
    pub kind: String,
    /// What: `start`, `die`, `health_status: healthy` ..
    pub action: String,
    /// The identity of what it happened to.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// The service, of a container of a project.
    pub service: Option<String>,
    /// The project.
    pub project: Option<String>,
    /// The exit code, when a container ended.
    pub exit_code: Option<i64>,
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
}

impl Event {
    fn of(message: EventMessage) -> Self {
        let actor = message.actor.unwrap_or_default();
        let attributes: BTreeMap<String, String> =
            actor.attributes.unwrap_or_default().into_iter().collect();
        Self {
            kind: message.typ.map(|kind| kind.to_string()).unwrap_or_default(),
            action: message.action.unwrap_or_default(),
            id: actor.id.unwrap_or_default(),
            name: attributes.get("name").cloned(),
            service: attributes.get(SERVICE).cloned(),
            project: attributes.get(PROJECT).cloned(),
            exit_code: attributes
                .get("exitCode")
                .and_then(|code| code.parse().ok()),
            time_ms: message.time_nano.unwrap_or_default() / 1_000_000,
        }
    }
}

/// Which events are told.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only of this project.
    pub project: Option<String>,
    /// Only of these kinds.
    pub kinds: Vec<String>,
    /// Only these actions.
    pub actions: Vec<String>,
    /// From then on, in seconds since 1970; what has passed is told at once.
    pub since: Option<i64>,
    /// Until then, in seconds since 1970; without it for ever.
    pub until: Option<i64>,
}

/// Events as they come. The engine keeps none for later: listen first, then look at what there is.
pub fn listen(
    engine: &Engine,
    wanted: &Wanted,
) -> Pin<Box<dyn Stream<Item = Result<Event>> + Send>> {
    let mut filters: HashMap<String, Vec<String>> = HashMap::new();
    let mut add = |key: &str, values: Vec<String>| {
        if !values.is_empty() {
            filters.insert(key.to_owned(), values);
        }
    };
    add(
        "label",
        wanted
            .project
            .iter()
            .map(|name| format!("{PROJECT}={name}"))
            .collect(),
    );
    add("type", wanted.kinds.clone());
    add("event", wanted.actions.clone());
    let mut options = EventsOptionsBuilder::default().filters(&filters);
    if let Some(since) = wanted.since {
        options = options.since(&since.to_string());
    }
    if let Some(until) = wanted.until {
        options = options.until(&until.to_string());
    }
    let events = engine.client().events(Some(options.build()));
    Box::pin(events.map(|event| match event {
        Ok(event) => Ok(Event::of(event)),
        Err(e) => Err(failed("cannot listen to the engine", e)),
    }))
}
