//! The times of cron lines against a scan of every minute, over the time zones of the world.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::line::Line;
use crate::ops::testing::is_soak;

/// Lines of minutes, hours, days, months and weekdays, so that a scan can tell what each of them means.
struct Wanted {
    text: String,
    /// A bit for each: a set would take most of the scan's time.
    minutes: u64,
    hours: u64,
    is_fixed: bool,
    day: Option<i8>,
    weekday: Option<i8>,
}

impl Wanted {
    /// Whether the wall shows one of its times; seconds since 1970 as the wall counts them.
    fn takes(&self, wall: i64) -> bool {
        self.minutes >> (wall / 60 % 60) & 1 == 1
            && self.hours >> (wall / 3600 % 24) & 1 == 1
            && self.takes_day(wall.div_euclid(86_400))
    }

    fn takes_day(&self, days: i64) -> bool {
        let date = Date::constant(1970, 1, 1).checked_add(days.days()).unwrap();
        let on_day = self.day.map(|day| date.day() == day);
        let on_weekday = self
            .weekday
            .map(|day| date.weekday().to_sunday_zero_offset() == day);
        match (on_day, on_weekday) {
            (Some(day), Some(weekday)) => day || weekday,
            (one, other) => one.or(other).unwrap_or(true),
        }
    }
}

fn bits(numbers: impl IntoIterator<Item = i64>) -> u64 {
    numbers
        .into_iter()
        .fold(0, |bits, number| bits | 1 << number)
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn number(&mut self, limit: u64) -> i64 {
        i64::try_from(self.below(limit)).unwrap()
    }

    /// A line near the hours in which clocks are changed.
    fn line(&mut self) -> Wanted {
        let hour = self.number(5);
        let (hours, hour_text) = match self.below(3) {
            0 => (bits([hour]), hour.to_string()),
            1 => (bits([hour, hour + 9]), format!("{hour},{}", hour + 9)),
            _ => (bits(0..24), "*".to_owned()),
        };
        let minute = self.number(60);
        let (minutes, minute_text) = match self.below(4) {
            0 => (bits([minute]), minute.to_string()),
            1 => (bits([0, 15, 45]), "0,15,45".to_owned()),
            2 => (bits(30..=40), "30-40".to_owned()),
            _ => (bits((0..60).step_by(20)), "*/20".to_owned()),
        };
        let day = (self.below(3) == 0).then(|| i8::try_from(1 + self.below(28)).unwrap());
        let weekday = (self.below(3) == 0).then(|| i8::try_from(self.below(7)).unwrap());
        let shown = |number: Option<i8>| number.map_or_else(|| "*".to_owned(), |n| n.to_string());
        Wanted {
            is_fixed: !hour_text.contains('*') && !minute_text.contains('*'),
            text: format!(
                "{minute_text} {hour_text} {} * {}",
                shown(day),
                shown(weekday)
            ),
            minutes,
            hours,
            day,
            weekday,
        }
    }
}

/// Looks at every minute that there is, and at those that a clock skips.
fn scan(wanted: &Wanted, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let mut found = BTreeSet::new();
    let changes = zone
        .following(from)
        .take_while(|change| change.timestamp() < to);
    let mut stretches: Vec<(i64, i64)> =
        vec![(from.as_second(), i64::from(zone.to_offset(from).seconds()))];
    stretches.extend(changes.map(|change| {
        (
            change.timestamp().as_second(),
            i64::from(change.offset().seconds()),
        )
    }));
    let ends = stretches
        .iter()
        .skip(1)
        .map(|(start, _)| *start)
        .chain([to.as_second()]);
    // Up to where the wall has been: what it shows again later is a second pass.
    let mut wall_was = i64::MIN;
    for ((start, offset), end) in stretches.iter().zip(ends) {
        let skipped = wall_was..start + offset;
        let is_missed = |wall: i64| wall >= skipped.start && wanted.takes(wall);
        if wanted.is_fixed
            && wall_was != i64::MIN
            && (wall_was..start + offset).step_by(60).any(is_missed)
        {
            found.insert(*start);
        }
        // A plain loop, which a build that is not optimised takes several times faster than a range.
        let mut at = *start;
        while at < end {
            let wall = at + offset;
            if wanted.takes(wall) && !(wanted.is_fixed && wall < wall_was) {
                found.insert(at);
            }
            at += 60;
        }
        wall_was = wall_was.max(end + offset);
    }
    found
        .into_iter()
        .map(|second| Timestamp::from_second(second).unwrap())
        .collect()
}

/// Compares lines of one zone; gives how many times they had.
fn compare(name: &str, random: &mut Random, from: Timestamp, to: Timestamp) -> usize {
    let zone = TimeZone::get(name).unwrap();
    let mut times = 0;
    for _ in 0..LINES {
        let wanted = random.line();
        let line = Line::parse(&wanted.text, Some(name)).unwrap();
        let expected = scan(&wanted, &zone, from, to);
        let mut at = from.checked_sub(1.seconds()).unwrap();
        for time in &expected {
            at = line.next(at).unwrap();
            assert_eq!(at, *time, "`{}` in {name}", wanted.text);
        }
        assert!(line.next(at).unwrap() >= to, "`{}` in {name}", wanted.text);
        times += expected.len();
    }
    times
}

/// How many lines each zone is tried with.
const LINES: usize = 3;

#[test]
fn next_times_equal_a_scan_of_every_minute() {
    #[expect(clippy::disallowed_methods, reason = "tests/soak says the seed")]
    let seed = std::env::var("LEXI_SOAK_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let mut random = Random(seed.unwrap_or(20_260_115));
    let from: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let years = if is_soak() { 10 } else { 2 };
    let to = from.checked_add((years * 365 * 24).hours()).unwrap();
    let mut names: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    names.sort();
    // Those with the oddest clocks are always among them.
    let odd = [
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "America/Asuncion",
        "Asia/Beirut",
    ];
    if !is_soak() {
        names = (0..5)
            .map(|_| names[usize::try_from(random.below(names.len() as u64)).unwrap()].clone())
            .collect();
        names.extend(odd.map(str::to_owned));
    }
    // Each zone has random numbers of its own, so that a seed means the same on any number of processors.
    let work: Vec<(String, u64)> = names
        .into_iter()
        .map(|name| (name, random.below(u64::from(u32::MAX))))
        .collect();
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut times = 0;
        while let Some((name, seed)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            times += compare(name, &mut Random(*seed), from, to);
        }
        times
    };
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let times: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    });
    let (zones, lines) = (work.len(), work.len() * LINES);
    let said =
        format!("{lines} lines in {zones} zones, {times} times, {years} years: no difference");
    std::io::Write::write_all(&mut std::io::stdout(), format!("{said}\n").as_bytes()).unwrap();
}
