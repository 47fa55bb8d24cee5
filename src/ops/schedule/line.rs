//! A cron line: read, refused with the field that is wrong, and asked for its next time.

use std::fmt;
use std::str::FromStr;

use croner::Cron;
use croner::parser::CronParser;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::base::{Error, Result, text};
use crate::ops::clock;

const EXAMPLE: &str = "minute hour day month weekday, such as `30 2 * * 1-5`: 02:30 from Monday to Friday; \
                       a sixth field in front is the second; or @hourly, @daily, @weekly, @monthly, @yearly";

/// The zone of the machine.
const LOCAL: &str = "local";

/// The names for whole lines.
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// A field: what it is called, what it may hold, the letters it understands.
struct Field {
    name: &'static str,
    range: &'static str,
    words: &'static [&'static str],
}

const FIELDS: [Field; 6] = [
    Field {
        name: "second",
        range: "0-59",
        words: &[],
    },
    Field {
        name: "minute",
        range: "0-59",
        words: &[],
    },
    Field {
        name: "hour",
        range: "0-23",
        words: &[],
    },
    Field {
        name: "day of the month",
        range: "1-31 or L for the last",
        words: &["L", "W"],
    },
    Field {
        name: "month",
        range: "1-12 or JAN-DEC",
        words: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
    },
    Field {
        name: "day of the week",
        range: "0-7 (0 and 7 are Sunday) or SUN-SAT",
        words: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "L"],
    },
];

/// A line as another process is told it.
#[derive(Serialize, Deserialize)]
struct Written {
    line: String,
    zone: String,
}

impl From<Line> for Written {
    fn from(line: Line) -> Self {
        Self {
            line: line.text,
            zone: line.zone_name,
        }
    }
}

impl TryFrom<Written> for Line {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self> {
        Self::parse(&written.line, Some(&written.zone))
    }
}

/// A cron line in a time zone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Line {
    text: String,
    cron: Cron,
    /// Whether it names times of the day, and not every so many minutes or hours.
    is_fixed: bool,
    zone: TimeZone,
    zone_name: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.zone_name != LOCAL {
            write!(f, "CRON_TZ={} ", self.zone_name)?;
        }
        f.write_str(&self.text)
    }
}

impl Line {
    /// Reads a line; `CRON_TZ=ZONE` in front of it is stronger than `zone`, and without either it is the machine's zone.
    pub fn parse(text: &str, zone: Option<&str>) -> Result<Self> {
        let trimmed = text.trim();
        let (own_zone, fields) = split_zone(trimmed);
        let zone_name = own_zone.or(zone).unwrap_or(LOCAL);
        let zone = clock::zone(zone_name)?;
        let pattern = pattern(fields, trimmed)?;
        let cron = CronParser::new()
            .parse(&pattern)
            .map_err(|e| refused(trimmed, "it is not a cron line").because(e.to_string()))?;
        let line = Self {
            text: fields.to_owned(),
            cron,
            is_fixed: is_fixed(&pattern),
            zone,
            zone_name: zone_name.to_owned(),
        };
        if line.next(Timestamp::now()).is_none() {
            let why = "there is no such day: it would never run";
            return Err(refused(trimmed, why));
        }
        Ok(line)
    }

    /// The line as it was written, without its zone.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zone that its times are read in.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The zone's name.
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    /// The first time after a moment; none when there is none in all years to come.
    ///
    /// What has a fixed time in an hour that the clock skips runs right after it, and once in an hour that comes twice;
    /// what runs every so many minutes follows the clock on the wall.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut at = Timestamp::from_second(after.as_second()).ok()?;
        loop {
            let found = self.on_the_wall(at);
            if !self.is_fixed {
                return found;
            }
            if let Some(skipped) = self.in_skipped_hour(at, found.unwrap_or(Timestamp::MAX)) {
                return Some(skipped);
            }
            match found {
                // The parser's own rule takes only lines of a single time for fixed, and cron(8) lists of times too.
                Some(second) if self.comes_again(second) => at = second,
                found => return found,
            }
        }
    }

    fn on_the_wall(&self, after: Timestamp) -> Option<Timestamp> {
        let start = after.to_zoned(self.zone.clone());
        let found = self.cron.find_next_occurrence(&start, false).ok()?;
        Some(found.timestamp())
    }

    /// The end of a skipped hour before `until` that holds one of our times.
    fn in_skipped_hour(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let second = 1.seconds();
        for change in self.zone.following(after) {
            let at = change.timestamp();
            if at >= until {
                break;
            }
            let before = self.zone.to_offset(at.checked_sub(second).ok()?);
            if change.offset() <= before {
                continue;
            }
            // The hour that is not there, as if it were one of UTC.
            let end = at
                .checked_add(i64::from(change.offset().seconds()).seconds())
                .ok()?;
            let start = at.checked_add(i64::from(before.seconds()).seconds()).ok()?;
            let start = start.checked_sub(second).ok()?.to_zoned(TimeZone::UTC);
            let found = self.cron.find_next_occurrence(&start, false);
            if found.is_ok_and(|found| found.timestamp() < end) {
                return Some(at);
            }
        }
        None
    }

    /// Whether a time is in the second pass of an hour that comes twice.
    fn comes_again(&self, at: Timestamp) -> bool {
        let zoned = at.to_zoned(self.zone.clone());
        let both = self.zone.to_ambiguous_zoned(zoned.datetime()).offset();
        matches!(both, AmbiguousOffset::Fold { after, .. } if zoned.offset() == after)
    }

    /// The last time at or before a moment.
    pub fn last(&self, until: Timestamp) -> Option<Timestamp> {
        let whole = Timestamp::from_second(until.as_second()).ok()?;
        let start = whole.to_zoned(self.zone.clone());
        let found = self.cron.find_previous_occurrence(&start, true).ok()?;
        Some(found.timestamp())
    }
}

