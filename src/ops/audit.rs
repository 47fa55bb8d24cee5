//! Who ran what: a log of lines that each hold the hash of the one before, so that a changed, removed or inserted line shows.
//!
//! What cannot show by itself is that the newest lines are missing: write the last hash down elsewhere and give it to `verify`.
//! The history shows it too while it holds those runs, unless they were taken out of both.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::base::text::{count, hex};
use crate::base::{Error, Kind, Result};
use crate::ops::files;

/// What stands for the line before the first one.
const ORIGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// How much of the end of the log holds its last line, mostly.
const USUAL: u64 = 8 * 1024;

/// One line; `hash` is that of the line before with everything in this one.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    number: u64,
    at: String,
    #[serde(flatten)]
    fields: Map<String, Value>,
    before: String,
    hash: String,
}

impl Entry {
    /// The hash of all but the hash itself.
    fn digest(&self) -> String {
        let fields = Value::Object(self.fields.clone());
        let text = format!("{}\n{}\n{}\n{fields}", self.before, self.number, self.at);
        hex(&Sha256::digest(text.as_bytes()))
    }
}

/// The log's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many lines it has.
    pub lines: u64,
    /// The hash of the last one.
    pub head: String,
}

/// The log of a project.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
}

impl Audit {
    /// The log below a project's state folder.
    pub fn of(state: &Path) -> Self {
        Self {
            path: state.join("audit.jsonl"),
        }
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line. It is not forced to the disk: every run adds two, and a start costs less than that would.
    pub fn add(&self, fields: Map<String, Value>) -> Result<()> {
        let doing = |e| Error::io(format!("cannot write `{}`", self.path.display()), e);
        if let Some(folder) = self.path.parent() {
            files::make_dir(folder)?;
        }
        let mut file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)
            .map_err(doing)?;
        // Held for some microseconds; it is free again when the file is closed, however this process ends.
        flock(&file, FlockOperation::LockExclusive).map_err(|e| doing(e.into()))?;
        let (number, before, is_cut) = last(&mut file).map_err(doing)?;
        let mut entry = Entry {
            number: number + 1,
            at: jiff::Timestamp::now().to_string(),
            fields,
            before,
            hash: String::new(),
        };
        entry.hash = entry.digest();
        let line = serde_json::to_string(&entry)
            .map_err(|e| Error::internal("cannot write an audit line as JSON").because(e))?;
        let start = if is_cut { "\n" } else { "" };
        file.write_all(format!("{start}{line}\n").as_bytes())
            .map_err(doing)
    }

    /// Reads the whole log and compares every hash; with `holds`, also looks for the line of that hash. Each of the runs that
    /// `ran` names must have its lines in it.
    pub fn verify(&self, holds: Option<&str>, mut ran: BTreeSet<String>) -> Result<Verified> {
        let file = match self.open() {
            // A log that was removed shows by the runs it should hold.
            Err(e) if e.kind() == Kind::NotFound && !ran.is_empty() => None,
            opened => Some(opened?),
        };
        let mut known = Verified {
            lines: 0,
            head: ORIGIN.to_owned(),
        };
        let mut is_held = holds.is_none();
        let lines = file.map(|file| BufReader::new(file).split(b'\n'));
        for (at, line) in lines.into_iter().flatten().enumerate() {
            let place = || format!("{}:{}", self.path.display(), at + 1);
            let line = line.map_err(|e| Error::io(format!("cannot read {}", place()), e))?;
            let entry = whole(&line, &place)?;
            if entry.before != known.head || entry.number != known.lines + 1 {
                let why = format!(
                    "is number {} and does not follow the line before it",
                    entry.number
                );
                return Err(broken(&place(), &why));
            }
            if let Some(Value::String(run)) = entry.fields.get("run") {
                ran.remove(run);
            }
            is_held |= holds == Some(entry.hash.as_str());
            known = Verified {
                lines: entry.number,
                head: entry.hash,
            };
        }
        if !is_held {
            let message = format!(
                "no line of `{}` has the hash that it must hold",
                self.path.display()
            );
            return Err(Error::refused(message)
                .hint("lines are missing at its end, or it is not the same log"));
        }
        self.refuse_missing(&ran)?;
        Ok(known)
    }

