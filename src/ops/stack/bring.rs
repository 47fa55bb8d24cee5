//! Bringing one service to where it is to be: its container, its turn, its health; and what is told when that fails.

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Instant;

use super::apply::{Progress, Work};
use super::deploy::Restart;
use super::observe::Image;
use super::part::Condition;
use super::plan::{Action, REBUILT, Verb, is_one_shot};
use super::ready::{Board, Probe, State, last_lines};
use super::wanted::Wanted;
use crate::base::{Error, Kind, Result, units};
use crate::ops::docker::container::{self, Container, Filter};
use crate::ops::docker::network;

/// How many lines of a failed service's log are told.
const LAST_LINES: u64 = 20;

/// What a program says when a disk has no room, in small letters.
const DISK_FULL: &str = "no space left on device";

/// What is done to one service.
struct Step<'a> {
    wanted: &'a Wanted,
    image: &'a Image,
    verb: Verb,
}

impl Work<'_> {
    /// Brings one service to where it is to be.
    pub(super) async fn bring(
        &self,
        wanted: &Wanted,
        images: &BTreeMap<String, Image>,
        board: &Board,
    ) -> Result<()> {
        let began = Instant::now();
        let name = wanted.service.name.as_str();
        let Some(action) = self.plan.of_service(name) else {
            return Err(Error::internal(format!(
                "the plan says nothing of `{name}`"
            )));
        };
        let comes_back = !matches!(wanted.service.restart, Restart::No);
        let image = images.get(&wanted.image).cloned().unwrap_or_default();
        let verb = self.verb(action, &image);
        let id = match (&action.container, verb) {
            (Some(old), Verb::Recreate) => self.recreate(wanted, &image, old).await?,
            (Some(id), _) => id.clone(),
            (None, _) => {
                (self.report)(Progress::Doing(name, "creating"));
                self.create(wanted, &wanted.container, wanted.body.clone())
                    .await?
            }
        };
        board.know(&id, name, comes_back, self.now_ms());
        let id = if verb == Verb::Keep {
            self.keep(action, board);
            id
        } else {
            let step = Step {
                wanted,
                image: &image,
                verb,
            };
            self.start(&step, id, board).await?
        };
        let probe = Probe::of(wanted.service.healthcheck.as_ref(), &image.test);
        let ready = self.ready(wanted, &id, probe, board).await;
        if ready? && verb != Verb::Keep {
            (self.report)(Progress::Ready(name, began.elapsed()));
        }
        Ok(())
    }

    /// The container that an action is done to, as it was seen.
    fn seen(&self, action: &Action) -> Option<&Container> {
        let all = self
            .observed
            .services
            .get(&action.name)
            .into_iter()
            .flatten();
        let mut all = all.map(|seen| &seen.container);
        all.find(|seen| Some(&seen.id) == action.container.as_ref())
    }

    /// What is really done: a build that has changed nothing needs no new container.
    fn verb(&self, action: &Action, image: &Image) -> Verb {
        let is_same = self
            .seen(action)
            .is_some_and(|seen| seen.image_id == image.id);
        match action.verb {
            Verb::Recreate if action.causes == [REBUILT] && is_same => Verb::Start,
            verb => verb,
        }
    }

    /// What the list says of a container that is left as it is.
    fn keep(&self, action: &Action, board: &Board) {
        let seen = self.seen(action);
        let seen = seen.map(|seen| (seen.is_running(), seen.health.as_deref()));
        let state = match seen {
            Some((true, Some("healthy"))) => State::Healthy,
            Some((false, _)) => State::Ended(0),
            _ => State::Running,
        };
        board.set(&action.name, state);
    }

    /// Starts a container when its turn has come; gives its identity, which is another one where it had to be made anew.
    async fn start(&self, step: &Step<'_>, id: String, board: &Board) -> Result<String> {
        let wanted = step.wanted;
        let name = wanted.service.name.as_str();
        self.turn(wanted, board).await?;
        board.clear(name);
        (self.report)(Progress::Doing(name, "starting"));
        let comes_back = !matches!(wanted.service.restart, Restart::No);
        let mut id = id;
        if step.verb == Verb::Restart {
            // The end that belongs to it is none of its ends.
            board.forget(&id);
            container::restart(self.engine, &id, None).await?;
            board.know(&id, name, comes_back, self.now_ms());
        } else {
            let mut started = container::start(self.engine, &wanted.container).await;
            if started.as_ref().is_err_and(is_broken) {
                board.forget(&id);
                for network in wanted.networks.keys() {
                    network::cut(self.engine, network, &wanted.container).await;
                }
                id = self.recreate(wanted, step.image, &id).await?;
                board.know(&id, name, comes_back, self.now_ms());
                started = container::start(self.engine, &wanted.container).await;
            }
            if let Err(error) = started {
                return Err(self.not_started(wanted, error).await);
            }
        }
        board.started(name);
        Ok(id)
    }

    /// Why a container could not be started, with the container that has its port where that is the cause.
    async fn not_started(&self, wanted: &Wanted, error: Error) -> Error {
        let name = wanted.service.name.as_str();
        let is_port = error.fields().contains_key(container::PORT_TAKEN);
        let error = error
            .context(format!("service `{name}`"))
            .field("service", name);
        if !is_port {
            return error;
        }
        let ports: Vec<u16> = wanted
            .service
            .ports
            .iter()
            .filter_map(|one| one.published)
            .collect();
        // Who has the port only adds to the error; without an answer it is told as it is.
        let running = container::list(self.engine, &Filter::default()).await;
        let holder = running.unwrap_or_default().into_iter().find_map(|one| {
            let port = one.ports.iter().find(|port| ports.contains(&port.port))?;
            Some((one.name.clone(), port.port))
        });
        match holder {
            Some((holder, port)) => error.hint(format!(
                "container `{holder}` has port {port}: stop it, or publish another port"
            )),
            None => error,
        }
    }

    /// Waits until the services that this one depends on are as it needs them.
    async fn turn(&self, wanted: &Wanted, board: &Board) -> Result<()> {
        let name = wanted.service.name.as_str();
        for (on, dependency) in &wanted.service.depends_on {
            let is_here = self.wanted.iter().any(|one| one.service.name == *on);
            if is_here {
                (self.report)(Progress::Doing(name, &format!("waiting for {on}")));
                if let Err(error) = board.wait(on, dependency.condition).await {
                    return Err(self.explain(on, error, board).await);
                }
            }
        }
        Ok(())
    }

    /// Waits until a service is ready, if somebody wants to know; gives whether it is.
    async fn ready(
        &self,
        wanted: &Wanted,
        id: &str,
        probe: Option<Probe>,
        board: &Board,
    ) -> Result<bool> {
        let name = wanted.service.name.as_str();
        let is_needed = self.wanted.iter().any(|one| {
            let on = one.service.depends_on.get(name);
            on.is_some_and(|on| on.condition == Condition::ServiceHealthy)
        });
        let runs_once = is_one_shot(self.wanted, name);
        if !self.how.wait && !is_needed && !runs_once {
            return Ok(false);
        }
        let condition = match (&probe, runs_once) {
            (_, true) => Condition::ServiceCompletedSuccessfully,
            (Some(_), _) => Condition::ServiceHealthy,
            (None, _) => Condition::ServiceStarted,
        };
        let asking = async {
            if let (Some(probe), Condition::ServiceHealthy) = (&probe, condition) {
                (self.report)(Progress::Doing(name, "waiting"));
                probe
                    .ask(self.engine, id, &|said| board.heard(name, said))
                    .await;
                board.set(name, State::Healthy);
            }
            pending::<()>().await;
        };
        let answer = async {
            tokio::select! {
                biased;
                ready = board.wait(name, condition) => ready,
                () = asking => Ok(()),
            }
        };
        let in_time = tokio::time::timeout(self.how.limit, answer).await;
        let error = match in_time {
            Ok(Ok(())) => return Ok(true),
            Ok(Err(error)) => error,
            Err(_elapsed) => {
                let limit = units::duration(self.how.limit);
                Error::new(
                    Kind::Timeout,
                    format!("service `{name}` is not ready after {limit}"),
                )
            }
        };
        Err(self.explain(name, error, board).await)
    }

    /// An error with what the service and its health test said last. A service and those that wait for it fail together:
    /// the first to come here tells it, for all.
    async fn explain(&self, name: &str, error: Error, board: &Board) -> Error {
        if !board.is_first_failure() {
            return pending().await;
        }
        let health = board.last_answer(name);
        let lines = match board.container_of(name) {
            Some(id) => last_lines(self.engine, &id, LAST_LINES).await,
            None => Vec::new(),
        };
        (self.report)(Progress::Failed(name, &lines, &health));
        let is_full = lines
            .iter()
            .any(|line| line.to_lowercase().contains(DISK_FULL));
        let hint = if is_full {
            "the disk of its data is full: make room, then `lexi run up` again; the data is as it was".to_owned()
        } else {
            format!("see all it said: `lexi run logs {name} --once`")
        };
        error
            .hint(hint)
            .field("service", name)
            .field("log", lines.join("\n"))
            .field("health", health)
    }
}

/// Whether an engine cannot start a container as it is: one that crashed may leave a task or an end of a network behind,
/// and a network may have been made anew. Another container, with another identity, gets past that.
fn is_broken(error: &Error) -> bool {
    let said = error.full_message();
    let is_held = said.contains("already exists") || said.contains("id already in use");
    is_held || (said.contains("network") && said.contains("not found"))
}
