//! Named locks between runs, by `flock`: freed by the kernel when the holder ends, however it ends.
//!
//! The file of a lock is never removed: two runs that each made their own would both hold "it". Its text says who holds it;
//! only the lock itself says whether anybody does. Files are opened with `O_CLOEXEC`, so a program that is started does not
//! keep the lock of a run that has ended.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::who;
use crate::base::units::parse_duration;
use crate::base::{Error, Kind, Result};

/// How long to sleep between two tries; `flock` cannot be waited for and given up at the same time.
const RETRY: Duration = Duration::from_millis(25);

/// How long what a killed holder was starting may keep its lock; far longer than it takes to become another program.
const ORPHAN: Duration = Duration::from_secs(5);
/// How often to look for the holder's name: it is written right after the lock is taken.
const NAME_TRIES: usize = 8;

/// What to do when somebody else holds the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBusy {
    /// An error of kind `locked` that names the holder.
    Fail,
    /// No lock and no error.
    Skip,
    /// Try until this time has passed, then fail; `Duration::MAX` tries for ever.
    Wait(Duration),
}

impl std::str::FromStr for OnBusy {
    type Err = Error;

    /// `fail`, `skip`, `wait`, or how long to wait at most.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "fail" => Ok(Self::Fail),
            "skip" => Ok(Self::Skip),
            "wait" => Ok(Self::Wait(Duration::MAX)),
            limit => parse_duration(limit).map(Self::Wait).map_err(|_none| {
                Error::usage(format!(
                    "`{limit}` does not say what to do while a lock is held"
                ))
                .hint("write fail, skip, wait, or how long to wait at most, such as 10m")
            }),
        }
    }
}

/// Who holds a lock, as the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The task or command it runs.
    pub task: String,
    /// The machine; it matters when the project is on a shared file system.
    pub host: String,
    /// When the lock was taken, in RFC 3339.
    pub since: String,
}

/// A lock that is held; dropping it frees it.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// The lock's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the lock's file is still the one at its path; where it is not, another run may hold a lock of the same name.
    pub fn is_in_place(&self) -> bool {
        match (self.file.metadata(), std::fs::metadata(&self.path)) {
            (Ok(own), Ok(there)) => (own.dev(), own.ino()) == (there.dev(), there.ino()),
            (_, Err(e)) => e.kind() != std::io::ErrorKind::NotFound,
            // Nothing is known then, and what was true stays so.
            (Err(_), Ok(_)) => true,
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The text is only for people, and closing the file frees the lock even if this does not.
        let _emptied = self.file.set_len(0);
        let _freed = flock(&self.file, FlockOperation::Unlock);
    }
}

/// Takes the lock `name` of a project (`.lexi/locks/<name>.lock`); `None` only with [`OnBusy::Skip`].
///
/// Dropping the future stops waiting.
pub async fn acquire(
    project_state: &Path,
    name: &str,
    holder: &str,
    on_busy: OnBusy,
) -> Result<Option<Lock>> {
    let fits = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    if !fits {
        return Err(Error::invalid(format!("`{name}` cannot name a lock"))
            .hint("use letters, digits, `-` and `_`"));
    }
    let path = project_state.join("locks").join(format!("{name}.lock"));
    acquire_file(&path, name, holder, on_busy).await
}

/// Takes the lock that is this very file; `name` is what messages call it.
pub async fn acquire_file(
    path: &Path,
    name: &str,
    holder: &str,
    on_busy: OnBusy,
) -> Result<Option<Lock>> {
    let mut file = open(path)?;
    let started = Instant::now();
    while !try_lock(&file, path)? {
        let waited = started.elapsed();
        match on_busy {
            _ if waited < ORPHAN && is_orphaned(path) => tokio::time::sleep(RETRY).await,
            OnBusy::Skip => return Ok(None),
            OnBusy::Wait(limit) if waited < limit => tokio::time::sleep(RETRY).await,
            OnBusy::Fail | OnBusy::Wait(_) => return Err(busy(path, name).await),
        }
    }
    write_holder(&mut file, holder)
        .map_err(|e| Error::io(format!("cannot write `{}`", path.display()), e))?;
    Ok(Some(Lock {
        file,
        path: path.to_owned(),
    }))
}

