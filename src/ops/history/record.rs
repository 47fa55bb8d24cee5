//! What is known of a run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who or what started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// A person at a terminal.
    Terminal,
    /// A program without one, such as a script or CI.
    Program,
    /// The system's cron or a timer of systemd.
    Cron,
    /// Our own scheduler.
    Schedule,
    /// A file that was saved.
    Watch,
    /// `lexi rerun`.
    Rerun,
    /// `lexi run --untrusted`, by whoever.
    Untrusted,
}

impl How {
    /// The word that `LEXI_STARTED_BY` holds; none for what is told by the terminal alone.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "cron" => Some(Self::Cron),
            "schedule" => Some(Self::Schedule),
            "watch" => Some(Self::Watch),
            "rerun" => Some(Self::Rerun),
            _ => None,
        }
    }

    /// The word for people and for `LEXI_STARTED_BY`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Program => "program",
            Self::Cron => "cron",
            Self::Schedule => "schedule",
            Self::Watch => "watch",
            Self::Rerun => "rerun",
            Self::Untrusted => "untrusted",
        }
    }
}

/// The start of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The run's name: when it began in UTC, and four digits that tell those of one second apart.
    pub id: String,
    /// The task.
    pub task: String,
    /// The words behind the task's name as typed, secrets masked.
    pub args: Vec<String>,
    /// The profile.
    pub profile: String,
    /// Who ran it.
    pub user: String,
    /// On which machine.
    pub host: String,
    /// Its process there.
    pub pid: u32,
    /// When, in UTC.
    pub at: Timestamp,
    /// How it was started.
    pub how: How,
    /// Whether it was only to say what it would do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The run.
    pub id: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Its exit code.
    pub exit: u8,
    /// What failed, in one line, secrets masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether it was stopped so that a later run of its schedule can start.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaced: bool,
}

/// One line of `runs.jsonl`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// A run began.
    Start(Started),
    /// A run ended.
    End(Ended),
}

/// How a run is or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It goes on.
    Running,
    /// It ended with 0.
    Done,
    /// It ended with another code.
    Failed,
    /// It was stopped so that a later run of its schedule can start.
    Replaced,
    /// It was killed, or its machine was: nothing tells its end.
    Lost,
}

impl State {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Replaced => "replaced",
            Self::Lost => "lost",
        }
    }
}

/// A run with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// How it began.
    #[serde(flatten)]
    pub started: Started,
    /// How it is or was.
    pub state: State,
    /// How long it took, in milliseconds; none while it runs or when it was lost.
    pub ms: Option<u64>,
    /// Its exit code.
    pub exit: Option<u8>,
    /// What failed.
    pub error: Option<String>,
}

impl Run {
    pub(super) fn new(started: Started, ended: Option<Ended>, is_alive: bool) -> Self {
        let state = match &ended {
            Some(ended) if ended.exit == 0 => State::Done,
            Some(ended) if ended.replaced => State::Replaced,
            Some(_) => State::Failed,
            None if is_alive => State::Running,
            None => State::Lost,
        };
        let (ms, exit, error) = ended.map_or((None, None, None), |ended| {
            (Some(ended.ms), Some(ended.exit), ended.error)
        });
        Self {
            started,
            state,
            ms,
            exit,
            error,
        }
    }

    /// Whether it did not do what it was to do.
    pub const fn is_bad(&self) -> bool {
        matches!(self.state, State::Failed | State::Lost)
    }
}
