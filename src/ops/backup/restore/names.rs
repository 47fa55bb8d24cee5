//! The databases that a restore makes beside the live one, recognised by their names: `lexiflow_dev_restore_20260731_020000`
//! while it is being filled, `lexiflow_dev_old_20260731_020000` for the one that was replaced.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use sha2::{Digest, Sha256};

use super::super::name::{parse_stamp, stamp};
use crate::base::text::hex;

/// The longest name that PostgreSQL keeps.
const LONGEST: usize = 63;
/// Two underscores and a stamp.
const STAMP: usize = 17;
/// How much of a hash tells names apart that are too long and begin alike.
const HASH: usize = 8;

/// What a database beside the live one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is being filled.
    Side,
    /// It was replaced, and is kept for a while.
    Old,
}

impl Role {
    const fn word(self) -> &'static str {
        match self {
            Self::Side => "restore",
            Self::Old => "old",
        }
    }
}

/// The name for a database beside `live`.
pub(super) fn beside(live: &str, role: Role, at: Timestamp) -> String {
    format!("{}{}", prefix(live, role), stamp(at))
}

/// When a database of this name was made beside `live`, if it is one of these.
pub(super) fn made_at(name: &str, live: &str, role: Role) -> Option<Timestamp> {
    let stamp = name.strip_prefix(&prefix(live, role))?;
    TimeZone::UTC.to_timestamp(parse_stamp(stamp)?).ok()
}

fn prefix(live: &str, role: Role) -> String {
    let room = LONGEST - STAMP - role.word().len();
    if live.len() <= room {
        return format!("{live}_{}_", role.word());
    }
    let mut end = room - HASH;
    while !live.is_char_boundary(end) {
        end -= 1;
    }
    let hash = hex(&Sha256::digest(live));
    format!("{}{}_{}_", &live[..end], &hash[..HASH], role.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_and_recognised() {
        let at: Timestamp = "2026-07-31T02:00:00Z".parse().unwrap();

        let side = beside("app_dev", Role::Side, at);

        assert_eq!(side, "app_dev_restore_20260731_020000");
        assert_eq!(made_at(&side, "app_dev", Role::Side), Some(at));
        assert_eq!(made_at(&side, "app_dev", Role::Old), None);
        assert_eq!(made_at(&side, "app", Role::Side), None);
        assert_eq!(made_at("app_dev_restore_x", "app_dev", Role::Side), None);
    }

    #[test]
    fn long_names_still_fit() {
        let live = "ä".repeat(31);

        let side = beside(&live, Role::Side, Timestamp::UNIX_EPOCH);

        assert!(side.len() <= LONGEST);
        assert!(made_at(&side, &live, Role::Side).is_some());
    }
}
