//! Scripts that can be imported: `std/..` embedded in the binary (a project's `stdlib/` overrides it file by file) and
//! `lib/..` in the project's `tasks/lib/`. No path leads out of the project.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::base::text::did_you_mean;
use crate::base::{Error, Project, Result};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/stdlib");

/// A script that was found, with where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name in messages: `stdlib/util.rhai` or `tasks/lib/stack.rhai`.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The file on disk; none for an embedded script.
    pub path: Option<PathBuf>,
}

/// The one spelling of an import path: `std/a/b` or `lib/a`.
pub fn key(path: &str) -> Result<String> {
    let bare = path.strip_suffix(".rhai").unwrap_or(path);
    let plain = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0'])
    };
    let parts: Vec<&str> = bare.split('/').collect();
    match parts.as_slice() {
        ["std" | "lib", rest @ ..] if !rest.is_empty() && rest.iter().all(|part| plain(part)) => {
            Ok(bare.to_owned())
        }
        _ => Err(Error::invalid(format!("cannot import `{path}`"))
            .hint("import `std/..` (the standard library) or `lib/..` (the project's tasks/lib)")),
    }
}

/// The import path of a library's file: `tasks/lib/util.rhai` is `lib/util`.
pub fn key_of(file: &str) -> Option<String> {
    let bare = file.strip_suffix(".rhai")?;
    let lib = bare
        .strip_prefix("tasks/lib/")
        .map(|name| format!("lib/{name}"));
    lib.or_else(|| {
        bare.strip_prefix("stdlib/")
            .map(|name| format!("std/{name}"))
    })
}

/// Finds the script behind an import path.
pub fn find(project: &Project, path: &str) -> Result<Source> {
    let key = key(path)?;
    let (folder, below) = folder_of(project, &key);
    let file = folder.join(format!("{below}.rhai"));
    if let Some(found) = on_disk(project, &file)? {
        return Ok(found);
    }
    let embedded = key
        .strip_prefix("std/")
        .and_then(|name| EMBEDDED.get_file(format!("{name}.rhai")));
    if let Some(text) = embedded.and_then(include_dir::File::contents_utf8) {
        let name = format!("stdlib/{below}.rhai");
        return Ok(Source {
            name,
            text: text.to_owned(),
            path: None,
        });
    }
    let known = names(project);
    let near = did_you_mean(&key, known.iter().map(String::as_str));
    let hint = near.map_or_else(
        || format!("there are {}", known.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    Err(Error::not_found(format!("no script `{key}` to import")).hint(hint))
}

fn folder_of<'key>(project: &Project, key: &'key str) -> (PathBuf, &'key str) {
    match key.split_once('/') {
        Some(("std", below)) => (project.path("stdlib"), below),
        Some((_, below)) => (project.tasks().join("lib"), below),
        None => (project.tasks(), key),
    }
}

fn on_disk(project: &Project, file: &Path) -> Result<Option<Source>> {
    if let Some(text) = project.held(file) {
        return Ok(Some(Source {
            name: project.display(file),
            text,
            path: Some(file.to_owned()),
        }));
    }
    let Ok(real) = file.canonicalize() else {
        return Ok(None);
    };
    if !real.starts_with(project.root()) {
        let shown = project.display(file);
        return Err(
            Error::refused(format!("`{shown}` leads out of the project"))
                .hint("copy the file into the project instead of linking to it"),
        );
    }
    let text = project
        .script_text(&real)
        .map_err(|e| Error::io(format!("cannot read `{}`", project.display(file)), e))?;
    Ok(Some(Source {
        name: project.display(file),
        text,
        path: Some(file.to_owned()),
    }))
}

/// Every import path there is, sorted.
pub fn names(project: &Project) -> Vec<String> {
    let mut names: Vec<String> = embedded(&EMBEDDED)
        .map(|name| format!("std/{name}"))
        .collect();
    for (prefix, folder) in [
        ("std", project.path("stdlib")),
        ("lib", project.tasks().join("lib")),
    ] {
        let files = walkdir::WalkDir::new(&folder)
            .into_iter()
            .filter_map(std::result::Result::ok);
        names.extend(files.filter_map(|entry| {
            let below = entry.path().strip_prefix(&folder).ok()?.to_str()?;
            Some(format!("{prefix}/{}", below.strip_suffix(".rhai")?))
        }));
    }
    names.sort();
    names.dedup();
    names
}

fn embedded<'a>(dir: &'a Dir<'_>) -> Box<dyn Iterator<Item = String> + 'a> {
    let own = dir.files().filter_map(|file| {
        file.path()
            .to_str()?
            .strip_suffix(".rhai")
            .map(str::to_owned)
    });
    Box::new(own.chain(dir.dirs().flat_map(embedded)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_library_can_be_imported() {
        for good in ["std/services/postgres", "lib/stack", "lib/a.rhai"] {
            assert!(key(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "std",
            "lib/",
            "/etc/passwd",
            "../x",
            "lib/../../x",
            "tasks/x",
            "std//x",
            "./x",
        ] {
            assert!(key(bad).is_err(), "{bad}");
        }
    }
}
