//! Where Redis keeps its files: on this machine, or in a container.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::super::files;
use crate::base::{Error, Result};
use crate::ops::docker::exec::{Exec, capture};
use crate::ops::docker::{Engine, copy};

/// Puts what is prepared in `$2` in the place of what has the same name, which takes its place: `mv`, twice. That this shell
/// runs to its end does not depend on the program that has asked for it.
const EXCHANGE: &str = r#"cd "$1" || exit 1; aside=$2; shift 2
for name in "$@"; do
    if [ -e "$name" ]; then mv "$name" "$aside/old" || exit 1; fi
    mv "$aside/$name" "$name" || exit 1
    if [ -e "$aside/old" ]; then mv "$aside/old" "$aside/$name" || exit 1; fi
done
sync"#;
const MOVE: &str = r#"cd "$1" && mkdir -p "$3" && mv "$2" "$3/$4""#;
const REMOVE: &str = r#"cd "$1" && rm -rf "$2"* && sync"#;
const OWN: &str = r#"cd "$1" && chown "$(stat -c %u:%g .)" "$2" && chmod 600 "$2""#;
const MOST_SAID: usize = 64 * 1024;

/// Where the files of a Redis server are.
#[derive(Debug, Clone)]
pub enum Place {
    /// On this machine.
    Here,
    /// In a container.
    Container {
        /// The engine it is on.
        engine: Engine,
        /// Its identity.
        id: String,
    },
}

impl Place {
    /// Copies a file out, to a new file for its owner only.
    pub(super) async fn copy_out(&self, from: &str, to: &Path) -> Result<()> {
        match self {
            Self::Here => {
                let doing = |e| Error::io(format!("cannot copy `{from}`"), e);
                let mut source = std::fs::File::open(from).map_err(doing)?;
                let mut target = files::create_private(to).map_err(doing)?;
                std::io::copy(&mut source, &mut target).map_err(doing)?;
                target.sync_all().map_err(doing)
            }
            Self::Container { engine, id } => {
                copy::out_of(engine, id, from, to).await?;
                files::make_private(to)
            }
        }
    }

    /// Copies a file into the folder of the data, under a new name, for the server's user only.
    pub(super) async fn copy_in(&self, from: &Path, folder: &str, name: &str) -> Result<()> {
        match self {
            Self::Here => {
                let to = Path::new(folder).join(name);
                let doing = |e| Error::io(format!("cannot write `{}`", to.display()), e);
                let owner = std::fs::metadata(folder).map_err(doing)?;
                let mut target = files::create_private(&to).map_err(doing)?;
                let mut source = std::fs::File::open(from).map_err(doing)?;
                std::io::copy(&mut source, &mut target).map_err(doing)?;
                target.sync_all().map_err(doing)?;
                std::os::unix::fs::fchown(&target, Some(owner.uid()), Some(owner.gid()))
                    .map_err(doing)
            }
            Self::Container { engine, id } => {
                copy::into(engine, id, from, &format!("{folder}/{name}")).await?;
                shell(engine, id, OWN, &[folder, name]).await
            }
        }
    }

    /// Moves a file or folder of the folder into another folder in it, under another name.
    pub(super) async fn put_into(
        &self,
        folder: &str,
        name: &str,
        (aside, new): (&str, &str),
    ) -> Result<()> {
        let Self::Container { engine, id } = self else {
            let folder = Path::new(folder);
            files::make_folder(&folder.join(aside))?;
            return std::fs::rename(folder.join(name), folder.join(aside).join(new))
                .map_err(|e| Error::io(format!("cannot move `{name}`"), e));
        };
        shell(engine, id, MOVE, &[folder, name, aside, new]).await
    }

    /// Gives what is in `aside` the names that the same have in the folder, and the other way round, each at once.
    pub(super) async fn exchange(&self, folder: &str, aside: &str, names: &[&str]) -> Result<()> {
        let Self::Container { engine, id } = self else {
            return exchange_here(Path::new(folder), aside, names);
        };
        let arguments = [&[folder, aside], names].concat();
        shell(engine, id, EXCHANGE, &arguments).await
    }

    /// Removes what is in the folder with names that begin like this.
    pub(super) async fn remove(&self, folder: &str, prefix: &str) -> Result<()> {
        let Self::Container { engine, id } = self else {
            return remove_here(Path::new(folder), prefix);
        };
        shell(engine, id, REMOVE, &[folder, prefix]).await
    }
}

fn exchange_here(folder: &Path, aside: &str, names: &[&str]) -> Result<()> {
    for name in names {
        let doing = |e| Error::io(format!("cannot put `{name}` in place"), e);
        let (new, own) = (folder.join(aside).join(name), folder.join(name));
        if own.exists() {
            renameat_with(CWD, &new, CWD, &own, RenameFlags::EXCHANGE)
                .map_err(|e| doing(e.into()))?;
        } else {
            std::fs::rename(&new, &own).map_err(doing)?;
        }
    }
    files::sync_folder(&folder.join(aside))?;
    files::sync_folder(folder)
}

fn remove_here(folder: &Path, prefix: &str) -> Result<()> {
    let doing = |e| Error::io(format!("cannot clear `{}`", folder.display()), e);
    for file in std::fs::read_dir(folder).map_err(doing)? {
        let file = file.map_err(doing)?;
        if !file.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        let is_folder = file.file_type().map_err(doing)?.is_dir();
        let removed = if is_folder {
            std::fs::remove_dir_all(file.path())
        } else {
            std::fs::remove_file(file.path())
        };
        removed.map_err(doing)?;
    }
    Ok(())
}

async fn shell(engine: &Engine, id: &str, script: &str, arguments: &[&str]) -> Result<()> {
    let words = ["sh", "-c", script, "sh"];
    let words = words.iter().chain(arguments).copied();
    let done = capture(engine, id, &Exec::new(words), MOST_SAID).await?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    super::super::container::exit(done.code).ok("sh", &said)
}
