//! The `ui` namespace.

use rhai::Module;

/// The functions of this namespace.
pub(super) fn module() -> Module {
    Module::new()
}

use super::Host;
use crate::base::Result;

/// Asks an ordinary question.
pub fn confirm(_host: &Host, _question: &str) -> Result<()> {
    Ok(())
}

/// Asks for a name.
pub fn confirm_name(_host: &Host, _question: &str, _name: &str) -> Result<()> {
    Ok(())
}
