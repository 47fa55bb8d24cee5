//! The `ui` namespace: questions, tables, progress, data.

pub mod ask;
pub mod show;
mod table;

use rhai::Module;

pub use ask::{confirm, confirm_name};

/// The functions of this namespace, and the methods of a progress.
pub(super) fn module() -> Module {
    let mut module = rhai::exported_module!(ask::api);
    rhai::combine_with_exported_module!(&mut module, "show", show::api);
    module.set_custom_type::<show::Bar>("progress");
    module
}
