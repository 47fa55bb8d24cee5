//! What the server can take, asked before anything is made on it.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;
use sqlx::{Executor, Row};

use super::super::verify::Verified;
use super::omit::{Omit, named};
use super::plan::Owners;
use crate::base::{Error, Result};
use crate::ops::database::error::running;
use crate::ops::database::{Target, admin};

/// What is known about the server.
pub(super) struct Server {
    version: u32,
    is_superuser: bool,
    may_create: bool,
    pub(super) roles: BTreeSet<String>,
    /// The roles that we may act for.
    pub(super) own: BTreeSet<String>,
    extensions: BTreeSet<String>,
    untrusted: BTreeSet<String>,
    tablespaces: BTreeSet<String>,
}

impl Server {
    pub(super) async fn ask(connection: &mut PgConnection) -> Result<Self> {
        const RIGHTS: &str = "select rolsuper, rolsuper or rolcreatedb, \
            array(select name::text from pg_available_extensions), \
            array(select v.name::text from pg_available_extension_versions v \
                join pg_available_extensions e on e.name = v.name and e.default_version = v.version \
                where v.superuser and not v.trusted), \
            array(select rolname::text from pg_roles), \
            array(select rolname::text from pg_roles where pg_has_role(oid, 'member')), \
            array(select spcname::text from pg_tablespace) \
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
            roles: names(4).map_err(failed)?,
            own: names(5).map_err(failed)?,
            tablespaces: names(6).map_err(failed)?,
        })
    }

    /// Refuses a dump that the server cannot take.
    pub(super) fn check(&self, source: &Verified, target: &Target) -> Result<()> {
        let file = source.path.display();
        let facts = &source.facts;
        if let Some(major) = facts.major().filter(|major| *major > self.version) {
            return Err(Error::refused(format!(
                "`{file}` was dumped from PostgreSQL {major}, this server is {}",
                self.version
            ))
            .hint("restore it on a server of that version or newer"));
        }
        let missing = absent(&facts.extensions, &self.extensions);
        if !missing.is_empty() {
            return Err(Error::refused(format!(
                "`{file}` needs extensions that this server does not have: {}",
                named(&missing)
            ))
            .hint(format!(
                "install their packages on the server, such as `apt-get install postgresql-contrib` or \
                `postgresql-{}-NAME`",
                self.version
            )));
        }
        let missing = absent(&facts.needs.policies, &self.roles);
        if !missing.is_empty() {
            return Err(Error::refused(format!(
                "`{file}` has policies of row security for roles that do not exist here: {}",
                named(&missing)
            ))
            .hint(create_roles(&missing)));
        }
        if !self.may_create {
            let user = &target.user;
            return Err(Error::refused(format!(
                "user `{user}` may not create the database to restore into"
            ))
            .hint(format!(
                "as a superuser: `ALTER ROLE {} CREATEDB`",
                admin::quote_ident(user)
            )));
        }
        Ok(())
    }

    /// Refuses to replace a database that is somebody else's.
    pub(super) fn check_owner(&self, target: &Target, owner: &str) -> Result<()> {
        if self.own.contains(owner) {
            return Ok(());
        }
        let (user, database) = (&target.user, &target.database);
        Err(Error::refused(format!(
            "database `{database}` belongs to `{owner}`: user `{user}` may not replace it"
        ))
        .hint(format!(
            "as a superuser: `ALTER DATABASE {} OWNER TO {}`",
            admin::quote_ident(database),
            admin::quote_ident(user)
        )))
    }

    /// What of a dump will not be replayed here.
    pub(super) fn omit(&self, source: &Verified, owners: Owners) -> Omit {
        let facts = &source.facts;
        let extensions = facts.extensions.intersection(&self.untrusted);
        Omit {
            all_owners: owners == Owners::Ours,
            owners: absent(&facts.needs.owners, &self.own),
            grantees: absent(&facts.roles, &self.roles),
            extensions: extensions.filter(|_| !self.is_superuser).cloned().collect(),
            tablespaces: absent(&facts.needs.tablespaces, &self.tablespaces),
            subscriptions: facts.needs.subscriptions.clone(),
        }
    }
}

fn absent(wanted: &BTreeSet<String>, there: &BTreeSet<String>) -> BTreeSet<String> {
    wanted.difference(there).cloned().collect()
}

fn create_roles(names: &BTreeSet<String>) -> String {
    let statements: Vec<String> = names
        .iter()
        .map(|name| format!("CREATE ROLE {};", admin::quote_ident(name)))
        .collect();
    format!("as a superuser: `{}`", statements.join(" "))
}