    /// Opens the log to read it: only a file, since whoever opens a pipe waits for its writer.
    fn open(&self) -> Result<File> {
        let doing = |e| Error::io(format!("cannot read `{}`", self.path.display()), e);
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let mut options = File::options();
        let opened = options.read(true).custom_flags(flags).open(&self.path);
        let file = opened.map_err(doing)?;
        if file.metadata().map_err(doing)?.is_file() {
            return Ok(file);
        }
        Err(
            Error::refused(format!("`{}` is no file", self.path.display()))
                .hint("something else was put in the log's place; look at it, and move it away"),
        )
    }

    fn refuse_missing(&self, runs: &BTreeSet<String>) -> Result<()> {
        let Some(first) = runs.first() else {
            return Ok(());
        };
        let message = format!(
            "`{}` lacks {} that the history holds, the oldest is {first}",
            self.path.display(),
            count("run", runs.len()),
        );
        let hint = format!(
            "lines or the whole log were removed; `lexi history show {first}` tells of the run"
        );
        Err(Error::refused(message).hint(hint))
    }
}

/// A line that is as it was written, to the byte: of a name that stands in it twice the hash holds only one value.
fn whole(line: &[u8], place: &dyn Fn() -> String) -> Result<Entry> {
    let entry: Entry = serde_json::from_slice(line)
        .map_err(|e| broken(&place(), "is not a whole line of the log").because(e))?;
    let again = serde_json::to_vec(&entry)
        .map_err(|e| Error::internal("cannot write an audit line as JSON").because(e))?;
    if entry.hash != entry.digest() || again != line {
        return Err(broken(&place(), "was changed after it was written"));
    }
    Ok(entry)
}

fn broken(place: &str, why: &str) -> Error {
    Error::refused(format!("{place} {why}")).hint(
        "the lines before it are as they were written; keep the file for whoever looks into this",
    )
}

