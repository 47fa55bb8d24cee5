//! Makes output the same wherever it was made.

use std::path::Path;

/// Replaces the project's folder by `[DIR]`.
pub(crate) fn apply(text: &str, folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let text = text.replace(&real.display().to_string(), "[DIR]");
    text.replace(&folder.display().to_string(), "[DIR]")
}
