//! Writes the record of the run that goes on.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::fs::{FlockOperation, flock};

use super::record::{Ended, How, Line, Started};
use super::step::{Output, Step};
use crate::base::{Error, Result};
use crate::ops::files;

/// More output than this is cut: a run that writes for hours must not fill the disk.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// More calls than this are counted as one.
const MOST_CALLS: u32 = 20_000;

/// The record of the run that goes on; a run that ends without [`Recorder::end`] counts as lost.
#[derive(Debug)]
pub struct Recorder {
    index: PathBuf,
    id: String,
    path: PathBuf,
    started: Started,
    since: Instant,
    file: Mutex<Written>,
}

/// A run's own file, locked while it runs, and how much is in it.
#[derive(Debug)]
struct Written {
    file: File,
    bytes: u64,
    calls: u32,
}

/// What is told of a run that starts.
#[derive(Debug)]
pub struct Facts {
    /// The task.
    pub task: String,
    /// The words behind its name, secrets masked.
    pub args: Vec<String>,
    /// The profile.
    pub profile: String,
    /// How it was started.
    pub how: How,
    /// Whether it was only to say what it would do.
    pub dry_run: bool,
    /// Who runs it.
    pub user: String,
}

impl Recorder {
    /// Begins the record of a run in the project's history.
    pub fn begin(folder: &Path, facts: Facts) -> Result<Self> {
        let recorder = Self::reserve(folder, facts)?;
        recorder.keep()?;
        Ok(recorder)
    }

    /// A name for a run of which the history knows nothing before [`Recorder::keep`].
    pub fn reserve(folder: &Path, facts: Facts) -> Result<Self> {
        let at = Timestamp::now();
        let utc = at.to_zoned(TimeZone::UTC);
        let month = folder.join(utc.strftime("%Y%m").to_string());
        files::make_private_dir(&month)?;
        let second = utc.strftime("%Y%m%d-%H%M%S").to_string();
        let (id, file) = own_file(&month, &second, utc.subsec_nanosecond())?;
        let started = Started {
            id: id.clone(),
            task: facts.task,
            args: facts.args,
            profile: facts.profile,
            user: facts.user,
            host: crate::ops::who::host(),
            pid: std::process::id(),
            at,
            how: facts.how,
            dry_run: facts.dry_run,
        };
        Ok(Self {
            index: month.join("runs.jsonl"),
            path: month.join(format!("{id}.jsonl")),
            id,
            started,
            since: Instant::now(),
            file: Mutex::new(Written {
                file,
                bytes: 0,
                calls: 0,
            }),
        })
    }

    /// Tells the history that the run has begun.
    pub fn keep(&self) -> Result<()> {
        self.add(&Line::Start(self.started.clone()))
    }

    /// Gives the name back: there is no such run.
    pub fn forget(&self) -> Result<()> {
        let failed = |e| Error::io(format!("cannot remove `{}`", self.path.display()), e);
        std::fs::remove_file(&self.path).map_err(failed)
    }

    /// The run's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Keeps what the run wrote; the text is masked already.
    pub fn wrote(&self, to: Output, text: &str) {
        let ms = self.ms();
        let size = text.len() as u64;
        self.write(|written| {
            if written.bytes > MOST_BYTES {
                return None;
            }
            written.bytes += size;
            Some(if written.bytes > MOST_BYTES {
                let what = "more output than is kept".to_owned();
                Step::Cut { what }
            } else {
                let text = text.to_owned();
                Step::Wrote { ms, to, text }
            })
        });
    }

    /// Keeps that a task or a call has just ended which took so long.
    pub fn did(&self, kind: &str, name: &str, place: Option<String>, took: Duration) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let step = Step::Did {
            us: micros(self.since.elapsed().saturating_sub(took)),
            took_us: micros(took),
            kind: kind.to_owned(),
            name: name.to_owned(),
            place,
        };
        self.write(|written| {
            written.calls = written.calls.saturating_add(1);
            match written.calls {
                calls if calls <= MOST_CALLS => Some(step),
                calls if calls == MOST_CALLS + 1 => Some(Step::Cut {
                    what: "more calls than are kept".to_owned(),
                }),
                _ => None,
            }
        });
    }

    /// Milliseconds since the run began.
    pub fn ms(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Ends the record.
    pub fn end(&self, exit: u8, error: Option<String>) -> Result<()> {
        self.add(&Line::End(self.ended(exit, error)))
    }

    /// Ends the record of a run that was stopped so that a later one can start.
    pub fn end_replaced(&self, exit: u8) -> Result<()> {
        let ended = self.ended(exit, None);
        self.add(&Line::End(Ended {
            replaced: true,
            ..ended
        }))
    }

    fn ended(&self, exit: u8, error: Option<String>) -> Ended {
        Ended {
            id: self.id.clone(),
            ms: self.ms(),
            exit,
            error,
            replaced: false,
        }
    }

    /// Adds a line to the index in one write, so that lines of runs beside this one stay whole.
    fn add(&self, line: &Line) -> Result<()> {
        // The line end comes first: a line that a full disk cut short spoils itself and not the next one.
        let mut text = vec![b'\n'];
        serde_json::to_writer(&mut text, line)
            .map_err(|e| Error::internal("cannot write a run's record as JSON").because(e))?;
        files::append(&self.index, &text, Some(0o600))
    }

    /// What cannot be written is left out: a full disk must not end the run that is to report it.
    fn write(&self, step: impl FnOnce(&mut Written) -> Option<Step>) {
        let mut written = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(step) = step(&mut written) else {
            return;
        };
        if let Ok(mut line) = serde_json::to_vec(&step) {
            line.push(b'\n');
            let _left_out = written.file.write_all(&line);
        }
    }
}

/// How many runs of one second can be told apart.
const NAMES: u32 = 10_000;

/// Makes and locks a file that no other run has.
fn own_file(month: &Path, second: &str, nanosecond: i32) -> Result<(String, File)> {
    // The part of the second, so that names are in the order of time and mostly free.
    let first = nanosecond.unsigned_abs() / 100_000;
    for number in (first..NAMES).chain(0..first) {
        let id = format!("{second}-{number:04}");
        let path = month.join(format!("{id}.jsonl"));
        let made = File::options()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match made {
            Ok(file) => {
                flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|e| {
                    Error::io(format!("cannot lock `{}`", path.display()), e.into())
                })?;
                return Ok((id, file));
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Error::io(format!("cannot make `{}`", path.display()), e)),
        }
    }
    Err(Error::internal(format!(
        "no name is free for a run of {second}"
    )))
}
