//! Finds the `pg_dump` that fits a server: of its own major version, not a wrapper that may start another one.

use std::path::Path;
use std::sync::Arc;

use crate::base::{Error, Result};
use crate::ops::process::{Program, Registry};

/// A `pg_dump` that fits.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    /// The program.
    pub(super) program: String,
    /// Its version, such as `15.18`.
    pub(super) version: String,
}

/// Finds the `pg_dump` of a major version. Debian's `/usr/bin/pg_dump` is a wrapper, so the version's own folder comes first.
pub(super) async fn find(major: u32, registry: &Arc<Registry>) -> Result<Tool> {
    let folders = [
        format!("/usr/lib/postgresql/{major}/bin"),
        format!("/usr/pgsql-{major}/bin"),
    ];
    let own = folders
        .iter()
        .map(|folder| format!("{folder}/pg_dump"))
        .find(|file| Path::new(file).is_file());
    let install = format!("apt-get install postgresql-client-{major}");
    let Some(program) = own.or_else(|| in_path(registry)) else {
        return Err(Error::unavailable(format!(
            "no pg_dump of version {major}: looked in {}, {} and PATH",
            folders[0], folders[1]
        ))
        .hint(install));
    };
    let version = version(&program, registry).await?;
    if major_of(&version) != Some(major) {
        return Err(Error::refused(format!(
            "`{program}` is version {version}, the server is version {major}"
        ))
        .hint(install));
    }
    Ok(Tool { program, version })
}

fn in_path(registry: &Registry) -> Option<String> {
    let file = Program::new("pg_dump").find(registry).ok()?;
    Some(file.display().to_string())
}

async fn version(program: &str, registry: &Arc<Registry>) -> Result<String> {
    let asked = Program::new(program)
        .arg("--version")
        .capture(registry, 10_000)
        .await?;
    let text = asked.ok(program)?.stdout_text();
    parse_version(&text)
        .ok_or_else(|| Error::unavailable(format!("`{program} --version` said `{}`", text.trim())))
}

/// Reads `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn parse_version(text: &str) -> Option<String> {
    let rest = text.split_once("(PostgreSQL) ")?.1;
    rest.split_whitespace().next().map(str::to_owned)
}

fn major_of(version: &str) -> Option<u32> {
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_pg_dump_tells_them() {
        let text = "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(parse_version(text).as_deref(), Some("15.18"));
        assert_eq!(major_of("15.18"), Some(15));
        assert_eq!(major_of("17beta1"), Some(17));
        assert_eq!(parse_version("something else"), None);
    }
}
