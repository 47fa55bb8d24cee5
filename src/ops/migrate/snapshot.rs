//! The snapshot: a file with the schema that the migrations make, the same bytes wherever they ran.

use std::path::Path;

use serde::Serialize;

use crate::base::{Error, Result};
use crate::ops::backup::SchemaDump;
use crate::ops::database::Target;
use crate::ops::files;

/// What became of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// Whether it was written: its content was another before.
    pub changed: bool,
}

/// Writes the schema of a database to a file, unless it is there already.
pub async fn snapshot(target: &Target, file: &Path, dump: SchemaDump<'_>) -> Result<Snapshot> {
    let text = stable(&dump.text(target).await?);
    let changed = match std::fs::read(file) {
        Ok(bytes) => bytes != text.as_bytes(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => true,
        Err(e) => return Err(Error::io(format!("cannot read `{}`", file.display()), e)),
    };
    if changed {
        if let Some(folder) = file.parent() {
            files::make_dir(folder)?;
        }
        files::write(file, text.as_bytes(), None)?;
    }
    Ok(Snapshot { changed })
}

/// The line that a dump ends with; what follows it differs between minor versions.
const END: &str = "\n-- PostgreSQL database dump complete\n--\n";
const TITLE: &str =
    "-- Written by `lexi run migrate`: what sql/init and migrations/ make. Not edited by hand.\n\n";

/// Takes out what differs from one run or machine to another: the random key, and the versions that dumped and were dumped.
fn stable(dump: &str) -> String {
    let is_head = |line: &&str| {
        line.trim().is_empty() || line.starts_with("--") || line.starts_with("\\restrict ")
    };
    let head: usize = dump
        .split_inclusive('\n')
        .take_while(is_head)
        .map(str::len)
        .sum();
    let end = dump.rfind(END).map_or(dump.len(), |at| at + END.len());
    format!("{TITLE}{}", &dump[head.min(end)..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_versions_are_left_out() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n-- Dumped from database version 15.18 (Debian)\n-- Dumped by pg_dump version 15.18\n\nSET a = 0;\n\n\n-- Dumped from here\n\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n";

        let text = stable(dump);

        assert_eq!(
            text.strip_prefix(TITLE),
            Some(
                "SET a = 0;\n\n\n-- Dumped from here\n\n--\n-- PostgreSQL database dump complete\n--\n"
            )
        );
    }
}
