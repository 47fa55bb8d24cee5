//! Checks every script of a project, and what only shows when all of them are known.

use std::collections::HashMap;

use super::{Checker, Role};
use crate::script::catalog::Catalog;
use crate::script::diagnostic::{Diagnostic, Place, Rule};
use crate::script::{closures, language, library, timetable};

/// Checks every script of a project: its tasks, `tasks/lib/` and `stdlib/`.
pub fn project(catalog: &Catalog) -> Vec<Diagnostic> {
    let project = catalog.project();
    let checker = Checker::new(project).with_tasks(catalog);
    let mut found = catalog.problems_between_files();
    for file in catalog.files() {
        let known = catalog.problems_of(file);
        if known.iter().any(|found| found.rule == Rule::Untrusted) {
            found.extend(known);
            continue;
        }
        match project.script_text(&project.path(file)) {
            Ok(text) => {
                found.extend(checker.script(file, &text, Role::Tasks));
                // What is known of the file may come from an index that is damaged.
                found.extend(
                    known
                        .into_iter()
                        .filter(|problem| problem.rule == Rule::Unreadable),
                );
            }
            Err(_no_text) => found.extend(known),
        }
    }
    for name in library::names(project) {
        match library::find(project, &name) {
            Ok(source) => found.extend(checker.script(&source.name, &source.text, Role::Library)),
            Err(error) => {
                let place = Place {
                    file: name,
                    line: 1,
                    column: 1,
                };
                found.push(Diagnostic::new(Rule::Unreadable, place, error.message()));
            }
        }
    }
    found.extend(timetable::problems(catalog));
    found.extend(same_closures(&checker, catalog));
    found.sort();
    found.dedup();
    found
}

/// Closures that a library shares with another script.
fn same_closures(checker: &Checker<'_>, catalog: &Catalog) -> Vec<Diagnostic> {
    let project = checker.project();
    let libraries = library::names(project);
    let libraries = libraries
        .iter()
        .filter_map(|name| library::find(project, name).ok());
    let mut scripts: Vec<(String, String)> = libraries.map(|s| (s.name, s.text)).collect();
    let count = scripts.len();
    scripts.extend(catalog.files().filter_map(|file| {
        let text = project.script_text(&project.path(file)).ok()?;
        Some((file.to_owned(), text))
    }));
    let compiled = scripts
        .into_iter()
        .map(|(file, text)| (file, language::compile(&text).ok()));
    let mut owners: HashMap<String, String> = HashMap::new();
    let mut found = Vec::new();
    for (at, (file, ast)) in compiled.enumerate() {
        let Some(ast) = ast else { continue };
        for name in closures::names(&ast) {
            if let Some(owner) = owners.get(&name) {
                let place = closures::place(&ast, &file, &name);
                let message = closures::message(owner, &file, &place);
                let hint = Some(closures::HINT.to_owned());
                found.push(Diagnostic::new(Rule::SameClosure, place, message).hint(hint));
            } else if at < count {
                owners.insert(name, file.clone());
            }
        }
    }
    found
}
