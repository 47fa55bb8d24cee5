//! The Docker driver: the services of one profile as containers of an engine. One run at a time for each profile.

use std::time::Duration;

use futures_util::future::try_join_all;
use serde::Serialize;

use super::apply::{How, Report, Work};
use super::down::{self, Gone, Volumes};
use super::observe::observe;
use super::plan::{Asked, Plan, plan};
use super::ready::Probe;
use super::service::Service;
use super::stopping::Stopping;
use super::wanted::{Place, Wanted};
use crate::base::{Error, Kind, Result};
use crate::ops::docker::auth::Logins;
use crate::ops::docker::container::{self, Container, Filter, Published};
use crate::ops::docker::{self, Engine, stats};
use crate::ops::lock::{self, Lock, OnBusy};

/// How long another run is waited for.
const LOCK_LIMIT: Duration = Duration::from_mins(3);

/// How often a plan is made anew when something else got in between.
const TRIES: u32 = 7;

/// Before the plan is made anew the first time; then twice as long each time.
const PAUSE: Duration = Duration::from_millis(50);

/// Who is told what happens.
#[derive(Clone, Copy)]
pub struct Listener<'a> {
    /// Gets the plan before anything is done.
    pub plan: &'a (dyn Fn(&Plan) + Sync),
    /// Gets each step.
    pub progress: Report<'a>,
}

/// Whether something else got in between: what a run that was cut off had asked for may still happen.
fn is_crossed(error: &Error) -> bool {
    let is_engines = error.fields().contains_key("status");
    let is_ambiguous = error.full_message().contains("is ambiguous");
    let is_gone = error.kind() == Kind::NotFound && error.fields().contains_key("container");
    is_engines && (error.kind() == Kind::Conflict || is_ambiguous || is_gone)
}

/// A service as the engine shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The service.
    pub service: String,
    /// Its container.
    pub container: String,
    /// Its container's identity.
    pub id: String,
    /// Its image.
    pub image: String,
    /// `running`, `exited`, `created` ..
    pub state: String,
    /// `starting`, `healthy` or `unhealthy`; nothing without a health test.
    pub health: Option<String>,
    /// The engine's words, when it is not as it should be.
    pub detail: Option<String>,
    /// For how long it has run.
    pub uptime_ms: Option<u64>,
    /// The first port it publishes.
    pub port: Option<u16>,
    /// All ports it publishes.
    pub ports: Vec<Published>,
    /// Processors, in percent of one.
    pub cpu_percent: Option<f64>,
    /// Memory in use.
    pub memory_bytes: Option<u64>,
    /// How much it may use.
    pub memory_limit_bytes: Option<u64>,
    /// Received since the start.
    pub received_bytes: Option<u64>,
    /// Sent since the start.
    pub sent_bytes: Option<u64>,
}

impl From<Container> for Row {
    fn from(container: Container) -> Self {
        let is_odd =
            container.state != "running" || container.health.as_deref() == Some("unhealthy");
        Self {
            service: container.service.unwrap_or_default(),
            container: container.name,
            id: container.id,
            image: container.image,
            state: container.state,
            health: container.health,
            detail: Some(container.status).filter(|_| is_odd),
            uptime_ms: None,
            port: container.ports.first().map(|port| port.port),
            ports: container.ports,
            cpu_percent: None,
            memory_bytes: None,
            memory_limit_bytes: None,
            received_bytes: None,
            sent_bytes: None,
        }
    }
}

/// The driver for one profile of a project.
#[derive(Debug, Clone)]
pub struct DockerDriver {
    /// The engine.
    pub engine: Engine,
    /// Whose stack.
    pub place: Place,
    /// Logins for registries.
    pub logins: Logins,
}

impl DockerDriver {
    /// What bringing these services up would do; changes nothing.
    pub async fn plan(&self, services: Vec<Service>, asked: &Asked) -> Result<Plan> {
        let wanted = self.place.wanted(services)?;
        let observed = observe(&self.engine, &self.place, &wanted).await?;
        plan(&self.place.project, &wanted, &observed, asked)
    }

