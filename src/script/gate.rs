//! What is looked at before a task runs: its needs, its file and theirs, and what those import; nothing twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::catalog::Catalog;
use super::check::{Checker, Role};
use super::diagnostic::{Diagnostic, Severity};
use super::index::hash;
use super::{imports, inputs, language};
use crate::base::{Error, Project, Result};

/// What keeps a task from running: its needs, its file and theirs.
pub fn before_run(catalog: &mut Catalog, task: &str) -> Result<Vec<Diagnostic>> {
    let files: BTreeSet<String> = match catalog.order(task) {
        Ok(order) => order.iter().map(|task| task.place.file.clone()).collect(),
        // A task whose own file cannot be read is there, though nobody knows it.
        Err(found) => {
            let unreadable = catalog.unreadable(task);
            let is_there = !unreadable.is_empty();
            return Ok(if is_there { unreadable } else { vec![found] });
        }
    };
    let mut found = Vec::new();
    for file in files {
        found.extend(file_before_run(catalog, &file)?);
    }
    Ok(found)
}

/// A file is looked at again only when it, or what it imports, changed.
fn file_before_run(catalog: &mut Catalog, file: &str) -> Result<Vec<Diagnostic>> {
    let project = Arc::clone(catalog.project());
    let text = project
        .script_text(&project.path(file))
        .map_err(|e| Error::io(format!("cannot read task file `{file}`"), e))?;
    let fingerprint = fingerprint(&project, &text);
    if catalog.is_checked(file, fingerprint) {
        return Ok(Vec::new());
    }
    let checker = Checker::new(&project).with_tasks(catalog);
    let mut found = checker.script(file, &text, Role::Tasks);
    if let Ok(ast) = language::compile(&text) {
        for source in imports::behind(&project, &ast) {
            found.extend(checker.script(&source.name, &source.text, Role::Library));
        }
    }
    found.retain(|found| found.severity == Severity::Error);
    if found.is_empty() {
        catalog.set_checked(file, fingerprint);
    }
    Ok(found)
}

/// A number that changes with a script and everything it imports.
fn fingerprint(project: &Project, text: &str) -> u64 {
    let libraries = inputs::behind(project, text);
    let texts = libraries.iter().map(|source| source.text.as_str());
    let texts = std::iter::once(text).chain(texts);
    texts.fold(0_u64, |sum, text| sum.rotate_left(7) ^ hash(text))
}
