//! A dump says the same in whatever pieces it comes.
#![no_main]

use lexi::ops::backup::Facts;
use libfuzzer_sys::fuzz_target;

/// How far from the end of a dump its end mark may stand; where exactly it stands is known to a line.
const END_WINDOW: usize = 1024;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, dump) = input;
    let whole = Facts::of([dump]);
    let pieces = Facts::of(dump.chunks(usize::from(size) + 1));
    assert_eq!(said(&whole), said(&pieces));
    if dump.len() <= END_WINDOW {
        assert_eq!(incomplete(&whole), incomplete(&pieces));
    }
});

fn said(facts: &Facts) -> (serde_json::Value, Option<&str>) {
    let named = serde_json::to_value(facts).unwrap();
    (named, facts.obstacle.as_deref())
}

fn incomplete(facts: &Facts) -> Option<String> {
    facts.complete().err().map(|error| error.full_message())
}
