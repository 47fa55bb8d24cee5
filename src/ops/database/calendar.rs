//! PostgreSQL's binary dates, times and intervals as ISO 8601 text.
//!
//! Every text here is one that PostgreSQL reads back as the same value: years before Christ are written as it writes them
//! (`0044-03-15 BC`), and infinity by its name.

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;
/// Days from 0000-03-01 to 2000-01-01, where PostgreSQL starts to count.
const EPOCH_DAYS: i64 = 730_425;

/// A date from its days since 2000-01-01.
pub(super) fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        _ => {
            let (date, era) = civil(i64::from(days));
            format!("{date}{era}")
        }
    }
}

/// A date and time from its microseconds since 2000-01-01; `zone` is `Z` or nothing.
pub(super) fn timestamp(microseconds: i64, zone: &str) -> String {
    match microseconds {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        _ => {
            let (date, era) = civil(microseconds.div_euclid(MICROSECONDS_PER_DAY));
            let time = time(microseconds.rem_euclid(MICROSECONDS_PER_DAY));
            format!("{date}T{time}{zone}{era}")
        }
    }
}

/// A time of day from its microseconds since midnight; the fraction is left out when it is zero.
pub(super) fn time(microseconds: i64) -> String {
    let seconds = microseconds / 1_000_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let fraction = fraction(microseconds % 1_000_000);
    format!("{hour:02}:{minute:02}:{second:02}{fraction}")
}

/// A time of day with its zone, which PostgreSQL counts in seconds to the west.
pub(super) fn time_with_zone(microseconds: i64, seconds_west: i32) -> String {
    let sign = if seconds_west > 0 { '-' } else { '+' };
    let offset = seconds_west.unsigned_abs();
    let (hour, minute, second) = (offset / 3_600, offset / 60 % 60, offset % 60);
    let time = time(microseconds);
    match second {
        0 => format!("{time}{sign}{hour:02}:{minute:02}"),
        _ => format!("{time}{sign}{hour:02}:{minute:02}:{second:02}"),
    }
}

/// An interval as PostgreSQL writes it with `intervalstyle = iso_8601`.
pub(super) fn interval(microseconds: i64, days: i32, months: i32) -> String {
    if (microseconds, days, months) == (0, 0, 0) {
        return "PT0S".to_owned();
    }
    let date = [(months / 12, 'Y'), (months % 12, 'M'), (days, 'D')];
    let seconds = microseconds / 1_000_000;
    let time = [(seconds / 3_600, 'H'), (seconds / 60 % 60, 'M')];
    let mut text = String::from("P");
    let parts = |(value, unit): &(i64, char)| match value {
        0 => String::new(),
        _ => format!("{value}{unit}"),
    };
    text.extend(date.map(|(value, unit)| parts(&(i64::from(value), unit))));
    if microseconds != 0 {
        text.push('T');
        text.extend(time.iter().map(parts));
        text.push_str(&seconds_part(microseconds % 60_000_000));
    }
    text
}

fn seconds_part(microseconds: i64) -> String {
    if microseconds == 0 {
        return String::new();
    }
    let sign = if microseconds < 0 { "-" } else { "" };
    let seconds = microseconds.abs() / 1_000_000;
    format!(
        "{sign}{seconds}{}S",
        fraction(microseconds.abs() % 1_000_000)
    )
}

fn fraction(microseconds: i64) -> String {
    match microseconds {
        0 => String::new(),
        _ => format!(".{microseconds:06}")
            .trim_end_matches('0')
            .to_owned(),
    }
}

/// The date of a day and ` BC` where it belongs (the algorithm of Howard Hinnant's `civil_from_days`).
fn civil(days_since_2000: i64) -> (String, &'static str) {
    let days = days_since_2000 + EPOCH_DAYS;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (shown, era) = if year > 0 {
        (year, "")
    } else {
        (1 - year, " BC")
    };
    (format!("{shown:04}-{month:02}-{day:02}"), era)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        let cases = [
            (0, "2000-01-01"),
            (59, "2000-02-29"),
            (60, "2000-03-01"),
            (-1, "1999-12-31"),
            (8_767, "2024-01-02"),
            (-730_120, "0001-12-31 BC"),
            (2_921_939, "9999-12-31"),
            (2_921_940, "10000-01-01"),
            (i32::MAX, "infinity"),
        ];
        for (days, text) in cases {
            assert_eq!(date(days), text);
        }
    }

    #[test]
    fn times_leave_out_an_empty_fraction() {
        assert_eq!(timestamp(-1, "Z"), "1999-12-31T23:59:59.999999Z");
        assert_eq!(timestamp(500_000, ""), "2000-01-01T00:00:00.5");
        assert_eq!(time(MICROSECONDS_PER_DAY), "24:00:00");
        assert_eq!(time_with_zone(0, -19_800), "00:00:00+05:30");
        assert_eq!(time_with_zone(0, 3_661), "00:00:00-01:01:01");
    }

    #[test]
    fn intervals_carry_a_sign_in_every_part() {
        let cases = [
            (0, 0, 0, "PT0S"),
            (3_723_500_000, 3, 14, "P1Y2M3DT1H2M3.5S"),
            (-3_723_500_000, -3, -14, "P-1Y-2M-3DT-1H-2M-3.5S"),
            (-500_000, 0, 0, "PT-0.5S"),
            (0, 1, 0, "P1D"),
        ];
        for (microseconds, days, months, text) in cases {
            assert_eq!(interval(microseconds, days, months), text);
        }
    }
}
