//! All tasks of a project: found by file, by name and by alias.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Place, Rule};
use super::index::{Content, Entry, Index, Stamp, hash};
use super::needs::Walk;
use super::task::Task;
use super::{declaration, failure, language, task_files, user_wide};
use crate::base::text::did_you_mean;
use crate::base::{Error, Project, Result};

/// The tasks of a project.
#[derive(Debug)]
pub struct Catalog {
    project: Arc<Project>,
    index: Index,
}

impl Catalog {
    /// Finds the task files and reads those that changed since the index was written.
    pub fn load(project: Arc<Project>) -> Result<Self> {
        let written = Index::read(&project);
        Self::update(project, written)
    }

    /// The tasks as they are now; what is known of files that did not change stays.
    pub fn renewed(&self) -> Result<Self> {
        Self::update(Arc::clone(&self.project), self.index.clone())
    }

    fn update(project: Arc<Project>, mut old: Index) -> Result<Self> {
        let mut files = task_files::find(&project);
        files.extend(user_wide::find(&project));
        let mut doubted = user_wide::doubted(&project, &files);
        // An editor may have moved a file away for a moment; its text is still held.
        for path in project.held_scripts() {
            let file = project.display(&path);
            let is_task_file = file.starts_with("tasks/") && !file.starts_with("tasks/lib/");
            if is_task_file && !files.iter().any(|(known, _)| *known == file) {
                files.push((file, Stamp::default()));
            }
        }
        let (written, mut known) = (std::mem::take(&mut old.entries), BTreeMap::new());
        let count = written.len();
        for entry in written {
            known.insert(entry.file.clone(), entry);
        }
        let (mut entries, mut changed) = (Vec::with_capacity(files.len()), files.len() != count);
        for (file, stamp) in files {
            if let Some(problem) = doubted.remove(&file) {
                // Its stamp is not that of the file, so that it is looked at again each time.
                changed |= known.remove(&file).is_none_or(|entry| entry.hash != 0);
                let content = Content {
                    tasks: Vec::new(),
                    problems: vec![problem],
                };
                entries.push(Entry::new(file, Stamp::default(), 0, content)?);
                continue;
            }
            match known.remove(&file) {
                Some(entry) if is_known(&project, &old, &entry, stamp) => entries.push(entry),
                older => {
                    changed = true;
                    let path = project.path(&file);
                    let bytes = project.script(&path);
                    let bytes = bytes
                        .map_err(|e| Error::io(format!("cannot read task file `{file}`"), e))?;
                    entries.push(read(&project, bytes, file, stamp, older)?);
                }
            }
        }
        let mut index = old;
        index.entries = entries;
        // What is held is not what is on disk, which the index tells about.
        if changed && !project.is_holding() {
            index.write(&project);
        }
        Ok(Self { project, index })
    }

    /// The project.
    pub const fn project(&self) -> &Arc<Project> {
        &self.project
    }

