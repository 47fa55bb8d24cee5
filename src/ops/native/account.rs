//! Whom a server runs as: never root, since PostgreSQL refuses and Redis needs nothing that root may.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::base::{Error, Result};
use crate::ops::stack::NativeServer;

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name, or the number where there is none.
    pub name: String,
    /// The user's number.
    pub uid: u32,
    /// The number of the user's group.
    pub gid: u32,
}

impl Account {
    /// The user that a server runs as: oneself, or as root an unprivileged one.
    pub fn for_server(server: NativeServer) -> Result<Self> {
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let own = rustix::process::geteuid();
        if !own.is_root() {
            return Ok(Self::by_uid(&users, own.as_raw()));
        }
        let names: &[&str] = match server {
            NativeServer::Postgres => &["postgres", "nobody"],
            NativeServer::Redis => &["redis", "postgres", "nobody"],
        };
        names
            .iter()
            .find_map(|name| Self::by_name(&users, name))
            .ok_or_else(|| {
                Error::unavailable(format!("none of the users {} exists", names.join(", ")))
                    .hint("make one: `useradd --system postgres`")
            })
    }

    /// The user that this folder belongs to, who must be the one to go on with it.
    pub fn owner_of(folder: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(folder)
            .map_err(|e| Error::io(format!("cannot look at `{}`", folder.display()), e))?;
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let owner = Self::by_uid(&users, metadata.uid());
        let own = rustix::process::geteuid();
        let path = folder.display();
        if owner.uid == 0 {
            return Err(
                Error::refused(format!("`{path}` belongs to root")).hint(format!(
                    "give it to the server's user: `chown -R postgres: {path}`"
                )),
            );
        }
        if !own.is_root() && own.as_raw() != owner.uid {
            let message = format!("`{path}` belongs to `{}`, not to you", owner.name);
            return Err(Error::refused(message).hint("run the command as root, as before"));
        }
        Ok(owner)
    }

    fn by_name(users: &str, name: &str) -> Option<Self> {
        Self::all(users).find(|account| account.name == name)
    }

    fn by_uid(users: &str, uid: u32) -> Self {
        let found = Self::all(users).find(|account| account.uid == uid);
        found.unwrap_or_else(|| Self {
            name: uid.to_string(),
            uid,
            gid: rustix::process::getegid().as_raw(),
        })
    }

    fn all(users: &str) -> impl Iterator<Item = Self> + '_ {
        users.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { name, uid, gid })
        })
    }

    /// Whether every folder down to this one lets the user through, by its mode.
    pub fn can_reach(&self, folder: &Path) -> bool {
        let Ok(folder) = folder.canonicalize() else {
            return false;
        };
        folder.ancestors().all(|step| {
            std::fs::metadata(step).is_ok_and(|metadata| {
                let bit = if metadata.uid() == self.uid {
                    0o100
                } else if metadata.gid() == self.gid {
                    0o010
                } else {
                    0o001
                };
                metadata.mode() & bit != 0
            })
        })
    }

    /// Gives a file or folder to the user, when that is somebody else.
    pub fn give(&self, path: &Path) -> Result<()> {
        if rustix::process::geteuid().as_raw() == self.uid {
            return Ok(());
        }
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid)).map_err(|e| {
            Error::io(
                format!("cannot give `{}` to `{}`", path.display(), self.name),
                e,
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn users_are_read_from_the_passwd_file() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbad line\npostgres:x:101:104:,,:/var:/bin/sh\n";

        let found = Account::by_name(users, "postgres").unwrap();

        assert_eq!((found.uid, found.gid), (101, 104));
        assert_eq!(Account::by_name(users, "redis"), None);
        assert_eq!(Account::by_uid(users, 77).name, "77");
    }

    #[test]
    fn a_closed_folder_on_the_way_cannot_be_passed() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let stranger = Account {
            name: "x".to_owned(),
            uid: 64_000,
            gid: 64_000,
        };
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
        assert!(!stranger.can_reach(&inner));

        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();

        assert!(stranger.can_reach(&inner));
        assert!(!stranger.can_reach(&dir.path().join("missing")));
    }
}
