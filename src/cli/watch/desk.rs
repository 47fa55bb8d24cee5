//! What both kinds of watching share: where news comes from, and the files that are watched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
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
use crate::script::sources::{Digest, Sources};
use crate::script::watch::{Changes, Inbox, Message, Seen, Watch, without_events};

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

/// Changed files with what they hold now; nothing for those that are gone.
pub(super) type Changed = BTreeMap<PathBuf, Option<Digest>>;

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

    /// Watches all scripts and these sources, and learns what those hold that are new.
    pub(super) fn follow(&mut self, sources: Option<&Sources>) -> Result<()> {
        self.watch(sources)?;
        self.changes.learn(self.all(sources));
        Ok(())
    }

    /// Watches the folders of all scripts and of these sources.
    pub(super) fn watch(&mut self, sources: Option<&Sources>) -> Result<()> {
        if let Some(watch) = &mut self.watch {
            let scripts = [self.project.tasks(), self.project.path("stdlib")];
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
            meant.extend(self.changes.files().map(ToOwned::to_owned));
            meant.extend(self.all(sources));
        }
        let found = self.changes.look(&meant);
        if self.watch.is_none() {
            return self.settled(found);
        }
        if found.values().any(Option::is_none) && !self.has_waited {
            self.has_waited = true;
            self.inbox.pause();
            self.inbox.again(meant);
            return None;
        }
        self.has_waited = false;
        Some(found)
    }

    /// What two looks found alike.
    fn settled(&mut self, found: Changed) -> Option<Changed> {
        let same = |(path, now): &(PathBuf, Option<Digest>)| self.unsettled.get(path) == Some(now);
        let settled: Changed = found.clone().into_iter().filter(same).collect();
        self.unsettled = found;
        (!settled.is_empty()).then_some(settled)
    }

    /// Takes changes for known, unless one of the files changes again just now: then they come again.
    pub(super) fn accept(&mut self, changed: &Changed) -> bool {
        let cookie = self.watch.as_ref().map(Watch::cookie);
        let paths = changed.keys().cloned().collect();
        let is_whole = self.inbox.confirm(&paths, cookie.as_ref());
        if is_whole {
            self.changes.accept(changed.clone());
        }
        is_whole
    }

    /// The files that were touched before now and not yet looked at.
    pub(super) fn touched(&mut self) -> BTreeSet<PathBuf> {
        let cookie = self.watch.as_ref().map(Watch::cookie);
        self.inbox.sync(cookie.as_ref()).clone()
    }

    /// Whether a path is that of a script of this project.
    pub(super) fn is_script(&self, path: &std::path::Path) -> bool {
        let folders = [self.project.tasks(), self.project.path("stdlib")];
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
