//! Dumps what a database is without what is in it, with the `pg_dump` that backups use.

use std::path::Path;
use std::sync::Arc;

use super::before::identity;
use super::container::Container;
use super::dump::Dump;
use super::tool::{self, Server};
use crate::base::{Error, Result};
use crate::ops::database::{Target, connect, server_facts};
use crate::ops::process::Registry;

/// What `pg_dump` leaves out: owners and rights depend on the machine, and the histories of migrations are no part of a schema.
const ARGUMENTS: [&str; 8] = [
    "--schema-only",
    "--no-owner",
    "--no-privileges",
    "--encoding=UTF8",
    "--no-password",
    "--lock-wait-timeout=30s",
    "--exclude-schema=lexi",
    "--exclude-table=_sqlx_migrations|schema_migrations",
];

/// What dumps schemas.
#[derive(Debug, Clone, Copy)]
pub struct SchemaDump<'a> {
    /// Where the password file is kept meanwhile.
    pub scratch: &'a Path,
    /// The container that the server runs in, if it does.
    pub container: Option<&'a Container>,
    /// What starts programs.
    pub registry: &'a Arc<Registry>,
}

impl SchemaDump<'_> {
    /// The schema of a database as SQL.
    pub async fn text(&self, target: &Target) -> Result<String> {
        let server = server(target).await?;
        // Why the container's own program is not used is no news here: the same schema is dumped.
        let (tool, _why) = tool::find(&server, target, self.container, self.registry).await?;
        let dump = Dump {
            target,
            tool: &tool,
            scratch: self.scratch,
            exclude_data: &[],
            level: 0,
            registry: self.registry,
        };
        let text = dump.schema(&ARGUMENTS).await?;
        String::from_utf8(text)
            .map_err(|e| Error::corrupt("the dump of the schema is not UTF-8").because(e))
    }
}

pub(super) async fn server(target: &Target) -> Result<Server> {
    let mut connection = connect(target).await?;
    let facts = server_facts(&mut connection).await?;
    Ok(Server {
        major: u32::try_from(facts.version_num / 10_000).unwrap_or_default(),
        identity: identity(&mut connection).await,
    })
}
