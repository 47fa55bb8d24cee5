//! `lexi watch TASK`: what happens while a task is watched, one thing after the other. What a changed file does is decided in
//! `news.rs`, and the task is made ready and run in `renewal.rs`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use super::desk::{Desk, Own};
use super::keys::Key;
use super::renewal::Followed;
use super::round::{Done, Running};
use crate::base::Result;
use crate::base::output::{GREEN, RED};
use crate::base::text::count;
use crate::base::units::duration;
use crate::cli::args;
use crate::cli::context::Context;
use crate::script::Catalog;
use crate::script::watch::{Next, Rounds};

/// Runs a task now and whenever what it depends on is saved.
pub(super) fn run(
    name: &str,
    words: &[String],
    args: &args::Watch,
    ctx: &Context,
) -> Result<ExitCode> {
    let project = ctx.with_project_of(words).project()?;
    let catalog = Arc::new(Catalog::load(Arc::clone(&project))?);
    if let Err(error) = catalog.find(name)
        && catalog.unreadable(name).is_empty()
    {
        return Err(error);
    }
    let mut watching = Watching {
        desk: Desk::open(args, project, ctx.output())?,
        ctx,
        args,
        name,
        words,
        catalog,
        followed: Followed::default(),
        running: None,
        is_due: false,
        waiting: BTreeSet::new(),
        own: BTreeSet::new(),
        ignored: BTreeSet::new(),
        rounds: Rounds::default(),
        paused: None,
        filter: String::new(),
    };
    watching.refuse_destructive(&watching.catalog)?;
    watching.start()?;
    watching.rounds()
}

/// A task that is watched.
pub(super) struct Watching<'w> {
    pub(super) ctx: &'w Context,
    pub(super) args: &'w args::Watch,
    pub(super) name: &'w str,
    pub(super) words: &'w [String],
    pub(super) desk: Desk,
    /// The tasks as they last were when this one could run.
    pub(super) catalog: Arc<Catalog>,
    pub(super) followed: Followed,
    pub(super) running: Option<Running>,
    /// Whether it runs again as soon as it has ended.
    pub(super) is_due: bool,
    /// Files that changed while it ran.
    pub(super) waiting: BTreeSet<PathBuf>,
    /// Files that had changed when it ended: it may have written them itself.
    pub(super) own: BTreeSet<PathBuf>,
    /// Files whose change was no reason to run it; they are looked at with the next that is.
    pub(super) ignored: BTreeSet<PathBuf>,
    pub(super) rounds: Rounds,
    /// The file that it seems to write itself.
    pub(super) paused: Option<PathBuf>,
    pub(super) filter: String,
}

impl Watching<'_> {
    fn rounds(mut self) -> Result<ExitCode> {
        let (mut ends_with, mut left) = (None, None);
        while let Some(next) = self.desk.inbox.receive() {
            match next {
                Next::Other(Own::Key(Key::Quit)) => return Ok(ExitCode::SUCCESS),
                Next::Other(Own::Key(key)) => self.key(key)?,
                Next::Other(Own::Signal(number)) => match &self.running {
                    Some(running) if running.signal(number) => ends_with = Some(number),
                    Some(_) => left = Some(number),
                    None => return Ok(exit(number)),
                },
                Next::Other(Own::Done(done)) => {
                    self.running = None;
                    // Ctrl-C was for the program that had the terminal; who stopped it with that wants to leave.
                    let left = left.take().filter(|_| !done.is_ok);
                    match ends_with.or(left) {
                        Some(number) => return Ok(exit(number)),
                        None => self.done(&done)?,
                    }
                }
                Next::Files {
                    paths,
                    all,
                    folders,
                } => self.files(paths, all || folders)?,
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn key(&mut self, key: Key) -> Result<()> {
        match key {
            Key::Filter(filter) => {
                self.filter = filter;
                self.idle();
                Ok(())
            }
            _ if self.running.is_some() => Ok(()),
            _ => {
                self.paused = None;
                self.rounds.forget();
                self.start()
            }
        }
    }

    /// What a run left behind: the files that changed meanwhile, and perhaps the next run.
    fn done(&mut self, done: &Done) -> Result<()> {
        self.tell(done);
        if self.is_due {
            self.is_due = false;
            return self.start();
        }
        let mut own = std::mem::take(&mut self.waiting);
        own.extend(self.desk.touched());
        if own.is_empty() {
            // In a circle every run leaves something behind.
            self.rounds.forget();
        }
        self.desk.inbox.again(own.clone());
        self.own = own;
        self.idle();
        Ok(())
    }

    fn tell(&self, done: &Done) {
        let (out, took) = (self.ctx.output(), duration(done.took));
        let name = self.name;
        out.say(&if done.is_restarted {
            format!("`{name}` was stopped to be run again")
        } else if done.is_ok {
            format!("`{name}` {} in {took}", out.err_paint(GREEN, "ok"))
        } else {
            format!("`{name}` {} after {took}", out.err_paint(RED, "failed"))
        });
    }

    /// Says that nothing goes on, and listens for keys.
    pub(super) fn idle(&mut self) {
        let files = count("file", self.desk.count());
        let filter = match self.filter.as_str() {
            "" => String::new(),
            filter => format!(" whose path holds `{filter}`"),
        };
        let keys = match &mut self.desk.keys {
            Some(keys) => {
                keys.listen();
                " (r runs it again, f filters, q quits)"
            }
            None => "",
        };
        self.ctx
            .output()
            .say(&format!("watching {files}{filter}{keys}"));
    }
}

fn exit(signal: usize) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(130))
}
