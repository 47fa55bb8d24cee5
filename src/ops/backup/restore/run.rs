//! Restores a backup: into a new database first, which takes the place of the live one only when it is complete.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sqlx::Connection;
use sqlx::postgres::PgConnection;

use super::super::create::{Artifact, Create, Options, create};
use super::super::manifest::Pin;
use super::super::progress::{OnProgress, Progress, Step};
use super::super::settings::DatabaseSettings;
use super::names::Role;
use super::plan::{Live, Plan};
use super::swap::Swap;
use super::{check, lock, replay, side};
use crate::base::{Cancel, Error, Kind, Result};
use crate::ops::database::error::sqlstate;
use crate::ops::database::sqlfile::run as run_sql;
use crate::ops::database::{Target, connect, quote_ident, quote_literal};

/// How long a safety backup is kept whatever its age.
const SAFETY_DAYS: i64 = 7;

/// What may be chosen about a restore.
#[derive(Debug, Clone, Copy)]
pub struct RestoreOptions<'a> {
    /// Whether the live database is backed up first.
    pub safety_backup: bool,
    /// Whether the database that is replaced is kept beside.
    pub keep_old: bool,
    /// A folder of queries that must answer no row.
    pub checks: Option<&'a Path>,
    /// How long to wait while another run restores the same database.
    pub wait: Duration,
}

/// What a restore has done.
#[derive(Debug, Clone)]
pub struct Restored {
    /// How many rows there are now.
    pub rows: u64,
    /// How many tables.
    pub tables: u64,
    /// The database that was replaced, by its new name.
    pub old: Option<String>,
    /// The backup that was made of it first.
    pub safety: Option<Artifact>,
    /// What was left out or may surprise.
    pub warnings: Vec<String>,
    /// How long it took.
    pub ms: u64,
}

/// Restores what was planned. `backup` says how the safety backup is made; its target is the live database.
///
/// Whatever goes wrong, and when `cancel` is asked to stop, the new database is dropped and the live one was not touched.
/// So this must not be dropped half way: it looks after `cancel` itself.
pub async fn restore(
    plan: &Plan,
    backup: &Create<'_>,
    options: RestoreOptions<'_>,
    cancel: &Cancel,
    on: OnProgress<'_>,
) -> Result<Restored> {
    let started = Instant::now();
    let mut work = Work {
        plan,
        options,
        at: Timestamp::now(),
        warnings: plan.warnings.clone(),
    };
    let prepared = unless(cancel, work.prepare(backup, on)).await;
    let (mut admin, safety) = prepared.map_err(untouched)?;
    let side = side::free_name(&mut admin, &plan.target.database, Role::Side, work.at).await;
    let side = side.map_err(untouched)?;
    let filled = unless(cancel, work.fill(&mut admin, &side, on)).await;
    let swapped = match filled {
        // From here on nothing is interrupted: it is a matter of milliseconds.
        Ok(()) => work.swap(&mut admin, &side, on).await,
        Err(e) => Err(e),
    };
    match swapped {
        Ok(old) => Ok(Restored {
            rows: plan.source.facts.rows(),
            tables: plan.source.facts.created_tables,
            old,
            safety,
            warnings: work.warnings,
            ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }),
        Err(e) => Err(work.clean_up(&side, e).await),
    }
}

async fn unless<T>(cancel: &Cancel, work: impl Future<Output = Result<T>>) -> Result<T> {
    if cancel.is_cancelled() {
        return Err(cancel.error());
    }
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(cancel.error()),
        done = work => done,
    }
}

fn untouched(error: Error) -> Error {
    error.state("; the live database was not touched")
}

struct Work<'p> {
    plan: &'p Plan,
    options: RestoreOptions<'p>,
    at: Timestamp,
    warnings: Vec<String>,
}

