//! `lexi watch TASK`: the rounds of one task.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use super::desk::{Changed, Desk, Own};
use super::keys::Key;
use super::round::{self, Done, Running};
use crate::base::output::{CYAN, GREEN, RED};
use crate::base::text::count;
use crate::base::units::duration;
use crate::base::{Error, Result};
use crate::cli::args::{self, OnBusy};
use crate::cli::context::Context;
use crate::cli::render;
use crate::script::sources::Sources;
use crate::script::watch::{Next, Rounds};
use crate::script::{Catalog, inputs};

/// Runs a task now and whenever what it depends on is saved.
pub(super) fn run(
    name: &str,
    words: &[String],
    args: &args::Watch,
    ctx: &Context,
) -> Result<ExitCode> {
    let project = ctx.with_project_of(words).project()?;
    let catalog = Catalog::load(project.clone())?;
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
        scripts: None,
        sources: None,
        running: None,
        is_due: false,
        waiting: BTreeSet::new(),
        own: BTreeSet::new(),
        rounds: Rounds::default(),
        paused: None,
        filter: String::new(),
    };
    watching.refuse_destructive(&catalog)?;
    watching.follow(&catalog)?;
    watching.start()?;
    watching.rounds()
}

/// A task that is watched.
struct Watching<'w> {
    ctx: &'w Context,
    args: &'w args::Watch,
    name: &'w str,
    words: &'w [String],
    desk: Desk,
    /// The scripts it is made of; none while that cannot be told.
    scripts: Option<BTreeSet<PathBuf>>,
    sources: Option<Sources>,
    running: Option<Running>,
    /// Whether it runs again as soon as it has ended.
    is_due: bool,
    /// Files that changed while it ran.
    waiting: BTreeSet<PathBuf>,
    /// Files that had changed when it ended: it may have written them itself.
    own: BTreeSet<PathBuf>,
    rounds: Rounds,
    /// The file that it seems to write itself.
    paused: Option<PathBuf>,
    filter: String,
}

