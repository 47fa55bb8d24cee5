//! The names of backup files: `lexiflow_backup_20260731_020000.sql.gz`. The time in a name is UTC and is the backup's age.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const SUFFIX: &str = ".sql.gz";
const MIDDLE: &str = "_backup_";

/// The name of a backup file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackupName {
    at: DateTime,
    prefix: String,
}

impl BackupName {
    /// The name for a backup of `project` made now.
    pub fn new(project: &str, at: Timestamp) -> Self {
        let at = at.to_zoned(TimeZone::UTC).datetime();
        Self {
            at: at.with().subsec_nanosecond(0).build().unwrap_or(at),
            prefix: prefix_of(project),
        }
    }

    /// Reads a file's name; `None` for a file that is not a backup of ours.
    pub fn parse(file: &str) -> Option<Self> {
        let stem = file.strip_suffix(SUFFIX)?;
        let (prefix, stamp) = stem.rsplit_once(MIDDLE)?;
        let name = Self {
            at: parse_stamp(stamp)?,
            prefix: prefix.to_owned(),
        };
        // Written back it must be the same: anything else was named by somebody else.
        (!prefix.is_empty() && name.to_string() == file).then_some(name)
    }

    /// When it was made.
    pub fn at(&self) -> Timestamp {
        TimeZone::UTC
            .to_timestamp(self.at)
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The name of its manifest.
    pub fn manifest(&self) -> String {
        manifest_of(&self.to_string())
    }

    /// The name it has until it is known to be good.
    pub fn partial(&self) -> String {
        format!(".{self}{PARTIAL}")
    }
}

/// How unfinished files end.
pub(super) const PARTIAL: &str = ".partial";

/// The name of the manifest beside a data file.
pub(super) fn manifest_of(file: &str) -> String {
    format!("{}.json", stem_of(file))
}

/// What the names of all files of one backup begin with.
pub(super) fn stem_of(file: &str) -> &str {
    file.strip_suffix(SUFFIX)
        .or_else(|| file.strip_suffix(".sql"))
        .unwrap_or(file)
}

/// `20260731_020000` for a time.
pub fn stamp(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y%m%d_%H%M%S")
        .to_string()
}

/// The time of a stamp such as `20260731_020000`, and nothing else.
pub(super) fn parse_stamp(stamp: &str) -> Option<DateTime> {
    let is_exact = stamp.len() == 15
        && stamp.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'_',
            _ => byte.is_ascii_digit(),
        });
    is_exact
        .then(|| DateTime::strptime("%Y%m%d_%H%M%S", stamp).ok())
        .flatten()
}

fn prefix_of(project: &str) -> String {
    let clean: String = project
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    match clean.trim_matches('_') {
        "" => "database".to_owned(),
        prefix => prefix.to_owned(),
    }
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamp = self.at.strftime("%Y%m%d_%H%M%S");
        write!(f, "{}{MIDDLE}{stamp}{SUFFIX}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_carries_the_project_and_the_time_in_utc() {
        let at: Timestamp = "2026-07-31T04:00:00.7+02:00".parse().unwrap();

        let name = BackupName::new("LexiFlow", at);

        assert_eq!(name.to_string(), "lexiflow_backup_20260731_020000.sql.gz");
        assert_eq!(name.manifest(), "lexiflow_backup_20260731_020000.json");
        assert_eq!(
            name.partial(),
            ".lexiflow_backup_20260731_020000.sql.gz.partial"
        );
        assert_eq!(BackupName::parse(&name.to_string()), Some(name));
    }

    #[test]
    fn only_exact_names_are_ours() {
        for file in [
            "lexiflow_backup_20260731_020000.sql",
            "lexiflow_backup_20261331_020000.sql.gz",
            "lexiflow_backup_20260731_0200.sql.gz",
            "lexiflow_backup_20260731_020000.sql.gz.partial",
            "lexiflow_backup_20260731_020000 (1).sql.gz",
            "lexiflow_backup_+0260731_020000.sql.gz",
            "_backup_20260731_020000.sql.gz",
            "20260731_020000.sql.gz",
        ] {
            assert_eq!(BackupName::parse(file), None, "{file}");
        }
    }

    #[test]
    fn odd_project_names_still_make_a_file_name() {
        let at = Timestamp::UNIX_EPOCH;
        for (project, prefix) in [("My App!", "my_app"), ("..", "database"), ("É", "database")] {
            let name = BackupName::new(project, at).to_string();
            assert_eq!(name, format!("{prefix}_backup_19700101_000000.sql.gz"));
        }
    }
}
