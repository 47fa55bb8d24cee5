//! The `time` namespace: clocks, dates, pauses.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rhai::{Dynamic, Module};

use crate::base::{Error, Result};
use crate::ops::clock;

/// The functions of this namespace, and the methods of stopwatches.
pub(super) fn module() -> Module {
    let mut module = rhai::exported_module!(api);
    module.set_custom_type::<Stopwatch>("stopwatch");
    module
}

/// When something began.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

/// A moment as a script has it: milliseconds since 1970, or text.
fn moment(value: &Dynamic) -> Result<Timestamp> {
    if let Ok(ms) = value.as_int() {
        return clock::from_ms(ms);
    }
    if value.is_string() {
        return clock::parse(&value.to_string(), &TimeZone::UTC);
    }
    let kind = value.type_name();
    Err(Error::invalid(format!(
        "a time is {kind}, neither milliseconds nor text"
    )))
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Clocks, dates and pauses. A time is text such as `2026-03-01T12:00:00Z` or milliseconds since 1970 began; zones are
/// UTC unless told otherwise.
#[rhai::export_module]
pub mod api {
    use std::time::{Duration, Instant};

    use jiff::tz::TimeZone;
    use rhai::{Dynamic, NativeCallContext};

    use super::{Stopwatch, clock, milliseconds, moment};
    use crate::base::{Error, units};
    use crate::host::bridge::{self, RhaiResultOf};

    /// The present time as text in UTC: `2026-03-01T12:00:00Z`.
    ///
    /// # Example
    /// ```
    /// ensure(time::now().ends_with("Z"), "UTC");
    /// ```
    pub fn now() -> String {
        clock::rfc3339(clock::now())
    }

    /// The present time in milliseconds since 1970 began.
    ///
    /// # Example
    /// ```
    /// ensure(time::now_ms() > 1700000000000, "it is later than 2023");
    /// ```
    pub fn now_ms() -> i64 {
        clock::now().as_millisecond()
    }

    /// A time by a pattern, in UTC.
    ///
    /// # Parameters
    /// - `when`: text, or milliseconds since 1970
    /// - `pattern`: such as `%Y-%m-%d %H:%M:%S` (that of `strftime`)
    ///
    /// # Errors
    /// - `invalid`: the time or pattern cannot be read
    ///
    /// # Example
    /// ```
    /// ensure(time::format(0, "%Y-%m-%d") == "1970-01-01", "the beginning");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn format(ctx: NativeCallContext, when: Dynamic, pattern: &str) -> RhaiResultOf<String> {
        format_in(ctx, when, pattern, "UTC")
    }

    /// A time by a pattern, in a zone.
    ///
    /// # Parameters
    /// - `when`: text, or milliseconds since 1970
    /// - `pattern`: such as `%Y-%m-%d %H:%M:%S` (that of `strftime`)
    /// - `zone`: `"UTC"`, `"local"`, or a name such as `"Europe/Berlin"`
    ///
    /// # Errors
    /// - `invalid`: the time, pattern or zone cannot be read
    ///
    /// # Example
    /// ```
    /// let text = time::format("2026-07-01T12:00:00Z", "%H:%M", "Europe/Berlin");
    /// ensure(text == "14:00", "two hours later in summer");
    /// ```
    #[rhai_fn(name = "format", return_raw)]
    pub fn format_in(
        ctx: NativeCallContext,
        when: Dynamic,
        pattern: &str,
        zone: &str,
    ) -> RhaiResultOf<String> {
        bridge::call(&ctx, "time::format", |_| {
            clock::format(moment(&when)?, pattern, &clock::zone(zone)?)
        })
    }

    /// Reads a time: its milliseconds since 1970. Without an offset it is UTC.
    ///
    /// # Parameters
    /// - `text`: such as `2026-03-01T12:00:00Z`, `2026-03-01 12:00` or `2026-03-01`
    ///
    /// # Errors
    /// - `invalid`: the text is no time
    ///
    /// # Example
    /// ```
    /// ensure(time::parse("1970-01-02") == 86400000, "a day later");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn parse(ctx: NativeCallContext, text: &str) -> RhaiResultOf<i64> {
        bridge::call(&ctx, "time::parse", |_| {
            Ok(clock::parse(text, &TimeZone::UTC)?.as_millisecond())
        })
    }

    /// Reads a time that, without an offset, is in a zone: its milliseconds since 1970.
    ///
    /// # Parameters
    /// - `text`: such as `2026-03-01 12:00`
    /// - `zone`: `"UTC"`, `"local"`, or a name such as `"Europe/Berlin"`
    ///
    /// # Errors
    /// - `invalid`: the text is no time, or there is no such zone
    ///
    /// # Example
    /// ```
    /// let berlin = time::parse("2026-07-01 14:00", "Europe/Berlin");
    /// ensure(berlin == time::parse("2026-07-01T12:00:00Z"), "the same moment");
    /// ```
    #[rhai_fn(name = "parse", return_raw)]
    pub fn parse_in(ctx: NativeCallContext, text: &str, zone: &str) -> RhaiResultOf<i64> {
        bridge::call(&ctx, "time::parse", |_| {
            Ok(clock::parse(text, &clock::zone(zone)?)?.as_millisecond())
        })
    }

    /// Waits. Ctrl-C and time limits end the wait.
    ///
    /// # Parameters
    /// - `duration`: `"500ms"`, `"10s"`, `"5m"`, or seconds as a number
    ///
    /// # Errors
    /// - `invalid`: the duration cannot be read
    ///
    /// # Example
    /// ```
    /// let watch = time::stopwatch();
    /// time::sleep("20ms");
    /// ensure(watch.elapsed() >= 20, "some time passed");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sleep(ctx: NativeCallContext, duration: Dynamic) -> RhaiResultOf<()> {
        bridge::wait(&ctx, "time::sleep", async {
            tokio::time::sleep(bridge::duration(&duration)?).await;
            Ok(())
        })
    }

    /// Begins to measure time; a change of the clock does not matter.
    ///
    /// # Example
    /// ```
    /// let watch = time::stopwatch();
    /// ensure(watch.elapsed() < 60000, "it has just begun");
    /// ```
    pub fn stopwatch() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// How long ago a stopwatch began, in milliseconds.
    ///
    /// # Parameters
    /// - `watch`: what `time::stopwatch` gave
    ///
    /// # Example
    /// ```
    /// ensure(time::stopwatch().elapsed() >= 0, "never less than nothing");
    /// ```
    #[rhai_fn(global)]
    pub fn elapsed(watch: Stopwatch) -> i64 {
        milliseconds(watch.0.elapsed())
    }

    /// Reads a duration: its milliseconds.
    ///
    /// # Parameters
    /// - `duration`: `"500ms"`, `"10s"`, `"1h30m"`, `"7d"`, or seconds as a number
    ///
    /// # Errors
    /// - `invalid`: it cannot be read
    ///
    /// # Example
    /// ```
    /// ensure(time::duration("1m30s") == 90000, "ninety seconds");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn duration(ctx: NativeCallContext, duration: Dynamic) -> RhaiResultOf<i64> {
        bridge::call(&ctx, "time::duration", |_| {
            Ok(milliseconds(bridge::duration(&duration)?))
        })
    }

    /// A duration for people: `340ms`, `2.1s`, `3m 5s`, `2h 10m`, `3d 4h`.
    ///
    /// # Parameters
    /// - `milliseconds`: the duration; not less than 0
    ///
    /// # Errors
    /// - `invalid`: it is less than 0
    ///
    /// # Example
    /// ```
    /// ensure(time::show(185000) == "3m 5s", "as people say it");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn show(ctx: NativeCallContext, milliseconds: i64) -> RhaiResultOf<String> {
        bridge::call(&ctx, "time::show", |_| {
            let ms = u64::try_from(milliseconds).map_err(|e| {
                Error::invalid(format!(
                    "a duration of {milliseconds} ms is less than nothing"
                ))
                .because(e)
            })?;
            Ok(units::duration(Duration::from_millis(ms)))
        })
    }
}
