//! Reads the history: newest first, one run by its name; and throws away what is too old.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rustix::fs::{FlockOperation, flock};

use super::record::{Ended, Line, Run, Started};
use super::step::Step;
use crate::base::text::did_you_mean;
use crate::base::{Error, Result};

/// The runs of a project.
#[derive(Debug)]
pub struct History {
    folder: PathBuf,
}

/// Which runs are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of this task.
    pub task: Option<String>,
    /// Only those that failed or were lost.
    pub only_bad: bool,
    /// Only those that began then or later.
    pub since: Option<Timestamp>,
    /// At most so many, the newest.
    pub limit: Option<usize>,
}

impl Filter {
    fn takes(&self, run: &Run) -> bool {
        self.task
            .as_ref()
            .is_none_or(|task| *task == run.started.task)
            && (!self.only_bad || run.is_bad())
    }
}

impl History {
    /// The history below a project's state folder.
    pub fn of(state: &Path) -> Self {
        Self {
            folder: state.join("history"),
        }
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The runs that the filter takes, newest first.
    pub fn runs(&self, filter: &Filter) -> Result<Vec<Run>> {
        let limit = filter.limit.unwrap_or(usize::MAX);
        let mut runs = Vec::new();
        for month in self.months()?.iter().rev() {
            let index = read(&month.join("runs.jsonl"))?;
            let mut ends: HashMap<String, Ended> = HashMap::new();
            for line in index.rsplit(|byte| *byte == b'\n') {
                if runs.len() >= limit {
                    return Ok(runs);
                }
                // A line that a full disk cut short tells nothing.
                match serde_json::from_slice(line) {
                    Ok(Line::End(ended)) => drop(ends.insert(ended.id.clone(), ended)),
                    Ok(Line::Start(started)) => {
                        if filter.since.is_some_and(|since| started.at < since) {
                            return Ok(runs);
                        }
                        let ended = ends.remove(&started.id);
                        let run = known(month, started, ended);
                        runs.extend(filter.takes(&run).then_some(run));
                    }
                    Err(_cut_short) => {}
                }
            }
        }
        Ok(runs)
    }

    /// One run by its name; `last` is the newest.
    pub fn find(&self, id: &str) -> Result<Run> {
        if id == "last" {
            let newest = Filter {
                limit: Some(1),
                ..Filter::default()
            };
            let run = self.runs(&newest)?.pop();
            return run.ok_or_else(|| Error::not_found("nothing was run here yet"));
        }
        let month = id.get(..6).map(|month| self.folder.join(month));
        let found = match &month {
            Some(month) if month.is_dir() => find_in(month, id)?,
            _ => None,
        };
        found.ok_or_else(|| self.unknown(id))
    }

    fn unknown(&self, id: &str) -> Error {
        let error = Error::not_found(format!("there is no run `{id}`"));
        let newest = Filter {
            limit: Some(200),
            ..Filter::default()
        };
        let runs = self.runs(&newest).unwrap_or_default();
        let ids = runs.iter().map(|run| run.started.id.as_str());
        match did_you_mean(id, ids) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`lexi history` lists the runs; `last` is the newest"),
        }
    }

