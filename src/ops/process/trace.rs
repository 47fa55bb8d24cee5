//! What a run that was killed has left running is ended by the project's next run.
//!
//! A run that starts a program leaves a file that holds its mark, and a lock on it for as long as it lives: a file whose lock
//! is free tells of a run that never came to its end.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::registry::{Registry, sweep};

/// How long after it was begun a trace that is not finished never will be.
const ABANDONED: Duration = Duration::from_mins(1);

/// The file of a run, once there is one.
#[derive(Debug, Default)]
pub(super) struct Trace(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Where the files of this project's runs are.
    folder: Option<PathBuf>,
    /// The own one, with its lock.
    own: Option<(PathBuf, File)>,
}

impl Registry {
    /// Says where the run leaves its trace when it starts a program.
    pub fn trace_in(&self, folder: PathBuf) {
        self.trace.lock().folder = Some(folder);
    }

    /// A run whose trace cannot be written goes on: only what it leaves when it is killed is not found then.
    pub(super) fn leave_trace(&self) {
        let mut state = self.trace.lock();
        if let (None, Some(folder)) = (&state.own, &state.folder) {
            state.own = write(folder, self.run_id()).ok();
        }
    }

    /// Removes the trace: the run has ended what it started.
    pub fn forget_trace(&self) {
        if let Some((path, _lock)) = self.trace.lock().own.take() {
            let _gone_already = fs::remove_file(path);
        }
    }
}

impl Trace {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(folder: &Path, run_id: &str) -> std::io::Result<(PathBuf, File)> {
    fs::create_dir_all(folder)?;
    let name = run_id.replace('/', "+");
    // Nobody finds it before it holds its lock.
    let hidden = folder.join(format!(".{name}"));
    let mut file = File::create_new(&hidden)?;
    file.lock()?;
    file.write_all(run_id.as_bytes())?;
    let path = folder.join(name);
    fs::rename(&hidden, &path)?;
    Ok((path, file))
}

/// The traces of runs that live no more, with their marks.
pub fn of_killed(folder: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let of_killed = |entry: fs::DirEntry| {
        let path = entry.path();
        let file = File::open(&path).ok()?;
        let is_free = file.try_lock_shared().is_ok();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            // It was killed before it had started anything.
            let age = file.metadata().ok()?.modified().ok()?.elapsed().ok()?;
            let _gone_already = (is_free && age > ABANDONED).then(|| fs::remove_file(&path));
            return None;
        }
        let run_id = fs::read_to_string(&path).ok()?;
        (is_free || is_dead(&run_id)).then_some((path, run_id))
    };
    entries.flatten().filter_map(of_killed).collect()
}

/// Whether the process that a mark begins with, of the innermost run, is gone. What it was just starting when it was killed
/// has the lock open until it has become another program.
fn is_dead(run_id: &str) -> bool {
    let own = run_id.rsplit('/').next().unwrap_or(run_id);
    let pid = own.split('-').next();
    let pid = pid.and_then(|pid| u32::from_str_radix(pid, 16).ok());
    let process = |name: &str| Path::new("/proc").join(name).exists();
    pid.is_some_and(|pid| process("self") && !process(&pid.to_string()))
}

/// Ends what these runs have left, and forgets them. Gives the number of programs that were ended.
pub async fn end_killed(killed: Vec<(PathBuf, String)>, grace: Duration) -> usize {
    let mut ended = 0;
    for (path, run_id) in killed {
        // What was just being started carries the mark only when it has become a program; until then it has the lock.
        let deadline = Instant::now() + grace;
        loop {
            let open = File::open(&path);
            let is_free = open.map_or(true, |file| file.try_lock_shared().is_ok());
            ended += sweep(&run_id, grace).await;
            if is_free || Instant::now() > deadline {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let _gone_already = fs::remove_file(path);
    }
    ended
}
