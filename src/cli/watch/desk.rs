//! What both kinds of watching share: where news comes from, and the files that are watched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use super::keys::{Key, Keys};
use super::round::Done;
use super::signals;
use crate::base::units::parse_duration;
use crate::base::{Error, Output, Project, Result};
use crate::cli::args;
use crate::script::inputs;
use crate::script::sources::Sources;
use crate::script::watch::{
    Changed, Changes, Cookie, Inbox, Message, Now, Seen, Watch, without_events,
};

/// News that is not of files.
#[derive(Debug)]
pub(super) enum Own {
    /// A signal asks us to end.
    Signal(usize),
    /// Somebody pressed a key.
    Key(Key),
    /// The task has ended.
    Done(Done),
}

/// The texts of scripts that are used whatever is on disk; none where the file counts.
pub(super) type Held = Vec<(PathBuf, Option<String>)>;

/// Where news comes from and what is known of files.
pub(super) struct Desk {
    pub(super) project: Arc<Project>,
    pub(super) inbox: Inbox<Own>,
    pub(super) sender: Sender<Message<Own>>,
    pub(super) keys: Option<Keys>,
    watch: Option<Watch>,
    changes: Changes,
    /// In polling, what the last look found: it counts when the next one finds the same.
    unsettled: Changed,
    /// Whether files that are gone were given the moment in which an editor puts them back.
    has_waited: bool,
}

impl Desk {
    /// Starts to listen.
    pub(super) fn open(args: &args::Watch, project: Arc<Project>, output: &Output) -> Result<Self> {
        let (sender, receiver) = channel();
        signals::forward(sender.clone())?;
        let keys = Keys::start(output, sender.clone());
        let poll = polling(args, &project, output)?;
        let tell = sender.clone();
        let watch = match poll {
            Some(interval) => {
                poll_with(sender.clone(), interval)?;
                None
            }
            // Nobody listens any more once we end.
            None => Some(Watch::start(&project, move |seen| {
                drop(tell.send(Message::File(seen)));
            })?),
        };
        Ok(Self {
            inbox: Inbox::new(receiver, project.root()),
            project,
            sender,
            keys,
            watch,
            changes: Changes::default(),
            unsettled: Changed::new(),
            has_waited: false,
        })
    }

    /// Watches all scripts and these sources, and learns what those hold that are new. Scripts that were read before are
    /// looked at once more: they may have been saved before they were watched.
    pub(super) fn follow(
        &mut self,
        sources: Option<&Sources>,
        read: &BTreeMap<PathBuf, String>,
    ) -> Result<()> {
        self.watch(sources)?;
        let known: BTreeSet<PathBuf> = self.changes.files().map(Path::to_owned).collect();
        for (path, text) in read.iter().filter(|(path, _)| !known.contains(*path)) {
            self.changes.learn_text(path.clone(), text);
            self.inbox.again([path.clone()]);
        }
        self.changes.learn(self.all(sources));
        Ok(())
    }

    /// Watches the folders of all scripts and of these sources.
    pub(super) fn watch(&mut self, sources: Option<&Sources>) -> Result<()> {
        if let Some(watch) = &mut self.watch {
            let scripts = self.project.script_folders();
            let walks = scripts.into_iter().flat_map(walkdir::WalkDir::new);
            let entries = walks.filter_map(std::result::Result::ok);
            let folders = entries.filter(|entry| entry.file_type().is_dir());
            let mut folders: BTreeSet<PathBuf> =
                folders.map(walkdir::DirEntry::into_path).collect();
            folders.insert(self.project.root().to_owned());
            folders.extend(sources.into_iter().flat_map(Sources::folders));
            watch.folders(folders)?;
        }
        Ok(())
    }

    /// How many files are watched.
    pub(super) fn count(&self) -> usize {
        self.changes.files().count()
    }

    fn all(&self, sources: Option<&Sources>) -> BTreeSet<PathBuf> {
        let mut all = inputs::on_disk(&self.project);
        all.extend(sources.into_iter().flat_map(Sources::files));
        all
    }

    /// What has changed of these files, or of all. None when that is not settled yet: then they come again.
    pub(super) fn changed(
        &mut self,
        paths: BTreeSet<PathBuf>,
        all: bool,
        sources: Option<&Sources>,
    ) -> Option<Changed> {
        let mut meant: BTreeSet<PathBuf> = paths
            .into_iter()
            .filter(|path| self.is_script(path) || sources.is_some_and(|s| s.takes(path)))
            .collect();
        if all {
            meant.extend(self.changes.files().map(Path::to_owned));
            meant.extend(self.all(sources));
        }
        let found = self.changes.look(&meant);
        if self.watch.is_none() {
            return self.settled(found);
        }
        let gone = found.iter().filter(|(_, now)| !now.is_there());
        let gone: BTreeSet<PathBuf> = gone.map(|(path, _)| path.clone()).collect();
        if !gone.is_empty() && !self.has_waited {
            self.has_waited = true;
            self.inbox.pause(&gone);
            self.inbox.again(meant);
            return None;
        }
        self.has_waited = false;
        Some(found)
    }