    /// The files with tasks.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.index.entries.iter().map(|entry| entry.file.as_str())
    }

    /// All tasks, in the order of their files and declarations, but for the user's own that the project has others for.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        let is_user_wide = |entry: &Entry| self.project.is_user_wide(&entry.file);
        let has_both = self.index.entries.iter().any(is_user_wide) && !self.project.is_user_s();
        let own = self.names(|entry| has_both && !is_user_wide(entry));
        self.all_tasks()
            .filter(move |task| !(task.user_wide && own.contains(task.name.as_str())))
    }

    /// All tasks there are, in the order of their files and declarations.
    pub fn all_tasks(&self) -> impl Iterator<Item = &Task> {
        let entries = self.index.entries.iter();
        entries.flat_map(|entry| &entry.content().tasks)
    }

    /// Whether the file was checked clean in this state, told by a fingerprint.
    pub fn is_checked(&self, file: &str, fingerprint: u64) -> bool {
        let entry = self.index.entries.iter().find(|entry| entry.file == file);
        entry.is_some_and(|entry| entry.checked == Some(fingerprint))
    }

    /// Remembers that the file was checked clean in this state.
    pub fn set_checked(&mut self, file: &str, fingerprint: u64) {
        if let Some(entry) = self
            .index
            .entries
            .iter_mut()
            .find(|entry| entry.file == file)
        {
            entry.checked = Some(fingerprint);
            if !self.project.is_holding() {
                self.index.write(&self.project);
            }
        }
    }

    /// The task of this name or alias.
    pub fn find(&self, name: &str) -> Result<&Task> {
        let holding = self
            .index
            .entries
            .iter()
            .filter(|entry| entry.names.iter().any(|known| known == name));
        let found = holding.flat_map(|entry| {
            entry
                .content()
                .tasks
                .iter()
                .filter(|t| t.name == name || t.aliases.iter().any(|a| a == name))
        });
        let mut found: Vec<&Task> = found.collect();
        if found.iter().any(|task| !task.user_wide) {
            found.retain(|task| !task.user_wide);
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(task), None) => Ok(task),
            (Some(first), Some(second)) => {
                let message = format!(
                    "two tasks are called `{name}`: at {} and at {}",
                    first.place, second.place
                );
                Err(Error::usage(message).hint("rename one of them"))
            }
            (None, _) => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let names = self
            .index
            .entries
            .iter()
            .flat_map(|entry| &entry.names)
            .map(String::as_str);
        let broken = self
            .index
            .entries
            .iter()
            .flat_map(|entry| &entry.content().problems)
            .next();
        let hint = match (did_you_mean(name, names), broken) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(broken)) => format!(
                "a task file could not be read in full: {}: {} (see `lexi check`)",
                broken.place, broken.message
            ),
            (None, None) if self.project.is_user_s() => {
                "no project here, so only your own tasks are known".to_owned()
            }
            (None, None) => "`lexi list` shows all tasks".to_owned(),
        };
        Error::usage(format!("unknown task `{name}`")).hint(hint)
    }

    /// What is wrong with the files that cannot be compiled and whose text names this task.
    pub fn unreadable(&self, name: &str) -> Vec<Diagnostic> {
        let quoted = format!("\"{name}\"");
        let broken = self.index.entries.iter().filter(|entry| {
            entry.content().tasks.is_empty() && !entry.content().problems.is_empty()
        });
        let meant = broken.filter(|entry| {
            let text = self.project.script_text(&self.project.path(&entry.file));
            text.is_ok_and(|text| text.contains(&quoted))
        });
        meant
            .flat_map(|entry| entry.content().problems.clone())
            .collect()
    }

    /// What is wrong with the declarations of all files together.
    pub fn problems(&self) -> Vec<Diagnostic> {
        let own = self.index.entries.iter();
        let own = own.flat_map(|entry| entry.content().problems.clone());
        own.chain(self.problems_between_files()).collect()
    }

    /// What is wrong with the declarations of one file.
    pub fn problems_of(&self, file: &str) -> Vec<Diagnostic> {
        let entry = self.index.entries.iter().find(|entry| entry.file == file);
        entry.map_or_else(Vec::new, |entry| entry.content().problems.clone())
    }

    /// What is wrong with declarations of which no file alone shows it.
    pub fn problems_between_files(&self) -> Vec<Diagnostic> {
        let found = self.duplicates().into_iter().chain(self.unknown_needs());
        found.chain(self.cycles()).collect()
    }

    /// Whether there is a file whose tasks are not known.
    pub fn has_unreadable(&self) -> bool {
        let mut entries = self.index.entries.iter();
        entries
            .any(|entry| entry.content().tasks.is_empty() && !entry.content().problems.is_empty())
    }

    fn duplicates(&self) -> Vec<Diagnostic> {
        let mut seen: BTreeMap<(bool, &str), &Task> = BTreeMap::new();
        let mut found = Vec::new();
        for task in self.tasks() {
            for name in std::iter::once(&task.name).chain(&task.aliases) {
                // What the project and its user call the same is the project's.
                if let Some(first) = seen.insert((task.user_wide, name), task)
                    && !std::ptr::eq(first, task)
                {
                    let message = format!("two tasks are called `{name}`");
                    found.push(
                        Diagnostic::new(Rule::DuplicateTask, task.place.clone(), message)
                            .also(first.place.clone(), "the other one"),
                    );
                }
            }
        }
        found
    }

    fn unknown_needs(&self) -> Vec<Diagnostic> {
        let names: BTreeSet<&str> = self.names(|_all| true);
        // What only its author has is not there for the others.
        let own = self.names(|entry| !self.project.is_user_wide(&entry.file));
        let known = |task: &Task| if task.user_wide { &names } else { &own };
        let needs = self.tasks();
        let needs = needs.flat_map(|task| task.needs.iter().map(move |need| (task, need)));
        // A need of a task whose own file cannot be read is not missing.
        let missing = needs.filter(|(task, (name, _))| {
            !known(task).contains(name.as_str()) && self.unreadable(name).is_empty()
        });
        missing
            .map(|(task, (name, place))| {
                if names.contains(name.as_str()) {
                    let message = format!(
                        "task `{name}` is user-wide: the project's other users do not have it"
                    );
                    Diagnostic::new(Rule::MissingNeed, place.clone(), message)
                } else {
                    unknown_need(name, place, known(task))
                }
            })
            .collect()
    }

    /// The names and aliases of the tasks of some files.
    fn names(&self, is_meant: impl Fn(&Entry) -> bool) -> BTreeSet<&str> {
        let entries = self.index.entries.iter();
        let entries = entries.filter(|entry| is_meant(entry));
        entries
            .flat_map(|entry| entry.names.iter().map(String::as_str))
            .collect()
    }

    /// Why a task that is needed cannot be had.
    fn not_to_need(&self, name: &str, at: Option<&Place>, error: &Error) -> Diagnostic {
        let names = || self.index.entries.iter().flat_map(|entry| &entry.names);
        match at {
            Some(at) if !names().any(|known| known == name) => {
                let known = names().map(String::as_str).collect();
                unknown_need(name, at, &known)
            }
            _ => {
                let start = Place {
                    file: "tasks".to_owned(),
                    line: 1,
                    column: 1,
                };
                Diagnostic::new(
                    Rule::MissingNeed,
                    at.cloned().unwrap_or(start),
                    error.message(),
                )
                .hint(error.hint_text().map(str::to_owned))
            }
        }
    }

    fn cycles(&self) -> Vec<Diagnostic> {
        let by_name = self.by_name();
        let mut walk = Walk::new(|name, at| match by_name.get(name) {
            Some(Some(task)) => Ok(*task),
            _ => self.needed(name, at),
        });
        let mut found: Vec<Diagnostic> = Vec::new();
        for task in self.tasks().filter(|task| !task.needs.is_empty()) {
            if let Err(cycle) = walk.visit(&task.name)
                && !found.iter().any(|known| known.message == cycle.message)
            {
                found.push(cycle);
            }
        }
        found
    }

    /// Every task by its names; none for a name that two tasks have.
    fn by_name(&self) -> HashMap<&str, Option<&Task>> {
        let mut tasks = HashMap::new();
        for task in self.tasks() {
            for name in std::iter::once(&task.name).chain(&task.aliases) {
                tasks
                    .entry(name.as_str())
                    .and_modify(|known: &mut Option<&Task>| {
                        // The project's come first.
                        let is_first = |known: &&Task| {
                            std::ptr::eq(*known, task) || (task.user_wide && !known.user_wide)
                        };
                        *known = known.filter(is_first);
                    })
                    .or_insert(Some(task));
            }
        }
        tasks
    }

    /// The tasks that must run before `name`, in order, each once, and `name` last.
    pub fn order(&self, name: &str) -> std::result::Result<Vec<&Task>, Diagnostic> {
        let mut walk = Walk::new(|name, at| self.needed(name, at));
        walk.visit(name)?;
        Ok(walk.order())
    }

    fn needed(&self, name: &str, at: Option<&Place>) -> std::result::Result<&Task, Diagnostic> {
        self.find(name)
            .map_err(|error| self.not_to_need(name, at, &error))
    }
}