/// Who holds the lock that is this file, as an error says it; looked up without touching the lock. None when it is free, or
/// when this system does not tell.
pub fn held(path: &Path, name: &str) -> Option<Error> {
    let holder = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    let inode = path.metadata().ok()?.ino();
    let end = format!(":{inode}");
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let is_held = locks.lines().any(|line| {
        let mut fields = line.split_whitespace();
        let is_lock = fields.nth(1) == Some("FLOCK");
        is_lock && fields.any(|field| field.ends_with(&end))
    });
    is_held.then(|| held_by(name, &holder))
}

fn open(path: &Path) -> Result<File> {
    let doing = |e| Error::io(format!("cannot open lock `{}`", path.display()), e);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(doing)?;
    }
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(doing)
}

fn try_lock(file: &File, path: &Path) -> Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(false),
        Err(e) => Err(Error::io(
            format!("cannot lock `{}`", path.display()),
            e.into(),
        )),
    }
}

/// Whether the holder is dead, by its own name. What it was just starting when it was killed has the lock open until it has
/// become another program, which takes a moment.
fn is_orphaned(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let Ok(holder) = serde_json::from_str::<Holder>(&text) else {
        return false;
    };
    let process = |name: &str| Path::new("/proc").join(name).exists();
    holder.host == who::host() && process("self") && !process(&holder.pid.to_string())
}

fn write_holder(file: &mut File, task: &str) -> std::io::Result<()> {
    let holder = Holder {
        pid: std::process::id(),
        task: task.to_owned(),
        host: who::host(),
        since: jiff::Timestamp::now()
            .round(jiff::Unit::Second)
            .unwrap_or_else(|_| jiff::Timestamp::now())
            .to_string(),
    };
    let text = serde_json::to_string(&holder)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}

async fn busy(path: &Path, name: &str) -> Error {
    for _ in 0..NAME_TRIES {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if let Ok(holder) = serde_json::from_str(&text) {
            return held_by(name, &holder);
        }
        tokio::time::sleep(RETRY).await;
    }
    Error::new(
        Kind::Locked,
        format!("lock `{name}` is held by another run"),
    )
    .field("lock", name)
}

