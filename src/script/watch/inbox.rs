//! What comes in while files are watched: news of files, gathered until they are whole, and everything else as it comes.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::{Cookie, Seen, checkout, is_open_for_writing};

/// How long the first news waits for more: a save is one file, or two in one moment.
const MOMENT: Duration = Duration::from_micros(400);

/// Several files at once are a checkout or a build: it has ended when nothing came for this long.
const QUIET: Duration = Duration::from_millis(50);

/// A stream of news that never ends is not waited for longer than this.
const LONGEST: Duration = Duration::from_secs(2);

/// How long git may take over a checkout before it is not waited for.
const LONGEST_CHECKOUT: Duration = Duration::from_mins(2);

/// How long our own mark may take; without it a file may be read while it is written.
const LONGEST_MARK: Duration = Duration::from_millis(500);

/// One piece of news.
#[derive(Debug)]
pub enum Message<T> {
    /// Of a file.
    File(Seen),
    /// Of anything else.
    Other(T),
}

/// What comes next.
#[derive(Debug)]
pub enum Next<T> {
    /// These files were touched and nobody writes to them; with all of them after an overflow.
    Files {
        /// The files.
        paths: BTreeSet<PathBuf>,
        /// Whether every file has to be looked at.
        all: bool,
        /// Whether folders came or went.
        folders: bool,
    },
    /// Anything else.
    Other(T),
}

/// Gathers news.
#[derive(Debug)]
pub struct Inbox<T> {
    receiver: Receiver<Message<T>>,
    kept: VecDeque<T>,
    touched: BTreeSet<PathBuf>,
    /// Those of them that are there: what an editor moved away or removed makes no burst.
    there: BTreeSet<PathBuf>,
    writing: HashSet<PathBuf>,
    all: bool,
    folders: bool,
    /// How many of our marks were left, and how many came back.
    marks: (usize, usize),
    /// The lock that git holds while it checks out.
    git_lock: Option<PathBuf>,
}

impl<T> Inbox<T> {
    /// Gathers what a channel brings, for the project in `root`.
    pub fn new(receiver: Receiver<Message<T>>, root: &Path) -> Self {
        Self {
            receiver,
            kept: VecDeque::new(),
            touched: BTreeSet::new(),
            there: BTreeSet::new(),
            writing: HashSet::new(),
            all: false,
            folders: false,
            marks: (0, 0),
            git_lock: checkout::lock(root),
        }
    }

    /// Waits for what comes next; none when nothing can come any more.
    pub fn receive(&mut self) -> Option<Next<T>> {
        loop {
            if let Some(other) = self.kept.pop_front() {
                return Some(Next::Other(other));
            }
            if self.has_news() {
                self.gather();
                return Some(Next::Files {
                    paths: std::mem::take(&mut self.touched),
                    all: std::mem::take(&mut self.all),
                    folders: std::mem::take(&mut self.folders),
                });
            }
            let message = self.receiver.recv().ok()?;
            self.take(message);
        }
    }

    /// Looks at these files again, as if they had been touched now.
    pub fn again(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        self.touched.extend(paths);
    }

    /// Looks at all files again.
    pub fn again_all(&mut self) {
        self.all = true;
    }

    /// Gives an editor the moment in which it puts back files that it moved away.
    pub fn pause(&mut self, paths: &BTreeSet<PathBuf>) {
        let quiet = Instant::now() + QUIET;
        while !paths.iter().any(|path| self.there.contains(path)) && self.wait(quiet) {}
    }

    /// Whether these files stay as they are for a moment and nobody has them open. What was read of them looks broken, and a
    /// file that is cut before it is written is empty some time before that is told.
    pub fn stay(&mut self, paths: &BTreeSet<PathBuf>, cookie: Option<&Cookie>) -> bool {
        let quiet = Instant::now() + QUIET;
        while !self.has_news_of(paths) && self.wait(quiet) {}
        let open = paths.iter().filter(|path| is_open_for_writing(path));
        let open: Vec<PathBuf> = open.cloned().collect();
        // Asked before the mark: what was closed meanwhile has been told by then.
        self.writing.extend(open);
        self.confirm(paths, cookie)
    }

    /// Whether nothing happened to these files since they were gathered: what was read of them since is whole.
    pub fn confirm(&mut self, paths: &BTreeSet<PathBuf>, cookie: Option<&Cookie>) -> bool {
        self.sync(cookie);
        if !self.has_news_of(paths) {
            return true;
        }
        // Of a file that is being written there is more news when it is closed.
        let whole = paths.iter().filter(|path| !self.writing.contains(*path));
        self.touched.extend(whole.cloned());
        false
    }

