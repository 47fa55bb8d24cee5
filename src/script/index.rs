//! The index: what each task file declares, kept on disk so that running one task compiles one file.
//!
//! An entry counts while the file's size and times are as recorded and those times are well before the index was written;
//! otherwise the file is read again and, when its text differs, compiled again.
//!
//! On disk it is a header (one JSON document: files, stamps, names), followed by what each file declares (one JSON document
//! each). A run reads the header and the one document that it needs, so its cost hardly grows with the number of tasks.

use std::fs::Metadata;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::diagnostic::{Diagnostic, Place, Rule};
use super::task::Task;
use crate::base::{Error, Project, Result};

/// What one file declares.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Content {
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// What is wrong with it.
    pub problems: Vec<Diagnostic>,
}

/// One file of the index; its content is parsed when it is first looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// How many bytes what it declares takes behind the header.
    length: usize,
    #[serde(skip)]
    written: Written,
    #[serde(skip)]
    content: OnceLock<Content>,
}

/// What a file declares, as JSON: a part of the index that was read, or the whole of what was just made.
#[derive(Debug, Clone, Default)]
struct Written {
    bytes: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl Written {
    fn json(&self) -> &[u8] {
        self.bytes.get(self.range.clone()).unwrap_or_default()
    }
}

/// Size and times of a file. A copy may be given an old time of modification, but not an old time of change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    modified_ns: i64,
    changed_ns: i64,
    size: u64,
}

impl Stamp {
    /// The stamp of a file.
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            modified_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            size: metadata.len(),
        }
    }
}

impl Entry {
    /// An entry for a file that was just read.
    pub fn new(file: String, stamp: Stamp, hash: u64, content: Content) -> Result<Self> {
        let names = content.tasks.iter().flat_map(|task| {
            std::iter::once(task.name.clone()).chain(task.aliases.iter().cloned())
        });
        let json = serde_json::to_vec(&content)
            .map_err(|e| Error::internal("cannot write the task index").because(e))?;
        Ok(Self {
            names: names.collect(),
            file,
            stamp,
            hash,
            checked: None,
            length: json.len(),
            written: Written {
                range: 0..json.len(),
                bytes: Arc::new(json),
            },
            content: OnceLock::from(content),
        })
    }

    /// What the file declares.
    pub fn content(&self) -> &Content {
        self.content.get_or_init(|| {
            serde_json::from_slice(self.written.json()).unwrap_or_else(|_| self.damaged())
        })
    }

    /// The disk has lost a part of the index; that must not look like a file without tasks.
    fn damaged(&self) -> Content {
        let place = Place {
            file: self.file.clone(),
            line: 1,
            column: 1,
        };
        let message = format!("`.lexi/{FILE}` is damaged: remove it and run the command again");
        let found = Diagnostic::new(Rule::Unreadable, place, message);
        Content {
            tasks: Vec::new(),
            problems: vec![found],
        }
    }
}

/// The index of a project.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Index {
    build: String,
    written_ns: i64,
    /// The files, in the order they were found.
    pub entries: Vec<Entry>,
}

impl Index {
    /// The index on disk; empty when there is none that this very program wrote.
    pub fn read(project: &Project) -> Self {
        let bytes = std::fs::read(path(project)).unwrap_or_default();
        Self::parse(bytes)
            .filter(|index| index.build == build())
            .unwrap_or_default()
    }

    fn parse(bytes: Vec<u8>) -> Option<Self> {
        let mut documents = serde_json::Deserializer::from_slice(&bytes).into_iter::<Self>();
        let mut index = documents.next()?.ok()?;
        let mut start = documents.byte_offset();
        let bytes = Arc::new(bytes);
        for entry in &mut index.entries {
            let end = start.checked_add(entry.length)?;
            entry.written = Written {
                bytes: Arc::clone(&bytes),
                range: start..end,
            };
            start = end;
        }
        (start == bytes.len()).then_some(index)
    }

    /// Writes the index; a project that cannot be written to works without one.
    pub fn write(&mut self, project: &Project) {
        self.build = build();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.written_ns = now.map_or(0, |now| i64::try_from(now.as_nanos()).unwrap_or(0));
        if let Ok(mut bytes) = serde_json::to_vec(self) {
            for entry in &self.entries {
                bytes.extend_from_slice(entry.written.json());
            }
            // Without an index the next run compiles more files, nothing else.
            let _no_index = write_whole(&path(project), &bytes);
        }
    }

    /// Whether a file with this stamp cannot have been changed since it was recorded. A change within the clock's grain of
    /// the index being written could have left the same time behind.
    pub fn trusts(&self, entry: &Entry, stamp: Stamp) -> bool {
        const GRAIN_NS: i64 = 20_000_000;
        let latest_ns = stamp.modified_ns.max(stamp.changed_ns);
        entry.stamp == stamp && latest_ns + GRAIN_NS < self.written_ns
    }
}

const FILE: &str = "index";

fn path(project: &Project) -> std::path::PathBuf {
    project.state().join(FILE)
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

/// Which program wrote the index: its version, and its own size and time while it is being developed.
fn build() -> String {
    let own = std::env::current_exe().and_then(std::fs::metadata);
    let own = own.map(|metadata| Stamp::of(&metadata));
    let (modified, size) = own.map_or((0, 0), |own| (own.modified_ns, own.size));
    format!("{}-{modified:x}-{size:x}", env!("CARGO_PKG_VERSION"))
}

fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(nanoseconds)
}

/// A hash of a text, the same in every run of this program.
pub fn hash(text: &str) -> u64 {
    // FNV-1a: short texts, no adversary, and std's hasher promises nothing between versions.
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
