//! All native services of one profile: up, down, restart. One at a time for each profile, under a lock.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::binary::Search;
use super::place::{Place, profile_folder};
use super::server::{self, Report, Running, Server};
use super::state::State;
use super::stop;
use crate::base::{Error, Profile, Result};
use crate::ops::lock::{self, Lock, OnBusy};
use crate::ops::stack::{NativeServer, Service};

/// How long another run's start or stop is waited for.
const LOCK_LIMIT: Duration = Duration::from_mins(3);

/// What `up` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Up {
    /// The servers that run now.
    pub running: Vec<Running>,
    /// Services that only Docker can run.
    pub skipped: Vec<String>,
}

/// A server that was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// The service.
    pub service: String,
    /// The process it was.
    pub pid: u32,
}

/// The native driver for one profile of a project.
#[derive(Debug, Clone)]
pub struct Driver {
    folder: PathBuf,
    profile: Profile,
    search: Search,
}

/// One service as it is on disk.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) place: Place,
    pub(super) kind: NativeServer,
    pub(super) state: Option<State>,
}

impl Driver {
    /// The driver of a profile; `project_state` is the project's `.lexi`.
    pub fn new(project_state: &Path, profile: Profile, search: Search) -> Self {
        Self {
            folder: profile_folder(project_state, profile),
            profile,
            search,
        }
    }

    /// Brings services up in their order; if one does not come, those that were started for it are ended again.
    pub async fn up(
        &self,
        services: &[Service],
        timeout: Duration,
        report: Report<'_>,
    ) -> Result<Up> {
        let _lock = self.lock("up").await?;
        self.up_locked(services, timeout, report).await
    }

    /// Ends services and brings them up again.
    pub async fn restart(
        &self,
        services: &[Service],
        timeout: Duration,
        report: Report<'_>,
    ) -> Result<Up> {
        let _lock = self.lock("restart").await?;
        // What is wanted is read first: a fault in it leaves the running servers alone.
        for (service, kind) in native(services) {
            Server::prepare(&self.folder.join(&service.name), service, kind)?;
        }
        let names: Vec<String> = native(services)
            .map(|(service, _)| service.name.clone())
            .collect();
        self.down_locked(&names, report).await?;
        self.up_locked(services, timeout, report).await
    }

    /// Ends the running servers with these names, or all of them when there are no names.
    pub async fn down(&self, names: &[String], report: Report<'_>) -> Result<Vec<Stopped>> {
        if !self.folder.is_dir() {
            return Ok(Vec::new());
        }
        let _lock = self.lock("down").await?;
        self.down_locked(names, report).await
    }

    /// Ends servers and removes their data, state and logs; those with these names, or all.
    pub async fn remove(&self, names: &[String], report: Report<'_>) -> Result<Vec<Stopped>> {
        if !self.folder.is_dir() {
            return Ok(Vec::new());
        }
        let _lock = self.lock("down").await?;
        let stopped = self.down_locked(names, report).await?;
        for known in self.known() {
            let service = known.place.service();
            if names.is_empty() || names.contains(&service) {
                known.place.remove()?;
                report(&format!("{service}: data removed"));
            }
        }
        Ok(stopped)
    }

    /// Whether any service of this profile has data.
    pub fn has_data(&self) -> bool {
        self.known().iter().any(|known| {
            std::fs::read_dir(known.place.data()).is_ok_and(|mut entries| entries.next().is_some())
        })
    }

    /// Whether anything of this profile is here: data, or a server that has not written any yet.
    pub fn is_in_use(&self) -> bool {
        self.has_data() || self.known().iter().any(|known| known.process().is_some())
    }

