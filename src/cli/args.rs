//! The shape of the command line; nothing is decided here.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Run the tasks of a project: databases, services, backups, files and programs.
#[derive(Debug, Parser)]
#[command(
    name = "lexi",
    version,
    about,
    disable_help_subcommand = true,
    after_help = "Examples:\n  lexi list                      every task, by group\n  lexi run backup --label nightly\n  lexi backup                    the same without `run`, where no command has that name\n  lexi --profile test run up\n\nExit codes: 0 done, 1 failed, 2 usage or configuration, 75 locked, 124 timed out,\n130 interrupted (128 + signal); a foreground program's own code is passed on."
)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// What every command understands.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Work on this profile: dev, prod or test.
    #[arg(long, global = true, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    /// Use the project in this folder instead of the nearest upward.
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) project: Option<PathBuf>,
    /// Where services run: auto, native or docker.
    #[arg(long, global = true, value_name = "DRIVER")]
    pub(super) driver: Option<String>,
    /// Set a setting for this run only.
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
    /// Say less: -q errors and data only, -qq data only.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) quiet: u8,
    /// Say more: -v what and why, -vv every call.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// Write data as one JSON document.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Use colour.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,
    /// Write what happens as lines of JSON to stderr.
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    pub(super) log: Option<LogFormat>,
    /// Answer ordinary questions with yes.
    #[arg(short, long, global = true)]
    pub(super) yes: bool,
    /// Give the name that a destructive task asks for.
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) confirm: Option<String>,
    /// While another run holds the lock: fail, skip (do nothing, exit 0), wait, or wait at most so long, such as 10m.
    #[arg(long, global = true, value_name = "WHAT")]
    pub(super) if_locked: Option<OnLocked>,
    /// Say what would be done and do nothing; `=execute` also tries migrations out and takes them back.
    #[arg(
        long,
        global = true,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "print"
    )]
    pub(super) dry_run: Option<DryRun>,
    /// Also run tasks that are up to date.
    #[arg(long, global = true)]
    pub(super) force: bool,
}

/// What to do while another run holds the lock.
pub(super) type OnLocked = crate::ops::lock::OnBusy;

/// How far a dry run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DryRun {
    /// It tells what would be done.
    Print,
    /// Migrations run in a transaction that is rolled back; everything else is told.
    Execute,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How what happens is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// A JSON object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a task.
    #[command(alias = "r")]
    Run(Box<Run>),
    /// List the tasks by group.
    #[command(alias = "ls")]
    List(List),
    /// Show a task: what it is, its arguments, where it is declared.
    Show(Show),
    /// Explain a command or a task.
    Help(Help),
    /// Run a task again whenever a file it depends on changes.
    Watch(Watch),
    /// Run tasks at the times that their schedules name.
    Cron(Cron),
    /// Say why a task will run or will not.
    Explain(Explain),
    /// Find mistakes in tasks without running anything.
    Check(Check),
    /// Make a project in a folder, or what it lacks to be one.
    Init(Init),
    /// Write a new task from a template.
    New(New),
    /// Open a task's file in the editor, and check it when that has ended.
    #[command(
        after_help = "VISUAL or EDITOR says which editor. Those that can are led to the task's line."
    )]
    Edit(Edit),
    /// Say where a task is declared, whose it is and what it hides.
    Which(Which),
    /// Show each setting and where it comes from.
    Env(Env),
    /// Say what would fail here, and what to do about it.
    #[command(after_help = "Exit code 0 when nothing would fail, 1 when something would.")]
    Doctor(Doctor),
    /// List what was run here, or show one run.
    History(History),
    /// Run something again that was run before, with the same arguments and profile.
    Rerun(Rerun),
    /// Check the log of who ran what.
    Audit(Audit),
    /// Print what was counted of the runs, as Prometheus reads it.
    Metrics,
    /// Write the documentation of the script functions.
    Docs(Docs),
    /// Print the completion script of a shell.
    Completions(Completions),
    /// Print the manual page, or write all of them to a folder.
    Man(Man),
    /// Run what `lexi run --untrusted` ordered.
    #[command(name = "__untrusted", hide = true)]
    Untrusted,
    /// Look what has a time, for `lexi cron`.
    #[command(name = "__schedules", hide = true)]
    Schedules,
    /// Answer a completion script.
    #[command(name = "__complete", hide = true)]
    Complete(Complete),
    /// Any other word is a task.
    #[command(external_subcommand)]
    Task(Vec<String>),
}

