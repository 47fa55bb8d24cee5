//! Restores a backup: into a new database first, which takes the place of the live one only when it is complete.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sqlx::postgres::PgConnection;

use super::super::create::{Artifact, Create};
use super::super::progress::{OnProgress, Progress, Step};
use super::kept::Kept;
use super::names::Role;
use super::plan::Plan;
use super::swap::{NotSwapped, Swap, comment_on};
use super::{side, untouched};
use crate::base::{Cancel, Error, Kind, Result};
use crate::ops::database::{Target, admin, quote_ident};

/// How long to wait for a server that went away, to clear up on it.
const RECOVERY: Duration = Duration::from_secs(10);

/// What may be chosen about a restore.
#[derive(Debug, Clone, Copy)]
pub struct RestoreOptions<'a> {
    /// Whether the live database is backed up first.
    pub safety_backup: bool,
    /// How long the database that is replaced is kept beside; nothing drops it at once.
    pub keep_old: Option<Duration>,
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
    /// How long of that the new database was being filled.
    pub replay_ms: u64,
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
        replay: Duration::ZERO,
    };
    let prepared = unless(cancel, work.prepare(backup, on)).await;
    let (mut admin, safety) = prepared.map_err(untouched)?;
    let side = side::free_name(&mut admin, &plan.target.database, Role::Side, work.at).await;
    let side = side.map_err(untouched)?;
    let filled = unless(cancel, work.fill(&mut admin, &side, on)).await;
    let swapped = match filled {
        // From here on nothing is interrupted: it is a matter of milliseconds.
        Ok(()) => work.swap(&mut admin, &side, on).await,
        Err(e) => Err(NotSwapped::Untouched(e)),
    };
    let old = match swapped {
        Ok(old) => work.keep_or_drop(&mut admin, old).await,
        Err(NotSwapped::Untouched(e)) => return Err(work.clean_up(&side, e).await),
        Err(unknown) => return Err(unknown.told(&plan.target.database)),
    };
    Ok(Restored {
        rows: plan.source.facts.rows(),
        tables: plan.source.facts.created_tables,
        old,
        safety,
        warnings: work.warnings,
        ms: millis(started.elapsed()),
        replay_ms: millis(work.replay),
    })
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
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

/// A restore that is going on.
pub(super) struct Work<'p> {
    pub(super) plan: &'p Plan,
    pub(super) options: RestoreOptions<'p>,
    pub(super) at: Timestamp,
    pub(super) warnings: Vec<String>,
    /// How long the new database was being filled.
    pub(super) replay: Duration,
}

impl Work<'_> {
    pub(super) fn target(&self) -> &Target {
        &self.plan.target
    }

    async fn swap(
        &mut self,
        admin: &mut PgConnection,
        side: &str,
        on: OnProgress<'_>,
    ) -> Result<Option<String>, NotSwapped> {
        on(Progress::of(Step::Swap, 0, None));
        let live = &self.target().database;
        let settings = self.settings();
        let comment = settings.as_ref().and_then(|all| all.comment.clone());
        let limit = settings.as_ref().map_or(-1, |all| all.connection_limit);
        let mut also = vec![
            format!(
                "ALTER DATABASE {} CONNECTION LIMIT {limit}",
                quote_ident(live)
            ),
            comment_on(live, comment.as_deref()),
        ];
        let mut outgoing = None;
        if self.plan.live.is_some() {
            let old = side::free_name(admin, live, Role::Old, self.at).await;
            let old = old.map_err(NotSwapped::Untouched)?;
            let keep = self.options.keep_old.unwrap_or_default();
            let kept = Kept::new(Timestamp::now(), keep, comment);
            also.push(comment_on(&old, Some(&kept.text())));
            outgoing = Some(old);
        }
        let swap = Swap {
            live: live.clone(),
            incoming: side.to_owned(),
            outgoing: outgoing.clone(),
            also,
        };
        match swap.run(self.target()).await {
            Ok(()) => Ok(outgoing),
            Err(NotSwapped::Untouched(e)) => Err(NotSwapped::Untouched(
                e.context("the new database cannot take the place of the live one"),
            )),
            unknown => unknown.map(|()| None),
        }
    }

    /// Drops the replaced database when it shall not be kept. The restore is done; that this fails does not undo it.
    async fn keep_or_drop(
        &mut self,
        admin: &mut PgConnection,
        old: Option<String>,
    ) -> Option<String> {
        let old = old?;
        if self.options.keep_old.is_some() {
            return Some(old);
        }
        match side::drop_it(admin, &old).await {
            Ok(()) => None,
            Err(e) => {
                let why = e.full_message();
                self.warnings.push(format!(
                    "the replaced database is still there as `{old}`: {why}"
                ));
                Some(old)
            }
        }
    }

    /// Drops the new database, on a new connection: the old one may be in the middle of something.
    async fn clean_up(&self, side: &str, error: Error) -> Error {
        let start = Instant::now();
        let dropped = loop {
            match self.drop_side(side).await {
                // A server that recovers from a crash takes connections again soon.
                Err(e) if e.kind() == Kind::Unavailable && start.elapsed() < RECOVERY => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                done => break done,
            }
        };
        match dropped {
            Ok(()) => untouched(error),
            Err(_left) => untouched(error.state(&format!(
                "; database `{side}` may be left and goes with the next restore"
            ))),
        }
    }

    async fn drop_side(&self, side: &str) -> Result<()> {
        let mut admin = admin::maintenance(self.target()).await?;
        side::drop_it(&mut admin, side).await
    }
}
