//! When a service is ready: what the engine tells, and what its own health test says when we ask it.
//!
//! An engine asks for the first time only after the interval has passed, so we ask ourselves, sooner. Events are matched
//! by the container's identity: a name goes from an old container to a new one, and the old one's end is not the new one's.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;

use super::part::{Condition, Healthcheck};
use crate::base::{Error, Kind, Result, units};
use crate::ops::docker::events::{self, Event, Wanted as Listen};
use crate::ops::docker::exec::{Exec, capture};
use crate::ops::docker::{self, Engine, logs};

/// How often a service that is started again after its end may end before we give up.
const DEATHS: u32 = 3;

/// Between two questions, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

/// How long an answer may take where the test does not say.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// How much of an answer is read.
const ANSWER_BYTES: usize = 64 * 1024;

/// How a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Its program runs.
    Running,
    /// Its health test passes.
    Healthy,
    /// The engine has given up on its health.
    Unhealthy,
    /// Its program ended.
    Ended(i64),
}

/// How each service is, for everybody who waits for one.
#[derive(Debug)]
pub(super) struct Board {
    states: watch::Sender<BTreeMap<String, State>>,
    known: Mutex<HashMap<String, Known>>,
    /// What each service's health test said last.
    answers: Mutex<HashMap<String, String>>,
    has_failed: AtomicBool,
}

/// A container that events are about.
#[derive(Debug, Clone)]
struct Known {
    service: String,
    comes_back: bool,
    deaths: u32,
    /// What happened before, in milliseconds since 1970, is an older story.
    since_ms: i64,
}

