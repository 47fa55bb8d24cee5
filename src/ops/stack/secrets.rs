//! Passwords for containers, as files: what an image can read from a file is in nobody's `inspect`.
//!
//! The folder is closed to everybody but its owner, and the files in it are open unless they say otherwise: a container's
//! program may run as any user, and sees the files alone.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::file::File;
use super::hash;
use super::service::{NativeServer, Service};
use super::tls;
use crate::base::{Error, Result, Secret};

/// Where a container sees them.
pub(super) const INSIDE: &str = "/run/secrets";

/// The secret files of one service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Files(pub(super) BTreeMap<String, File>);

impl Files {
    /// Takes what can be a file out of a service's environment.
    pub(super) fn take_from(service: &mut Service) -> Self {
        let mut files = std::mem::take(&mut service.secrets);
        // A config is a secret that lies elsewhere: its name is its whole path.
        files.append(&mut service.configs);
        match service.native {
            Some(NativeServer::Postgres) => {
                if let Some(password) = take(service, "POSTGRES_PASSWORD") {
                    let path = Secret::new(format!("{INSIDE}/POSTGRES_PASSWORD"));
                    service
                        .environment
                        .insert("POSTGRES_PASSWORD_FILE".to_owned(), path);
                    files.insert("POSTGRES_PASSWORD".to_owned(), File::new(password.reveal()));
                }
                tls::serve(service, &mut files);
            }
            Some(NativeServer::Redis) => {
                if let Some(password) = take(service, "REDIS_PASSWORD") {
                    let directive = format!("requirepass {}\n", quoted(password.reveal()));
                    files.insert("redis.conf".to_owned(), File::new(directive));
                    files.insert("REDIS_PASSWORD".to_owned(), File::new(password.reveal()));
                    if service.command.is_empty() {
                        service.command.push("redis-server".to_owned());
                    }
                    // Directives after the file are stronger than those in it.
                    service.command.insert(1, format!("{INSIDE}/redis.conf"));
                }
            }
            None => {}
        }
        Self(files)
    }

    /// Each file on this machine and in the container.
    pub(super) fn mounts(&self, folder: &Path, service: &str) -> Vec<(PathBuf, String)> {
        let path = |name: &String| (folder.join(service).join(here(name)), inside(name));
        self.0.keys().map(path).collect()
    }

    /// Writes what is not there or different.
    pub(super) fn write(&self, folder: &Path, service: &str) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let folder = folder.join(service);
        make_private(&folder)?;
        for (name, file) in &self.0 {
            let path = folder.join(here(name));
            if !is_written(&path, file) {
                write(&path, file)
                    .map_err(|e| Error::io(format!("cannot write `{}`", path.display()), e))?;
            }
        }
        Ok(())
    }
}

/// What a file is called in the folder of its service.
fn here(name: &str) -> String {
    if is_config(name) {
        format!("config-{}", hash::short(&[], name))
    } else {
        name.to_owned()
    }
}

fn inside(name: &str) -> String {
    if is_config(name) {
        name.to_owned()
    } else {
        format!("{INSIDE}/{name}")
    }
}

/// Whether it lies elsewhere than secrets do.
pub(super) fn is_config(name: &str) -> bool {
    name.starts_with('/')
}

fn take(service: &mut Service, name: &str) -> Option<Secret> {
    service
        .environment
        .remove(name)
        .filter(|secret| !secret.is_empty())
}

/// In the form of redis.conf.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' => quoted.push(char::from(byte)),
            other => {
                use std::fmt::Write as _;
                // Writing to a string cannot fail.
                let _infallible = write!(quoted, "\\x{other:02x}");
            }
        }
    }
    quoted.push('"');
    quoted
}

/// A folder that only its owner can enter.
fn make_private(folder: &Path) -> Result<()> {
    let failed = |e| Error::io(format!("cannot make `{}`", folder.display()), e);
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)
}

