//! Where the native driver keeps one service: its state and log in the project, its data there too if the server's user
//! can get to it, else below `/var/lib/lexi`.

use std::fs::{OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::account::Account;
use super::state::State;
use crate::base::{Error, Profile, Result};
use crate::ops::stack::NativeServer;

/// Where data goes when the server's user cannot reach the project.
const SYSTEM_FOLDER: &str = "/var/lib/lexi";

/// The folder of a profile: `.lexi/native/<profile>`.
pub(super) fn profile_folder(project_state: &Path, profile: Profile) -> PathBuf {
    project_state.join("native").join(profile.as_str())
}

/// The folders of one service.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// `.lexi/native/<profile>/<service>`, with the state and the log.
    pub(super) folder: PathBuf,
    /// The folder that holds the data.
    pub(super) home: PathBuf,
}

impl Place {
    /// The place of a service that has been started before: where its state says, or where its data is.
    pub(super) fn existing(folder: &Path, state: Option<&State>) -> Option<Self> {
        let recorded = state.and_then(|state| state.home_for(folder));
        let candidates = recorded
            .into_iter()
            .chain([folder.to_owned(), system_home(folder)]);
        let home = candidates
            .into_iter()
            .find(|home| home.join("data").is_dir())?;
        Some(Self {
            folder: folder.to_owned(),
            home,
        })
    }

    /// The place of a service, made when it has none yet.
    pub(super) fn make(folder: &Path, state: Option<&State>, account: &Account) -> Result<Self> {
        make_folder(folder, 0o755)?;
        if let Some(place) = Self::existing(folder, state) {
            return Ok(place);
        }
        let home = if account.can_reach(folder) {
            folder.to_owned()
        } else {
            let home = system_home(folder);
            for parent in home.ancestors().skip(1).take(3) {
                make_folder(parent, 0o755)?;
            }
            make_folder(&home, 0o700)?;
            account.give(&home)?;
            home
        };
        Ok(Self {
            folder: folder.to_owned(),
            home,
        })
    }

    /// The name of the service.
    pub(super) fn service(&self) -> String {
        let name = self.folder.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// The server's data.
    pub(super) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Data that is being made; it becomes [`Place::data`] when it is whole.
    pub(super) fn new_data(&self) -> PathBuf {
        self.home.join("data.tmp")
    }

    /// Removes the data and all that is kept beside it. The data goes first: without it the rest means nothing.
    pub(super) fn remove(&self) -> Result<()> {
        for folder in [
            self.data(),
            self.new_data(),
            self.home.clone(),
            self.folder.clone(),
        ] {
            match std::fs::remove_dir_all(&folder) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io(
                        format!("cannot remove `{}`", folder.display()),
                        e,
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What the server and its start have said.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The server's certificate and its key.
    pub(super) fn certificates(&self) -> PathBuf {
        self.home.join("tls")
    }

    /// What the server is started with, for servers that read a file.
    pub(super) fn config(&self) -> PathBuf {
        self.home.join("redis.conf")
    }

    /// The argument by which the server is known among all processes.
    pub(super) fn argument(&self, server: NativeServer) -> PathBuf {
        match server {
            NativeServer::Postgres => self.data(),
            NativeServer::Redis => self.config(),
        }
    }

    /// Makes an empty folder that only the server's user can look into.
    pub(super) fn make_private(path: &Path, account: &Account) -> Result<()> {
        make_folder(path, 0o700)?;
        account.give(path)
    }
}

/// A folder outside the project that is its own for each project, profile and service.
fn system_home(folder: &Path) -> PathBuf {
    let mut names = folder
        .components()
        .rev()
        .map(|part| part.as_os_str().to_owned());
    let (service, profile) = (
        names.next().unwrap_or_default(),
        names.next().unwrap_or_default(),
    );
    // `<project>/.lexi/native/<profile>/<service>`
    let project = folder.ancestors().nth(4).unwrap_or(folder);
    let hash = short_hash(project.as_os_str().as_encoded_bytes());
    Path::new(SYSTEM_FOLDER)
        .join(hash)
        .join(profile)
        .join(service)
}

/// Sixteen digits that differ for different bytes.
pub(super) fn short_hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let head = digest.first_chunk::<8>().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(head))
}

fn make_folder(path: &Path, mode: u32) -> Result<()> {
    let doing = |e| Error::io(format!("cannot make folder `{}`", path.display()), e);
    if path.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(path).map_err(doing)?;
    std::fs::set_permissions(path, Permissions::from_mode(mode)).map_err(doing)
}

/// Writes a new file that only the server's user can read, in the place of one that is there.
pub(super) fn write_private(path: &Path, text: &str, account: &Account) -> Result<()> {
    remove(path)?;
    let write = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|e| Error::io(format!("cannot write `{}`", path.display()), e))?;
    account.give(path)
}

/// Removes a file or a folder with all that is in it; it is no error when there is none.
pub(super) fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    match removed {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("cannot remove `{}`", path.display()), e))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_outside_differs_by_project_profile_and_service() {
        let home = |path: &str| system_home(Path::new(path));

        let dev = home("/a/.lexi/native/dev/postgres");

        assert!(dev.starts_with(SYSTEM_FOLDER) && dev.ends_with("dev/postgres"));
        assert_ne!(dev, home("/a/.lexi/native/test/postgres"));
        assert_ne!(dev, home("/b/.lexi/native/dev/postgres"));
    }
}
