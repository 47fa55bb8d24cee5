//! The tasks that any text declares have names of tasks.
#![no_main]

use lexi::script::{declaration, engine};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(script) = engine::bare().compile(text) else {
        return;
    };
    for task in declaration::read(&script, "t.rhai", text).tasks {
        assert!(declaration::is_task_name(&task.name));
    }
});
