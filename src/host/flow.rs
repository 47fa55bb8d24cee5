//! The `flow` namespace.

use rhai::Module;

/// The functions of this namespace.
pub(super) fn module() -> Module {
    Module::new()
}