    /// What a run wrote and did, in order; nothing when its file is gone.
    pub fn steps(&self, run: &Started) -> Result<Vec<Step>> {
        let month = run.id.get(..6).unwrap_or_default();
        let path = own_file(&self.folder.join(month), &run.id);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::io(format!("cannot read `{}`", path.display()), e)),
        };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        // The last line of a killed run may be cut short.
        Ok(lines
            .filter_map(|line| serde_json::from_str(&line).ok())
            .collect())
    }

    /// Throws away what runs wrote more than so many days ago, and the records of months that are wholly older; gives how many
    /// files went.
    pub fn prune(&self, days: u32, now: Timestamp) -> Result<usize> {
        let Ok(before) = now.checked_sub((i64::from(days) * 24).hours()) else {
            return Ok(0);
        };
        let stamp = before
            .to_zoned(TimeZone::UTC)
            .strftime("%Y%m%d-%H%M%S")
            .to_string();
        let mut gone = 0;
        for month in self.months()? {
            let mut left = 0;
            for entry in entries(&month)? {
                let name = entry.file_name().to_string_lossy().into_owned();
                let Some(id) = name.strip_suffix(".jsonl").filter(|id| *id != "runs") else {
                    continue;
                };
                if id < stamp.as_str() && !is_alive(&month, id) {
                    remove(&entry.path())?;
                    gone += 1;
                } else {
                    left += 1;
                }
            }
            let name = month.file_name().unwrap_or_default().to_string_lossy();
            if left == 0 && *name < stamp[..6] {
                remove(&month.join("runs.jsonl"))?;
                // Another run may have put a file there meanwhile; the folder then stays.
                let _stays = std::fs::remove_dir(&month);
            }
        }
        Ok(gone)
    }

    /// Whether nothing was thrown away for a day; from now on something was.
    pub fn is_due(&self, now: Timestamp) -> Result<bool> {
        let mark = self.folder.join("pruned");
        let day_ago = now.checked_sub(24.hours()).unwrap_or(Timestamp::MIN);
        let last = std::fs::metadata(&mark).and_then(|metadata| metadata.modified());
        let is_due =
            last.is_ok_and(|last| Timestamp::try_from(last).is_ok_and(|last| last < day_ago));
        // The first run of a project has nothing to throw away.
        if is_due || !mark.exists() {
            crate::ops::files::write(&mark, b"", Some(0o600))?;
        }
        Ok(is_due)
    }

    /// The folders of the months, oldest first.
    fn months(&self) -> Result<Vec<PathBuf>> {
        if !self.folder.is_dir() {
            return Ok(Vec::new());
        }
        let is_month = |name: &str| name.len() == 6 && name.bytes().all(|b| b.is_ascii_digit());
        let mut months: Vec<PathBuf> = entries(&self.folder)?
            .iter()
            .filter(|entry| is_month(&entry.file_name().to_string_lossy()))
            .map(std::fs::DirEntry::path)
            .collect();
        months.sort();
        Ok(months)
    }
}

fn entries(folder: &Path) -> Result<Vec<std::fs::DirEntry>> {
    let listed = std::fs::read_dir(folder).and_then(Iterator::collect);
    listed.map_err(|e| Error::io(format!("cannot list `{}`", folder.display()), e))
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("cannot remove `{}`", path.display()), e))
        }
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(bytes),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(Error::io(format!("cannot read `{}`", path.display()), e)),
    }
}

/// The lines that name the run are few: only those are read as JSON.
fn find_in(month: &Path, id: &str) -> Result<Option<Run>> {
    let index = read(&month.join("runs.jsonl"))?;
    let (mut start, mut end) = (None, None);
    for at in memchr::memmem::find_iter(&index, format!("\"id\":\"{id}\"").as_bytes()) {
        let from = memchr::memrchr(b'\n', &index[..at]).map_or(0, |before| before + 1);
        let to = memchr::memchr(b'\n', &index[at..]).map_or(index.len(), |length| at + length);
        match serde_json::from_slice(&index[from..to]) {
            Ok(Line::Start(started)) if started.id == id => start = Some(started),
            Ok(Line::End(ended)) if ended.id == id => end = Some(ended),
            _ => {}
        }
    }
    Ok(start.map(|started| known(month, started, end)))
}

fn known(month: &Path, started: Started, ended: Option<Ended>) -> Run {
    let is_alive = ended.is_none() && is_alive(month, &started.id);
    Run::new(started, ended, is_alive)
}

fn own_file(month: &Path, id: &str) -> PathBuf {
    month.join(format!("{id}.jsonl"))
}

/// Whether the run holds its lock.
fn is_alive(month: &Path, id: &str) -> bool {
    File::open(own_file(month, id)).is_ok_and(|file| {
        flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
    })
}
