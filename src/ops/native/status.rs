//! How the native services of a profile are: facts of `/proc` and an answer to a real question.

use serde::Serialize;

use super::driver::{Driver, Known};
use super::postgres;
use super::proc::{self, Identity};
use super::redis::Redis;
use super::state::published_port_of;
use crate::base::Secret;
use crate::ops::database::Target;
use crate::ops::stack::NativeServer;

/// Whom to ask as, to see whether the servers serve.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The profile's database, if it has one; host and port are those of the server that is asked.
    pub database: Option<Target>,
    /// The password of Redis; empty means none.
    pub redis_password: Secret,
}

/// How a service is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The service.
    pub service: String,
    /// `running` or `stopped`.
    pub state: &'static str,
    /// `healthy` or `unhealthy`; nothing when it does not run or was not asked.
    pub health: Option<&'static str>,
    /// Why it is unhealthy.
    pub detail: Option<String>,
    /// Its process.
    pub pid: Option<u32>,
    /// Where it listens on 127.0.0.1, or did last time.
    pub port: Option<u16>,
    /// Its version.
    pub version: Option<String>,
    /// For how long it has run.
    pub uptime_ms: Option<u64>,
    /// Resident memory of it and its children.
    pub memory_bytes: Option<u64>,
    /// Time on a processor.
    pub cpu_ms: Option<u64>,
    /// The size of its data.
    pub data_bytes: u64,
    /// Where its data is.
    pub data: String,
}

impl Driver {
    /// Every service that has been started before, without asking it anything.
    pub fn list(&self) -> Vec<Status> {
        let all = self.known();
        all.iter()
            .map(|known| known.status(known.process()))
            .collect()
    }

    /// The same, with the health of those that run.
    pub async fn status(&self, credentials: &Credentials) -> Vec<Status> {
        let mut all = Vec::new();
        for known in self.known() {
            let process = known.process();
            let mut status = known.status(process);
            if let (Some(process), Some(port)) = (process, status.port) {
                let asked = ask(known.kind, process, port, credentials).await;
                status.health = asked.as_ref().map(|answer| match answer {
                    Ok(()) => "healthy",
                    Err(_) => "unhealthy",
                });
                status.detail = asked.and_then(Result::err);
            }
            all.push(status);
        }
        all
    }
}

/// What is wrong with a running server, if anything is; `None` when there is nobody to ask as.
async fn ask(
    kind: NativeServer,
    process: Identity,
    port: u16,
    credentials: &Credentials,
) -> Option<Result<(), String>> {
    match kind {
        NativeServer::Postgres => {
            let target = Target {
                host: "127.0.0.1".to_owned(),
                port,
                ..credentials.database.clone()?
            };
            Some(postgres::check(&target).await)
        }
        NativeServer::Redis => {
            Some(Redis::check(&credentials.redis_password, port, process.pid).await)
        }
    }
}

impl Known {
    fn status(&self, process: Option<Identity>) -> Status {
        let usage = process.map(|process| proc::usage(process.pid));
        let millis =
            |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Status {
            service: self.place.service(),
            state: if process.is_some() {
                "running"
            } else {
                "stopped"
            },
            health: None,
            detail: None,
            pid: process.map(|process| process.pid),
            port: published_port_of(self.kind, &self.place, self.state.as_ref()),
            version: self
                .state
                .as_ref()
                .map(|state| state.version.clone())
                .filter(|version| !version.is_empty()),
            uptime_ms: process.and_then(Identity::uptime).map(millis),
            memory_bytes: usage.map(|usage| usage.memory_bytes),
            cpu_ms: usage.map(|usage| millis(usage.cpu)),
            data_bytes: size_of(&self.place.data()),
            data: self.place.data().display().to_string(),
        }
    }
}

fn size_of(folder: &std::path::Path) -> u64 {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|metadata| metadata.len())
        .sum()
}
