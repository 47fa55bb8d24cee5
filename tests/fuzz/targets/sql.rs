//! SQL is cut into statements that are in order, are what stands there, and are cut no further.
#![no_main]

use lexi::ops::database::split;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(statements) = split::split(text) else {
        return;
    };
    let mut end = 0;
    for statement in &statements {
        assert!(statement.range.start >= end);
        assert_eq!(statement.text, &text[statement.range.clone()]);
        end = statement.range.end;
        // At the start of a text this is a mark, elsewhere a letter that the server refuses.
        if !statement.text.starts_with('\u{feff}') {
            assert_eq!(split::split(statement.text).unwrap().len(), 1);
        }
    }
});
