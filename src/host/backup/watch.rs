//! Shows how far a backup or restore has come.

use std::sync::{Mutex, PoisonError};

use crate::base::Output;
use crate::base::output::{Progress as Shown, ProgressUnit};
use crate::ops::backup::{Progress, Step};

/// A progress on the terminal that follows the steps of long work; elsewhere one line at its start.
pub(super) struct Watch {
    shown: Shown,
    step: Mutex<Option<Step>>,
}

impl Watch {
    /// Begins with what is being done as a whole.
    pub(super) fn start(output: &Output, label: &str) -> Self {
        Self {
            shown: output.progress(label, None, ProgressUnit::Bytes),
            step: Mutex::new(None),
        }
    }

    /// Takes what the work reports.
    pub(super) fn take(&self, progress: Progress) {
        if !self.shown.is_shown() {
            return;
        }
        let mut step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        if *step != Some(progress.step) {
            *step = Some(progress.step);
            self.shown.begin(label(progress.step), progress.total);
        }
        self.shown.set(progress.done);
    }
}

const fn label(step: Step) -> &'static str {
    match step {
        Step::Dump => "writing the dump",
        Step::Verify => "reading the file",
        Step::Replay => "filling the new database",
        Step::Check => "checking the new database",
        Step::Swap => "putting the new database in place",
    }
}
