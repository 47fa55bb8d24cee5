//! The only place an engine is built.

use rhai::{Dynamic, Engine, OptimizationLevel};

use crate::host::{self, Host, strand};

/// How deep calls may nest; deeper scripts loop by mistake.
const CALL_LEVELS: usize = 64;

/// An engine that knows every host function and belongs to one run.
pub fn build(host: &Host) -> Engine {
    let mut engine = bare();
    engine.set_default_tag(Dynamic::from(host.clone()));
    let printer = host.clone();
    engine.on_print(move |text| print(&printer, text));
    let debugger = host.clone();
    engine.on_debug(move |text, source, position| {
        let place = source.unwrap_or_default();
        debugger
            .output()
            .say(&format!("{place}:{position}: {text}"));
    });
    engine
}

/// An engine that can compile and check, but not run: it has no host.
pub fn bare() -> Engine {
    let mut engine = Engine::new();
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_strict_variables(true);
    engine.set_fail_on_invalid_map_property(true);
    engine.set_max_call_levels(CALL_LEVELS);
    engine.set_max_expr_depths(0, 0);
    engine.disable_symbol("eval");
    engine.on_progress(|_| strand::should_stop().then(|| "cancelled".into()));
    host::install(&mut engine);
    engine
}

fn print(host: &Host, text: &str) {
    let marked = strand::current().mark(text);
    if host.output().is_json() {
        host.output().say(&marked);
    } else {
        host.output().data(&marked);
    }
}