    /// What two looks found alike.
    fn settled(&mut self, found: Changed) -> Option<Changed> {
        let same = |(path, now): &(PathBuf, Now)| self.unsettled.get(path) == Some(now);
        let settled: Changed = found.clone().into_iter().filter(same).collect();
        self.unsettled = found;
        (!settled.is_empty()).then_some(settled)
    }

    /// Whether what was read of changed files is whole; those that change again just now come again.
    pub(super) fn is_whole(&mut self, changed: &Changed) -> bool {
        let paths = changed.keys().cloned().collect();
        let cookie = self.cookie();
        let is_whole = self.inbox.confirm(&paths, cookie.as_ref());
        // Nothing is told yet of a file that was cut just now to be written anew.
        is_whole && (!changed.values().any(Now::is_empty) || self.is_settled(changed))
    }

    /// Whether changed files still hold the same after a moment in which nobody wrote to them; otherwise they come again.
    pub(super) fn is_settled(&mut self, changed: &Changed) -> bool {
        let paths = changed.keys().cloned().collect();
        let cookie = self.cookie();
        if !self.inbox.stay(&paths, cookie.as_ref()) {
            return false;
        }
        let is_same = self.changes.look(&paths) == *changed;
        if !is_same {
            self.inbox.again(paths);
        }
        is_same
    }

    /// Uses the new texts of changed scripts from now on; gives what was used before.
    pub(super) fn hold(&self, changed: &Changed) -> Held {
        let scripts = changed.iter().filter(|(path, _)| self.is_script(path));
        let held = scripts.map(|(path, now)| {
            let before = self.project.held(path);
            self.project.hold(path, now.text().map(str::to_owned));
            (path.clone(), before)
        });
        held.collect()
    }

    /// Uses texts again that were used before.
    pub(super) fn hold_again(&self, held: Held) {
        for (path, text) in held {
            self.project.hold(&path, text);
        }
    }

    /// Takes changes for known.
    pub(super) fn take(&mut self, changed: &Changed) {
        self.changes.accept(changed);
    }

    /// The files that were touched before now and not yet looked at.
    pub(super) fn touched(&mut self) -> BTreeSet<PathBuf> {
        let cookie = self.cookie();
        self.inbox.sync(cookie.as_ref()).clone()
    }

    /// Whether one of these is a folder that is watched: when it comes or goes, so do the files in it.
    pub(super) fn has_folder(&self, paths: &BTreeSet<PathBuf>) -> bool {
        let is_folder = |watch: &Watch| paths.iter().any(|path| watch.has(path));
        self.watch.as_ref().is_some_and(is_folder)
    }

    fn cookie(&self) -> Option<Cookie> {
        self.watch.as_ref().map(Watch::cookie)
    }

    /// Whether a path is that of a script of this project.
    pub(super) fn is_script(&self, path: &std::path::Path) -> bool {
        let folders = self.project.script_folders();
        inputs::is_script(path) && folders.iter().any(|folder| path.starts_with(folder))
    }
}

/// How often to look at files where events cannot be waited for.
fn polling(args: &args::Watch, project: &Project, output: &Output) -> Result<Option<Duration>> {
    if let Some(interval) = &args.poll {
        return parse_duration(interval).map(Some).map_err(|error| {
            Error::usage(format!("`--poll`: {}", error.message())).hint("such as `--poll=1s`")
        });
    }
    let Some(kind) = without_events(project.root()) else {
        return Ok(None);
    };
    output.say(&format!(
        "{} is on {kind}, which may not tell of changes: looking at the files twice a second",
        project.root().display()
    ));
    Ok(Some(Duration::from_millis(500)))
}

fn poll_with(sender: Sender<Message<Own>>, interval: Duration) -> Result<()> {
    let look = move || {
        while sender.send(Message::File(Seen::Overflow)).is_ok() {
            std::thread::sleep(interval);
        }
    };
    let thread = std::thread::Builder::new().name("poll".into()).spawn(look);
    thread
        .map(drop)
        .map_err(|e| Error::io("cannot start to look at files", e))
}
