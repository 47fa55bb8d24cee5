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

use std::sync::OnceLock;

use rhai::{Engine, Module, Shared};

/// The functions of a namespace. They do not change while the program runs: they are registered once, when a script first
/// needs them, shared by every engine, and not taken down when the program ends, which would cost an empty task a tenth of
/// its time.
pub struct Namespace {
    name: &'static str,
    make: fn() -> Module,
    methods: &'static [&'static str],
    made: OnceLock<Shared<Module>>,
}

impl Namespace {
    const fn new(name: &'static str, make: fn() -> Module) -> Self {
        Self {
            name,
            make,
            methods: &[],
            made: OnceLock::new(),
        }
    }

    /// What else tells that a script needs it: the names that its functions have as methods of values from elsewhere.
    const fn with_methods(mut self, methods: &'static [&'static str]) -> Self {
        self.methods = methods;
        self
    }

    /// The name that scripts write before `::`; empty for functions that are called without one.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a text may call one of its functions as a method of a value.
    pub fn has_method_in(&self, text: &str) -> bool {
        self.methods.iter().any(|method| text.contains(method))
    }

    /// Its functions.
    pub fn module(&self) -> &Shared<Module> {
        self.made.get_or_init(|| {
            let mut module = (self.make)();
            if !self.name.is_empty() {
                module.set_id(self.name);
            }
            module.build_index();
            Shared::new(module)
        })
    }
}

/// Every namespace that scripts see, in the order of the documentation. `flow` has no name of its own: its functions
/// (`timeout`, `retry`, `parallel`, `defer` ..) are called without one.
static NAMESPACES: [Namespace; 18] = [
    Namespace::new("", flow::module),
    Namespace::new("fs", fs::module),
    Namespace::new("archive", archive::module),
    Namespace::new("process", process::module).with_methods(&[
        "stream", "gzip", "gunzip", "sha256", "count", "write", "text", "verify", "into",
    ]),
    Namespace::new("env", env::module),
    Namespace::new("db", db::module).with_methods(&[
        "query",
        "one",
        "value",
        "exec",
        "batch",
        "copy_in",
        "copy_out",
        "transaction",
        "close",
    ]),
    Namespace::new("migrate", migrate::module),
    Namespace::new("seed", seed::module),
    Namespace::new("backup", backup::module),
    Namespace::new("redis", redis::module),
    Namespace::new("stack", stack::module),
    Namespace::new("docker", docker::module),
    Namespace::new("task", task::module),
    Namespace::new("time", time::module).with_methods(&["elapsed"]),
    Namespace::new("ui", ui::module).with_methods(&["add", "label", "finish"]),
    Namespace::new("log", log::module),
    Namespace::new("tls", tls::module),
    Namespace::new("http", http::module).with_methods(&["json"]),
];

/// Every namespace, in the order of the documentation.
pub fn namespaces() -> &'static [Namespace] {
    &NAMESPACES
}

/// Registers the namespaces that are wanted and the types their functions return.
pub fn install(engine: &mut Engine, is_wanted: impl Fn(&str) -> bool) {
    for namespace in namespaces() {
        let name = namespace.name();
        // A secret also comes from a task's parameters, so what it can do is always there.
        let is_always = matches!(name, "" | "env");
        if !is_always && !is_wanted(name) {
            continue;
        }
        let module = Shared::clone(namespace.module());
        if name.is_empty() {
            engine.register_global_module(module);
        } else {
            engine.register_static_module(name, module);
        }
    }
}
