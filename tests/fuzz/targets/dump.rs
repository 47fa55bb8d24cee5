//! A dump says the same in whatever pieces it comes.
#![no_main]

use lexi::ops::backup::Facts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, dump) = input;
    let whole = Facts::of([dump]);
    let pieces = Facts::of(dump.chunks(usize::from(size) + 1));
    assert_eq!(whole, pieces);
    assert_eq!(whole.complete().is_ok(), pieces.complete().is_ok());
});
