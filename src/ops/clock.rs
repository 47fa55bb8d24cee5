//! Dates and times: read, written, in any zone.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::base::{Error, Result};

/// The present moment.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A moment as RFC 3339 in UTC, to the second: `2026-03-01T12:00:00Z`.
pub fn rfc3339(moment: Timestamp) -> String {
    let whole = Timestamp::from_second(moment.as_second()).unwrap_or(moment);
    whole.to_string()
}

/// The moment so many milliseconds after 1970 began.
pub fn from_ms(ms: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(ms)
        .map_err(|e| Error::invalid(format!("`{ms}` is no time in milliseconds")).because(e))
}

/// Reads `2026-03-01T12:00:00Z`, with any offset, or a date and time or a date alone in `zone`.
pub fn parse(text: &str, zone: &TimeZone) -> Result<Timestamp> {
    let text = text.trim();
    let in_zone = |moment: DateTime| moment.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
    let parsed = text
        .parse::<Timestamp>()
        .or_else(|_| text.parse::<Zoned>().map(|zoned| zoned.timestamp()))
        .or_else(|_| text.parse::<DateTime>().and_then(in_zone))
        .or_else(|_| {
            text.parse::<Date>()
                .and_then(|date| in_zone(date.at(0, 0, 0, 0)))
        });
    parsed.map_err(|e| {
        Error::invalid(format!("`{text}` is no time"))
            .because(e)
            .hint("write it like `2026-03-01T12:00:00Z` or `2026-03-01`")
    })
}

/// A moment in a zone by a pattern such as `%Y-%m-%d %H:%M:%S`.
pub fn format(moment: Timestamp, pattern: &str, zone: &TimeZone) -> Result<String> {
    let zoned = moment.to_zoned(zone.clone());
    strtime::format(pattern, &zoned)
        .map_err(|e| Error::invalid(format!("`{pattern}` is no pattern for a time")).because(e))
}

/// The zone of a name such as `Europe/Berlin`, `UTC` or `local`.
pub fn zone(name: &str) -> Result<TimeZone> {
    match name {
        "UTC" | "utc" => Ok(TimeZone::UTC),
        "local" => Ok(TimeZone::system()),
        _ => TimeZone::get(name).map_err(|e| {
            Error::invalid(format!("there is no time zone `{name}`"))
                .because(e)
                .hint("zones are `UTC`, `local` and names such as `Europe/Berlin`")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_usual_form() {
        let berlin = zone("Europe/Berlin").unwrap();
        let cases = [
            ("2026-03-01T12:00:00Z", 1_772_366_400_000),
            ("2026-03-01T13:00:00+01:00", 1_772_366_400_000),
            ("2026-03-01T13:00:00", 1_772_366_400_000),
            ("2026-03-01 13:00", 1_772_366_400_000),
            ("2026-03-01", 1_772_319_600_000),
            ("2026-07-01T13:00:00", 1_782_903_600_000),
        ];
        for (text, ms) in cases {
            assert_eq!(parse(text, &berlin).unwrap().as_millisecond(), ms, "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "12:00"] {
            assert!(parse(text, &berlin).is_err(), "{text}");
        }
    }

    #[test]
    fn a_moment_is_written_by_a_pattern_in_a_zone() {
        let moment = from_ms(1_772_366_400_123).unwrap();

        assert_eq!(rfc3339(moment), "2026-03-01T12:00:00Z");
        let berlin = zone("Europe/Berlin").unwrap();
        assert_eq!(
            format(moment, "%Y-%m-%d %H:%M:%S %Z", &berlin).unwrap(),
            "2026-03-01 13:00:00 CET"
        );
        assert!(format(moment, "%Y %", &berlin).is_err());
        assert!(zone("Mars/Olympus").is_err());
        assert!(from_ms(i64::MAX).is_err());
    }
}
