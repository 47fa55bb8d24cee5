//! Durations and sizes: read from what people type, written for people.

use std::time::Duration;

use super::{Error, Result};

/// Reads `500ms`, `2s`, `1.5m`, `10m`, `2h`, `7d`, `1h30m`; a bare number is seconds.
pub fn parse_duration(text: &str) -> Result<Duration> {
    let text = text.trim();
    let bad = || {
        Error::invalid(format!("`{text}` is not a duration"))
            .hint("write a number with ms, s, m, h or d, such as `500ms`, `30s` or `1h30m`")
    };
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|_out_of_range| bad());
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(bad)?;
        let number: f64 = rest[..digits].parse().map_err(|_not_a_number| bad())?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "us" | "µs" => 0.000_001,
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return Err(bad()),
        };
        total += Duration::try_from_secs_f64(number * unit).map_err(|_out_of_range| bad())?;
        rest = &rest[letters..];
    }
    if text.is_empty() {
        Err(bad())
    } else {
        Ok(total)
    }
}

/// Reads `512`, `64k`, `10MB`, `1.5GiB`; every letter is a power of 1024, as `docker` reads them.
pub fn parse_size(text: &str) -> Result<u64> {
    let text = text.trim();
    let bad = || {
        Error::invalid(format!("`{text}` is not a size"))
            .hint("write bytes, or a number with k, m, g or t, such as `64k` or `1.5g`")
    };
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..digits].parse().map_err(|_not_a_number| bad())?;
    let unit = text[digits..].trim().to_ascii_lowercase();
    let power = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return Err(bad()),
    };
    let bytes = number * 1024_f64.powi(power);
    if !bytes.is_finite() || bytes > 1e18 {
        return Err(bad());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be finite, below 1e18 and made of digits only"
    )]
    let bytes = bytes as u64;
    Ok(bytes)
}

/// `12 B`, `3.4 KB`, `1.2 GB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    #[expect(
        clippy::cast_precision_loss,
        reason = "a size shown with one decimal needs no more"
    )]
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1023.95 && unit < UNITS.len() - 1 {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{n} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// `340ms`, `2.1s`, `3m 5s`, `2h 10m`, `3d 4h`.
pub fn duration(d: Duration) -> String {
    let seconds = d.as_secs();
    let two = |big: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit} {small}{small_unit}"),
    };
    match seconds {
        0 => format!("{}ms", d.as_millis()),
        1..60 if d.subsec_millis() < 50 => format!("{seconds}s"),
        1..60 => format!("{:.1}s", d.as_secs_f64()),
        60..3_600 => two(seconds / 60, "m", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "m"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        let cases = [
            ("500ms", 500),
            ("2s", 2_000),
            ("1.5m", 90_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("3", 3_000),
            ("0.25", 250),
        ];
        for (text, ms) in cases {
            assert_eq!(parse_duration(text).unwrap().as_millis(), ms, "{text}");
        }
        for text in ["", "abc", "5x", "-1", "1e400", "m"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        let cases = [
            ("512", 512),
            ("64k", 65_536),
            ("10MB", 10_485_760),
            ("1.5GiB", 1_610_612_736),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_size(text).unwrap(), expected, "{text}");
        }
        for text in ["", "big", "5x", "-1", "99999999t"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bytes_and_durations_are_written_for_people() {
        assert_eq!(
            [bytes(12), bytes(3_500), bytes(1_048_576)],
            ["12 B", "3.4 KB", "1.0 MB"]
        );
        let cases = [
            (340, "340ms"),
            (2_100, "2.1s"),
            (2_000, "2s"),
            (185_000, "3m 5s"),
        ];
        for (ms, expected) in cases {
            assert_eq!(duration(Duration::from_millis(ms)), expected);
        }
        assert_eq!(duration(Duration::from_hours(26)), "1d 2h");
    }
}