#[derive(Debug, clap::Args)]
#[command(
    disable_help_subcommand = true,
    override_usage = "lexi run [OPTIONS] TASK [ARGS]...",
    after_help = "`lexi list` shows the tasks, `lexi help TASK` explains a task's arguments."
)]
pub(super) struct Run {
    /// The time that `lexi cron` starts it for.
    #[arg(long, hide = true, value_name = "JSON")]
    pub(super) slot: Option<String>,
    /// Files whose last good text is used instead of the one on disk.
    #[arg(long, hide = true, value_name = "DIR")]
    pub(super) held: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) untrusted: Untrusted,
    #[command(subcommand)]
    pub(super) words: Option<RunWords>,
}

/// A script that nobody trusts, and what it may do: nothing but this.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Untrusted scripts")]
pub(super) struct Untrusted {
    /// Run this file in a process of its own, without settings, tasks, libraries or rights.
    #[arg(long = "untrusted", id = "untrusted", value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// It may read this file or folder; can be repeated, as all that allow.
    #[arg(long, value_name = "PATH", requires = "untrusted")]
    pub(super) allow_read: Vec<PathBuf>,
    /// It may write this file or folder.
    #[arg(long, value_name = "PATH", requires = "untrusted")]
    pub(super) allow_write: Vec<PathBuf>,
    /// It may run this program.
    #[arg(long, value_name = "PROGRAM", requires = "untrusted")]
    pub(super) allow_run: Vec<String>,
    /// It may talk to this machine.
    #[arg(long, value_name = "HOST:PORT", requires = "untrusted")]
    pub(super) allow_net: Vec<String>,
    /// It may use the profile's database: `read`, `write` or `admin`.
    #[arg(long, value_name = "LEVEL", requires = "untrusted")]
    pub(super) allow_db: Option<String>,
    /// Memory of each process.
    #[arg(long, value_name = "SIZE", default_value = "256M")]
    pub(super) memory: String,
    /// Processor time of each process.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(super) cpu: String,
    /// How long it may take in all.
    #[arg(long, value_name = "TIME", default_value = "1m")]
    pub(super) timeout: String,
    /// The longest file it may write.
    #[arg(long, value_name = "SIZE", default_value = "64M")]
    pub(super) file_size: String,
    /// How much it may print.
    #[arg(long, value_name = "SIZE", default_value = "16M")]
    pub(super) output: String,
    /// Open files of each process.
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(super) files: u64,
    /// Processes and threads in all.
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub(super) processes: u64,
}

#[derive(Debug, Subcommand)]
pub(super) enum RunWords {
    /// The task's name or alias, and its arguments exactly as typed.
    #[command(external_subcommand)]
    Task(Vec<String>),
}

#[derive(Debug, Default, clap::Args)]
pub(super) struct List {
    /// Also list tasks that are marked as hidden.
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The task's name or alias.
    pub(super) task: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Help {
    /// A command or a task.
    pub(super) name: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(
    override_usage = "lexi watch [OPTIONS] [TASK] [ARGS]...",
    after_help = "A task runs again when its file, a script it imports, or one of its `sources:` is saved. Without a task,\nscripts are checked as they are saved. Keys while nothing runs: r runs it again, f filters, q quits."
)]
pub(super) struct Watch {
    /// What a change does while the task is running.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = OnBusy::Queue)]
    pub(super) on_busy: OnBusy,
    /// Look at the files every so often instead of waiting for events.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "500ms")]
    pub(super) poll: Option<String>,
    /// Also run a task that destroys data, each time.
    #[arg(long)]
    pub(super) allow_destructive: bool,
    /// Clear the screen before each run.
    #[arg(long)]
    pub(super) clear: bool,
    /// The task's name or alias, and its arguments exactly as typed.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "TASK"
    )]
    pub(super) words: Vec<String>,
}

#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  lexi cron --profile prod                  run what is due until told to stop\n  lexi cron --next 10                       the next ten starts\n  lexi cron --dry-run                       what would run here, and what is off and why\n\nA schedule is a task's `schedule:` or a [schedule.NAME] of lexi.toml; it runs in the profiles that it lists, `prod`\nwithout a list. SIGTERM starts nothing more and waits for what runs; a second one stops that too."
)]
pub(super) struct Cron {
    #[command(subcommand)]
    pub(super) what: Option<CronOf>,
    /// List the next N starts and end.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10")]
    pub(super) next: Option<std::num::NonZeroUsize>,
    /// Run what is due now and what was missed, then end.
    #[arg(long, conflicts_with = "next")]
    pub(super) once: bool,
    /// Agree with other daemons by files (those of one host) or by the profile's database (those of several).
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = Coordinate::File)]
    pub(super) coordinator: Coordinate,
    /// End at once when another daemon leads.
    #[arg(long, conflicts_with_all = ["next", "once"])]
    pub(super) unless_running: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum CronOf {
    /// Let the system keep a daemon of this project and profile running; --dry-run shows what would be written.
    Install {
        #[command(flatten)]
        system: System,
        /// How the daemon agrees with others.
        #[arg(long, value_name = "WHERE", value_enum, default_value_t = Coordinate::File)]
        coordinator: Coordinate,
    },
    /// Take out what `install` wrote, and nothing else.
    Uninstall {
        #[command(flatten)]
        system: System,
    },
}

