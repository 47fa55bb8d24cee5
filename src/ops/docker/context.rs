//! Archives that are made on a thread while they are sent: a build's folder, or files for a container.

use std::io::Write;
use std::path::{Path, PathBuf};

use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::ignore::Rules;
use crate::base::{Error, Result};

/// How much is sent at a time.
const CHUNK: usize = 256 * 1024;

type Chunk = std::io::Result<Vec<u8>>;

/// An archive on its way, and the thread that makes it.
pub(super) struct Sending<S> {
    /// The bytes.
    pub(super) bytes: S,
    /// Their number, once all are made.
    pub(super) made: JoinHandle<Result<u64>>,
}

/// Makes an archive on a thread of its own.
pub(super) fn send(
    fill: impl FnOnce(&mut tar::Builder<Sender>) -> Result<()> + Send + 'static,
) -> Sending<impl Stream<Item = Chunk> + Send + 'static> {
    let (sender, receiver) = mpsc::channel::<Chunk>(4);
    let made = tokio::task::spawn_blocking(move || {
        let failing = sender.clone();
        let mut builder = tar::Builder::new(Sender::new(sender));
        builder.follow_symlinks(false);
        let ended = fill(&mut builder).and_then(|()| {
            let whole = builder.into_inner().and_then(Sender::end);
            whole.map_err(|e| Error::io("cannot send an archive", e))
        });
        if ended.is_err() {
            // Without this the engine would take half an archive for a whole one.
            let _nobody_listens = failing.blocking_send(Err(std::io::Error::other("stopped")));
        }
        ended
    });
    let bytes = futures_util::stream::unfold(receiver, |mut receiver| async move {
        let chunk = receiver.recv().await?;
        Some((chunk, receiver))
    });
    Sending { bytes, made }
}

/// Collects what is written and sends it in chunks.
#[derive(Debug)]
pub(super) struct Sender {
    chunks: mpsc::Sender<Chunk>,
    waiting: Vec<u8>,
    sent: u64,
}

impl Sender {
    fn new(chunks: mpsc::Sender<Chunk>) -> Self {
        Self {
            chunks,
            waiting: Vec::with_capacity(CHUNK),
            sent: 0,
        }
    }

    fn end(mut self) -> std::io::Result<u64> {
        self.flush()?;
        Ok(self.sent)
    }
}

impl Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.waiting, Vec::with_capacity(CHUNK));
        self.sent += chunk.len() as u64;
        let sent = self.chunks.blocking_send(Ok(chunk));
        sent.map_err(|_closed| std::io::Error::from(std::io::ErrorKind::BrokenPipe))
    }
}

/// What belongs to a build's folder, in order: the path on disk and the name in the archive.
pub(super) fn entries(root: &Path, dockerfile: &str) -> Result<Vec<(PathBuf, String)>> {
    let ignore = root.join(".dockerignore");
    let rules = match std::fs::read_to_string(&ignore) {
        Ok(text) => Rules::parse(&text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Rules::default(),
        Err(e) => return Err(Error::io(format!("cannot read `{}`", ignore.display()), e)),
    };
    // The engine needs both, and leaves them out itself when they are ignored.
    let is_needed = |name: &str| name == dockerfile || name == ".dockerignore";
    let leads_to = |name: &str| dockerfile.starts_with(&format!("{name}/"));
    let mut found = Vec::new();
    let mut walk = walkdir::WalkDir::new(root)
        .min_depth(1)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.map_err(|e| {
            Error::invalid(format!("cannot read all of `{}`", root.display())).because(e)
        })?;
        let name = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let name = name.to_string_lossy().into_owned();
        let is_wanted = is_needed(&name) || !rules.ignores(&name);
        let kind = entry.file_type();
        if kind.is_dir() && !is_wanted && !rules.have_exceptions() && !leads_to(&name) {
            walk.skip_current_dir();
        } else if is_wanted && (kind.is_dir() || kind.is_file() || kind.is_symlink()) {
            found.push((entry.into_path(), name));
        }
    }
    Ok(found)
}

/// Adds a file, folder or link under a name; its owner is root, as docker's own client does it.
pub(super) fn add(builder: &mut tar::Builder<Sender>, path: &Path, name: &str) -> Result<()> {
    let failed = |e| Error::io(format!("cannot send `{}`", path.display()), e);
    let metadata = path.symlink_metadata().map_err(failed)?;
    let mut header = tar::Header::new_gnu();
    header.set_metadata(&metadata);
    header.set_uid(0);
    header.set_gid(0);
    if metadata.is_symlink() {
        let target = path.read_link().map_err(failed)?;
        header.set_size(0);
        return builder
            .append_link(&mut header, name, target)
            .map_err(failed);
    }
    if metadata.is_dir() {
        header.set_size(0);
        return builder
            .append_data(&mut header, format!("{name}/"), std::io::empty())
            .map_err(failed);
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    // A file that grows meanwhile must not spill over what its head says.
    let bounded = std::io::Read::take(file, metadata.len());
    builder
        .append_data(&mut header, name, bounded)
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_what_is_not_ignored() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            (
                ".dockerignore",
                "node_modules\n**/*.log\nbuild\n!build/keep\n.env\nDockerfile",
            ),
            ("Dockerfile", "FROM scratch"),
            ("a.log", ""),
            ("src/b.log", ""),
            ("src/main.js", ""),
            ("node_modules/x/y.js", ""),
            ("build/out", ""),
            ("build/keep", ""),
            (".env", "SECRET=1"),
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        let found = entries(folder.path(), "Dockerfile").unwrap();

        let names: Vec<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
        let expected = [
            ".dockerignore",
            "Dockerfile",
            "build/keep",
            "src",
            "src/main.js",
        ];
        assert_eq!(names, expected);
    }
}