    /// The log of each service that has one, by name; an unknown name is an error.
    pub fn logs(&self, names: &[String]) -> Result<Vec<(String, PathBuf)>> {
        let all: Vec<(String, PathBuf)> = self
            .folders()
            .into_iter()
            .map(|folder| (name_of(&folder), folder.join("log")))
            .filter(|(_, log)| log.exists())
            .collect();
        let missing = names
            .iter()
            .find(|name| !all.iter().any(|(known, _)| known == *name));
        if let Some(missing) = missing {
            let message = format!(
                "service `{missing}` has no log in profile `{}`",
                self.profile
            );
            return Err(Error::not_found(message).hint("start it first: `lexi run up`"));
        }
        let is_wanted = |name: &String| names.is_empty() || names.contains(name);
        Ok(all
            .into_iter()
            .filter(|(name, _)| is_wanted(name))
            .collect())
    }

    async fn lock(&self, doing: &str) -> Result<Lock> {
        let path = self.folder.join("lock");
        let name = format!("native-{}", self.profile);
        let lock = lock::acquire_file(&path, &name, doing, OnBusy::Wait(LOCK_LIMIT)).await?;
        lock.ok_or_else(|| Error::internal("a lock that was waited for is missing"))
    }

    async fn up_locked(
        &self,
        services: &[Service],
        timeout: Duration,
        report: Report<'_>,
    ) -> Result<Up> {
        let mut up = Up {
            running: Vec::new(),
            skipped: services
                .iter()
                .filter(|service| service.native.is_none())
                .map(|service| service.name.clone())
                .collect(),
        };
        let mut started = Vec::new();
        for (service, kind) in native(services) {
            let server = Server::prepare(&self.folder.join(&service.name), service, kind)?;
            let deadline = Instant::now() + timeout;
            let (running, new) = server
                .up(&self.search, deadline, report)
                .await
                .map_err(|e| e.field("service", service.name.as_str()))?;
            up.running.push(running);
            started.extend(new);
        }
        for server in started {
            server.leave();
        }
        Ok(up)
    }

    async fn down_locked(&self, names: &[String], report: Report<'_>) -> Result<Vec<Stopped>> {
        let mut stopped = Vec::new();
        let mut failure = None;
        for known in self.known() {
            let service = known.place.service();
            if !names.is_empty() && !names.contains(&service) {
                continue;
            }
            match known.end(report).await {
                Ok(pid) => stopped.extend(pid.map(|pid| Stopped { service, pid })),
                // The others are ended all the same.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(stopped), Err)
    }

    /// Every service that has been started before and has data or a state.
    pub(super) fn known(&self) -> Vec<Known> {
        self.folders()
            .iter()
            .filter_map(|folder| Known::load(folder))
            .collect()
    }

    fn folders(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.folder);
        let mut folders: Vec<PathBuf> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        folders
    }
}

fn native(services: &[Service]) -> impl Iterator<Item = (&Service, NativeServer)> {
    services
        .iter()
        .filter_map(|service| service.native.map(|kind| (service, kind)))
}

fn name_of(folder: &Path) -> String {
    folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

impl Known {
    /// The service in a folder; without a state its kind is known by its data.
    fn load(folder: &Path) -> Option<Self> {
        let state = State::load(folder);
        let place = Place::existing(folder, state.as_ref())?;
        let kind = match &state {
            Some(state) => state.server,
            None if place.data().join("PG_VERSION").exists() => NativeServer::Postgres,
            None if place.config().exists() => NativeServer::Redis,
            None => return None,
        };
        Some(Self { place, kind, state })
    }

    /// The server, if it runs.
    pub(super) fn process(&self) -> Option<super::proc::Identity> {
        let recorded = self
            .state
            .as_ref()
            .and_then(|state| state.running(&self.place));
        recorded.or_else(|| server::find_orphan(self.kind, &self.place))
    }

    async fn end(mut self, report: Report<'_>) -> Result<Option<u32>> {
        let Some(process) = self.process() else {
            return Ok(None);
        };
        report(&format!("{}: stopping", self.place.service()));
        if let Some(state) = &mut self.state {
            state.is_ending = true;
            state.save(&self.place.folder)?;
        }
        stop::end(self.kind, process).await?;
        if let Some(state) = &mut self.state {
            (state.process, state.is_ending) = (None, false);
            state.save(&self.place.folder)?;
        }
        Ok(Some(process.pid))
    }
}
