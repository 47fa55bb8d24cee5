//! The only place an engine is built.

use std::sync::{Arc, LazyLock};

use rhai::packages::{Package, StandardPackage};
use rhai::{CallFnOptions, Dynamic, Engine, Module, OptimizationLevel, Scope, Shared};

use super::collector;
use super::resolver::{Resolver, Scripts};
use super::wanted::Wanted;
use super::withheld;
use crate::base::Project;
use crate::host::{self, Host, strand};

/// How deep calls may nest; deeper scripts loop by mistake.
const CALL_LEVELS: usize = 64;

/// How deep expressions may nest. The compiler calls itself for each level, so without a limit a file could end the program.
const EXPRESSION_DEPTH: usize = 250;

/// The language's own functions: made once and shared by every engine, and not taken down when the program ends.
static STANDARD: LazyLock<Shared<Module>> =
    LazyLock::new(|| StandardPackage::new().as_shared_module());

/// An engine that belongs to one run and imports from its project, and the scripts it will have loaded.
pub(super) fn for_project(
    host: &Host,
    project: Arc<Project>,
    wanted: &Wanted,
) -> (Engine, Scripts) {
    let mut engine = alone(host, wanted);
    let resolver = Resolver::new(project);
    let scripts = resolver.scripts();
    find_closures_of_modules(&mut engine, resolver.scripts());
    engine.set_module_resolver(resolver);
    (engine, scripts)
}

/// An engine that belongs to one run and imports nothing.
pub(super) fn alone(host: &Host, wanted: &Wanted) -> Engine {
    let mut engine = with(wanted);
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
    with(&Wanted::All)
}

fn with(wanted: &Wanted) -> Engine {
    let mut engine = Engine::new_raw();
    // Keeping one copy of equal strings would cost each text that is made in a loop a search among all that are kept.
    engine.set_max_strings_interned(0);
    engine.register_global_module(Shared::clone(&STANDARD));
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_strict_variables(true);
    engine.set_fail_on_invalid_map_property(true);
    // The fast way of operators loses the place of `1 / 0`.
    engine.set_fast_operators(false);
    engine.set_max_call_levels(CALL_LEVELS);
    engine.set_max_expr_depths(EXPRESSION_DEPTH, EXPRESSION_DEPTH);
    engine.disable_symbol("eval");
    engine.on_progress(|_| strand::should_stop().then(|| "cancelled".into()));
    host::install(&mut engine, |namespace| wanted.has(namespace));
    engine.register_fn("task", collector::declare);
    withheld::withhold(&mut engine);
    engine
}

/// A closure that a module made is only known by name where it is called; this finds the module's script for it.
fn find_closures_of_modules(engine: &mut Engine, scripts: Scripts) {
    #[expect(
        deprecated,
        reason = "rhai marks this as volatile; the version is pinned"
    )]
    engine.on_missing_function(move |name, args, _is_method, context| {
        if !name.starts_with("anon$") {
            return Ok(None);
        }
        let Some(ast) = scripts.defining(name) else {
            return Ok(None);
        };
        let args: Vec<Dynamic> = args.iter().map(|arg| (*arg).clone()).collect();
        let options = CallFnOptions::new()
            .eval_ast(true)
            .with_tag(context.tag().clone());
        let engine = context.engine();
        engine
            .call_fn_with_options(options, &mut Scope::new(), &ast, name, args)
            .map(Some)
    });
}

fn print(host: &Host, text: &str) {
    let marked = strand::current().mark(text);
    if host.output().is_json() {
        host.output().say(&marked);
    } else {
        host.output().data(&marked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_may_nest_deep_but_not_without_end() {
        let nested =
            |levels: usize| format!("let x = {}1{};", "(".repeat(levels), ")".repeat(levels));

        // A pair of parentheses counts as two levels.
        assert!(bare().compile(nested(100)).is_ok());
        assert!(bare().compile(nested(50_000)).is_err());
    }
}
