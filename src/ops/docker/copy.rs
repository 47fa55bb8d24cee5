//! Files and folders into a container and out of it.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use futures_util::{StreamExt, TryStreamExt};
use tokio::sync::mpsc;

use super::connect::Engine;
use super::context::{self, Sending};
use super::error::failed;
use crate::base::{Error, Kind, Result};

/// The bit of Go's file modes that says folder.
const GO_FOLDER: u32 = 1 << 31;

/// Copies a file or folder into a container: into `to` when that is a folder there, else under that name.
/// Gives the number of bytes sent.
pub async fn into(engine: &Engine, container: &str, from: &Path, to: &str) -> Result<u64> {
    let doing = || {
        format!(
            "cannot copy `{}` to `{to}` in container `{container}`",
            from.display()
        )
    };
    if !from.exists() {
        return Err(Error::not_found(format!(
            "there is no `{}`",
            from.display()
        )));
    }
    let own_name = from
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let own_name =
        own_name.ok_or_else(|| Error::invalid(format!("`{}` has no name", from.display())))?;
    let (folder, name) = if is_folder(engine, container, to).await? {
        (to.to_owned(), own_name)
    } else {
        split(to).ok_or_else(|| Error::invalid(format!("`{to}` is not a path in a container")))?
    };
    let source = from.to_owned();
    let Sending { bytes, made } = context::send(move |builder| add_all(builder, &source, &name));
    let body = bollard::body_try_stream(bytes.map_ok(Into::into));
    let options = UploadToContainerOptionsBuilder::default()
        .path(&folder)
        .build();
    let sent = engine
        .client()
        .upload_to_container(container, Some(options), body)
        .await;
    let made = made
        .await
        .map_err(|e| Error::internal("making an archive broke off").because(e))?;
    sent.map_err(|e| failed(doing(), e))?;
    made
}

fn add_all(builder: &mut tar::Builder<context::Sender>, source: &Path, name: &str) -> Result<()> {
    for entry in walkdir::WalkDir::new(source).sort_by_file_name() {
        let entry = entry.map_err(|e| {
            Error::invalid(format!("cannot read all of `{}`", source.display())).because(e)
        })?;
        let rest = entry.path().strip_prefix(source).unwrap_or(Path::new(""));
        let name = Path::new(name).join(rest).to_string_lossy().into_owned();
        let kind = entry.file_type();
        if kind.is_dir() || kind.is_file() || kind.is_symlink() {
            context::add(builder, entry.path(), name.trim_end_matches('/'))?;
        }
    }
    Ok(())
}

/// `/a/b` as `/a` and `b`.
fn split(path: &str) -> Option<(String, String)> {
    let (folder, name) = path.trim_end_matches('/').rsplit_once('/')?;
    let folder = if folder.is_empty() { "/" } else { folder };
    (!name.is_empty()).then(|| (folder.to_owned(), name.to_owned()))
}

/// Whether a path in a container is a folder; a link to one counts.
async fn is_folder(engine: &Engine, container: &str, path: &str) -> Result<bool> {
    let mut path = path.to_owned();
    for _ in 0..8 {
        let options = ContainerArchiveInfoOptionsBuilder::default()
            .path(&path)
            .build();
        let found = engine
            .client()
            .get_container_archive_info(container, Some(options))
            .await;
        let found = match found {
            Ok(found) => found,
            Err(e) => {
                let error = failed(
                    format!("cannot look at `{path}` in container `{container}`"),
                    e,
                );
                return if error.kind() == Kind::NotFound {
                    Ok(false)
                } else {
                    Err(error)
                };
            }
        };
        if found.file_mode & GO_FOLDER != 0 {
            return Ok(true);
        }
        if found.link_target.is_empty() {
            return Ok(false);
        }
        path = found.link_target;
    }
    Ok(false)
}