impl Board {
    pub(super) fn new() -> Self {
        Self {
            states: watch::channel(BTreeMap::new()).0,
            known: Mutex::default(),
            answers: Mutex::default(),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Whether nobody has told of a failure yet; from now on somebody has.
    pub(super) fn is_first_failure(&self) -> bool {
        !self.has_failed.swap(true, Ordering::Relaxed)
    }

    /// A service's health test has said no, in these words.
    pub(super) fn heard(&self, service: &str, said: String) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(service.to_owned(), said);
    }

    /// What a service's health test said last; nothing if it was not asked or says yes.
    pub(super) fn last_answer(&self, service: &str) -> String {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(service).cloned().unwrap_or_default()
    }

    /// The container that events of a service come from.
    pub(super) fn container_of(&self, service: &str) -> Option<String> {
        let all = self.lock();
        let found = all.iter().find(|(_, known)| known.service == service);
        found.map(|(id, _)| id.clone())
    }

    /// From this moment on, events of this container are about this service.
    pub(super) fn know(&self, id: &str, service: &str, comes_back: bool, since_ms: i64) {
        let known = Known {
            service: service.to_owned(),
            comes_back,
            deaths: 0,
            since_ms,
        };
        self.lock().insert(id.to_owned(), known);
    }

    /// Events of this container are about nothing any more.
    pub(super) fn forget(&self, id: &str) {
        self.lock().remove(id);
    }

    pub(super) fn set(&self, service: &str, state: State) {
        self.states.send_modify(|states| {
            states.insert(service.to_owned(), state);
        });
    }

    /// Its program was started; it may have ended since.
    pub(super) fn started(&self, service: &str) {
        self.states.send_modify(|states| {
            states.entry(service.to_owned()).or_insert(State::Running);
        });
    }

    /// Nothing is known of it.
    pub(super) fn clear(&self, service: &str) {
        self.states.send_modify(|states| {
            states.remove(service);
        });
    }

    /// Waits until a service is as somebody needs it.
    pub(super) async fn wait(&self, service: &str, condition: Condition) -> Result<()> {
        let mut states = self.states.subscribe();
        loop {
            let state = states.borrow_and_update().get(service).copied();
            if let Some(answer) = answer(service, state, condition) {
                return answer;
            }
            let changed = states.changed().await;
            changed.map_err(|e| Error::internal("nobody watches the stack").because(e))?;
        }
    }

    /// Notes what the engine tells; ends only with an error.
    pub(super) async fn listen(&self, engine: &Engine, project: &str, since: i64) -> Error {
        let wanted = Listen {
            project: Some(project.to_owned()),
            kinds: vec!["container".to_owned()],
            actions: ["start", "die", "health_status"]
                .map(str::to_owned)
                .to_vec(),
            since: Some(since),
            ..Listen::default()
        };
        let mut events = events::listen(engine, &wanted);
        loop {
            match events.next().await {
                Some(Ok(event)) => self.note(&event),
                Some(Err(error)) => return error,
                None => return docker::gone("cannot listen to the engine"),
            }
        }
    }

    fn note(&self, event: &Event) {
        let mut all = self.lock();
        let known = all
            .get_mut(&event.id)
            .filter(|known| event.time_ms >= known.since_ms);
        let Some(known) = known else {
            return;
        };
        match event.action.as_str() {
            "start" => self.started(&known.service),
            "health_status: healthy" => self.set(&known.service, State::Healthy),
            "health_status: unhealthy" => self.set(&known.service, State::Unhealthy),
            "die" => {
                known.deaths += 1;
                if known.comes_back && known.deaths < DEATHS {
                    self.clear(&known.service);
                } else {
                    self.set(&known.service, State::Ended(event.exit_code.unwrap_or(-1)));
                }
            }
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a state means for somebody who waits; nothing while it may still come.
fn answer(service: &str, state: Option<State>, condition: Condition) -> Option<Result<()>> {
    let failed = |kind, why: String| {
        Some(Err(Error::new(
            kind,
            format!("service `{service}` is not ready: {why}"),
        )))
    };
    match (condition, state?) {
        (Condition::ServiceCompletedSuccessfully, State::Ended(0)) => Some(Ok(())),
        (_, State::Ended(code)) => {
            failed(Kind::ProcessFailed, format!("it ended with code {code}"))
        }
        (Condition::ServiceStarted, _) | (Condition::ServiceHealthy, State::Healthy) => {
            Some(Ok(()))
        }
        (Condition::ServiceHealthy, State::Unhealthy) => failed(
            Kind::Unavailable,
            "its health test does not pass".to_owned(),
        ),
        _ => None,
    }
}

/// A service's own question about its health.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    command: Vec<String>,
    limit: Duration,
}

impl Probe {
    /// The question of a service, or else of its image; none when there is nothing to ask.
    pub(super) fn of(check: Option<&Healthcheck>, image: &[String]) -> Option<Self> {
        if check.is_some_and(|check| check.disable) {
            return None;
        }
        let own = check
            .map(|check| check.test.as_slice())
            .filter(|test| !test.is_empty());
        let command = match own.unwrap_or(image) {
            [kind, rest @ ..] if kind == "CMD" && !rest.is_empty() => rest.to_vec(),
            [kind, line, ..] if kind == "CMD-SHELL" => {
                ["/bin/sh", "-c", line].map(str::to_owned).to_vec()
            }
            _ => return None,
        };
        let limit = check
            .and_then(|check| check.timeout)
            .unwrap_or(ANSWER_LIMIT);
        Some(Self { command, limit })
    }

    /// Asks once.
    pub(super) async fn passes(&self, engine: &Engine, id: &str) -> bool {
        let exec = Exec::new(self.command.clone());
        let asked =
            tokio::time::timeout(self.limit, capture(engine, id, &exec, ANSWER_BYTES)).await;
        matches!(asked, Ok(Ok(done)) if done.code == 0)
    }

    /// Asks until the answer is yes; each no is told.
    pub(super) async fn ask(&self, engine: &Engine, id: &str, told: &(dyn Fn(String) + Sync)) {
        let exec = Exec::new(self.command.clone());
        let mut pause = PAUSE.0;
        loop {
            let asked =
                tokio::time::timeout(self.limit, capture(engine, id, &exec, ANSWER_BYTES)).await;
            let said = match asked {
                Ok(Ok(done)) if done.code == 0 => return,
                Ok(Ok(done)) => {
                    let output = [done.stdout, done.stderr].concat();
                    let text = String::from_utf8_lossy(&output);
                    format!("exit code {}: {}", done.code, text.trim())
                }
                // It does not run just now; whether that is the end is told by events.
                Ok(Err(error)) => error.full_message(),
                Err(_elapsed) => format!("no answer in {}", units::duration(self.limit)),
            };
            told(said);
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSE.1);
        }
    }
}

/// The last lines of a container's log.
pub(super) async fn last_lines(engine: &Engine, id: &str, count: u64) -> Vec<String> {
    let options = logs::LogOptions {
        tail: Some(count),
        ..logs::LogOptions::default()
    };
    let mut lines = Vec::new();
    // A log that cannot be read must not hide why it is wanted.
    let _unreadable = logs::of(engine, id, &options, &mut |line| {
        lines.push(line.text.clone());
        true
    })
    .await;
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, action: &str) -> Event {
        Event {
            kind: "container".into(),
            action: action.into(),
            id: id.into(),
            name: None,
            service: None,
            project: None,
            exit_code: Some(1),
            time_ms: 0,
        }
    }

    fn state(board: &Board) -> Option<State> {
        board.states.borrow().get("db").copied()
    }

    #[test]
    fn the_end_of_an_old_container_is_not_the_new_ones() {
        let board = Board::new();
        board.know("new", "db", false, 0);

        board.note(&event("new", "start"));
        board.note(&event("old", "die"));

        assert_eq!(state(&board), Some(State::Running));
        board.note(&event("new", "die"));
        assert_eq!(state(&board), Some(State::Ended(1)));
    }

    #[test]
    fn what_is_started_again_may_end_twice() {
        let board = Board::new();
        board.know("a", "db", true, 0);

        for expected in [None, None, Some(State::Ended(1))] {
            board.note(&event("a", "die"));
            assert_eq!(state(&board), expected);
        }
    }

    #[test]
    fn the_test_of_the_image_is_asked_where_the_service_has_none() {
        let image = ["CMD-SHELL".to_owned(), "x".to_owned()];
        let own = Healthcheck {
            test: vec!["CMD".into(), "a".into(), "b".into()],
            ..Healthcheck::default()
        };
        let off = Healthcheck {
            disable: true,
            ..Healthcheck::default()
        };

        assert_eq!(Probe::of(Some(&own), &image).unwrap().command, ["a", "b"]);
        assert_eq!(
            Probe::of(None, &image).unwrap().command,
            ["/bin/sh", "-c", "x"]
        );
        assert!(Probe::of(Some(&off), &image).is_none());
        assert!(Probe::of(None, &["NONE".to_owned()]).is_none());
    }
}
