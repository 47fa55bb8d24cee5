//! Writes the two files, the way back first: a way forth without one could not be taken back.

use std::path::{Path, PathBuf};

use crate::base::{Error, Result};
use crate::ops::files;

/// Writes the files and gives their paths, the way forth first.
pub(super) fn write(
    folder: &Path,
    names: &[String; 2],
    texts: [&String; 2],
) -> Result<Vec<PathBuf>> {
    files::make_dir(folder)?;
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    if let Some(there) = paths.iter().find(|path| path.exists()) {
        return Err(
            Error::refused(format!("`{}` is there already", there.display()))
                .hint("run it again: the number is that of the second"),
        );
    }
    for (path, text) in paths.iter().zip(texts).rev() {
        files::write(path, text.as_bytes(), None)?;
    }
    Ok(paths)
}