/// What keeps a daemon running.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct System {
    /// This user's crontab, which looks each minute whether a daemon runs.
    #[arg(long, conflicts_with_all = ["systemd", "user"])]
    pub(super) crontab: bool,
    /// A unit of systemd.
    #[arg(long)]
    pub(super) systemd: bool,
    /// This user's own systemd, not the system's.
    #[arg(long, requires = "systemd")]
    pub(super) user: bool,
}

#[derive(Debug, clap::Args)]
#[command(override_usage = "lexi explain TASK [ARGS]...")]
pub(super) struct Explain {
    /// The task's name or alias, and its arguments exactly as typed.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "TASK"
    )]
    pub(super) words: Vec<String>,
}

/// Where several daemons agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Coordinate {
    /// By files below .lexi.
    #[default]
    File,
    /// By rows of the profile's database.
    Pg,
}

/// What a change does while the task is running.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum OnBusy {
    /// The task ends and then runs once more.
    #[default]
    Queue,
    /// The task is stopped (SIGTERM, five seconds, SIGKILL), waited for, and run again.
    Restart,
    /// Nothing.
    Ignore,
}

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Files to check; all of the project's without one.
    pub(super) files: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// The folder; this one without it.
    pub(super) dir: Option<PathBuf>,
    /// Also bring LexiFlow: its tasks, migrations, seeds, SQL and services.
    #[arg(long)]
    pub(super) with_lexiflow: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = super::new::help())]
pub(super) struct New {
    /// The new task's name; asked for without it.
    pub(super) task: Option<String>,
    /// What kind of task.
    #[arg(long, value_name = "KIND")]
    pub(super) kind: Option<String>,
    /// Write it for all projects, to the user's own folder.
    #[arg(long)]
    pub(super) user: bool,
    /// The file to write it to, below tasks/; a file of its own without it.
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Edit {
    /// The task's name or alias.
    pub(super) task: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// A task's name or alias, or a command.
    pub(super) task: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Env {
    /// Show only this setting.
    pub(super) name: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    /// Look with what cron gives to a program: hardly any environment, a short PATH, no terminal.
    #[arg(long)]
    pub(super) cron: bool,
    /// This is the program that `--cron` has started.
    #[arg(long, hide = true, conflicts_with = "cron")]
    pub(super) inside: bool,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct History {
    #[command(subcommand)]
    pub(super) what: Option<HistoryOf>,
    /// Only runs of this task.
    #[arg(long, value_name = "TASK")]
    pub(super) task: Option<String>,
    /// Only runs that failed or were killed.
    #[arg(long)]
    pub(super) failed: bool,
    /// Only runs of this long ago at most, such as 2h or 7d.
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// At most so many, the newest.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(super) limit: usize,
}

#[derive(Debug, Subcommand)]
pub(super) enum HistoryOf {
    /// Show a run: what it was, what it wrote, what took long.
    Show {
        /// The run's name as `lexi history` lists it, or `last`.
        run: String,
        /// Write a page for a browser to this file instead.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Throw away what runs wrote more than so many days ago.
    Prune {
        /// How many days are kept.
        #[arg(long, value_name = "N")]
        days: u32,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Rerun {
    /// The run's name as `lexi history` lists it, or `last`.
    #[arg(required_unless_present = "failed")]
    pub(super) run: Option<String>,
    /// Each task whose newest run failed, the oldest first.
    #[arg(long, conflicts_with = "run")]
    pub(super) failed: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    pub(super) what: AuditOf,
}

#[derive(Debug, Subcommand)]
pub(super) enum AuditOf {
    /// Check that no line of the log was changed, removed or put in between.
    Verify {
        /// The hash of a line that must be in the log, such as the last one that was written down elsewhere.
        #[arg(long, value_name = "HASH")]
        holds: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Docs {
    /// Write nothing; fail when what is there differs.
    #[arg(long)]
    pub(super) check: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// The shell.
    pub(super) shell: Shell,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Read one: lexi man watch | man -l -\nInstall all: lexi man --dir /usr/local/share/man/man1"
)]
pub(super) struct Man {
    /// The command; the page of `lexi` itself without it.
    pub(super) name: Option<String>,
    /// Write the pages of all commands to this folder instead.
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    pub(super) dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Complete {
    /// The words typed so far, the last one unfinished.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) words: Vec<String>,
}
