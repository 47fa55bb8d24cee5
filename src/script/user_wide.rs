//! The task files that a user takes along into every project. They run with all that the user may do, in projects that their
//! author has never seen, so one that somebody else could have written is not read.

use std::collections::BTreeMap;
use std::path::Path;

use super::diagnostic::{Diagnostic, Place, Rule};
use super::index::Stamp;
use super::task_files;
use crate::base::Project;
use crate::ops::files;

/// The user-wide task files by their whole paths; none where the project itself is the user's folder.
pub(super) fn find(project: &Project) -> Vec<(String, Stamp)> {
    project.user_tasks().map_or_else(Vec::new, |folder| {
        task_files::below(&folder, &folder.display().to_string())
    })
}

/// The files among these that are not to be trusted, each with the reason.
pub(super) fn doubted(project: &Project, all: &[(String, Stamp)]) -> BTreeMap<String, Diagnostic> {
    let mut known = BTreeMap::new();
    let Some(top) = project.user_folder() else {
        return known;
    };
    let mut of_folders: BTreeMap<&Path, Option<(String, String)>> = BTreeMap::new();
    for (file, _) in all.iter().filter(|(file, _)| project.is_user_wide(file)) {
        let path = project.path(file);
        let mut doubt = files::doubt(&path);
        for part in Path::new(file).ancestors().skip(1) {
            let folder = project.path(part);
            if doubt.is_some() || !folder.starts_with(top) {
                break;
            }
            let of_folder = of_folders.entry(part);
            doubt.clone_from(of_folder.or_insert_with(|| files::doubt(&folder)));
        }
        if let Some((message, remedy)) = doubt {
            let place = Place {
                file: file.clone(),
                line: 1,
                column: 1,
            };
            let message = format!("{message}, so its tasks are not run");
            let found = Diagnostic::new(Rule::Untrusted, place, message);
            known.insert(file.clone(), found.hint(Some(remedy)));
        }
    }
    known
}
