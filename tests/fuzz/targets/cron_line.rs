//! A cron line is refused, or its times go forward and are found from behind too.
#![no_main]

use jiff::Timestamp;
use lexi::ops::schedule::Line;
use libfuzzer_sys::fuzz_target;

const ZONES: [Option<&str>; 4] = [
    None,
    Some("Europe/Berlin"),
    Some("Australia/Lord_Howe"),
    Some("America/St_Johns"),
];

fuzz_target!(|input: (u32, u8, &str)| {
    let (start, zone, text) = input;
    let Ok(line) = Line::parse(text, ZONES[usize::from(zone) % ZONES.len()]) else {
        return;
    };
    let start = Timestamp::from_second(i64::from(start)).unwrap();
    if let Some(next) = line.next(start) {
        assert!(next > start);
        assert!(line.last(next).is_none_or(|last| last <= next));
    }
});
