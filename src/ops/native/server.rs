//! Brings one server up, or finds it running.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::account::Account;
use super::binary::Search;
use super::choose_port::Ports;
use super::cluster::{self, Keep};
use super::place::{self, Place};
use super::postgres::{Age, Postgres, last_lines};
use super::proc::{self, Identity, Process};
use super::redis::Redis;
use super::state::{State, program};
use super::stop::{self, Started};
use super::{Answer, launch, log, postgres, redis};
use crate::base::{Error, Kind, Result};
use crate::ops::stack::part::MountKind;
use crate::ops::stack::{NativeServer, Service};

/// Says what is being done, a line at a time.
pub(super) type Report<'a> = &'a (dyn Fn(&str) + Sync);

/// Between two questions to a server that starts.
const POLL: Duration = Duration::from_millis(10);

/// Between two starts while children of a killed server are still there.
const CHILDREN_POLL: Duration = Duration::from_millis(200);

/// How many ports may be lost to other programs between the choice and the start.
const PORT_TRIES: usize = 5;

/// How a server came to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It ran already, as was known.
    Running,
    /// It ran already, though nothing was known of it.
    Adopted,
    /// It was started.
    Started,
}

/// A server that runs and has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Running {
    /// The service.
    pub service: String,
    /// How it came to run.
    pub outcome: Outcome,
    /// Its process.
    pub pid: u32,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    /// Where the settings would have it.
    pub configured_port: Option<u16>,
    /// Its version.
    pub version: String,
    /// Whether it was started with other settings than are wanted now.
    pub is_outdated: bool,
}

#[derive(Debug, Clone)]
enum Wanted {
    Postgres(Postgres),
    Redis(Redis),
}

/// One service with all that is needed to start it.
#[derive(Debug, Clone)]
pub(super) struct Server {
    kind: NativeServer,
    wanted: Wanted,
    place: Place,
    account: Account,
    keep: Keep,
    configured_port: Option<u16>,
    state: Option<State>,
}

impl Server {
    /// What a service means here; makes its folders.
    pub(super) fn prepare(folder: &Path, service: &Service, kind: NativeServer) -> Result<Self> {
        let (wanted, inside) = match kind {
            NativeServer::Postgres => (Wanted::Postgres(Postgres::of(service)?), postgres::PORT),
            NativeServer::Redis => (Wanted::Redis(Redis::of(service)?), redis::PORT),
        };
        let state = State::load(folder);
        let account = match Place::existing(folder, state.as_ref()) {
            Some(place) => Account::owner_of(&place.data())?,
            None => Account::for_server(kind)?,
        };
        Ok(Self {
            kind,
            wanted,
            place: Place::make(folder, state.as_ref(), &account)?,
            account,
            keep: keep(service, kind),
            configured_port: service.published(inside).flatten(),
            state,
        })
    }

    /// Finds the server running, or starts it; the guard ends what was started unless it is told to leave it.
    pub(super) async fn up(
        &self,
        search: &Search,
        deadline: Instant,
        report: Report<'_>,
    ) -> Result<(Running, Option<Started>)> {
        if self.state.as_ref().is_some_and(|state| state.is_ending)
            && let Some((process, _)) = self.find()
        {
            stop::ended(process).await;
        }
        if let Some((process, outcome)) = self.find() {
            let running = self.take_over(process, outcome, deadline).await?;
            return Ok((running, None));
        }
        let binary = search.server(self.kind)?;
        self.make_data(search, report).await?;
        let (started, port) = self.start(search, deadline).await?;
        let running = Running {
            service: self.place.service(),
            outcome: Outcome::Started,
            pid: started.identity().pid,
            port,
            configured_port: self.configured_port,
            version: binary.version,
            is_outdated: false,
        };
        Ok((running, Some(started)))
    }

    fn find(&self) -> Option<(Identity, Outcome)> {
        let known = self
            .state
            .as_ref()
            .and_then(|state| state.running(&self.place));
        if let Some(process) = known {
            return Some((process, Outcome::Running));
        }
        find_orphan(self.kind, &self.place).map(|process| (process, Outcome::Adopted))
    }