fn unknown_need(name: &str, at: &Place, known: &BTreeSet<&str>) -> Diagnostic {
    let near = did_you_mean(name, known.iter().copied());
    Diagnostic::new(
        Rule::MissingNeed,
        at.clone(),
        format!("no task `{name}` to need"),
    )
    .hint(near.map(|near| format!("did you mean `{near}`?")))
}

/// Whether what is known of a file holds. The stamp is that of the file, so it says nothing about a text that is held.
fn is_known(project: &Project, index: &Index, entry: &Entry, stamp: Stamp) -> bool {
    match project.held(&project.path(&entry.file)) {
        Some(text) => hash(&text) == entry.hash,
        None => index.trusts(entry, stamp),
    }
}

/// The text of a task file; bytes that are none are a mistake of this file and leave the others alone.
fn text(bytes: Vec<u8>, file: &str) -> Result<String, Diagnostic> {
    String::from_utf8(bytes).map_err(|e| {
        let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let place = Place {
            file: file.to_owned(),
            line: good.split(|byte| *byte == b'\n').count(),
            column: 1,
        };
        let hint = Some("save the file as UTF-8".to_owned());
        Diagnostic::new(Rule::Unreadable, place, "this line is not UTF-8").hint(hint)
    })
}

fn read(
    project: &Project,
    bytes: Vec<u8>,
    file: String,
    stamp: Stamp,
    older: Option<Entry>,
) -> Result<Entry> {
    let text = match text(bytes, &file) {
        Ok(text) => text,
        Err(problem) => {
            let (tasks, problems) = (Vec::new(), vec![problem]);
            return Entry::new(file, stamp, 0, Content { tasks, problems });
        }
    };
    let hash = hash(&text);
    if let Some(mut entry) = older.filter(|entry| entry.hash == hash) {
        entry.stamp = stamp;
        return Ok(entry);
    }
    let content = match language::compile(&text) {
        Ok(ast) => {
            let mut found = declaration::read(&ast, &file, &text);
            for task in &mut found.tasks {
                task.user_wide = project.is_user_wide(&file);
            }
            Content {
                tasks: found.tasks,
                problems: found.problems,
            }
        }
        Err(error) => Content {
            tasks: Vec::new(),
            problems: vec![failure::parse_error(&error, &file, &text)],
        },
    };
    Entry::new(file, stamp, hash, content)
}