impl FromStr for Line {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text, None)
    }
}

/// Whether a line has no star where its time of the day stands.
fn is_fixed(pattern: &str) -> bool {
    let fields: Vec<&str> = pattern.split_whitespace().collect();
    let days = 3;
    fields[..fields.len().saturating_sub(days)]
        .iter()
        .all(|field| !field.contains('*'))
}

fn split_zone(text: &str) -> (Option<&str>, &str) {
    match text.strip_prefix("CRON_TZ=") {
        Some(rest) => match rest.split_once(char::is_whitespace) {
            Some((zone, fields)) => (Some(zone), fields.trim()),
            None => (Some(rest), ""),
        },
        None => (None, text),
    }
}

/// The line as the parser takes it, each field looked at by itself so that a mistake has a place.
fn pattern(fields: &str, line: &str) -> Result<String> {
    if fields.starts_with('@') {
        return nickname(fields, line).map(str::to_owned);
    }
    let parts: Vec<&str> = fields.split_whitespace().collect();
    let skipped = match parts.len() {
        5 => 1,
        6 => 0,
        count => {
            let why = format!("it has {}, not 5 or 6", text::count("field", count));
            return Err(refused(line, &why));
        }
    };
    for (part, (at, field)) in parts.iter().zip(FIELDS.iter().enumerate().skip(skipped)) {
        if !is_good(part, at, field) {
            let why = format!("`{part}` is no {}, which is {}", field.name, field.range);
            return Err(refused(line, &why));
        }
    }
    Ok(parts.join(" "))
}

fn nickname(name: &str, line: &str) -> Result<&'static str> {
    let found = NICKNAMES
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known));
    found.map(|(_, pattern)| *pattern).ok_or_else(|| {
        let why = match name {
            "@reboot" => {
                "a schedule has times; what runs at the start of a machine belongs to its system"
            }
            _ => "there is no such name",
        };
        refused(line, why)
    })
}

/// Whether a field is understood with all others open.
fn is_good(part: &str, at: usize, field: &Field) -> bool {
    let upper = part.to_ascii_uppercase();
    let mut words = upper
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| !word.is_empty());
    let mut fields = ["*"; 6];
    fields[at] = part;
    words.all(|word| field.words.contains(&word))
        && CronParser::new().parse(&fields.join(" ")).is_ok()
}