    /// Records a running server and waits until it answers; it is left as it is when it does not.
    async fn take_over(
        &self,
        process: Identity,
        outcome: Outcome,
        deadline: Instant,
    ) -> Result<Running> {
        let recorded = self.state.as_ref().map(|state| state.port);
        let port = match (outcome, recorded) {
            (Outcome::Running, Some(port)) => port,
            _ => self.port_of(process, deadline).await?,
        };
        let mut state = self
            .state
            .clone()
            .unwrap_or_else(|| self.new_state(port, ""));
        state.folder.clone_from(&self.place.folder);
        state.home.clone_from(&self.place.home);
        (state.process, state.port, state.is_ending) = (Some(process), port, false);
        state.save(&self.place.folder)?;
        let position = log::length(&self.place.log());
        if !self.answers(process, port, Age::Found, deadline).await? {
            return Err(self.ended(position));
        }
        Ok(Running {
            service: self.place.service(),
            outcome,
            pid: process.pid,
            port,
            configured_port: self.configured_port,
            version: state.version,
            is_outdated: !state.config.is_empty()
                && (state.config != self.digest() || state.configured_port != self.configured_port),
        })
    }

    /// The port that a server without a state wrote down; it may be about to.
    async fn port_of(&self, process: Identity, deadline: Instant) -> Result<u16> {
        loop {
            let port = match self.kind {
                NativeServer::Postgres => cluster::port_in(&self.place.data()),
                NativeServer::Redis => Redis::port_in(&self.place.config()),
            };
            match port {
                Some(port) => return Ok(port),
                None if Instant::now() < deadline && process.is_alive() => {
                    tokio::time::sleep(POLL).await;
                }
                None => {
                    let message = format!("process {} does not say its port", process.pid);
                    return Err(Error::unavailable(message)
                        .hint(format!("end it: `kill -INT {}`", process.pid)));
                }
            }
        }
    }

    async fn make_data(&self, search: &Search, report: Report<'_>) -> Result<()> {
        let data = self.place.data();
        if self.keep == Keep::Nothing {
            place::remove(&data)?;
        }
        match &self.wanted {
            Wanted::Redis(_) => Place::make_private(&data, &self.account),
            Wanted::Postgres(_) if data.exists() => cluster::check_version(&data),
            Wanted::Postgres(postgres) => {
                let service = self.place.service();
                report(&format!("{service}: making its data folder"));
                cluster::initialise(postgres, &self.place, &self.account, search, self.keep).await
            }
        }
    }

    /// Starts the server on a free port and waits until it answers.
    async fn start(&self, search: &Search, deadline: Instant) -> Result<(Started, u16)> {
        let binary = search.server(self.kind)?;
        let mut ports = Ports {
            configured: self.configured_port,
            last: self.state.as_ref().map(|state| state.port),
            lost: Vec::new(),
        };
        loop {
            let port = ports.choose()?;
            let position = log::length(&self.place.log());
            let state = self.new_state(port, &binary.version);
            state.save(&self.place.folder)?;
            let Some(started) = self.spawn(&binary.path, port, state)? else {
                return Err(self.ended(position));
            };
            if self
                .answers(started.identity(), port, Age::Started, deadline)
                .await?
            {
                return Ok((started, port));
            }
            drop(started);
            let said = log::since(&self.place.log(), position);
            let lost_port = said.contains("Address already in use");
            let has_children = said.contains("is still in use");
            if lost_port && ports.lost.len() < PORT_TRIES {
                ports.lost.push(port);
            } else if has_children && Instant::now() < deadline {
                tokio::time::sleep(CHILDREN_POLL).await;
            } else {
                return Err(self.ended(position));
            }
        }
    }

