//! Migrations of another program, such as the application's own, under the same lock.

use std::time::Duration;

use rhai::{Dynamic, FnPtr, NativeCallContext};

/// How long to wait for another run of migrations.
const LOCK_WAIT: Duration = Duration::from_mins(1);

/// The driver and the lock.
#[rhai::export_module]
pub mod api {
    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::ops::migrate as ops;

    /// What `[migrate]` in `lexi.toml` says about who migrates.
    ///
    /// Returns `#{ driver, command, revert, status, dir }`: `driver` is `"sql"` (the files of `migrations/`) or `"command"`
    /// (the application's own program); the commands are `()` where there are none.
    ///
    /// # Example
    /// ```
    /// ensure(migrate::driver().driver == "sql", "nothing else is said");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn driver(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        let name = "migrate::driver";
        let driver = bridge::call(&ctx, name, |host| {
            host.project().config().migrate.checked().cloned()
        })?;
        bridge::value(&ctx, name, driver)
    }

    /// Calls a closure while it holds the lock that every run of migrations takes, and gives what it returned.
    ///
    /// The lock belongs to the profile's database, whatever machine a run is on; it is free as soon as the closure ends or
    /// the run is gone. `migrate::up` and `migrate::revert` take it themselves: do not call them inside.
    ///
    /// # Parameters
    /// - `body`: a closure without parameters
    ///
    /// # Errors
    /// - `locked`: another run has held it for a minute
    /// - `unavailable`: the server does not answer
    /// - what the closure throws
    ///
    /// # Example
    /// ```postgres
    /// let code = migrate::locked(|| process::foreground("true", []));
    /// ensure(code == 0, "the program ran alone");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn locked(ctx: NativeCallContext, body: FnPtr) -> RhaiResultOf<Dynamic> {
        let name = "migrate::locked";
        let target = bridge::call(&ctx, name, Host::database)?;
        let _guard = bridge::wait(&ctx, name, ops::guard(&target, super::LOCK_WAIT))?;
        body.call_within_context::<Dynamic>(&ctx, ())
    }
}
