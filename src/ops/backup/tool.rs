//! Finds the `pg_dump` that fits a server: the one in the server's own container, else one of its own major version here.

use std::path::Path;
use std::sync::Arc;

use super::container::Container;
use crate::base::{Error, Result};
use crate::ops::database::Target;
use crate::ops::process::{Program, Registry};

/// A `pg_dump` that fits.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    /// Where it is.
    pub(super) place: Place,
    /// Its version, such as `15.18`.
    pub(super) version: String,
}

/// Where the programs of PostgreSQL are.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In the container that the server runs in.
    Container(Container),
    /// On this machine, by the path of its `pg_dump`.
    Here(String),
}

impl Tool {
    /// The service in whose container it is.
    pub(super) fn service(&self) -> Option<String> {
        match &self.place {
            Place::Container(container) => Some(container.service.clone()),
            Place::Here(_) => None,
        }
    }
}

/// What of a server matters for the choice.
#[derive(Debug, Clone, Default)]
pub(super) struct Server {
    /// Its major version.
    pub(super) major: u32,
    /// What tells it from every other server.
    pub(super) identity: Option<String>,
}

/// Finds the `pg_dump` for a server; also says why a container that was given is not used.
///
/// Debian's `/usr/bin/pg_dump` is a wrapper that may start another version, so the version's own folder comes before `PATH`.
pub(super) async fn find(
    server: &Server,
    target: &Target,
    container: Option<&Container>,
    registry: &Arc<Registry>,
) -> Result<(Tool, Option<String>)> {
    let Some(container) = container else {
        return Ok((here(server.major, registry).await?, None));
    };
    match container.version(server, target).await {
        Ok(version) => {
            let place = Place::Container(container.clone());
            Ok((Tool { place, version }, None))
        }
        Err(why) => {
            let note = format!(
                "pg_dump of this machine is used instead of that in service `{}`: {}",
                container.service,
                why.full_message()
            );
            Ok((here(server.major, registry).await?, Some(note)))
        }
    }
}

async fn here(major: u32, registry: &Arc<Registry>) -> Result<Tool> {
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
    fits(&program, &version, major)?;
    Ok(Tool {
        place: Place::Here(program),
        version,
    })
}

/// Refuses another major version: an older one cannot dump the server, a newer one writes what the server cannot read.
fn fits(program: &str, version: &str, major: u32) -> Result<()> {
    if major_of(version) == Some(major) {
        return Ok(());
    }
    let message = format!("`{program}` is version {version}, the server is version {major}");
    Err(Error::refused(message).hint(format!("apt-get install postgresql-client-{major}")))
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
pub(super) fn parse_version(text: &str) -> Option<String> {
    let rest = text.split_once("(PostgreSQL) ")?.1;
    rest.split_whitespace().next().map(str::to_owned)
}

/// The major version of `15.18` or `17beta1`.
pub(super) fn major_of(version: &str) -> Option<u32> {
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

    #[test]
    fn another_major_version_is_refused_with_the_remedy() {
        for version in ["14.9", "16.1", "17beta1"] {
            let error = fits("/usr/bin/pg_dump", version, 15).unwrap_err();

            assert!(error.message().contains(version), "{}", error.message());
            assert_eq!(
                error.hint_text(),
                Some("apt-get install postgresql-client-15")
            );
        }
    }
}