    /// Brings services up; the listener gets the plan before anything is done.
    pub async fn up(
        &self,
        services: Vec<Service>,
        asked: &Asked,
        how: How,
        listener: Listener<'_>,
    ) -> Result<Vec<Row>> {
        let _lock = self.lock("up").await?;
        Stopping::of(&self.place).finish(&self.engine).await?;
        let wanted = self.place.wanted(services)?;
        self.place.remember()?;
        let (mut tries, mut pause) = (TRIES, PAUSE);
        while let Err(error) = self.apply(&wanted, asked, how, listener).await {
            tries -= 1;
            if docker::is_gone(&error) {
                return Err(self.cut_off(&error));
            }
            if tries == 0 || !is_crossed(&error) {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        let names: Vec<&str> = wanted.iter().map(|one| one.service.name.as_str()).collect();
        let mut rows = self.list().await?;
        rows.retain(|row| names.contains(&row.service.as_str()));
        Ok(rows)
    }

    /// What came up so far is there still; an engine that runs again is asked what that is.
    fn cut_off(&self, error: &Error) -> Error {
        let address = &self.engine.endpoint().address;
        Error::unavailable(format!(
            "the engine at `{address}` ended while the services came up"
        ))
        .because(error.full_message())
        .hint(format!(
            "{}; then `lexi run up` goes on from what is there",
            docker::START
        ))
    }

    async fn apply(
        &self,
        wanted: &[Wanted],
        asked: &Asked,
        how: How,
        listener: Listener<'_>,
    ) -> Result<()> {
        let observed = observe(&self.engine, &self.place, wanted).await?;
        let plan = plan(&self.place.project, wanted, &observed, asked)?;
        (listener.plan)(&plan);
        let work = Work {
            engine: &self.engine,
            place: &self.place,
            wanted,
            observed: &observed,
            plan: &plan,
            how,
            logins: &self.logins,
            report: listener.progress,
        };
        work.apply().await
    }

    /// What ending all services would do, or those with these names; changes nothing.
    pub async fn plan_down(&self, names: &[String], volumes: Volumes) -> Result<Plan> {
        down::plan(&self.engine, &self.place, names, volumes).await
    }

    /// Ends all services, or those with these names.
    pub async fn down(
        &self,
        names: &[String],
        volumes: Volumes,
        report: Report<'_>,
    ) -> Result<Gone> {
        let _lock = self.lock("down").await?;
        let gone = down::down(&self.engine, &self.place, names, volumes, report).await?;
        if !self.has_data().await? {
            self.place.forget();
        }
        Ok(gone)
    }

    /// The services that have a container.
    pub async fn list(&self) -> Result<Vec<Row>> {
        Ok(self
            .containers()
            .await?
            .into_iter()
            .map(Row::from)
            .collect())
    }

    /// The same, with what those that run use.
    pub async fn status(&self) -> Result<Vec<Row>> {
        let mut containers = self.containers().await?;
        let (usage, healthy) = tokio::try_join!(
            stats::usage(&self.engine, &containers),
            self.healthy_already(&containers),
        )?;
        for container in &mut containers {
            if healthy.contains(&container.id) {
                container.health = Some("healthy".to_owned());
            }
        }
        let rows = containers.into_iter().map(|container| {
            let usage = usage.iter().find(|usage| usage.name == container.name);
            let row = Row::from(container);
            match usage {
                None => row,
                Some(usage) => Row {
                    uptime_ms: usage.uptime_ms,
                    cpu_percent: Some(usage.cpu_percent),
                    memory_bytes: Some(usage.memory_bytes),
                    memory_limit_bytes: Some(usage.memory_limit_bytes),
                    received_bytes: Some(usage.received_bytes),
                    sent_bytes: Some(usage.sent_bytes),
                    ..row
                },
            }
        });
        Ok(rows.collect())
    }

    /// Those that the engine calls starting, since it has not asked yet, and whose health test passes when we ask.
    async fn healthy_already(&self, containers: &[Container]) -> Result<Vec<String>> {
        let starting = containers
            .iter()
            .filter(|one| one.health.as_deref() == Some("starting"));
        let asked = starting.map(async |one| {
            let facts = container::inspect(&self.engine, &one.id).await?;
            let check = facts.config.and_then(|config| config.healthcheck);
            let test = check.and_then(|check| check.test).unwrap_or_default();
            let passes = match Probe::of(None, &test) {
                Some(probe) => probe.passes(&self.engine, &one.id).await,
                None => false,
            };
            Ok::<_, Error>(passes.then(|| one.id.clone()))
        });
        Ok(try_join_all(asked).await?.into_iter().flatten().collect())
    }

    /// Whether the profile has containers or volumes here.
    pub async fn has_data(&self) -> Result<bool> {
        let has_containers = !self.containers().await?.is_empty();
        Ok(has_containers || !down::volumes(&self.engine, &self.place).await?.is_empty())
    }

    /// An error when a service has no container.
    pub async fn known(&self, service: &str) -> Result<Row> {
        let found = self
            .list()
            .await?
            .into_iter()
            .find(|row| row.service == service);
        found.ok_or_else(|| {
            let project = &self.place.project;
            let message = format!("service `{service}` is not in the stack `{project}`");
            Error::not_found(message)
                .hint("start it: `lexi run up`, or see which there are: `lexi run ps`")
        })
    }

    /// The container of a service that runs.
    pub async fn running(&self, service: &str) -> Result<String> {
        let row = self.known(service).await?;
        if row.state == "running" {
            return Ok(row.container);
        }
        let message = format!("service `{service}` does not run: it is {}", row.state);
        Err(Error::unavailable(message).hint("start it: `lexi run up`"))
    }

    async fn containers(&self) -> Result<Vec<Container>> {
        let filter = Filter {
            all: true,
            labels: self.place.filter(),
            ..Filter::default()
        };
        let mut found = container::list(&self.engine, &filter).await?;
        found.retain(|container| container.service.is_some());
        Ok(found)
    }

    async fn lock(&self, doing: &str) -> Result<Lock> {
        let name = format!("docker-{}", self.place.profile);
        let path = self.place.secrets.join("lock");
        let lock = lock::acquire_file(&path, &name, doing, OnBusy::Wait(LOCK_LIMIT)).await?;
        lock.ok_or_else(|| Error::internal("a lock that was waited for is missing"))
    }
}