impl Watching<'_> {
    fn rounds(mut self) -> Result<ExitCode> {
        let mut ends_with = None;
        while let Some(next) = self.desk.inbox.receive() {
            match next {
                Next::Other(Own::Key(Key::Quit)) => return Ok(ExitCode::SUCCESS),
                Next::Other(Own::Key(key)) => self.key(key)?,
                Next::Other(Own::Signal(number)) => match &self.running {
                    Some(running) if running.signal(number) => ends_with = Some(number),
                    Some(_) => {}
                    None => return Ok(exit(number)),
                },
                Next::Other(Own::Done(done)) => {
                    self.running = None;
                    match ends_with {
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
        let out = self.ctx.output();
        let took = duration(done.took);
        if done.is_restarted {
            out.say(&format!("`{}` was stopped to be run again", self.name));
        } else if done.is_ok {
            out.say(&format!(
                "`{}` {} in {took}",
                self.name,
                out.err_paint(GREEN, "ok")
            ));
        } else {
            out.say(&format!(
                "`{}` {} after {took}",
                self.name,
                out.err_paint(RED, "failed")
            ));
        }
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

    fn idle(&mut self) {
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

    fn files(&mut self, paths: BTreeSet<PathBuf>, all: bool) -> Result<()> {
        if self.running.is_some() && self.args.on_busy == OnBusy::Queue {
            return self.queue(paths, all);
        }
        if all {
            self.desk.watch(self.sources.as_ref())?;
        }
        let Some(changed) = self.desk.changed(paths, all, self.sources.as_ref()) else {
            return Ok(());
        };
        let texts = self.texts(&changed);
        if changed.is_empty() || !self.desk.accept(&changed) {
            return Ok(());
        }
        let Some(cause) = self.cause(&changed) else {
            self.hold(texts);
            return Ok(());
        };
        let is_circle = self.is_circle(&cause);
        self.own.clear();
        if is_circle {
            return Ok(());
        }
        match (self.running.is_some(), self.args.on_busy) {
            (true, OnBusy::Ignore) => {
                self.hold(texts);
                Ok(())
            }
            _ => self.renew(&cause, texts),
        }
    }

    /// While the task runs, changed files wait; a task that changes them each time it runs goes round in circles.
    fn queue(&mut self, paths: BTreeSet<PathBuf>, all: bool) -> Result<()> {
        if all {
            self.desk.watch(self.sources.as_ref())?;
            self.waiting
                .extend(self.sources.iter().flat_map(Sources::files));
            self.waiting.extend(inputs::on_disk(&self.desk.project));
        }
        self.waiting.extend(paths);
        Ok(())
    }

    /// The file that is a reason to run the task again.
    fn cause(&self, changed: &Changed) -> Option<PathBuf> {
        let is_meant = |path: &Path| match &self.scripts {
            Some(scripts) if self.desk.is_script(path) => scripts.contains(path),
            _ => true,
        };
        let shown = |path: &Path| self.desk.project.display(path);
        let mut meant = changed.iter().filter(|(path, now)| {
            // A script that is gone is kept as it was; its next version counts.
            (now.is_some() || !self.desk.is_script(path)) && is_meant(path)
        });
        let found = meant.find(|(path, _)| shown(path).contains(&self.filter));
        found.map(|(path, _)| path.clone())
    }

    /// Whether the task seems to write the file itself, again and again.
    fn is_circle(&mut self, cause: &Path) -> bool {
        if self.running.is_none() && !self.own.contains(cause) {
            // Somebody else wrote it.
            self.paused = None;
            return false;
        }
        if self.paused.as_deref() == Some(cause) {
            return true;
        }
        if !self.rounds.note(cause, Instant::now()) {
            return false;
        }
        let shown = self.desk.project.display(cause);
        self.ctx.output().warn(&format!(
            "paused: `{shown}` changed six times in a minute while `{}` ran, so the task seems to write what it watches; \
             name the file in `generates:`, or press r to go on",
            self.name
        ));
        self.paused = Some(cause.to_owned());
        true
    }

    /// The texts of changed scripts.
    fn texts(&self, changed: &Changed) -> Vec<(PathBuf, String)> {
        let scripts = changed
            .iter()
            .filter(|(path, now)| now.is_some() && self.desk.is_script(path));
        let texts = scripts
            .filter_map(|(path, _)| Some((path.clone(), std::fs::read_to_string(path).ok()?)));
        texts.collect()
    }

    fn hold(&self, texts: Vec<(PathBuf, String)>) {
        for (path, text) in texts {
            self.desk.project.hold(&path, Some(text));
        }
    }

    /// Runs the task with these new texts, unless something is wrong with them: then the last good ones stay.
    fn renew(&mut self, cause: &Path, texts: Vec<(PathBuf, String)>) -> Result<()> {
        let project = self.desk.project.clone();
        let before: Vec<(PathBuf, Option<String>)> = texts
            .iter()
            .map(|(path, _)| (path.clone(), project.held(path)))
            .collect();
        self.hold(texts);
        let out = self.ctx.output();
        out.say(&format!(
            "{} changed",
            out.err_paint(CYAN, &project.display(cause))
        ));
        let ready = Catalog::load(project.clone())
            .and_then(|catalog| round::ready(self.name, self.words, catalog, self.ctx))
            .unwrap_or_else(|error| {
                render::error(out, &error);
                None
            });
        let Some(ready) = ready else {
            let has_good = before.iter().all(|(_, text)| text.is_some());
            for (path, text) in before {
                project.hold(&path, text);
            }
            if has_good {
                out.say("keeping the last good version");
            }
            if self.running.is_none() {
                self.idle();
            }
            return Ok(());
        };
        if let Some(running) = &self.running {
            running.restart();
            self.is_due = true;
            return Ok(());
        }
        self.go(ready)
    }

    /// Runs the task as it is known now.
    fn start(&mut self) -> Result<()> {
        let catalog = Catalog::load(self.desk.project.clone())?;
        if let Some(ready) = round::ready(self.name, self.words, catalog, self.ctx)? {
            self.go(ready)
        } else {
            self.idle();
            Ok(())
        }
    }

    fn go(&mut self, ready: round::Ready) -> Result<()> {
        if let Err(error) = self.refuse_destructive(&ready.catalog) {
            render::error(self.ctx.output(), &error);
            self.idle();
            return Ok(());
        }
        self.follow(&ready.catalog)?;
        if let Some(keys) = &mut self.desk.keys {
            keys.leave();
        }
        if self.args.clear {
            self.ctx.output().clear();
        }
        match ready.start(self.desk.sender.clone()) {
            Ok(running) => self.running = Some(running),
            Err(error) => {
                render::error(self.ctx.output(), &error);
                self.idle();
            }
        }
        Ok(())
    }

    /// Watches what the task depends on now, and holds the scripts as they are.
    fn follow(&mut self, catalog: &Catalog) -> Result<()> {
        let project = self.desk.project.clone();
        let found = catalog
            .find(self.name)
            .ok()
            .and_then(|task| inputs::scripts(catalog, &task.name));
        let Some(found) = found else {
            return self.desk.follow(self.sources.as_ref());
        };
        for (name, text) in &found {
            let path = project.path(name);
            if path.is_file() {
                project.hold(&path, Some(text.clone()));
            }
        }
        self.scripts = Some(found.keys().map(|name| project.path(name)).collect());
        let tasks = catalog.order(self.name).unwrap_or_default();
        let all = |of: fn(&crate::script::task::Task) -> &Vec<String>| -> Vec<String> {
            tasks.iter().flat_map(|task| of(task).clone()).collect()
        };
        let (wanted, made) = (all(|task| &task.sources), all(|task| &task.generates));
        self.sources = Some(Sources::of(&project, &wanted, &made)?);
        self.desk.follow(self.sources.as_ref())
    }

    /// Nobody wants data destroyed because a file was saved.
    fn refuse_destructive(&self, catalog: &Catalog) -> Result<()> {
        let Ok(order) = catalog.find(self.name).and_then(|task| {
            catalog
                .order(&task.name)
                .map_err(|found| Error::usage(found.message))
        }) else {
            return Ok(());
        };
        match order.iter().find(|task| task.destructive) {
            Some(task) if !self.args.allow_destructive => {
                let message = format!(
                    "`{}` destroys data, so a saved file must not start it",
                    task.name
                );
                Err(Error::usage(message).hint("`--allow-destructive` watches it all the same"))
            }
            _ => Ok(()),
        }
    }
}

fn exit(signal: usize) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(130))
}
