//! What tasks need: a walk that puts them in order and finds those that need each other.

use std::collections::HashSet;

use super::diagnostic::{Diagnostic, Place, Rule};
use super::task::Task;

/// Walks from task to task; what it has been through in one visit, it does not walk again in the next.
pub(super) struct Walk<'a, Find> {
    find: Find,
    order: Vec<&'a Task>,
    done: HashSet<&'a str>,
    path: Vec<&'a Task>,
}

impl<'a, Find> Walk<'a, Find>
where
    Find: Fn(&str, Option<&Place>) -> Result<&'a Task, Diagnostic>,
{
    /// A walk that finds a task by its name; a name that stands in a script comes with its place.
    pub(super) fn new(find: Find) -> Self {
        Self {
            find,
            order: Vec::new(),
            done: HashSet::new(),
            path: Vec::new(),
        }
    }

    /// Walks through all that a task needs, and the task.
    pub(super) fn visit(&mut self, name: &str) -> Result<(), Diagnostic> {
        self.path.clear();
        self.step(name, None)
    }

    /// The tasks walked through, each after what it needs.
    pub(super) fn order(self) -> Vec<&'a Task> {
        self.order
    }

    fn step(&mut self, name: &str, needed_at: Option<&Place>) -> Result<(), Diagnostic> {
        let task = (self.find)(name, needed_at)?;
        if self.done.contains(task.name.as_str()) {
            return Ok(());
        }
        if let Some(start) = self.path.iter().position(|on| on.name == task.name) {
            return Err(cycle(&self.path[start..], task, needed_at));
        }
        self.path.push(task);
        for (need, place) in &task.needs {
            self.step(need, Some(place))?;
        }
        self.path.pop();
        self.done.insert(&task.name);
        self.order.push(task);
        Ok(())
    }
}

/// The same cycle reads the same wherever it was entered: it is told from its first name in the alphabet.
fn cycle(path: &[&Task], task: &Task, needed_at: Option<&Place>) -> Diagnostic {
    let start = (0..path.len())
        .min_by_key(|at| &path[*at].name)
        .unwrap_or(0);
    let ring: Vec<&Task> = path[start..]
        .iter()
        .chain(&path[..start])
        .copied()
        .collect();
    let names: Vec<&str> = ring
        .iter()
        .chain(ring.first())
        .map(|task| task.name.as_str())
        .collect();
    let message = format!("tasks need each other: {}", names.join(" -> "));
    let mut found = Diagnostic::new(
        Rule::CyclicNeed,
        needed_at.unwrap_or(&task.place).clone(),
        message,
    );
    for (at, member) in ring.iter().enumerate() {
        let next = &ring[(at + 1) % ring.len()].name;
        for (_, place) in member
            .needs
            .iter()
            .filter(|(need, place)| need == next && *place != found.place)
        {
            found
                .related
                .push((place.clone(), format!("`{}` needs `{next}`", member.name)));
        }
    }
    found
}
