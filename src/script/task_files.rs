//! The task files of a project, each with its stamp. Every command looks at all of them, so this makes one call to the
//! system for each and no more.

use std::fs::DirEntry;
use std::path::Path;

use super::index::Stamp;
use crate::base::Project;

/// The task files below `tasks/`, without `tasks/lib/`, sorted by name, folder by folder.
pub(super) fn find(project: &Project) -> Vec<(String, Stamp)> {
    below(&project.tasks(), "tasks")
}

/// The task files below a folder that is shown as `top`, without those in its `lib/`.
pub(super) fn below(folder: &Path, top: &str) -> Vec<(String, Stamp)> {
    let (mut found, lib) = (Vec::new(), format!("{top}/lib"));
    add(folder, top, &lib, &mut found);
    found
}

/// Whether a name is that of a script; the ending is written small, as everywhere.
fn has_ending(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "rhai")
}

/// Adds the files of one folder; a folder or a file that cannot be read is left out, as one that is not there.
fn add(folder: &Path, shown: &str, lib: &str, found: &mut Vec<(String, Stamp)>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut named: Vec<(String, DirEntry)> = entries
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry)))
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    named.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    for (name, entry) in named {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let file = format!("{shown}/{name}");
        if kind.is_dir() && file != lib {
            add(&entry.path(), &file, lib, found);
        } else if kind.is_file() && has_ending(&name) {
            found.extend(
                entry
                    .metadata()
                    .map(|metadata| (file, Stamp::of(&metadata))),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_order_without_the_library_and_what_is_hidden() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::write(root.join("lexi.toml"), "").unwrap();
        let files = [
            "b.rhai",
            "a/z.rhai",
            "a.rhai",
            "a/lib/y.rhai",
            "lib/x.rhai",
            ".w.rhai",
            "v.txt",
            ".u/t.rhai",
        ];
        for file in files {
            let path = root.join("tasks").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("tasks/a/round")).unwrap();

        let found = find(&Project::open(root).unwrap());

        let names: Vec<&str> = found.iter().map(|(file, _)| file.as_str()).collect();
        let expected = [
            "tasks/a/lib/y.rhai",
            "tasks/a/z.rhai",
            "tasks/a.rhai",
            "tasks/b.rhai",
        ];
        assert_eq!(names, expected);
    }
}
