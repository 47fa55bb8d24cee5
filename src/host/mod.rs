//! What a script can call: one file per namespace, translation only. Work is done in `ops/`.

pub mod bridge;
pub mod closure;
pub mod context;
pub mod permit;
pub mod strand;
pub mod wording;

mod crew;
pub mod sort;

pub mod archive;
pub mod backup;
pub mod db;
pub mod docker;
pub mod env;
pub mod flow;
pub mod fs;
pub mod http;
pub mod json;
pub mod log;
pub mod migrate;
pub mod pipe;
pub mod process;
mod program;
pub mod redis;
pub mod seed;
pub mod stack;
pub mod task;
pub mod time;
pub mod tls;
pub mod ui;

pub use context::{Flags, Host};
pub use crew::STACK;
pub use strand::Strand;

use std::sync::LazyLock;

use rhai::{Engine, Module, Shared};

/// A namespace by its name.
pub type Namespace = (&'static str, Shared<Module>);

/// Functions do not change while the program runs: they are registered once, shared by every engine, and not taken down when
/// the program ends, which would cost an empty task a tenth of its time.
static NAMESPACES: LazyLock<Vec<Namespace>> = LazyLock::new(|| {
    let shared = |(name, mut module): (&'static str, Module)| {
        if !name.is_empty() {
            module.set_id(name);
        }
        module.build_index();
        (name, Shared::new(module))
    };
    modules().into_iter().map(shared).collect()
});

/// Every namespace that scripts see, in the order of the documentation. `flow` has no name of its own: its functions
/// (`timeout`, `retry`, `parallel`, `defer` ..) are called without one.
pub fn namespaces() -> &'static [Namespace] {
    &NAMESPACES
}

fn modules() -> Vec<(&'static str, Module)> {
    vec![
        ("", flow::module()),
        ("fs", fs::module()),
        ("archive", archive::module()),
        ("process", process::module()),
        ("env", env::module()),
        ("db", db::module()),
        ("migrate", migrate::module()),
        ("seed", seed::module()),
        ("backup", backup::module()),
        ("redis", redis::module()),
        ("stack", stack::module()),
        ("docker", docker::module()),
        ("task", task::module()),
        ("time", time::module()),
        ("ui", ui::module()),
        ("log", log::module()),
        ("tls", tls::module()),
        ("http", http::module()),
    ]
}

/// Registers every namespace and the types their functions return.
pub fn install(engine: &mut Engine) {
    for (name, module) in namespaces() {
        let module = Shared::clone(module);
        if name.is_empty() {
            engine.register_global_module(module);
        } else {
            engine.register_static_module(name, module);
        }
    }
}
