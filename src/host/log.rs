//! The `log` namespace: narration, on stderr, so that stdout stays data.

use rhai::{Module, NativeCallContext};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

/// Narration on stderr: it never mixes with the data on stdout.
#[rhai::export_module]
pub mod api {
    use crate::host::{Host, strand};

    /// Says what is going on, unless `-q` is given.
    ///
    /// # Parameters
    /// - `message`: one or several lines of text
    ///
    /// # Example
    /// ```
    /// log::info("starting");
    /// ```
    pub fn info(ctx: NativeCallContext, message: &str) {
        Host::of(&ctx)
            .output()
            .say(&strand::current().mark(message));
    }

    /// Says what only `-v` shows.
    ///
    /// # Parameters
    /// - `message`: one or several lines of text
    ///
    /// # Example
    /// ```
    /// log::detail("3 files looked at");
    /// ```
    pub fn detail(ctx: NativeCallContext, message: &str) {
        Host::of(&ctx)
            .output()
            .detail(&strand::current().mark(message));
    }

    /// Warns about something that does not stop the run; `-q` shows it too.
    ///
    /// # Parameters
    /// - `message`: one or several lines of text
    ///
    /// # Example
    /// ```
    /// log::warn("the disk is nearly full");
    /// ```
    pub fn warn(ctx: NativeCallContext, message: &str) {
        Host::of(&ctx)
            .output()
            .warn(&strand::current().mark(message));
    }
}
