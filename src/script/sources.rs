//! The files that a task says it reads (`sources:`) and writes (`generates:`): found by pattern, without what git ignores.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};
use ignore::WalkBuilder;
use sha2::{Digest as _, Sha256};

use crate::base::{Error, Project, Result};

/// What a file holds, in short.
pub type Digest = [u8; 32];

/// The digest of a file; none when there is none that can be read.
pub fn digest(path: &Path) -> Option<Digest> {
    let mut file = std::fs::File::open(path).ok()?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0_u8; 64 * 1024]);
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(hasher.finalize().into()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// The digest of what a file held.
pub fn digest_of(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// Names that editors give to files for a moment while they save.
pub(super) fn is_passing(name: &str) -> bool {
    let has_ending = |ending: &str| name.strip_suffix(ending).is_some();
    name == "4913"
        || has_ending("~")
        || [
            "___jb_tmp___",
            "___jb_old___",
            ".partial",
            ".swp",
            ".swo",
            ".swx",
        ]
        .iter()
        .any(|end| has_ending(end))
        || (name.starts_with('#') && has_ending("#"))
        || name.starts_with(".#")
}

/// Folders that hold nothing a task reads.
fn is_off_limits(name: &str) -> bool {
    matches!(name, ".git" | ".lexi")
}

/// Patterns of files below a project's folder.
#[derive(Debug)]
pub struct Sources {
    root: PathBuf,
    wanted: GlobSet,
    made: GlobSet,
    /// Paths without a pattern: they count even when git ignores them.
    named: BTreeSet<PathBuf>,
    /// The folders that patterns start in.
    bases: BTreeSet<PathBuf>,
}

impl Sources {
    /// The files that match one of `sources` and none of `generates`.
    pub fn of(project: &Project, sources: &[String], generates: &[String]) -> Result<Self> {
        let root = project.root().to_owned();
        let (mut named, mut bases) = (BTreeSet::new(), BTreeSet::new());
        for pattern in sources {
            let (base, is_pattern) = base(&root, pattern);
            if is_pattern || base.is_dir() {
                bases.insert(base);
            } else {
                named.insert(base);
            }
        }
        Ok(Self {
            wanted: set(&root, sources)?,
            made: set(&root, generates)?,
            root,
            named,
            bases,
        })
    }

    /// Whether there are no patterns.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Whether a path matches, whatever git says about it.
    pub fn matches(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(&self.root) else {
            return false;
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_off = below
            .iter()
            .any(|part| is_off_limits(&part.to_string_lossy()));
        self.wanted.is_match(below) && !self.made.is_match(below) && !is_passing(&name) && !is_off
    }

    /// All files that match, sorted.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let mut found: BTreeSet<PathBuf> = self
            .named
            .iter()
            .filter(|path| path.is_file())
            .cloned()
            .collect();
        let walk = self
            .walk(self.bases.clone())
            .filter(|entry| !is_folder(entry));
        found.extend(walk.map(ignore::DirEntry::into_path));
        found.retain(|path| self.matches(path));
        found
    }

    /// Whether a path matches and git does not ignore it; a file that is gone cannot be asked about and counts.
    pub fn takes(&self, path: &Path) -> bool {
        if !self.matches(path) {
            return false;
        }
        if self.named.contains(path) || !path.exists() {
            return true;
        }
        let mut way = self.walk(BTreeSet::from([path.to_owned()]));
        way.any(|entry| entry.path() == path)
    }

    /// The folders to watch: those of the patterns with what git does not ignore below them, and the way there.
    pub fn folders(&self) -> BTreeSet<PathBuf> {
        let walk = self.walk(self.bases.clone()).filter(is_folder);
        let mut found: BTreeSet<PathBuf> = walk.map(ignore::DirEntry::into_path).collect();
        let way = self
            .named
            .iter()
            .flat_map(|start| start.ancestors().skip(1));
        let way = way.filter(|folder| folder.starts_with(&self.root) && folder.is_dir());
        found.extend(way.map(Path::to_owned));
        found
    }

    /// What git does not ignore of these files and folders, and of the way to them from the project's folder.
    fn walk(&self, towards: BTreeSet<PathBuf>) -> impl Iterator<Item = ignore::DirEntry> {
        let mut walk = WalkBuilder::new(&self.root);
        walk.hidden(false)
            .require_git(false)
            .git_global(false)
            .filter_entry(move |entry| {
                let path = entry.path();
                let is_meant = |goal: &PathBuf| goal.starts_with(path) || path.starts_with(goal);
                towards.iter().any(is_meant) && !is_off_limits(&entry.file_name().to_string_lossy())
            });
        walk.build().filter_map(std::result::Result::ok)
    }
}

fn is_folder(entry: &ignore::DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

/// The folder or file that a pattern starts with, and whether more follows.
fn base(root: &Path, pattern: &str) -> (PathBuf, bool) {
    let is_plain = |part: &&str| !part.contains(['*', '?', '[', '{']);
    let plain: Vec<&str> = pattern.split('/').take_while(is_plain).collect();
    let is_pattern = plain.len() < pattern.split('/').count();
    (root.join(plain.join("/")), is_pattern)
}

fn set(root: &Path, patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let below = pattern.trim_end_matches('/').trim_start_matches("./");
        let mut forms = vec![below.to_owned()];
        if root.join(below).is_dir() {
            forms.push(format!("{below}/**"));
        }
        for form in forms {
            let glob = globset::GlobBuilder::new(&form)
                .literal_separator(true)
                .build();
            let glob: Glob = glob.map_err(|e| {
                Error::usage(format!("`{pattern}` is not a pattern of files")).because(e)
            })?;
            set.add(glob);
        }
    }
    set.build()
        .map_err(|e| Error::usage("too many patterns of files").because(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[&str]) -> (tempfile::TempDir, Project) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("lexi.toml"), "").unwrap();
        for file in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let project = Project::open(dir.path()).unwrap();
        (dir, project)
    }

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    fn names(project: &Project, sources: &Sources) -> Vec<String> {
        let files = sources.files();
        files.iter().map(|path| project.display(path)).collect()
    }

    #[test]
    fn patterns_find_files_but_not_what_git_ignores_or_the_task_makes() {
        let files = [
            "src/a.ts",
            "src/sub/b.ts",
            "src/c.txt",
            "src/a.ts~",
            "src/gen/d.ts",
            "src/.git/e.ts",
            "node_modules/f.ts",
            "g.ts",
        ];
        let (dir, project) = project(&files);
        std::fs::write(dir.path().join(".gitignore"), "node_modules\nc.txt\n").unwrap();

        let sources = Sources::of(
            &project,
            &texts(&["src/**/*.ts", "src/*.txt", "node_modules/**"]),
            &texts(&["src/gen/**"]),
        );
        let named = Sources::of(&project, &texts(&["src/c.txt", "src/sub"]), &[]).unwrap();

        assert_eq!(
            names(&project, &sources.unwrap()),
            ["src/a.ts", "src/sub/b.ts"]
        );
        assert_eq!(names(&project, &named), ["src/c.txt", "src/sub/b.ts"]);
    }

    #[test]
    fn folders_that_git_ignores_are_not_watched() {
        let (dir, project) = project(&["src/sub/a.ts", "src/out/b.ts"]);
        std::fs::write(dir.path().join(".gitignore"), "out/\n").unwrap();

        let sources = Sources::of(&project, &texts(&["src/**/*.ts"]), &[]).unwrap();

        let folders: Vec<String> = sources
            .folders()
            .iter()
            .map(|path| project.display(path))
            .collect();
        assert_eq!(folders, ["", "src", "src/sub"]);
        assert!(sources.takes(&project.path("src/sub/a.ts")));
        assert!(!sources.takes(&project.path("src/out/b.ts")));
    }
}
