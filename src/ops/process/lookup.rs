//! Finds a program's file the way a shell does.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::base::{Error, Result};

/// The file of a program: looked up in `path` (as `PATH` is written), or below `dir` when the name has a slash.
pub(super) fn find(program: &str, path: &str, dir: Option<&Path>) -> Result<PathBuf> {
    if program.contains('/') {
        return find_by_path(program, dir);
    }
    let mut found_but_unusable = None;
    for folder in path.split(':').filter(|folder| !folder.is_empty()) {
        let file = Path::new(folder).join(program);
        if is_executable(&file) {
            return Ok(file);
        }
        if file.is_file() {
            found_but_unusable.get_or_insert(file);
        }
    }
    match found_but_unusable {
        Some(file) => Err(not_executable(&file)),
        None => Err(
            Error::unavailable(format!("program `{program}` was not found"))
                .hint(format!("looked in PATH: {path}"))
                .field("program", program),
        ),
    }
}

fn find_by_path(program: &str, dir: Option<&Path>) -> Result<PathBuf> {
    let file = dir.map_or_else(|| PathBuf::from(program), |dir| dir.join(program));
    if is_executable(&file) {
        Ok(file)
    } else if file.is_file() {
        Err(not_executable(&file))
    } else {
        Err(
            Error::unavailable(format!("there is no program `{}`", file.display()))
                .field("program", program),
        )
    }
}

fn not_executable(file: &Path) -> Error {
    let shown = file.display();
    Error::unavailable(format!("`{shown}` is not executable")).hint(format!("chmod +x {shown}"))
}

fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Kind;

    #[test]
    fn a_name_is_looked_up_and_a_path_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tool");
        std::fs::write(&file, "").unwrap();
        let path = format!("/nowhere::{}", dir.path().display());

        let error = find("tool", &path, None).unwrap_err();
        assert_eq!(
            error.message(),
            format!("`{}` is not executable", file.display())
        );

        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find("tool", &path, None).unwrap(), file);
        assert_eq!(
            find("./tool", "", Some(dir.path())).unwrap(),
            dir.path().join("./tool")
        );
    }

    #[test]
    fn a_missing_program_names_the_path_looked_at() {
        let error = find("no-such-program", "/usr/bin:/bin", None).unwrap_err();

        assert_eq!(error.kind(), Kind::Unavailable);
        assert_eq!(error.hint_text(), Some("looked in PATH: /usr/bin:/bin"));
    }
}