fn refused(line: &str, why: &str) -> Error {
    Error::usage(format!("`{line}` is no cron line: {why}")).hint(EXAMPLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first `count` times after a moment, in the line's own zone.
    fn times(line: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let line = Line::parse(line, Some(zone)).unwrap();
        let mut at: Timestamp = after.parse().unwrap();
        let mut found = Vec::new();
        for _ in 0..count {
            at = line.next(at).unwrap();
            let zoned = at.to_zoned(line.zone().clone());
            found.push(zoned.strftime("%m-%d %H:%M:%S%z").to_string());
        }
        found
    }

    /// The line, its zone, the moment after which, and the times that come then.
    const CLOCK_CHANGES: &str = "
        30 2 * * *|Europe/Berlin|2026-03-28T12:00:00Z|03-29 03:00:00+0200, 03-30 02:30:00+0200
        30 2 * * *|Europe/Berlin|2026-10-24T12:00:00Z|10-25 02:30:00+0200, 10-26 02:30:00+0100
        */30 * * * *|Europe/Berlin|2026-10-24T23:45:00Z|10-25 02:00:00+0200, 10-25 02:30:00+0200, 10-25 02:00:00+0100, 10-25 02:30:00+0100, 10-25 03:00:00+0100
        */30 * * * *|Europe/Berlin|2026-03-29T00:20:00Z|03-29 01:30:00+0100, 03-29 03:00:00+0200
        15 2 * * *|Australia/Lord_Howe|2026-10-02T16:00:00Z|10-04 02:30:00+1100
        0 0 * * *|America/Sao_Paulo|2018-11-03T12:00:00Z|11-04 01:00:00-0200
        0,30 2 * * *|Europe/Berlin|2026-03-28T12:00:00Z|03-29 03:00:00+0200, 03-30 02:00:00+0200
        0 2,14 * * *|Europe/Berlin|2026-03-28T13:00:00Z|03-29 03:00:00+0200, 03-29 14:00:00+0200
        0,30 2 * * *|Europe/Berlin|2026-10-24T12:00:00Z|10-25 02:00:00+0200, 10-25 02:30:00+0200, 10-26 02:00:00+0100
        0 0 13 * 5|UTC|2026-02-01T00:00:00Z|02-06 00:00:00+0000, 02-13 00:00:00+0000
        0 3 L * *|UTC|2026-02-01T00:00:00Z|02-28 03:00:00+0000
        */20 * * * * *|UTC|2026-02-01T00:00:05.5Z|02-01 00:00:20+0000, 02-01 00:00:40+0000";

    #[test]
    fn clocks_that_are_put_forward_and_back_follow_the_rules_of_cron() {
        for case in CLOCK_CHANGES.lines().skip(1) {
            let [line, zone, after, expected] = case.trim().split('|').collect::<Vec<_>>()[..]
            else {
                panic!("{case}");
            };
            let expected: Vec<&str> = expected.split(", ").collect();

            assert_eq!(times(line, zone, after, expected.len()), expected, "{case}");
        }
    }

    #[test]
    fn names_and_a_zone_in_front_are_understood() {
        assert_eq!(
            times("@daily", "UTC", "2026-01-01T05:00:00Z", 1),
            ["01-02 00:00:00+0000"]
        );
        assert_eq!(
            times("@Midnight", "UTC", "2026-01-01T05:00:00Z", 1),
            ["01-02 00:00:00+0000"]
        );
        assert_eq!(
            times("0 4 * JAN-mar sun", "UTC", "2026-01-01T05:00:00Z", 1),
            ["01-04 04:00:00+0000"]
        );
        assert_eq!(
            times(
                "CRON_TZ=Asia/Tokyo 0 9 * * *",
                "UTC",
                "2026-01-01T05:00:00Z",
                1
            ),
            ["01-02 09:00:00+0900"]
        );
    }

    #[test]
    fn a_refusal_names_the_field_and_shows_an_example() {
        let cases = [
            ("70 * * * *", "`70` is no minute, which is 0-59"),
            ("0 24 * * *", "`24` is no hour, which is 0-23"),
            ("0 0 32 * *", "`32` is no day of the month"),
            ("0 0 * 13 *", "`13` is no month, which is 1-12 or JAN-DEC"),
            ("0 0 * * 8", "`8` is no day of the week"),
            ("MON 0 * * *", "`MON` is no minute"),
            ("0 0 * FRI *", "`FRI` is no month"),
            ("0 0 * * FOO", "`FOO` is no day of the week"),
            ("61 0 0 * * *", "`61` is no second"),
            ("5-1 * * * *", "`5-1` is no minute"),
            ("*/0 * * * *", "`*/0` is no minute"),
            ("* * * *", "it has 4 fields, not 5 or 6"),
            ("", "it has 0 fields"),
            ("@fortnightly", "there is no such name"),
            ("@reboot", "a schedule has times"),
            ("0 0 30 2 *", "there is no such day"),
        ];
        for (line, expected) in cases {
            let error = Line::parse(line, Some("UTC")).expect_err(line);
            let expected = format!("`{line}` is no cron line: {expected}");
            assert!(error.message().contains(&expected), "{}", error.message());
            assert!(error.hint_text().unwrap().contains("`30 2 * * 1-5`"));
            assert_eq!(error.exit_code(), 2);
        }
        assert!(Line::parse("@daily", Some("Mars/Olympus")).is_err());
        assert!(Line::parse("CRON_TZ=Nowhere/Land @daily", None).is_err());
    }
}