    fn spawn(&self, program: &Path, port: u16, mut state: State) -> Result<Option<Started>> {
        let mut command = launch::command(program, &self.account, log::open(&self.place.log())?)?;
        match &self.wanted {
            Wanted::Postgres(postgres) => {
                cluster::remove_stale_pid_file(&self.place.data())?;
                postgres.write_certificate(&self.place, &self.account)?;
                let (data, certificates) = (self.place.data(), self.place.certificates());
                command.args(postgres.arguments(&data, &certificates, port));
            }
            Wanted::Redis(redis) => {
                redis.write_config(&self.place, port, &self.account)?;
                command.arg(self.place.config());
            }
        }
        let child = command
            .spawn()
            .map_err(|e| Error::io(format!("cannot start `{}`", program.display()), e))?;
        let Some(process) = Identity::of(child.id()).and_then(Process::open) else {
            proc::bury(child.id());
            return Ok(None);
        };
        state.process = Some(process.identity());
        let started = Started::new(self.kind, process, state);
        started.save()?;
        Ok(Some(started))
    }

    /// Waits until the server answers (`true`) or has ended (`false`).
    async fn answers(
        &self,
        process: Identity,
        port: u16,
        age: Age,
        deadline: Instant,
    ) -> Result<bool> {
        let data = self.place.data();
        while process.is_alive() {
            let answer = match &self.wanted {
                Wanted::Postgres(_) if !cluster::says_ready(&data, process.pid) => Answer::NotYet,
                Wanted::Postgres(postgres) => postgres.login(port, &data, age).await?,
                Wanted::Redis(redis) => redis.ask(port, process.pid).await?,
            };
            match answer {
                Answer::Ready => return Ok(true),
                Answer::NotYet if Instant::now() > deadline => return Err(self.not_in_time()),
                Answer::NotYet => tokio::time::sleep(POLL).await,
            }
        }
        Ok(false)
    }

    fn new_state(&self, port: u16, version: &str) -> State {
        State {
            server: self.kind,
            folder: self.place.folder.clone(),
            home: self.place.home.clone(),
            uid: self.account.uid,
            version: version.to_owned(),
            configured_port: self.configured_port,
            port,
            process: None,
            is_ending: false,
            started_at: jiff::Timestamp::now().to_string(),
            config: if version.is_empty() {
                String::new()
            } else {
                self.digest()
            },
        }
    }

    /// A short form of what the server is started with, to see later whether it is what is wanted.
    fn digest(&self) -> String {
        let wanted = match &self.wanted {
            Wanted::Postgres(postgres) => postgres.wanted(),
            Wanted::Redis(redis) => redis.wanted(),
        };
        place::short_hash(wanted.as_bytes())
    }

    fn ended(&self, position: u64) -> Error {
        let said = log::since(&self.place.log(), position);
        let message = format!("{} ended while it was starting", self.place.service());
        self.with_log(Error::new(Kind::ProcessFailed, message), &said)
    }

    fn not_in_time(&self) -> Error {
        let said = log::tail(&self.place.log(), 8)
            .unwrap_or_default()
            .join("\n");
        let message = format!("{} does not answer in time", self.place.service());
        self.with_log(Error::new(Kind::Timeout, message), &said)
    }

    fn with_log(&self, error: Error, said: &str) -> Error {
        let error = error.hint(format!("its log: `tail {}`", self.place.log().display()));
        match last_lines(said) {
            lines if lines.is_empty() => error,
            lines => error.because(lines),
        }
    }
}

/// The server of a place that runs without a state that says so.
pub(super) fn find_orphan(kind: NativeServer, place: &Place) -> Option<Identity> {
    proc::find_server(program(kind), &place.argument(kind), &place.data())
}

/// Whether the service keeps its data: not when a `tmpfs` lies where the image has it.
fn keep(service: &Service, kind: NativeServer) -> Keep {
    let data = match kind {
        NativeServer::Postgres => Path::new("/var/lib/postgresql/data"),
        NativeServer::Redis => Path::new("/data"),
    };
    let in_memory = service
        .volumes
        .iter()
        .filter(|mount| mount.0.kind == MountKind::Tmpfs)
        .map(|mount| mount.0.target.as_str());
    let short = service
        .tmpfs
        .iter()
        .map(|line| line.split(':').next().unwrap_or(line));
    let covers = |folder: &str| folder != "/" && data.starts_with(folder);
    if short.chain(in_memory).any(covers) {
        Keep::Nothing
    } else {
        Keep::Data
    }
}
