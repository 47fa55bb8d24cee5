//! Whether git is at work in a project: what it writes comes all at once, and counts when it has ended.

use std::path::{Path, PathBuf};

/// The lock that git holds while it checks out; none where there is no repository around the project.
pub(super) fn lock(root: &Path) -> Option<PathBuf> {
    let dot_git = root
        .ancestors()
        .map(|folder| folder.join(".git"))
        .find(|path| path.exists())?;
    if dot_git.is_dir() {
        return Some(dot_git.join("index.lock"));
    }
    // A second worktree has a file that names its folder: gitrepository-layout(5).
    let text = std::fs::read_to_string(&dot_git).ok()?;
    let folder = text.strip_prefix("gitdir:")?.trim();
    Some(dot_git.parent()?.join(folder).join("index.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_may_be_above_the_project_or_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("a/b");
        std::fs::create_dir_all(&project).unwrap();
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        assert_eq!(lock(&project), Some(dir.path().join(".git/index.lock")));

        std::fs::write(project.join(".git"), "gitdir: ../../w\n").unwrap();
        assert_eq!(lock(&project), Some(project.join("../../w/index.lock")));
    }
}