impl Work<'_> {
    fn target(&self) -> &Target {
        &self.plan.target
    }

    /// Takes the lock, clears away what killed runs left, and backs the live database up.
    async fn prepare(
        &mut self,
        backup: &Create<'_>,
        on: OnProgress<'_>,
    ) -> Result<(PgConnection, Option<Artifact>)> {
        let mut admin = lock::take(self.target(), self.options.wait).await?;
        let live = &self.target().database;
        for name in side::sweep(&mut admin, live, self.at).await? {
            self.warnings
                .push(format!("dropped `{name}`, which a killed restore had left"));
        }
        let is_there = self.plan.live.is_some() && has_tables(self.target()).await?;
        if !(self.options.safety_backup && is_there) {
            return Ok((admin, None));
        }
        let request = Create {
            options: Options {
                label: Some("before a restore".to_owned()),
                pin: Some(Pin::days(SAFETY_DAYS, self.at)),
                ..backup.options.clone()
            },
            ..backup.clone()
        };
        let safety = create(&request, on).await.map_err(|e| {
            let doing = "the backup of the live database before the restore was not made";
            e.context(doing)
                .hint("restore without it: `safety_backup: false`")
        })?;
        Ok((admin, Some(safety)))
    }

    /// Makes the new database, fills it and looks at it.
    async fn fill(
        &mut self,
        admin: &mut PgConnection,
        side: &str,
        on: OnProgress<'_>,
    ) -> Result<()> {
        let like = self.settings();
        let owner = like.as_ref().map(|like| like.owner.clone());
        let owner = owner.filter(|owner| self.plan.known_roles.contains(owner));
        let warning = side::make(admin, side, like.as_ref(), owner.as_deref()).await?;
        self.warnings.extend(warning);
        let target = self.target().with_database(side);
        let mut connection = connect(&target).await?;
        replay::replay(&mut connection, &self.plan.source, &self.plan.omit, on)
            .await
            .map_err(|e| e.context("the backup cannot be replayed"))?;
        close(connection).await;
        if let Some(like) = &like {
            self.apply(admin, side, like).await?;
        }
        on(Progress::of(Step::Check, 0, None));
        // A new session: it has the settings that the database was given just now.
        let mut connection = connect(&target).await?;
        check::check(&mut connection, self.options.checks).await?;
        close(connection).await;
        Ok(())
    }

    /// Who may use it stays as it is here; how its sessions behave comes from the backup, when it says so.
    fn settings(&self) -> Option<DatabaseSettings> {
        let live = self.plan.live.as_ref().map(Live::settings);
        let dumped = self
            .plan
            .source
            .manifest
            .as_ref()
            .map(|manifest| &manifest.settings);
        let mut settings = live.or(dumped)?.clone();
        if let Some(dumped) = dumped {
            settings.config.clone_from(&dumped.config);
        }
        Some(settings)
    }

    async fn apply(
        &mut self,
        admin: &mut PgConnection,
        side: &str,
        like: &DatabaseSettings,
    ) -> Result<()> {
        let exists = |role: &str| self.plan.known_roles.contains(role);
        for sql in like.statements(side, &exists) {
            match run_sql(admin, &sql).await {
                // Another user may have set what this one may not, or a server knows what this one does not.
                Err(e) if matches!(sqlstate(&e), Some("42501" | "42704" | "22023")) => {
                    self.warnings
                        .push(format!("left out `{sql}`: {}", e.message()));
                }
                done => drop(done?),
            }
        }
        Ok(())
    }

    async fn swap(
        &mut self,
        admin: &mut PgConnection,
        side: &str,
        on: OnProgress<'_>,
    ) -> Result<Option<String>> {
        on(Progress::of(Step::Swap, 0, None));
        let live = &self.target().database;
        let old = if self.plan.live.is_some() {
            Some(side::free_name(admin, live, Role::Old, self.at).await?)
        } else {
            None
        };
        let comment = self
            .plan
            .live
            .as_ref()
            .and_then(|live| live.settings.comment.as_deref());
        let comment = comment.map_or_else(|| "NULL".to_owned(), quote_literal);
        let swap = Swap {
            live: live.clone(),
            incoming: side.to_owned(),
            outgoing: old.clone(),
            also: vec![format!(
                "COMMENT ON DATABASE {} IS {comment}",
                quote_ident(live)
            )],
        };
        if let Err(e) = swap.run(self.target()).await {
            // A connection that broke while it committed does not say what became of it.
            let is_done = sqlstate(&e).is_none() && swap.is_done(self.target()).await?;
            if !is_done {
                return Err(e.context("the new database cannot take the place of the live one"));
            }
        }
        match old {
            Some(old) if !self.options.keep_old => {
                side::drop_it(admin, &old).await?;
                Ok(None)
            }
            old => Ok(old),
        }
    }

    /// Drops the new database, on a new connection: the old one may be in the middle of something.
    async fn clean_up(&self, side: &str, error: Error) -> Error {
        let dropped = async {
            let mut admin = crate::ops::database::admin::maintenance(self.target()).await?;
            side::drop_it(&mut admin, side).await
        };
        match dropped.await {
            Ok(()) => untouched(error),
            Err(_left) => untouched(error.state(&format!(
                "; database `{side}` may be left and goes with the next restore"
            ))),
        }
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

/// Ends a session before its database is renamed; the server ends it anyway when this does not.
async fn close(connection: PgConnection) {
    let _already_gone = connection.close().await;
}
