//! The scripts that a task is made of: its file, those of what it needs, and what they import.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::catalog::Catalog;
use super::library::{self, Source};
use crate::base::Project;

/// The libraries that a text imports, and those that they import, each once.
pub fn behind(project: &Project, text: &str) -> Vec<Source> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<String> = imported(text).map(str::to_owned).collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        if let Ok(source) = library::find(project, &path) {
            waiting.extend(imported(&source.text).map(str::to_owned));
            found.push(source);
        }
    }
    found
}

/// The paths that a text imports; more than there are does no harm.
fn imported(text: &str) -> impl Iterator<Item = &str> {
    text.split("import")
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
}

/// Whether a text may import what [`imported`] does not see, such as a path that is made while it runs.
pub(super) fn imports_unknown(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let parts: Vec<&str> = text.split("import").collect();
    parts.windows(2).any(|pair| {
        let [before, after] = pair else { return false };
        if before.ends_with(is_part) || after.starts_with(is_part) {
            return false;
        }
        let path = after.trim_start().strip_prefix('"');
        let Some((path, rest)) = path.and_then(|path| path.split_once('"')) else {
            return true;
        };
        let rest = rest.trim_start();
        path.contains('\\') || !(rest.starts_with("as ") || rest.starts_with(';'))
    })
}

/// The scripts of a task and of what it needs, each with its text; none when its needs cannot be put in order.
pub fn scripts(catalog: &Catalog, task: &str) -> Option<BTreeMap<String, String>> {
    let project = catalog.project();
    let mut found = BTreeMap::new();
    for task in catalog.order(task).ok()? {
        let file = &task.place.file;
        let Ok(text) = project.script_text(&project.path(file)) else {
            continue;
        };
        let libraries = behind(project, &text);
        found.extend(
            libraries
                .into_iter()
                .map(|source| (source.name, source.text)),
        );
        found.insert(file.clone(), text);
    }
    Some(found)
}

/// Every script on disk: task files and libraries.
pub fn on_disk(project: &Project) -> BTreeSet<PathBuf> {
    let walks = project
        .script_folders()
        .into_iter()
        .flat_map(walkdir::WalkDir::new);
    let files = walks
        .filter_map(std::result::Result::ok)
        .map(walkdir::DirEntry::into_path);
    files.filter(|path| is_script(path)).collect()
}

/// Whether a name is that of a script.
pub fn is_script(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|ending| ending == "rhai")
        && !path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}