/// Copies a file or folder out of a container: into `to` when that is a folder here, else under that name.
/// Gives the number of bytes of the files.
pub async fn out_of(engine: &Engine, container: &str, from: &str, to: &Path) -> Result<u64> {
    let doing = format!("cannot copy `{from}` out of container `{container}`");
    let options = DownloadFromContainerOptionsBuilder::default()
        .path(from)
        .build();
    let mut bytes = Box::pin(
        engine
            .client()
            .download_from_container(container, Some(options)),
    );
    let (sender, receiver) = mpsc::channel::<Vec<u8>>(4);
    let target = to.to_owned();
    let unpacked = tokio::task::spawn_blocking(move || unpack(receiver, &target));
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(|e| failed(doing.clone(), e))?;
        if sender.send(chunk.to_vec()).await.is_err() {
            // The thread has given up and says why.
            break;
        }
    }
    drop(sender);
    unpacked
        .await
        .map_err(|e| Error::internal("unpacking broke off").because(e))?
}

/// Unpacks an archive whose entries all begin with the name of what was asked for.
fn unpack(receiver: mpsc::Receiver<Vec<u8>>, to: &Path) -> Result<u64> {
    let broken = |e| Error::io(format!("cannot write `{}`", to.display()), e);
    let mut archive = tar::Archive::new(Incoming {
        receiver,
        chunk: Vec::new(),
        at: 0,
    });
    archive.set_preserve_mtime(true);
    let is_folder = to.is_dir();
    let mut bytes = 0;
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path().map_err(broken)?.into_owned();
        let target = place(to, &name, is_folder)?;
        bytes += entry.size();
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).map_err(broken)?;
        }
        let kind = entry.header().entry_type();
        if kind.is_hard_link() {
            // Its target is a name in the archive, which lies elsewhere here.
            let linked = entry
                .link_name()
                .map_err(broken)?
                .unwrap_or_default()
                .into_owned();
            std::fs::copy(place(to, &linked, is_folder)?, &target).map_err(broken)?;
        } else if kind.is_dir() {
            std::fs::create_dir_all(&target).map_err(broken)?;
        } else if kind.is_file() || kind.is_symlink() {
            entry.unpack(&target).map_err(broken)?;
        }
    }
    Ok(bytes)
}

/// Where an entry goes; nothing leaves the target.
fn place(to: &Path, name: &Path, is_folder: bool) -> Result<PathBuf> {
    let mut parts = name
        .components()
        .filter(|part| *part != Component::CurDir)
        .peekable();
    if !is_folder {
        parts.next();
    }
    let mut target = to.to_owned();
    for part in parts {
        let Component::Normal(part) = part else {
            let name = name.display();
            let message = format!("the engine sent `{name}`, which leads out of the target");
            return Err(Error::corrupt(message));
        };
        target.push(part);
        let is_link = target
            .symlink_metadata()
            .is_ok_and(|found| found.is_symlink());
        if is_link {
            std::fs::remove_file(&target)
                .map_err(|e| Error::io(format!("cannot replace `{}`", target.display()), e))?;
        }
    }
    Ok(target)
}

/// What comes through a channel, to be read by a thread.
struct Incoming {
    receiver: mpsc::Receiver<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.chunk.len() {
            match self.receiver.blocking_recv() {
                Some(chunk) => (self.chunk, self.at) = (chunk, 0),
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.chunk.len() - self.at);
        buffer[..count].copy_from_slice(&self.chunk[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_goes_under_the_target_and_nowhere_else() {
        let to = Path::new("/nowhere/x");

        assert_eq!(
            place(to, Path::new("a/b"), false).unwrap(),
            Path::new("/nowhere/x/b")
        );
        assert_eq!(
            place(to, Path::new("a/b"), true).unwrap(),
            Path::new("/nowhere/x/a/b")
        );
        assert_eq!(place(to, Path::new("a"), false).unwrap(), to);
        let error = place(to, Path::new("a/../../b"), true).unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt);
        assert_eq!(split("/a/b/").unwrap(), ("/a".into(), "b".into()));
        assert_eq!(split("/b").unwrap(), ("/".into(), "b".into()));
        assert_eq!(split("b"), None);
    }
}
