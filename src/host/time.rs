//! The `time` namespace: now, waiting, and times as text.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use rhai::{Dynamic, Module, NativeCallContext};

use super::bridge::{self, RhaiResultOf};
use crate::base::{Error, Result, units};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

fn in_zone(at: Timestamp, zone: &str) -> Result<Zoned> {
    if zone.eq_ignore_ascii_case("utc") {
        return Ok(at.to_zoned(TimeZone::UTC));
    }
    if zone == "local" {
        return Ok(at.to_zoned(TimeZone::system()));
    }
    at.in_tz(zone).map_err(|e| {
        Error::invalid(format!("`{zone}` is not a time zone"))
            .because(e)
            .hint("write `UTC`, `local` or a name such as `Europe/Berlin`")
    })
}

/// A time as scripts give it: milliseconds since 1970, or text.
fn read(value: &Dynamic) -> Result<Timestamp> {
    if let Ok(ms) = value.as_int() {
        return Timestamp::from_millisecond(ms)
            .map_err(|e| Error::invalid(format!("{ms} is not a time")).because(e));
    }
    let text = value.to_string();
    let zoned = text.parse::<Timestamp>();
    zoned
        .or_else(|_no_zone| {
            let civil = text.parse::<jiff::civil::DateTime>();
            civil
                .and_then(|civil| civil.to_zoned(TimeZone::UTC))
                .map(|zoned| zoned.timestamp())
        })
        .map_err(|e| {
            Error::invalid(format!("`{text}` is not a time"))
                .because(e)
                .hint("write it as `2026-01-31T02:00:00Z`")
        })
}

fn format(at: &Dynamic, pattern: &str, zone: &str) -> Result<String> {
    let zoned = in_zone(read(at)?, zone)?;
    let shown = jiff::fmt::strtime::format(pattern, &zoned);
    shown.map_err(|e| Error::invalid(format!("`{pattern}` is not a pattern")).because(e))
}

/// Times: text in UTC such as `2026-01-31T02:00:00Z`, or milliseconds since 1970 as a number.
#[rhai::export_module]
pub mod api {
    /// The time now, in UTC, to the second: `2026-01-31T02:00:00Z`.
    ///
    /// # Example
    /// ```
    /// ensure(time::now().ends_with("Z"), "it is in UTC");
    /// ```
    pub fn now() -> String {
        Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The time now in milliseconds since 1970.
    ///
    /// # Example
    /// ```
    /// ensure(time::unix_ms() > 1_700_000_000_000, "it is later than 2023");
    /// ```
    pub fn unix_ms() -> i64 {
        Timestamp::now().as_millisecond()
    }

    /// The time now as it stands in file names, in UTC: `20260131_020000`.
    ///
    /// # Example
    /// ```
    /// ensure(time::stamp().len() == 15, "digits and a line");
    /// ```
    pub fn stamp() -> String {
        Timestamp::now().strftime("%Y%m%d_%H%M%S").to_string()
    }

    /// The date today in UTC: `2026-01-31`.
    ///
    /// # Example
    /// ```
    /// ensure(time::today().len() == 10, "year, month and day");
    /// ```
    pub fn today() -> String {
        Timestamp::now().strftime("%Y-%m-%d").to_string()
    }

    /// A time in milliseconds since 1970.
    ///
    /// # Parameters
    /// - `text`: `2026-01-31T02:00:00Z`; without a zone it is read as UTC
    ///
    /// # Errors
    /// - `invalid`: the text is not a time
    ///
    /// # Example
    /// ```
    /// ensure(time::parse("1970-01-01T00:00:01Z") == 1000, "one second");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn parse(ctx: NativeCallContext, text: Dynamic) -> RhaiResultOf<i64> {
        bridge::call(&ctx, "time::parse", |_| {
            read(&text).map(Timestamp::as_millisecond)
        })
    }

    /// A time as text, in UTC.
    ///
    /// # Parameters
    /// - `at`: text or milliseconds since 1970
    /// - `pattern`: as in strftime: `%Y-%m-%d %H:%M`
    ///
    /// # Errors
    /// - `invalid`: not a time, or not a pattern
    ///
    /// # Example
    /// ```
    /// ensure(time::format(0, "%d.%m.%Y") == "01.01.1970", "the first day");
    /// ```
    #[rhai_fn(name = "format", return_raw)]
    pub fn format_utc(ctx: NativeCallContext, at: Dynamic, pattern: &str) -> RhaiResultOf<String> {
        bridge::call(&ctx, "time::format", |_| format(&at, pattern, "UTC"))
    }

    /// A time as text in a time zone.
    ///
    /// # Parameters
    /// - `at`: text or milliseconds since 1970
    /// - `pattern`: as in strftime: `%Y-%m-%d %H:%M`
    /// - `zone`: `UTC`, `local` or a name such as `Europe/Berlin`
    ///
    /// # Errors
    /// - `invalid`: not a time, not a pattern, or not a time zone
    ///
    /// # Example
    /// ```
    /// ensure(time::format(0, "%H:%M", "Europe/Berlin") == "01:00", "an hour ahead");
    /// ```
    #[rhai_fn(name = "format", return_raw)]
    pub fn format_in(
        ctx: NativeCallContext,
        at: Dynamic,
        pattern: &str,
        zone: &str,
    ) -> RhaiResultOf<String> {
        bridge::call(&ctx, "time::format", |_| format(&at, pattern, zone))
    }

    /// How many seconds a duration has.
    ///
    /// # Parameters
    /// - `duration`: `"500ms"`, `"1h30m"`, or seconds as a number
    ///
    /// # Errors
    /// - `invalid`: not a duration
    ///
    /// # Example
    /// ```
    /// ensure(time::seconds("1m30s") == 90.0, "ninety");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn seconds(ctx: NativeCallContext, duration: Dynamic) -> RhaiResultOf<f64> {
        bridge::call(&ctx, "time::seconds", |_| {
            bridge::duration(&duration).map(|d| d.as_secs_f64())
        })
    }

    /// How long ago a moment was, for people: `2.1s`, `3m 5s`.
    ///
    /// # Parameters
    /// - `since`: milliseconds since 1970, such as from `time::unix_ms()`
    ///
    /// # Example
    /// ```
    /// ensure(time::ago(time::unix_ms() - 120_000) == "2m", "two minutes");
    /// ```
    pub fn ago(since: i64) -> String {
        let ms = u64::try_from(unix_ms() - since).unwrap_or(0);
        // What passed since the call is not worth showing.
        units::duration(Duration::from_millis(if ms > 60_000 {
            ms / 1000 * 1000
        } else {
            ms
        }))
    }

    /// Waits.
    ///
    /// # Parameters
    /// - `duration`: `"500ms"`, `"10s"`, or seconds as a number
    ///
    /// # Errors
    /// - `invalid`: not a duration
    ///
    /// # Example
    /// ```
    /// time::sleep("10ms");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sleep(ctx: NativeCallContext, duration: Dynamic) -> RhaiResultOf<()> {
        let name = "time::sleep";
        let duration = bridge::call(&ctx, name, |_| bridge::duration(&duration))?;
        bridge::wait(&ctx, name, async {
            tokio::time::sleep(duration).await;
            Ok(())
        })
    }
}
