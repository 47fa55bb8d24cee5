//! Whether the disk has room for a backup.

use std::path::Path;

use rustix::fs::statvfs;

use crate::base::{Error, Result, units};

const MOST_MARGIN: u64 = 512 * 1024 * 1024;

/// Free bytes for an ordinary user on the disk of a folder.
pub(super) fn free(folder: &Path) -> Result<u64> {
    facts(folder).map(|(free, _)| free)
}

fn facts(folder: &Path) -> Result<(u64, u64)> {
    let facts = statvfs(folder).map_err(|e| {
        Error::io(
            format!("cannot look at the disk of `{}`", folder.display()),
            e.into(),
        )
    })?;
    Ok((
        facts.f_bavail * facts.f_frsize,
        facts.f_blocks * facts.f_frsize,
    ))
}

/// Refuses to begin a backup that would fill the disk: other programs, often the database itself, live there too.
pub(super) fn check(folder: &Path, last_backup: Option<u64>, database: u64) -> Result<()> {
    let needed = estimate(last_backup, database);
    check_room(
        folder,
        needed,
        "free space there, or set BACKUP_DIR to another disk",
    )
}

/// Refuses to begin what would fill the disk of a folder; `hint` says what to do.
pub(super) fn check_room(folder: &Path, needed: u64, hint: &str) -> Result<()> {
    let (free, all) = facts(folder)?;
    let margin = MOST_MARGIN.min(all / 20);
    if free >= needed + margin {
        return Ok(());
    }
    Err(Error::refused(format!(
        "not enough room in `{}`: {} are free, about {} are needed and {} must stay free",
        folder.display(),
        units::bytes(free),
        units::bytes(needed),
        units::bytes(margin)
    ))
    .hint(hint))
}

/// How large a backup may become: half as large again as the last one, or a little more than half of the database.
fn estimate(last_backup: Option<u64>, database: u64) -> u64 {
    last_backup.map_or(database / 10 * 6, |bytes| bytes + bytes / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_follows_the_last_backup() {
        assert_eq!(estimate(Some(100), 1_000), 150);
        assert_eq!(estimate(None, 1_000), 600);
    }

    #[test]
    fn a_disk_without_room_is_refused() {
        let error = check(Path::new("/"), Some(u64::MAX / 2), 0).unwrap_err();

        assert!(
            error.message().starts_with("not enough room in `/`"),
            "{}",
            error.message()
        );
    }
}
