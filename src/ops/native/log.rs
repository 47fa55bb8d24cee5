//! The log of a service: written by the server itself, rotated at a start, read from its end.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::{Error, Result};

/// A log that is longer than this at a start is put aside.
const ROTATE_BYTES: u64 = 50 * 1024 * 1024;

/// How often a followed log is looked at.
const POLL: Duration = Duration::from_millis(100);

/// How much is read at once.
const CHUNK: u64 = 64 * 1024;

/// Opens the log for a server that starts, after putting one that is too long aside.
pub(super) fn open(path: &Path) -> Result<File> {
    let doing = |e| Error::io(format!("cannot open `{}`", path.display()), e);
    if length(path) > ROTATE_BYTES {
        std::fs::rename(path, path.with_extension("1")).map_err(doing)?;
    }
    File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(doing)
}

/// How long the log is now.
pub(super) fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// What was written after a position; a log that was put aside since is read from its start.
pub(super) fn since(path: &Path, position: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(if length < position {
            0
        } else {
            position
        }))?;
        let mut bytes = Vec::new();
        file.take(CHUNK).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// The last lines of a log; none when there is no log.
pub fn tail(path: &Path, lines: usize) -> Result<Vec<String>> {
    let doing = |e| Error::io(format!("cannot read `{}`", path.display()), e);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(doing(e)),
    };
    let mut start = file.metadata().map_err(doing)?.len();
    let mut bytes = Vec::new();
    // One line end more than lines: the first of them ends the line before.
    let mut ends = 0;
    while start > 0 && ends <= lines {
        let size = CHUNK.min(start);
        start -= size;
        file.seek(SeekFrom::Start(start)).map_err(doing)?;
        let mut chunk = Vec::new();
        (&mut file)
            .take(size)
            .read_to_end(&mut chunk)
            .map_err(doing)?;
        ends += chunk.split(|byte| *byte == b'\n').count() - 1;
        chunk.append(&mut bytes);
        bytes = chunk;
    }
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    let first = all.len().saturating_sub(lines);
    Ok(all[first..].iter().map(|line| (*line).to_owned()).collect())
}

/// A log that is being read as it grows.
#[derive(Debug)]
struct Followed {
    name: String,
    path: PathBuf,
    file: Option<(File, u64)>,
    partial: Vec<u8>,
}

/// Several logs from one moment on.
#[derive(Debug)]
pub struct Follow(Vec<Followed>);

impl Follow {
    /// What is written to these logs after now, by name and path.
    pub fn from_here(logs: &[(String, PathBuf)]) -> Self {
        let at_end =
            |(name, path): &(String, PathBuf)| Followed::at_end(name.clone(), path.clone());
        Self(logs.iter().map(at_end).collect())
    }

    /// Hands each new line to `line(name, text)`, for ever; dropping the future ends it.
    pub async fn lines(mut self, line: &(dyn Fn(&str, &str) + Sync)) -> Result<()> {
        loop {
            for log in &mut self.0 {
                log.read(line)?;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Followed {
    fn at_end(name: String, path: PathBuf) -> Self {
        let file = File::open(&path).ok().and_then(|mut file| {
            file.seek(SeekFrom::End(0)).ok()?;
            let inode = file.metadata().ok()?.ino();
            Some((file, inode))
        });
        Self {
            name,
            path,
            file,
            partial: Vec::new(),
        }
    }

    fn read(&mut self, line: &(dyn Fn(&str, &str) + Sync)) -> Result<()> {
        let doing = |e| Error::io(format!("cannot read `{}`", self.path.display()), e);
        if let Some((file, _)) = &mut self.file {
            file.read_to_end(&mut self.partial).map_err(doing)?;
        }
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let whole: Vec<u8> = self.partial.drain(..=end).collect();
            line(&self.name, String::from_utf8_lossy(&whole).trim_end());
        }
        // A start may have put the log aside and begun another.
        let current = std::fs::metadata(&self.path).ok().map(|m| m.ino());
        let known = self.file.as_ref().map(|(_, inode)| *inode);
        if let Some(inode) = current.filter(|inode| Some(*inode) != known) {
            self.file = File::open(&self.path).ok().map(|file| (file, inode));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::Mutex;

    #[test]
    fn the_tail_is_read_from_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        assert!(tail(&path, 3).unwrap().is_empty());
        let lines: Vec<String> = (0..40_000).map(|n| format!("line {n}")).collect();

        std::fs::write(&path, lines.join("\n") + "\nunfinished").unwrap();

        assert_eq!(tail(&path, 2).unwrap(), ["line 39999", "unfinished"]);
        assert_eq!(tail(&path, 10_000).unwrap().len(), 10_000);
        assert_eq!(tail(&path, 100_000).unwrap().len(), 40_001);
        assert!(tail(&path, 0).unwrap().is_empty());
    }

    #[test]
    fn a_followed_log_gives_whole_lines_across_a_rotation() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "old\n").unwrap();
        let lines = Mutex::new(Vec::new());
        let take = |name: &str, text: &str| lines.lock().unwrap().push(format!("{name}: {text}"));
        let mut log = Followed::at_end("db".to_owned(), path.clone());
        let mut file = File::options().append(true).open(&path).unwrap();

        file.write_all(b"one\ntw").unwrap();
        log.read(&take).unwrap();
        file.write_all(b"o\n").unwrap();
        std::fs::rename(&path, dir.path().join("log.1")).unwrap();
        std::fs::write(&path, "three\n").unwrap();
        log.read(&take).unwrap();
        log.read(&take).unwrap();

        assert_eq!(*lines.lock().unwrap(), ["db: one", "db: two", "db: three"]);
    }

    #[test]
    fn a_long_log_is_put_aside_at_a_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        File::create(&path)
            .unwrap()
            .set_len(ROTATE_BYTES + 1)
            .unwrap();

        open(&path).unwrap();

        assert_eq!(length(&path), 0);
        assert_eq!(length(&dir.path().join("log.1")), ROTATE_BYTES + 1);
    }
}