    /// Waits until everything that happened before now was told, and gives the files that were touched.
    pub fn sync(&mut self, cookie: Option<&Cookie>) -> &BTreeSet<PathBuf> {
        if cookie.is_some_and(Cookie::leave) {
            // One that came late must not be taken for this one.
            self.marks.0 += 1;
            let end = Instant::now() + LONGEST_MARK;
            while self.marks.1 < self.marks.0 && self.wait(end) {}
        }
        &self.touched
    }

    fn has_news_of(&self, paths: &BTreeSet<PathBuf>) -> bool {
        let is_meant = |path: &PathBuf| self.touched.contains(path) || self.writing.contains(path);
        paths.iter().any(is_meant)
    }

    fn has_news(&self) -> bool {
        self.all || self.folders || self.touched.iter().any(|path| !self.writing.contains(path))
    }

    /// Waits until what belongs together is there.
    fn gather(&mut self) {
        let start = Instant::now();
        let moment = start + MOMENT;
        while self.wait(moment) {}
        while self.there.len() > 1 && start.elapsed() < LONGEST {
            let before = self.touched.len();
            let quiet = Instant::now() + QUIET;
            while self.wait(quiet) && start.elapsed() < LONGEST {}
            if self.touched.len() == before {
                break;
            }
        }
        while self.is_checked_out() && start.elapsed() < LONGEST_CHECKOUT {
            let quiet = Instant::now() + QUIET;
            while self.wait(quiet) {}
        }
        // Those that are being written have news of their own when they are closed.
        self.there.clear();
        let writing = &self.writing;
        self.touched.retain(|path| !writing.contains(path));
    }

    fn is_checked_out(&self) -> bool {
        self.git_lock.as_ref().is_some_and(|lock| lock.exists())
    }

    /// Takes one message before `end`, and says whether there was one.
    fn wait(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        match self.receiver.recv_timeout(left) {
            Ok(message) => {
                self.take(message);
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }

    fn take(&mut self, message: Message<T>) {
        match message {
            Message::Other(other) => self.kept.push_back(other),
            Message::File(Seen::Touched(path)) => {
                self.writing.remove(&path);
                self.there.insert(path.clone());
                self.touched.insert(path);
            }
            Message::File(Seen::Gone(path)) => {
                self.writing.remove(&path);
                self.there.remove(&path);
                self.touched.insert(path);
            }
            Message::File(Seen::Writing(path)) => {
                self.writing.insert(path);
            }
            Message::File(Seen::Folders) => self.folders = true,
            Message::File(Seen::Overflow) => {
                self.all = true;
                // What was lost may have been our marks.
                self.marks.1 = self.marks.0;
                self.writing.clear();
            }
            Message::File(Seen::Cookie) => self.marks.1 += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn touched(name: &str) -> Message<u8> {
        Message::File(Seen::Touched(name.into()))
    }

    fn files(next: Option<Next<u8>>) -> Vec<String> {
        match next {
            Some(Next::Files { paths, .. }) => paths
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            _ => panic!("no files"),
        }
    }

    #[test]
    fn many_files_at_once_come_together() {
        let (sender, receiver) = channel();
        let mut inbox = Inbox::new(receiver, Path::new("/nowhere"));
        for number in 0..500 {
            sender.send(touched(&format!("f{number}"))).unwrap();
        }

        assert_eq!(files(inbox.receive()).len(), 500);
    }

    #[test]
    fn a_file_that_is_being_written_waits_until_it_is_closed() {
        let (sender, receiver) = channel();
        let mut inbox = Inbox::new(receiver, Path::new("/nowhere"));
        let paths = BTreeSet::from([PathBuf::from("a")]);
        sender.send(touched("a")).unwrap();
        assert_eq!(files(inbox.receive()), ["a"]);
        assert!(inbox.confirm(&paths, None));

        sender
            .send(Message::File(Seen::Writing("a".into())))
            .unwrap();
        sender.send(Message::Other(7)).unwrap();
        assert!(matches!(inbox.receive(), Some(Next::Other(7))));
        assert!(!inbox.confirm(&paths, None), "it is being written");

        sender.send(touched("a")).unwrap();
        assert_eq!(files(inbox.receive()), ["a"]);
    }

    #[test]
    fn lost_events_ask_for_all_files() {
        let (sender, receiver) = channel::<Message<u8>>();
        let mut inbox = Inbox::new(receiver, Path::new("/nowhere"));
        sender.send(Message::File(Seen::Overflow)).unwrap();

        assert!(matches!(
            inbox.receive(),
            Some(Next::Files { all: true, .. })
        ));
    }
}
