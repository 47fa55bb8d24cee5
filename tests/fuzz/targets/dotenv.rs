//! A `.env` file is read, or refused with its place.
#![no_main]

use lexi::base::dotenv;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lines = text.matches('\n').count() + 1;
    match dotenv::parse(text, ".env") {
        Ok(entries) => {
            for entry in entries {
                assert!((1..=lines).contains(&entry.line));
                assert!(!entry.name.is_empty() && !entry.value.contains('\0'));
            }
        }
        Err(error) => assert!(error.message().starts_with(".env:")),
    }
});
