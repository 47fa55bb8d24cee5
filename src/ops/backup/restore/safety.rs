//! What comes before a restore: the lock, what killed runs left, and a backup of the live database.

use sqlx::postgres::PgConnection;

use super::super::create::{Artifact, Create, Options, create};
use super::super::manifest::Pin;
use super::super::progress::OnProgress;
use super::run::Work;
use super::{lock, side};
use crate::base::{Kind, Result};
use crate::ops::database::sqlfile::run as run_sql;
use crate::ops::database::{Target, connect};

/// The label of a safety backup. `latest` passes it by: it holds what the restore was to replace.
pub(super) const LABEL: &str = "before a restore";
/// How long a safety backup is kept whatever its age.
const SAFETY_DAYS: i64 = 7;

impl Work<'_> {
    /// Takes the lock, clears away what killed runs left, and backs the live database up.
    pub(super) async fn prepare(
        &mut self,
        backup: &Create<'_>,
        on: OnProgress<'_>,
    ) -> Result<(PgConnection, Option<Artifact>)> {
        let mut admin = lock::take(self.target(), self.options.wait).await?;
        let live = &self.target().database;
        for name in side::sweep(&mut admin, live).await? {
            self.warnings
                .push(format!("dropped `{name}`, which a killed restore had left"));
        }
        // A live database that is too damaged to be looked at must still be replaceable.
        if !self.options.safety_backup || self.plan.live.is_none() {
            return Ok((admin, None));
        }
        if !has_tables(self.target()).await? {
            return Ok((admin, None));
        }
        let request = Create {
            options: Options {
                label: Some(LABEL.to_owned()),
                pin: Some(Pin::days(SAFETY_DAYS, self.at)),
                ..backup.options.clone()
            },
            ..backup.clone()
        };
        let safety = create(&request, on).await.map_err(|e| {
            let doing = "the backup of the live database before the restore was not made";
            e.context(doing)
                .hint("restore without it: `--no-safety-backup`")
        })?;
        Ok((admin, Some(safety)))
    }
}

async fn has_tables(target: &Target) -> Result<bool> {
    const SQL: &str = "select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
        where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
        and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass \
            and d.deptype = 'e') limit 1";
    let mut connection = connect(target).await.map_err(|e| match e.kind() {
        Kind::Database => e.context("the live database cannot be looked at"),
        _ => e,
    })?;
    Ok(run_sql(&mut connection, SQL).await?.answered > 0)
}
