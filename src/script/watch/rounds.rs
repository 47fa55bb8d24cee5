//! Whether a task runs in circles: it writes what starts it again.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often one file may change while its task runs, within [`WINDOW`].
const MOST: usize = 5;

/// The time in which changes are counted.
const WINDOW: Duration = Duration::from_secs(10);

/// The changes that were made while the task ran.
#[derive(Debug, Default)]
pub struct Rounds {
    changes: VecDeque<(Instant, PathBuf)>,
}

impl Rounds {
    /// Notes that a file changed while the task ran, and says whether that was once too often.
    pub fn note(&mut self, file: &Path, now: Instant) -> bool {
        while self
            .changes
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > WINDOW)
        {
            self.changes.pop_front();
        }
        self.changes.push_back((now, file.to_owned()));
        self.changes
            .iter()
            .filter(|(_, changed)| changed == file)
            .count()
            > MOST
    }

    /// Starts to count anew.
    pub fn forget(&mut self) {
        self.changes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_change_in_ten_seconds_is_one_too_many() {
        let (mut rounds, start) = (Rounds::default(), Instant::now());
        let note = |rounds: &mut Rounds, seconds| {
            rounds.note(Path::new("a"), start + Duration::from_secs(seconds))
        };

        let first: Vec<bool> = (0..6).map(|second| note(&mut rounds, second)).collect();
        assert_eq!(first, [false, false, false, false, false, true]);
        assert!(!rounds.note(Path::new("b"), start + Duration::from_secs(6)));
        assert!(!note(&mut rounds, 16), "the old ones do not count");
    }
}
