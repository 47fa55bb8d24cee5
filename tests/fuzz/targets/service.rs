//! A service is read, or refused with its name.
#![no_main]

use lexi::ops::stack;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|text: &str| {
    let Ok(service) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let all = Map::from_iter([("web".to_owned(), service)]);
    if let Err(error) = stack::parse::parse(all) {
        assert!(error.message().contains("web"));
    }
});