const fn mode(file: &File) -> u32 {
    match file.mode {
        Some(mode) => mode,
        None => 0o444,
    }
}

fn is_written(path: &Path, file: &File) -> bool {
    let has_mode = |facts: std::fs::Metadata| facts.permissions().mode() & 0o777 == mode(file);
    std::fs::metadata(path).is_ok_and(has_mode)
        && std::fs::read(path).is_ok_and(|old| old == file.content())
}

fn write(path: &Path, file: &File) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    if let Err(e) = std::fs::remove_file(&partial)
        && e.kind() != std::io::ErrorKind::NotFound
    {
        return Err(e);
    }
    let mut target = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode(file) & 0o600 | 0o200)
        .open(&partial)?;
    target.write_all(file.content())?;
    target.sync_all()?;
    // The mask of the process may have closed it to the container's user.
    target.set_permissions(std::fs::Permissions::from_mode(mode(file)))?;
    std::fs::rename(partial, path)
}

/// The key for the hashes of secret values: random, made once, known to this project alone.
pub(super) fn key(folder: &Path) -> Result<Vec<u8>> {
    let path = folder.join("hash-key");
    if let Ok(key) = std::fs::read(&path)
        && key.len() == 32
    {
        return Ok(key);
    }
    make_private(folder)?;
    let failed = |e| Error::io(format!("cannot make `{}`", path.display()), e);
    let mut key = vec![0; 32];
    let mut random = std::fs::File::open("/dev/urandom").map_err(failed)?;
    std::io::Read::read_exact(&mut random, &mut key).map_err(failed)?;
    let hex = key;
    let partial = folder.join(format!("hash-key.{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .map_err(failed)?;
    file.write_all(&hex).map_err(failed)?;
    std::fs::rename(&partial, &path).map_err(failed)?;
    Ok(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(native: NativeServer, name: &str, value: &str) -> Service {
        Service {
            native: Some(native),
            environment: [(name.to_owned(), Secret::new(value))].into(),
            ..Service::default()
        }
    }

    #[test]
    fn a_password_leaves_the_environment_and_the_command_line() {
        let mut postgres = service(NativeServer::Postgres, "POSTGRES_PASSWORD", "p");
        let mut redis = service(NativeServer::Redis, "REDIS_PASSWORD", "a \"b\\\n");

        let of_postgres = Files::take_from(&mut postgres);
        let of_redis = Files::take_from(&mut redis);

        assert_eq!(of_postgres.0["POSTGRES_PASSWORD"].content(), b"p");
        assert_eq!(
            postgres.variable("POSTGRES_PASSWORD_FILE").reveal(),
            "/run/secrets/POSTGRES_PASSWORD"
        );
        assert!(!postgres.environment.contains_key("POSTGRES_PASSWORD"));
        assert_eq!(
            of_redis.0["redis.conf"].content(),
            b"requirepass \"a \\\"b\\\\\\x0a\"\n"
        );
        assert_eq!(redis.command, ["redis-server", "/run/secrets/redis.conf"]);
    }

    #[test]
    fn an_empty_password_means_none() {
        let mut redis = service(NativeServer::Redis, "REDIS_PASSWORD", "");

        assert_eq!(Files::take_from(&mut redis), Files::default());
        assert!(redis.command.is_empty());
    }

    #[test]
    fn files_are_in_a_closed_folder_and_the_key_stays() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = folder.path().join("secrets");
        let files = Files([("A".to_owned(), File::new("x"))].into());

        files.write(&secrets, "db").unwrap();
        files.write(&secrets, "db").unwrap();
        let (one, two) = (key(&secrets).unwrap(), key(&secrets).unwrap());

        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&secrets.join("db")), 0o700);
        assert_eq!(mode(&secrets.join("db/A")), 0o444);
        assert_eq!(std::fs::read(secrets.join("db/A")).unwrap(), b"x");
        assert!(one == two && one.len() == 32);
    }
}