fn held_by(name: &str, holder: &Holder) -> Error {
    let since = holder.since.parse::<jiff::Timestamp>().map_or_else(
        |_not_a_time| holder.since.clone(),
        |at| {
            at.to_zoned(jiff::tz::TimeZone::system())
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string()
        },
    );
    let place = if holder.host == who::host() {
        format!("pid {}", holder.pid)
    } else {
        format!("pid {} on {}", holder.pid, holder.host)
    };
    let message = format!(
        "lock `{name}` is held by `{}` ({place}) since {since}",
        holder.task
    );
    Error::new(Kind::Locked, message)
        .hint(format!(
            "wait for it to end, or end it: `kill {}`",
            holder.pid
        ))
        .field("lock", name)
        .field("pid", holder.pid)
        .field("task", holder.task.as_str())
        .field("host", holder.host.as_str())
        .field("since", holder.since.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Cancel;
    use crate::runtime::Runtime;

    fn run(work: impl Future<Output = ()>) {
        let work = async {
            work.await;
            Ok(())
        };
        Runtime::default().wait(&Cancel::detached(), work).unwrap();
    }

    #[test]
    fn a_held_lock_names_its_holder() {
        run(async {
            let dir = tempfile::tempdir().unwrap();
            let held = acquire(dir.path(), "backup", "nightly", OnBusy::Fail).await;

            let error = acquire(dir.path(), "backup", "other", OnBusy::Fail)
                .await
                .unwrap_err();

            assert_eq!(error.kind(), Kind::Locked);
            assert_eq!(error.exit_code(), 75);
            let pid = std::process::id();
            let start = format!("lock `backup` is held by `nightly` (pid {pid}) since 2");
            assert!(error.message().starts_with(&start), "{}", error.message());
            assert_eq!(error.fields()["pid"], pid);
            drop(held);
        });
    }

    #[test]
    fn a_lock_is_free_again_when_dropped_and_its_file_stays() {
        run(async {
            let dir = tempfile::tempdir().unwrap();
            let first = acquire(dir.path(), "a", "x", OnBusy::Fail)
                .await
                .unwrap()
                .unwrap();
            let path = first.path().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.contains("\"task\":\"x\""), "{text}");
            drop(first);

            let second = acquire(dir.path(), "a", "y", OnBusy::Fail).await.unwrap();

            assert!(second.is_some() && path.exists());
        });
    }

    #[test]
    fn a_busy_lock_can_be_skipped_or_waited_for() {
        run(async {
            let dir = tempfile::tempdir().unwrap();
            let held = acquire(dir.path(), "a", "x", OnBusy::Fail)
                .await
                .unwrap()
                .unwrap();

            assert!(
                acquire(dir.path(), "a", "y", OnBusy::Skip)
                    .await
                    .unwrap()
                    .is_none()
            );
            let short = OnBusy::Wait(Duration::from_millis(60));
            assert!(acquire(dir.path(), "a", "y", short).await.is_err());
            let waiting = acquire(dir.path(), "a", "y", OnBusy::Wait(Duration::MAX));
            let (got, ()) = tokio::join!(waiting, async { drop(held) });
            assert!(got.unwrap().is_some());
        });
    }

    #[test]
    fn what_a_dead_holder_was_starting_is_waited_for() {
        run(async {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.lock");
            let mut dead = crate::ops::process::command("true").spawn().unwrap();
            dead.wait().unwrap();
            let holder = Holder {
                pid: dead.id(),
                task: "x".to_owned(),
                host: who::host(),
                since: String::new(),
            };
            std::fs::write(&path, serde_json::to_string(&holder).unwrap()).unwrap();
            let mut orphan = crate::ops::process::command("flock")
                .arg(&path)
                .args(["sleep", "0.3"])
                .spawn()
                .unwrap();
            let look = open(&path).unwrap();
            while try_lock(&look, &path).unwrap() {
                flock(&look, FlockOperation::Unlock).unwrap();
                tokio::time::sleep(RETRY).await;
            }

            let taken = acquire_file(&path, "a", "y", OnBusy::Fail).await.unwrap();

            assert!(taken.is_some());
            orphan.wait().unwrap();
        });
    }

    #[test]
    fn the_lock_of_a_killed_process_is_free_and_its_children_do_not_keep_it() {
        run(async {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("l.lock");
            File::create(&path).unwrap();
            // A process that holds the lock and has a child that outlives it; `-o` closes the lock in that child.
            let script = "sleep 30 & echo $!; wait";
            let mut holder = crate::ops::process::command("flock")
                .arg("-o")
                .arg(&path)
                .args(["sh", "-c", script])
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            std::io::BufRead::read_line(
                &mut std::io::BufReader::new(holder.stdout.take().unwrap()),
                &mut line,
            )
            .unwrap();
            assert!(
                acquire_file(&path, "l", "me", OnBusy::Skip)
                    .await
                    .unwrap()
                    .is_none()
            );

            holder.kill().unwrap();
            holder.wait().unwrap();

            let got = acquire_file(&path, "l", "me", OnBusy::Wait(Duration::from_secs(20))).await;
            assert!(got.unwrap().is_some());
            let orphan = rustix::process::Pid::from_raw(line.trim().parse().unwrap()).unwrap();
            rustix::process::kill_process(orphan, rustix::process::Signal::KILL).unwrap();
        });
    }

    #[test]
    fn a_program_started_under_a_lock_does_not_inherit_it() {
        run(async {
            let dir = tempfile::tempdir().unwrap();
            let lock = acquire(dir.path(), "a", "x", OnBusy::Fail)
                .await
                .unwrap()
                .unwrap();

            let listing = crate::ops::process::command("ls")
                .args(["-l", "/proc/self/fd"])
                .output()
                .unwrap();

            let listing = String::from_utf8(listing.stdout).unwrap();
            let path = lock.path().to_str().unwrap();
            assert!(!listing.contains(path), "{listing}");
        });
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        run(async {
            let dir = tempfile::tempdir().unwrap();

            let error = acquire(dir.path(), "../x", "me", OnBusy::Fail).await;

            assert_eq!(error.unwrap_err().kind(), Kind::Invalid);
        });
    }
}
