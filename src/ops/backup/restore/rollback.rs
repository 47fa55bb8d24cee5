//! Puts back the database that a restore replaced, and drops what restores left when its time is over.

use std::time::Duration;

use jiff::Timestamp;

use super::kept::Kept;
use super::names::Role;
use super::swap::{Swap, comment_on};
use super::{lock, side};
use crate::base::{Error, Result};
use crate::ops::database::{Target, admin};

/// A run that was killed holds its lock until the server has noticed.
const SHORTLY: Duration = Duration::from_secs(3);

/// A database that a restore replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDatabase {
    /// Its name now.
    pub name: String,
    /// When it was replaced.
    pub replaced: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
}

/// What a rollback has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// The database that is the live one again, by the name it had meanwhile.
    pub from: String,
    /// The database that was the live one until now, by its new name.
    pub old: Option<String>,
}

/// The databases that restores replaced, newest first; a rollback puts the first one back.
pub async fn kept(target: &Target) -> Result<Vec<KeptDatabase>> {
    let mut admin = admin::maintenance(target).await?;
    let all = side::beside(&mut admin, &target.database, Role::Old).await?;
    let kept = all.into_iter().map(|old| KeptDatabase {
        until: Kept::parse(old.comment.as_deref(), old.at).until,
        replaced: old.at,
        name: old.name,
    });
    Ok(kept.collect())
}

/// Puts back the newest database that a restore replaced. The present one is kept in its turn, so this can be undone too.
pub async fn rollback(target: &Target, keep: Duration, wait: Duration) -> Result<RolledBack> {
    let mut admin = lock::take(target, wait).await?;
    let live = &target.database;
    let candidates = side::beside(&mut admin, live, Role::Old).await?;
    let Some(from) = candidates.into_iter().next() else {
        return Err(Error::not_found(format!(
            "no database is kept that was `{live}` before a restore"
        ))
        .hint("restore a backup instead: `lexi run restore latest`"));
    };
    let now = Timestamp::now();
    let comment = Kept::parse(from.comment.as_deref(), from.at).comment;
    let mut also = vec![comment_on(live, comment.as_deref())];
    let mut outgoing = None;
    if admin::exists(&mut admin, live).await? {
        let old = side::free_name(&mut admin, live, Role::Old, now).await?;
        let kept = Kept::new(now, keep, admin::comment(&mut admin, live).await?);
        also.push(comment_on(&old, Some(&kept.text())));
        outgoing = Some(old);
    }
    let swap = Swap {
        live: live.clone(),
        incoming: from.name.clone(),
        outgoing: outgoing.clone(),
        also,
    };
    swap.run(target).await.map_err(|e| e.told(live))?;
    Ok(RolledBack {
        from: from.name,
        old: outgoing,
    })
}

/// Drops what killed restores left, and replaced databases whose time is over, when `newest_backup` is younger than they are.
pub async fn clear(target: &Target, newest_backup: Option<Timestamp>) -> Result<Vec<String>> {
    let mut admin = lock::take(target, SHORTLY).await?;
    let mut dropped = side::sweep(&mut admin, &target.database).await?;
    let now = Timestamp::now();
    for old in side::beside(&mut admin, &target.database, Role::Old).await? {
        let is_over = Kept::parse(old.comment.as_deref(), old.at).until < now;
        if is_over && newest_backup.is_some_and(|newest| newest > old.at) {
            side::drop_it(&mut admin, &old.name).await?;
            dropped.push(old.name);
        }
    }
    Ok(dropped)
}
