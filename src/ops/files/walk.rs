//! Finds files below a folder.

use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use crate::base::{Cancel, Error, Result};

/// What a walk looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kinds {
    /// Files, and links to anything.
    #[default]
    Files,
    /// Folders.
    Folders,
    /// Everything.
    All,
}

/// Which entries a walk gives, and where it goes.
#[derive(Debug, Clone, Default)]
pub struct WalkOptions {
    /// A pattern such as `**/*.sql` for the path below the folder; everything without one.
    pub pattern: Option<String>,
    /// What is given.
    pub kinds: Kinds,
    /// Whether names that begin with a dot are looked at.
    pub hidden: bool,
    /// Whether links to folders are entered; a cycle is an error.
    pub follow: bool,
    /// How deep to go: 1 is the folder's own entries.
    pub max_depth: Option<usize>,
}

/// The paths below a folder, sorted by name, folder by folder.
pub fn walk(folder: &Path, options: &WalkOptions, cancel: &Cancel) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        let message = format!(
            "cannot walk `{}`: there is no such folder",
            folder.display()
        );
        return Err(Error::not_found(message));
    }
    let pattern = options.pattern.as_deref().map(compile).transpose()?;
    let walker = WalkDir::new(folder)
        .min_depth(1)
        .max_depth(options.max_depth.unwrap_or(usize::MAX))
        .follow_links(options.follow)
        .sort_by_file_name();
    let is_shown = |entry: &DirEntry| {
        entry.depth() == 0
            || options.hidden
            || !entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let mut found = Vec::new();
    for entry in walker.into_iter().filter_entry(is_shown) {
        cancel.check()?;
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) if is_gone(&e) => continue,
            Err(e) => return Err(cannot_walk(folder, e)),
        };
        if is_wanted(&entry, options.kinds) && matches(pattern.as_ref(), folder, entry.path()) {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

/// The paths below `folder` that match a pattern such as `backups/*.gz`, sorted; hidden ones only where the pattern
/// itself names them.
pub fn glob(folder: &Path, pattern: &str, cancel: &Cancel) -> Result<Vec<PathBuf>> {
    let (fixed, rest) = split_pattern(pattern);
    let start = folder.join(&fixed);
    if rest.is_empty() {
        return Ok(if start.exists() {
            vec![start]
        } else {
            Vec::new()
        });
    }
    compile(&rest)?;
    if !start.is_dir() {
        return Ok(Vec::new());
    }
    let depth = (!rest.contains("**")).then(|| rest.split('/').count());
    let options = WalkOptions {
        hidden: rest.split('/').any(|part| part.starts_with('.')),
        kinds: Kinds::All,
        max_depth: depth,
        pattern: Some(rest),
        ..WalkOptions::default()
    };
    walk(&start, &options, cancel)
}

/// Splits a pattern into the folders before the first wildcard and the rest.
pub fn split_pattern(pattern: &str) -> (PathBuf, String) {
    let is_wild = |part: &str| part.contains(['*', '?', '[', '{']);
    let mut parts = pattern.split('/').peekable();
    let mut fixed = PathBuf::new();
    if pattern.starts_with('/') {
        fixed.push("/");
    }
    while let Some(part) = parts.next_if(|part| !is_wild(part)) {
        fixed.push(part);
    }
    (fixed, parts.collect::<Vec<_>>().join("/"))
}

fn compile(pattern: &str) -> Result<GlobMatcher> {
    let glob = GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map_err(|e| Error::invalid(format!("`{pattern}` is not a pattern")).because(e))?;
    Ok(glob.compile_matcher())
}

fn matches(pattern: Option<&GlobMatcher>, folder: &Path, path: &Path) -> bool {
    pattern.is_none_or(|pattern| pattern.is_match(path.strip_prefix(folder).unwrap_or(path)))
}

fn is_wanted(entry: &DirEntry, kinds: Kinds) -> bool {
    match kinds {
        Kinds::All => true,
        Kinds::Files => !entry.file_type().is_dir(),
        Kinds::Folders => entry.file_type().is_dir(),
    }
}

/// Whether an entry went away while it was being looked at.
fn is_gone(e: &walkdir::Error) -> bool {
    e.io_error()
        .is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound)
}

