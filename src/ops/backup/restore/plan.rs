//! Everything that can be known before a restore touches anything: the file is whole, and the server can take it.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::postgres::PgConnection;

use super::super::progress::OnProgress;
use super::super::settings::DatabaseSettings;
use super::super::verify::{Verified, replayable, verify};
use super::omit::Omit;
use super::room;
use super::server::Server;
use crate::base::{Error, Result};
use crate::ops::database::{Target, admin};

/// What a restore would do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The file, read to its end.
    pub source: Verified,
    /// The database that it becomes.
    pub target: Target,
    /// The database as it is now; none when there is none.
    pub live: Option<Live>,
    /// What will be left out or may surprise, each in one line.
    pub warnings: Vec<String>,
    pub(super) omit: Omit,
    pub(super) known_roles: BTreeSet<String>,
    /// The roles that we may make an owner.
    pub(super) own_roles: BTreeSet<String>,
}

/// The database that will be replaced.
#[derive(Debug, Clone)]
pub struct Live {
    /// How large it is.
    pub bytes: u64,
    /// How many sessions are connected.
    pub sessions: usize,
    /// What their programs call themselves.
    pub applications: BTreeSet<String>,
    pub(super) settings: DatabaseSettings,
}

impl Live {
    /// What it is besides its rows.
    pub const fn settings(&self) -> &DatabaseSettings {
        &self.settings
    }
}

/// Whose everything will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Owners {
    /// As the dump says, where the role exists here.
    #[default]
    AsDumped,
    /// All is the user's who restores, and rights are left out.
    Ours,
}

/// Verifies the file and looks at the server; nothing is changed anywhere.
pub async fn plan(
    path: &Path,
    target: &Target,
    owners: Owners,
    on: OnProgress<'_>,
) -> Result<Plan> {
    if matches!(
        target.database.as_str(),
        "postgres" | "template0" | "template1"
    ) {
        return Err(Error::refused(format!(
            "`{}` is a database of the server itself",
            target.database
        ))
        .hint("set DB_DATABASE to the application's database"));
    }
    let source = verify(path, on).await?;
    replayable(&source)?;
    let mut connection = admin::maintenance(target).await?;
    let server = Server::ask(&mut connection).await?;
    server.check(&source, target)?;
    let omit = server.omit(&source, owners);
    room::check(&mut connection, target, source.facts.raw_bytes).await?;
    let live = live(&mut connection, &target.database).await?;
    if let Some(live) = &live {
        server.check_owner(target, &live.settings.owner)?;
    }
    let mut warnings = omit.warnings();
    warnings.extend(oddities(&source));
    Ok(Plan {
        source,
        target: target.clone(),
        live,
        warnings,
        omit,
        known_roles: server.roles,
        own_roles: server.own,
    })
}

/// What may surprise about a dump, each in one line.
fn oddities(source: &Verified) -> impl Iterator<Item = String> {
    let facts = &source.facts;
    let is_empty = facts.tables.is_empty() && facts.inserts == 0;
    [
        (source.manifest.is_none(), "it has no manifest: its rows can only be compared with themselves"),
        (is_empty, "it holds no rows at all, only the schema: all rows will be gone"),
        (
            facts.has_crlf,
            "its lines end as on Windows: it went through a terminal (`docker exec -t`), and texts in it may have changed",
        ),
    ]
    .into_iter()
    .filter(|(is_so, _)| *is_so)
    .map(|(_, what)| what.to_owned())
}

async fn live(connection: &mut PgConnection, database: &str) -> Result<Option<Live>> {
    let Some(settings) = DatabaseSettings::read(connection, database).await? else {
        return Ok(None);
    };
    let bytes = admin::size(connection, database).await?;
    let sessions = admin::sessions(connection, Some(database)).await?;
    Ok(Some(Live {
        bytes: u64::try_from(bytes).unwrap_or(0),
        sessions: sessions.len(),
        applications: sessions
            .into_iter()
            .map(|session| session.application)
            .filter(|name| !name.is_empty())
            .collect(),
        settings,
    }))
}