/// The number and hash of the last whole line, and whether the file ends in the middle of one.
fn last(file: &mut File) -> std::io::Result<(u64, String, bool)> {
    let length = file.seek(SeekFrom::End(0))?;
    let (mut end, mut most) = (Vec::new(), USUAL);
    // Nearly every line is short, and every run looks for the last one; one with long arguments is looked for further back.
    loop {
        end.clear();
        file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
        file.read_to_end(&mut end)?;
        let is_cut = !end.is_empty() && !end.ends_with(b"\n");
        let mut whole = end.split(|byte| *byte == b'\n').rev();
        if let Some(entry) = whole.find_map(|line| serde_json::from_slice::<Entry>(line).ok()) {
            return Ok((entry.number, entry.hash, is_cut));
        }
        if length <= most {
            return Ok((0, ORIGIN.to_owned(), is_cut));
        }
        most *= 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: usize) -> (tempfile::TempDir, Audit) {
        let dir = tempfile::tempdir().unwrap();
        let audit = Audit::of(dir.path());
        for number in 0..lines {
            let fields = Map::from_iter([("task".to_owned(), format!("t{number}").into())]);
            audit.add(fields).unwrap();
        }
        (dir, audit)
    }

    fn edit(audit: &Audit, edit: impl FnOnce(&mut Vec<String>)) {
        let text = std::fs::read_to_string(audit.path()).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        edit(&mut lines);
        std::fs::write(audit.path(), lines.join("\n") + "\n").unwrap();
    }

    #[test]
    fn a_log_that_nobody_touched_is_whole() {
        let (_dir, audit) = log(5);

        let whole = audit.verify(None, BTreeSet::new()).unwrap();

        assert_eq!(whole.lines, 5);
        assert_eq!(
            audit.verify(Some(&whole.head), BTreeSet::new()).unwrap(),
            whole
        );
    }

    #[test]
    fn a_line_of_any_length_is_followed() {
        let (_dir, audit) = log(2);
        let fields = Map::from_iter([("args".to_owned(), "x".repeat(300_000).into())]);
        audit.add(fields).unwrap();
        audit.add(Map::new()).unwrap();

        assert_eq!(audit.verify(None, BTreeSet::new()).unwrap().lines, 4);
    }

    #[test]
    fn every_change_shows_with_its_line() {
        type Change = fn(&mut Vec<String>);
        let changes: [(&str, Change, &str); 6] = [
            (
                "changed",
                |lines| lines[2] = lines[2].replace("t2", "t9"),
                ":3 was changed",
            ),
            (
                "named twice",
                |lines| lines[2] = lines[2].replace(r#""task":"#, r#""task":"FAKE","task":"#),
                ":3 was changed",
            ),
            (
                "spelt otherwise",
                |lines| lines[2].push('\r'),
                ":3 was changed",
            ),
            ("removed", |lines| drop(lines.remove(2)), ":3 is number 4"),
            (
                "doubled",
                |lines| lines.insert(1, lines[1].clone()),
                ":3 is number 2",
            ),
            ("swapped", |lines| lines.swap(1, 2), ":2 is number 3"),
        ];
        for (name, change, message) in changes {
            let (_dir, audit) = log(5);
            edit(&audit, change);
            let error = audit.verify(None, BTreeSet::new()).unwrap_err();
            assert!(error.message().contains(message), "{name}: {error}");
        }
    }

    #[test]
    fn missing_newest_lines_show_by_a_hash_that_was_kept() {
        let (_dir, audit) = log(5);
        let head = audit.verify(None, BTreeSet::new()).unwrap().head;
        edit(&audit, |lines| lines.truncate(3));

        assert_eq!(audit.verify(None, BTreeSet::new()).unwrap().lines, 3);
        assert!(audit.verify(Some(&head), BTreeSet::new()).is_err());
    }

    #[test]
    fn runs_that_the_log_should_hold_show_when_it_does_not() {
        let (dir, audit) = log(0);
        let held = |run: &str| Map::from_iter([("run".to_owned(), run.into())]);
        let ran = || BTreeSet::from(["r1".to_owned(), "r2".to_owned()]);
        for run in ["r1", "r2", "r3"] {
            audit.add(held(run)).unwrap();
        }
        assert_eq!(audit.verify(None, ran()).unwrap().lines, 3);

        edit(&audit, |lines| lines.truncate(1));
        let cut = audit.verify(None, ran()).unwrap_err();
        std::fs::write(audit.path(), "").unwrap();
        let emptied = audit.verify(None, ran()).unwrap_err();
        std::fs::remove_file(audit.path()).unwrap();
        let gone = audit.verify(None, ran()).unwrap_err();
        audit.add(held("r4")).unwrap();
        let begun_anew = audit.verify(None, ran()).unwrap_err();

        assert!(cut.message().contains("lacks 1 run "), "{cut}");
        assert!(cut.message().ends_with("oldest is r2"), "{cut}");
        for error in [emptied, gone, begun_anew] {
            assert!(error.message().contains("lacks 2 runs"), "{error}");
        }
        drop(dir);
    }

    #[test]
    fn a_pipe_in_its_place_is_not_waited_for() {
        let (_dir, audit) = log(0);
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            audit.path(),
            rustix::fs::FileType::Fifo,
            mode,
            0,
        )
        .unwrap();

        let error = audit.verify(None, BTreeSet::new()).unwrap_err();

        assert!(error.message().ends_with("is no file"), "{error}");
    }

    #[test]
    fn runs_at_once_make_one_chain() {
        let (_dir, audit) = log(1);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..25).for_each(|_| audit.add(Map::new()).unwrap()));
            }
        });

        assert_eq!(audit.verify(None, BTreeSet::new()).unwrap().lines, 101);
    }
}
