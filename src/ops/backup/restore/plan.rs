//! Everything that can be known before a restore touches anything: the file is whole, and the server can take it.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use super::super::progress::OnProgress;
use super::super::settings::{DatabaseSettings, roles};
use super::super::verify::{Verified, verify};
use crate::base::text::list;
use crate::base::{Error, Result};
use crate::ops::database::error::running;
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
}

/// The database that will be replaced.
#[derive(Debug, Clone)]
pub struct Live {
    /// How large it is.
    pub bytes: u64,
    /// How many sessions are connected.
    pub sessions: usize,
    pub(super) settings: DatabaseSettings,
}

impl Live {
    /// What it is besides its rows.
    pub const fn settings(&self) -> &DatabaseSettings {
        &self.settings
    }
}

/// Statements of the dump that are not replayed.
#[derive(Debug, Clone, Default)]
pub(super) struct Omit {
    /// Roles that do not exist here: what they own goes to us, rights for them go nowhere.
    pub(super) roles: BTreeSet<String>,
    /// Extensions that only a superuser may create, and that nothing may depend on then.
    pub(super) extensions: BTreeSet<String>,
}

struct Server {
    version: u32,
    is_superuser: bool,
    may_create: bool,
    roles: BTreeSet<String>,
    extensions: BTreeSet<String>,
    untrusted: BTreeSet<String>,
}

/// Verifies the file and looks at the server; nothing is changed anywhere.
pub async fn plan(path: &Path, target: &Target, on: OnProgress<'_>) -> Result<Plan> {
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
    if let Some(obstacle) = &source.facts.obstacle {
        return Err(Error::refused(format!(
            "`{}` cannot be replayed: {obstacle}",
            path.display()
        )));
    }
    let mut connection = admin::maintenance(target).await?;
    let server = Server::ask(&mut connection).await?;
    server.check(&source, target)?;
    let omit = server.omit(&source);
    let live = live(&mut connection, &target.database).await?;
    let mut warnings = omit.warnings();
    if source.manifest.is_none() {
        warnings
            .push("it has no manifest: its rows can only be compared with themselves".to_owned());
    }
    Ok(Plan {
        source,
        target: target.clone(),
        live,
        warnings,
        omit,
        known_roles: server.roles,
    })
}

impl Server {
    async fn ask(connection: &mut PgConnection) -> Result<Self> {
        const RIGHTS: &str = "select rolsuper, rolsuper or rolcreatedb, \
            array(select name::text from pg_available_extensions), \
            array(select v.name::text from pg_available_extension_versions v \
                join pg_available_extensions e on e.name = v.name and e.default_version = v.version \
                where v.superuser and not v.trusted) \
            from pg_roles where rolname = current_user";
        let row = connection
            .fetch_one(RIGHTS)
            .await
            .map_err(|e| running(RIGHTS, e))?;
        let names = |at: usize| -> sqlx::Result<BTreeSet<String>> {
            Ok(row.try_get::<Vec<String>, _>(at)?.into_iter().collect())
        };
        let failed = |e| running(RIGHTS, e);
        Ok(Self {
            version: connection.server_version_num().unwrap_or_default() / 10_000,
            is_superuser: row.try_get(0).map_err(failed)?,
            may_create: row.try_get(1).map_err(failed)?,
            extensions: names(2).map_err(failed)?,
            untrusted: names(3).map_err(failed)?,
            roles: roles(connection).await?.into_iter().collect(),
        })
    }

    fn check(&self, source: &Verified, target: &Target) -> Result<()> {
        let file = source.path.display();
        if let Some(major) = source.facts.major().filter(|major| *major > self.version) {
            return Err(Error::refused(format!(
                "`{file}` was dumped from PostgreSQL {major}, this server is {}",
                self.version
            ))
            .hint("restore it on a server of that version or newer"));
        }
        let missing: Vec<String> = source
            .facts
            .extensions
            .difference(&self.extensions)
            .map(|name| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            return Err(Error::refused(format!(
                "`{file}` needs extensions that this server does not have: {}",
                list(&missing)
            ))
            .hint(format!(
                "apt-get install postgresql-contrib postgresql-{}-...",
                self.version
            )));
        }
        if !self.may_create {
            return Err(Error::refused(format!(
                "user `{}` may not create the database to restore into",
                target.user
            ))
            .hint(format!(
                "as a superuser: `ALTER ROLE {} CREATEDB`",
                admin::quote_ident(&target.user)
            )));
        }
        Ok(())
    }

    fn omit(&self, source: &Verified) -> Omit {
        let facts = &source.facts;
        let untrusted = || {
            facts
                .extensions
                .intersection(&self.untrusted)
                .cloned()
                .collect()
        };
        Omit {
            roles: facts.roles.difference(&self.roles).cloned().collect(),
            extensions: if self.is_superuser {
                BTreeSet::new()
            } else {
                untrusted()
            },
        }
    }
}

impl Omit {
    fn warnings(&self) -> Vec<String> {
        let named = |names: &BTreeSet<String>| {
            let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            list(&quoted)
        };
        let mut warnings = Vec::new();
        if !self.roles.is_empty() {
            warnings.push(format!(
                "there is no role {} here: what it owns will be ours, its rights are left out",
                named(&self.roles)
            ));
        }
        if !self.extensions.is_empty() {
            warnings.push(format!(
                "only a superuser may create {}: left out",
                named(&self.extensions)
            ));
        }
        warnings
    }
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
        settings,
    }))
}
