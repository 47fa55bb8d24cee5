//! Reads a whole dump file and tells whether it is what it should be. No server is asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::manifest::Manifest;
use super::progress::{OnProgress, Progress, Step};
use super::reader::{BUFFER, DumpReader};
use super::scanner::{Facts, Scanner};
use crate::base::{Error, Result};

/// How often progress is told.
const REPORT: Duration = Duration::from_millis(100);

/// A dump file that was read to its end and found whole.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Where it is.
    pub path: PathBuf,
    /// Its manifest, when it has one.
    pub manifest: Option<Manifest>,
    /// What it holds.
    pub facts: Facts,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Reads a dump file and its manifest, if it has one, and refuses what is damaged, cut or changed.
pub async fn verify(path: &Path, on: OnProgress<'_>) -> Result<Verified> {
    let manifest = Manifest::beside(path)?;
    let read = read(path, on).await?;
    if let Some(manifest) = &manifest {
        compare(&read, manifest)?;
    }
    if let Err(e) = read.facts.complete() {
        // A dump of a whole cluster goes on after its first end: that it is one says more.
        replayable(&read)?;
        return Err(not_usable(path, e));
    }
    Ok(Verified { manifest, ..read })
}

/// What the thread that reads and the one that waits tell each other.
#[derive(Debug, Default)]
struct Watch {
    position: AtomicU64,
    is_given_up: AtomicBool,
}

/// Tells the thread that reads to stop when nobody waits for it any more.
struct GiveUp(Arc<Watch>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.is_given_up.store(true, Ordering::Relaxed);
    }
}

/// Reads a dump file to its end, on a thread of its own.
pub(super) async fn read(path: &Path, on: OnProgress<'_>) -> Result<Verified> {
    let size = std::fs::metadata(path).map_or(0, |facts| facts.len());
    let watch = Arc::<Watch>::default();
    let _guard = GiveUp(Arc::clone(&watch));
    let (path, watched) = (path.to_owned(), Arc::clone(&watch));
    let mut thread = tokio::task::spawn_blocking(move || read_here(&path, &watched));
    loop {
        tokio::select! {
            read = &mut thread => {
                let failed = |e| Error::internal("the thread that reads a dump ended").because(e);
                return read.map_err(failed)?;
            }
            () = tokio::time::sleep(REPORT) => {
                let position = watch.position.load(Ordering::Relaxed);
                on(Progress::of(Step::Verify, position, Some(size)));
            }
        }
    }
}

/// Reads a dump file to its end, on this thread.
pub(super) fn read_now(path: &Path) -> Result<Verified> {
    read_here(path, &Watch::default())
}

fn read_here(path: &Path, watch: &Watch) -> Result<Verified> {
    let mut reader = DumpReader::open(path)?;
    let mut scanner = Scanner::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        scanner.feed(&buffer[..count]);
        watch.position.store(reader.position(), Ordering::Relaxed);
        if watch.is_given_up.load(Ordering::Relaxed) {
            return Err(Error::internal("reading the dump was given up"));
        }
    }
    Ok(Verified {
        path: path.to_owned(),
        manifest: None,
        facts: scanner.finish(),
        bytes: reader.position(),
        sha256: reader.finish()?,
    })
}

fn compare(read: &Verified, manifest: &Manifest) -> Result<()> {
    let changed = |what: &str| {
        let path = read.path.display();
        Error::corrupt(format!("`{path}` is not what its manifest says: {what}"))
            .hint("pick another: `lexi run restore`")
    };
    if read.bytes != manifest.bytes {
        return Err(changed("its size differs"));
    }
    if read.sha256 != manifest.sha256 {
        return Err(changed("its checksum differs"));
    }
    if let Some(roles) = &manifest.roles {
        let path = read
            .path
            .with_file_name(super::sidecar::roles_of(&manifest.file));
        let text = std::fs::read(&path)
            .map_err(|e| Error::io(format!("cannot read `{}`", path.display()), e))?;
        if super::reader::hash(&text) != roles.sha256 {
            let path = path.display();
            return Err(Error::corrupt(format!(
                "`{path}` was changed since it was made"
            )));
        }
    }
    if manifest.redis.is_some() {
        super::redis::verify(&read.path)?;
    }
    // The checksum covers the file; what the manifest claims about it has to be looked at by itself.
    if read.facts.tables != manifest.facts.tables {
        return Err(changed("the rows of its tables differ"));
    }
    Ok(())
}

/// Refuses a dump that is whole, but that cannot be replayed.
pub(super) fn replayable(read: &Verified) -> Result<()> {
    let Some(obstacle) = &read.facts.obstacle else {
        return Ok(());
    };
    let path = read.path.display();
    Err(
        Error::refused(format!("`{path}` cannot be replayed: {obstacle}"))
            .hint("make it again: `pg_dump --format=plain --encoding=UTF8 DATABASE`"),
    )
}

pub(super) fn not_usable(path: &Path, why: Error) -> Error {
    why.context(format!("`{}` is not usable", path.display()))
        .hint("pick another: `lexi run restore`")
}
