//! What is written on a database that was replaced: until when it is kept, and the comment that it had.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How long a replaced database is kept when nobody says otherwise.
pub const KEEP_OLD: Duration = Duration::from_hours(24);

const MARK: &str = "lexi: replaced by a restore, kept until ";

/// The comment of a replaced database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// When it may be dropped.
    pub(super) until: Timestamp,
    /// The comment that it had, and gets back.
    pub(super) comment: Option<String>,
}

impl Kept {
    /// A database that is kept for so long.
    pub(super) fn new(now: Timestamp, keep: Duration, comment: Option<String>) -> Self {
        Self {
            until: after(now, keep),
            comment,
        }
    }

    /// Reads a comment. One that is not ours is that of a database which was replaced at `at` by an older version.
    pub(super) fn parse(comment: Option<&str>, at: Timestamp) -> Self {
        let own = comment.and_then(|text| {
            let (until, rest) = text.strip_prefix(MARK)?.split_once('\n')?;
            Some(Self {
                until: until.parse().ok()?,
                comment: (!rest.is_empty()).then(|| rest.to_owned()),
            })
        });
        own.unwrap_or_else(|| Self::new(at, KEEP_OLD, comment.map(str::to_owned)))
    }

    /// The comment to write.
    pub(super) fn text(&self) -> String {
        let comment = self.comment.as_deref().unwrap_or_default();
        format!("{MARK}{:.0}\n{comment}", self.until)
    }
}

fn after(at: Timestamp, keep: Duration) -> Timestamp {
    let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
    at.checked_add(keep).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_read_as_it_was_written() {
        let now: Timestamp = "2026-07-31T02:00:00Z".parse().unwrap();
        for comment in [None, Some("mine\nand yours".to_owned())] {
            let kept = Kept::new(now, Duration::from_hours(1), comment);

            assert_eq!(Kept::parse(Some(&kept.text()), Timestamp::UNIX_EPOCH), kept);
            assert!(
                kept.text().contains("2026-07-31T03:00:00Z"),
                "{}",
                kept.text()
            );
        }
    }

    #[test]
    fn a_foreign_comment_is_kept_for_a_day() {
        let now: Timestamp = "2026-07-31T02:00:00Z".parse().unwrap();

        let kept = Kept::parse(Some("mine"), now);

        assert_eq!(kept.until.to_string(), "2026-08-01T02:00:00Z");
        assert_eq!(kept.comment.as_deref(), Some("mine"));
    }
}
