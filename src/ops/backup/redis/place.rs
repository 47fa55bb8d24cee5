//! Where Redis keeps its files: on this machine, or in a container.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::super::files;
use crate::base::{Error, Result};
use crate::ops::docker::exec::{Exec, capture};
use crate::ops::docker::{Engine, copy};

/// Moves files as a shell does: `mkdir -p AWAY; mv WHAT.. AWAY`, what is not there being left out.
const PUT_AWAY: &str = r#"cd "$1" || exit 1; away=$2; shift 2
for name in "$@"; do
    [ -e "$name" ] || continue
    mkdir -p "$away" && mv "$name" "$away/" || exit 1
done"#;
const RENAME: &str = r#"cd "$1" && mv "$2" "$3" && sync"#;
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

    /// Moves files of the folder, those that are there, into a folder in it.
    pub(super) async fn put_away(&self, folder: &str, away: &str, names: &[&str]) -> Result<()> {
        let Self::Container { engine, id } = self else {
            return put_away_here(Path::new(folder), away, names);
        };
        let arguments = [&[folder, away], names].concat();
        shell(engine, id, PUT_AWAY, &arguments).await
    }

    /// Gives a file of the folder another name.
    pub(super) async fn rename(&self, folder: &str, from: &str, to: &str) -> Result<()> {
        let Self::Container { engine, id } = self else {
            let folder = Path::new(folder);
            std::fs::rename(folder.join(from), folder.join(to))
                .map_err(|e| Error::io(format!("cannot name `{to}`"), e))?;
            return files::sync_folder(folder);
        };
        shell(engine, id, RENAME, &[folder, from, to]).await
    }
}

fn put_away_here(folder: &Path, away: &str, names: &[&str]) -> Result<()> {
    for name in names.iter().filter(|name| folder.join(name).exists()) {
        let doing = |e| Error::io(format!("cannot move `{name}` aside"), e);
        let away = folder.join(away);
        files::make_folder(&away)?;
        std::fs::rename(folder.join(name), away.join(name)).map_err(doing)?;
    }
    files::sync_folder(folder)
}

async fn shell(engine: &Engine, id: &str, script: &str, arguments: &[&str]) -> Result<()> {
    let words = ["sh", "-c", script, "sh"];
    let words = words.iter().chain(arguments).copied();
    let done = capture(engine, id, &Exec::new(words), MOST_SAID).await?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    super::super::container::exit(done.code).ok("sh", &said)
}
