//! The `docker` namespace: the container engine itself. What a stack is, is in `stack`.

pub mod containers;
pub mod engine;
pub mod images;
pub mod inside;
mod work;

use rhai::Module;

pub(super) use work::{ago, connect, exec_of, hand_over, run_in, shell_of};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    let mut module = rhai::exported_module!(engine::api);
    module.combine(rhai::exported_module!(images::api));
    module.combine(rhai::exported_module!(containers::api));
    module.combine(rhai::exported_module!(inside::api));
    module
}
