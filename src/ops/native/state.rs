//! What is known about a service between two runs: `state.json`, replaced whole, believed only as far as `/proc` agrees.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::cluster;
use super::place::{Place, profile_folder};
use super::proc::{self, Identity};
use super::redis::Redis;
use crate::base::{Error, Profile, Result};
use crate::ops::stack::NativeServer;

/// What is remembered of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Which server it is.
    pub(super) server: NativeServer,
    /// The folder this was written to; another one when the project was copied or moved.
    pub(super) folder: PathBuf,
    /// The folder that holds the data.
    pub(super) home: PathBuf,
    /// The user the server runs as.
    pub(super) uid: u32,
    /// The version of the server.
    pub(super) version: String,
    /// The port of the settings.
    pub(super) configured_port: Option<u16>,
    /// The port it listens on, or did last time.
    pub(super) port: u16,
    /// The running server.
    pub(super) process: Option<Identity>,
    /// When it was started, in RFC 3339.
    pub(super) started_at: String,
    /// A digest of what it was started with.
    pub(super) config: String,
    /// Whether it was told to end: it still answers for a while, and goes on ending when whoever told it is gone.
    #[serde(default)]
    pub(super) is_ending: bool,
}

impl State {
    /// The state in a service's folder; one that cannot be read counts as none, since the server is found without it.
    pub(super) fn load(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(folder.join("state.json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Replaces the state in one step.
    pub(super) fn save(&self, folder: &Path) -> Result<()> {
        let path = folder.join("state.json");
        let partial = folder.join("state.json.tmp");
        let write = || -> std::io::Result<()> {
            let mut file = std::fs::File::create(&partial)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.sync_all()?;
            std::fs::rename(&partial, &path)
        };
        write().map_err(|e| Error::io(format!("cannot write `{}`", path.display()), e))
    }

    /// Where the data is, unless this state was copied from a project that still has it.
    pub(super) fn home_for(&self, folder: &Path) -> Option<PathBuf> {
        if self.folder == folder {
            return Some(self.home.clone());
        }
        let was_moved = !self.folder.exists();
        (was_moved && !self.home.starts_with(&self.folder)).then(|| self.home.clone())
    }

    /// The recorded process, if it still runs and is this server.
    pub(super) fn running(&self, place: &Place) -> Option<Identity> {
        let process = self.process.filter(|process| process.is_alive())?;
        let argument = place.argument(self.server);
        proc::serves(process.pid, program(self.server), &argument, &place.data()).then_some(process)
    }
}

/// The name of a server's program.
pub(super) const fn program(server: NativeServer) -> &'static str {
    match server {
        NativeServer::Postgres => "postgres",
        NativeServer::Redis => "redis-server",
    }
}

/// The port on which a service of the native driver really listens now; `None` when it does not run.
///
/// Cheap: reads three small files and asks nobody.
pub fn published_port(project_state: &Path, profile: Profile, service: &str) -> Option<u16> {
    running(project_state, profile, service).map(|state| state.port)
}

/// Where a service really is that the settings expect on `port`: another port when that one was taken at its start.
///
/// `None` when it does not run or was not meant to be there, so that a port given on purpose is used as it is given.
pub fn moved_port(project_state: &Path, profile: Profile, service: &str, port: u16) -> Option<u16> {
    let state = running(project_state, profile, service)?;
    let is_meant = state
        .configured_port
        .is_none_or(|configured| configured == port);
    is_meant.then_some(state.port)
}

fn running(project_state: &Path, profile: Profile, service: &str) -> Option<State> {
    let folder = profile_folder(project_state, profile).join(service);
    let state = State::load(&folder)?;
    let place = Place::existing(&folder, Some(&state))?;
    state.running(&place)?;
    Some(state)
}

/// The port of a service: as recorded, or as the server itself wrote it down.
pub(super) fn published_port_of(
    kind: NativeServer,
    place: &Place,
    state: Option<&State>,
) -> Option<u16> {
    let recorded = state.map(|state| state.port);
    recorded.or_else(|| match kind {
        NativeServer::Postgres => cluster::port_in(&place.data()),
        NativeServer::Redis => Redis::port_in(&place.config()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(folder: &Path) -> State {
        State {
            server: NativeServer::Redis,
            folder: folder.to_owned(),
            home: PathBuf::from("/var/lib/lexi/x/dev/redis"),
            uid: 1,
            version: "7.0.15".to_owned(),
            configured_port: Some(6379),
            port: 6379,
            process: None,
            started_at: String::new(),
            config: String::new(),
            is_ending: false,
        }
    }

    #[test]
    fn a_half_written_state_counts_as_none() {
        let dir = tempfile::tempdir().unwrap();
        let state = state(dir.path());
        state.save(dir.path()).unwrap();
        assert_eq!(State::load(dir.path()), Some(state));
        let path = dir.path().join("state.json");
        let text = std::fs::read_to_string(&path).unwrap();

        std::fs::write(&path, &text[..text.len() / 2]).unwrap();

        assert_eq!(State::load(dir.path()), None);
    }

    #[test]
    fn a_copied_project_does_not_share_the_data_of_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("first"), dir.path().join("second"));
        std::fs::create_dir(&first).unwrap();
        let state = state(&first);
        assert_eq!(state.home_for(&first), Some(state.home.clone()));
        assert_eq!(state.home_for(&second), None);

        std::fs::remove_dir(&first).unwrap();

        assert_eq!(state.home_for(&second), Some(state.home), "it was moved");
    }

    #[test]
    fn the_port_of_another_process_is_not_published() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("native/dev/redis");
        std::fs::create_dir_all(folder.join("data")).unwrap();
        let mut state = state(&folder);
        state.process = Identity::of(std::process::id());
        state.save(&folder).unwrap();

        assert_eq!(published_port(dir.path(), Profile::Dev, "redis"), None);
    }
}
