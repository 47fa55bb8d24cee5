//! Puts back the database that a restore replaced, and drops those that were kept long enough.

use std::time::Duration;

use jiff::Timestamp;

use super::names::Role;
use super::swap::Swap;
use super::{lock, side};
use crate::base::{Error, Result};
use crate::ops::database::{Target, admin};

/// What a rollback has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// The database that is the live one again, by the name it had meanwhile.
    pub from: String,
    /// The database that was the live one until now, by its new name.
    pub old: Option<String>,
}

/// The database that a rollback would put back; `None` when there is none.
pub async fn rollback_candidate(target: &Target) -> Result<Option<String>> {
    let mut admin = admin::maintenance(target).await?;
    let newest = side::beside(&mut admin, &target.database, Role::Old).await?;
    Ok(newest.into_iter().next().map(|(_, name, _)| name))
}

/// Puts back the newest database that a restore replaced. The present one is kept in its turn, so this can be undone too.
pub async fn rollback(target: &Target, wait: Duration) -> Result<RolledBack> {
    let mut admin = lock::take(target, wait).await?;
    let live = &target.database;
    let candidates = side::beside(&mut admin, live, Role::Old).await?;
    let Some((_, from, _)) = candidates.into_iter().next() else {
        return Err(Error::not_found(format!(
            "no database is kept that was `{live}` before a restore"
        ))
        .hint("restore a backup instead: `lexi run restore latest`"));
    };
    let is_there = admin::exists(&mut admin, live).await?;
    let old = if is_there {
        Some(side::free_name(&mut admin, live, Role::Old, Timestamp::now()).await?)
    } else {
        None
    };
    let swap = Swap {
        live: live.clone(),
        incoming: from.clone(),
        outgoing: old.clone(),
        also: Vec::new(),
    };
    let done = swap.run(target).await;
    done.map_err(|e| e.state("; the live database was not touched"))?;
    Ok(RolledBack { from, old })
}

/// Drops replaced databases that were kept longer than `age`; the caller has made sure that a newer backup is good.
pub async fn drop_old(
    target: &Target,
    age: Duration,
    newest_backup: Timestamp,
) -> Result<Vec<String>> {
    let mut admin = lock::take(target, Duration::ZERO).await?;
    let now = Timestamp::now();
    let mut dropped = Vec::new();
    for (at, name, _) in side::beside(&mut admin, &target.database, Role::Old).await? {
        let kept = now.duration_since(at);
        let is_over = Duration::try_from(kept).is_ok_and(|kept| kept > age);
        if is_over && newest_backup > at {
            side::drop_it(&mut admin, &name).await?;
            dropped.push(name);
        }
    }
    Ok(dropped)
}
