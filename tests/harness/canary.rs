//! A secret that every command of every test has in its environment, and where it must never turn up.

use std::path::{Path, PathBuf};

/// The variable, whose name says that its value is a secret.
pub(crate) const NAME: &str = "CANARY_TOKEN";
/// The value.
pub(crate) const VALUE: &str = "canary-7c1e0b9d5f-of-the-suite";

/// Larger files are data of servers and of the tests themselves.
const LARGEST: u64 = 4 << 20;

/// The files below a folder that hold a text; the data of database servers are left out.
pub(crate) fn files_holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if folder.join("PG_VERSION").exists() {
        return found;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else {
            continue;
        };
        if kind.is_dir() {
            found.extend(files_holding(&path, text));
        } else if kind.is_file() && entry.metadata().is_ok_and(|facts| facts.len() <= LARGEST) {
            let bytes = std::fs::read(&path).unwrap_or_default();
            if holds(&bytes, text) {
                found.push(path);
            }
        }
    }
    found
}

/// The command lines on this machine that hold the secret: everybody can read those.
pub(crate) fn command_lines() -> Vec<String> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines
        .filter(|line| holds(line, VALUE))
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}
