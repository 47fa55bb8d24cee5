//! The index: what each task file declares, kept on disk so that running one task compiles one file.
//!
//! An entry counts while the file's size and times are as recorded and those times are well before the index was written;
//! otherwise the file is read again and, when its text differs, compiled again. The time of the last change of the file's
//! own record counts too: tools that unpack or deploy may give every file the same time of modification.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::diagnostic::{Diagnostic, Place};
use super::task::Task;
use crate::base::{Error, Project, Result};

/// What one file declares.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Content {
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// What is wrong with it.
    pub problems: Vec<Diagnostic>,
}

/// One file of the index; its content is parsed when it is first looked at.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The path below the project's folder.
    pub file: String,
    /// When the file was changed, and how long it is.
    pub stamp: Stamp,
    /// A hash of the file's text.
    pub hash: u64,
    /// The names and aliases of its tasks.
    pub names: Vec<String>,
    /// What the last check of this text, and of what it imports, was: none when it found something.
    pub checked: Option<u64>,
    raw: Box<RawValue>,
    #[serde(skip)]
    content: OnceLock<Content>,
}

/// Size and time of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    modified_ns: u64,
    changed_ns: u64,
    size: u64,
}

impl Stamp {
    /// The stamp of a file.
    pub fn of(path: &Path) -> std::io::Result<Self> {
        let metadata = path.metadata()?;
        Ok(Self {
            modified_ns: nanoseconds(metadata.modified()?),
            changed_ns: changed(&metadata),
            size: metadata.len(),
        })
    }
}

impl Entry {
    /// An entry for a file that was just read.
    pub fn new(file: String, stamp: Stamp, hash: u64, content: Content) -> Result<Self> {
        let names = content.tasks.iter().flat_map(|task| {
            std::iter::once(task.name.clone()).chain(task.aliases.iter().cloned())
        });
        let raw = serde_json::value::to_raw_value(&content)
            .map_err(|e| Error::internal("cannot write the task index").because(e))?;
        Ok(Self {
            names: names.collect(),
            file,
            stamp,
            hash,
            checked: None,
            raw,
            content: OnceLock::from(content),
        })
    }

    fn damaged(&self) -> Content {
        let place = Place {
            file: self.file.clone(),
            line: 1,
            column: 1,
        };
        let found = Diagnostic::new(
            place,
            "what `.lexi/index.json` says of this file is damaged",
        );
        Content {
            tasks: Vec::new(),
            problems: vec![found.hint(Some("rm .lexi/index.json".to_owned()))],
        }
    }

    /// What the file declares.
    pub fn content(&self) -> &Content {
        self.content
            .get_or_init(|| serde_json::from_str(self.raw.get()).unwrap_or_else(|_| self.damaged()))
    }
}

/// The index of a project.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Index {
    build: String,
    written_ns: u64,
    /// The files, in the order they were found.
    pub entries: Vec<Entry>,
}

impl Index {
    /// The index on disk; empty when there is none that this very program wrote.
    pub fn read(project: &Project) -> Self {
        let text = std::fs::read(path(project)).unwrap_or_default();
        let index: Self = serde_json::from_slice(&text).unwrap_or_default();
        if index.build == build() {
            index
        } else {
            Self::default()
        }
    }

    /// Writes the index; a project that cannot be written to works without one.
    pub fn write(&mut self, project: &Project) {
        self.build = build();
        self.written_ns = nanoseconds(SystemTime::now());
        if let Ok(json) = serde_json::to_vec(self) {
            // Without an index the next run compiles more files, nothing else.
            let _no_index = write_whole(&path(project), &json);
        }
    }

    /// Whether a file with this stamp cannot have been changed since it was recorded. A change within the clock's grain of
    /// the index being written could have left the same time behind.
    pub fn trusts(&self, entry: &Entry, stamp: Stamp) -> bool {
        const GRAIN_NS: u64 = 20_000_000;
        let latest = stamp.modified_ns.max(stamp.changed_ns);
        entry.stamp == stamp && latest.saturating_add(GRAIN_NS) < self.written_ns
    }
}

fn path(project: &Project) -> std::path::PathBuf {
    project.state().join("index.json")
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let written = std::fs::write(&partial, bytes).and_then(|()| std::fs::rename(&partial, path));
    if written.is_err() {
        // What could not be written may not be removable either.
        let _still_there = std::fs::remove_file(&partial);
    }
    written
}

/// When the file's record was changed last; nobody can set that.
fn changed(metadata: &std::fs::Metadata) -> u64 {
    let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
    let nanoseconds = u64::try_from(metadata.ctime_nsec()).unwrap_or_default();
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(nanoseconds)
}

/// Which program wrote the index: its version, and its own size and time while it is being developed.
fn build() -> String {
    let own = std::env::current_exe().and_then(|exe| Stamp::of(&exe));
    let stamp = own.map_or(0, |stamp| stamp.modified_ns ^ stamp.size);
    format!("{}-{stamp:x}", env!("CARGO_PKG_VERSION"))
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A hash of a text, the same in every run of this program.
pub fn hash(text: &str) -> u64 {
    // FNV-1a: short texts, no adversary, and std's hasher promises nothing between versions.
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