fn cannot_walk(folder: &Path, e: walkdir::Error) -> Error {
    let path = e.path().unwrap_or(folder).display().to_string();
    match e.loop_ancestor() {
        Some(ancestor) => {
            let ancestor = ancestor.display();
            Error::invalid(format!("`{path}` links back to `{ancestor}` above it"))
        }
        None => Error::io(format!("cannot walk `{path}`"), e.into()),
    }
}

/// A path without `.` and with `..` taken back, without looking at the disk.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in ["b.sql", "a.sql", ".hidden/x.sql", "sub/c.sql", "sub/d.txt"] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        dir
    }

    fn walked(dir: &Path, options: &WalkOptions) -> Vec<String> {
        relative(dir, walk(dir, options, &Cancel::root()).unwrap())
    }

    fn relative(dir: &Path, paths: Vec<PathBuf>) -> Vec<String> {
        let relative = |path: PathBuf| path.strip_prefix(dir).unwrap().display().to_string();
        paths.into_iter().map(relative).collect()
    }

    #[test]
    fn a_pattern_starts_before_its_wildcards() {
        for (pattern, folder) in [
            ("sql/*/a", "sql"),
            ("*.txt", ""),
            ("/etc/{a,b}", "/etc"),
            ("a/b", "a/b"),
            ("a\\b/../../*", "a\\b/../.."),
        ] {
            assert_eq!(split_pattern(pattern).0, Path::new(folder), "{pattern}");
        }
    }

    #[test]
    fn a_walk_is_sorted_and_leaves_out_hidden_names() {
        let dir = sample();
        let all = WalkOptions::default();

        assert_eq!(
            walked(dir.path(), &all),
            ["a.sql", "b.sql", "sub/c.sql", "sub/d.txt"]
        );
        let hidden = WalkOptions {
            hidden: true,
            pattern: Some("**/*.sql".into()),
            ..all.clone()
        };
        assert_eq!(
            walked(dir.path(), &hidden),
            [".hidden/x.sql", "a.sql", "b.sql", "sub/c.sql"]
        );
        let folders = WalkOptions {
            kinds: Kinds::Folders,
            ..all
        };
        assert_eq!(walked(dir.path(), &folders), ["sub"]);
    }

    #[test]
    fn a_pattern_matches_whole_paths() {
        let dir = sample();
        let cases: [(&str, &[&str]); 7] = [
            ("*.sql", &["a.sql", "b.sql"]),
            ("**/*.sql", &["a.sql", "b.sql", "sub/c.sql"]),
            ("sub/*", &["sub/c.sql", "sub/d.txt"]),
            ("sub/{c,x}.sql", &["sub/c.sql"]),
            (".hidden/*.sql", &[".hidden/x.sql"]),
            ("sub/c.sql", &["sub/c.sql"]),
            ("nowhere/*", &[]),
        ];
        for (pattern, expected) in cases {
            let found = glob(dir.path(), pattern, &Cancel::root()).unwrap();
            assert_eq!(relative(dir.path(), found), expected, "{pattern}");
        }
        assert!(glob(dir.path(), "a[", &Cancel::root()).is_err());
    }

    #[test]
    fn a_link_that_leads_back_is_an_error_only_when_followed() {
        let dir = sample();
        std::os::unix::fs::symlink("..", dir.path().join("sub/up")).unwrap();

        assert_eq!(walked(dir.path(), &WalkOptions::default()).len(), 5);
        let following = WalkOptions {
            follow: true,
            ..WalkOptions::default()
        };
        let error = walk(dir.path(), &following, &Cancel::root()).unwrap_err();
        assert!(error.message().contains("links back"), "{error}");
    }

    #[test]
    fn dots_are_taken_out_of_a_path() {
        assert_eq!(normal(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(normal(Path::new("../a")), Path::new("../a"));
        assert_eq!(normal(Path::new("/../a")), Path::new("/../a"));
    }
}
