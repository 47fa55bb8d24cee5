//! The `task` namespace: running other tasks and knowing about this one.

use rhai::{Dynamic, Map, Module, NativeCallContext};

use super::bridge::{self, RhaiResultOf};
use super::{Host, permit, strand};
use crate::base::Error;

/// The functions of this namespace.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

/// Runs another task and gives what it returned.
pub(super) fn run(ctx: &NativeCallContext, name: &str, args: Map) -> RhaiResultOf<Dynamic> {
    bridge::call(ctx, "task::run", |_host| permit::task(name))?;
    let host = Host::of(ctx);
    match host.run_task() {
        Some(run) => run(ctx, name, args),
        None => Err(bridge::throw(
            ctx,
            "task::run",
            Error::internal("no tasks can be run here"),
        )),
    }
}

/// Other tasks: run them with arguments, get what they return.
#[rhai::export_module]
pub mod api {
    /// Runs another task without arguments and gives what it returned.
    ///
    /// What the task needs runs first, once per run. A task that fails throws here.
    ///
    /// # Parameters
    /// - `name`: the task's name or alias
    ///
    /// # Errors
    /// - `invalid`: no such task, a missing argument, or a task that runs itself
    /// - whatever the task throws
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| task::run("no-such-" + "task"));
    /// ensure(outcome.error.kind == "invalid", "the error says so");
    /// ```
    #[rhai_fn(name = "run", return_raw)]
    pub fn run_plain(ctx: NativeCallContext, name: &str) -> RhaiResultOf<Dynamic> {
        super::run(&ctx, name, Map::new())
    }

    /// Runs another task with arguments by name and gives what it returned.
    ///
    /// # Parameters
    /// - `name`: the task's name or alias
    /// - `args`: the arguments by the names of the task's parameters
    ///
    /// # Errors
    /// - `invalid`: no such task, an argument it does not have or cannot read, or a task that runs itself
    /// - whatever the task throws
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| task::run("no-such-" + "task", #{ days: 3 }));
    /// ensure(!outcome.ok, "there is no such task");
    /// ```
    #[rhai_fn(name = "run", return_raw)]
    pub fn run_with(ctx: NativeCallContext, name: &str, args: Map) -> RhaiResultOf<Dynamic> {
        super::run(&ctx, name, args)
    }

    /// The name of the task that is running.
    ///
    /// # Example
    /// ```
    /// ensure(task::name() != "", "an example runs in a task");
    /// ```
    pub fn name() -> String {
        strand::current().tasks.last().cloned().unwrap_or_default()
    }

    /// Whether `--dry-run` was given: say what would be done and do nothing.
    ///
    /// # Example
    /// ```
    /// if !task::is_dry_run() { fs::write("done", "yes"); }
    /// ```
    pub fn is_dry_run(ctx: NativeCallContext) -> bool {
        Host::of(&ctx).flags().dry_run
    }

    /// Whether `--dry-run=execute` was given: what can be taken back as a whole is done and taken back.
    ///
    /// # Example
    /// ```
    /// if task::is_rehearsal() { log::info("nothing of this will last"); }
    /// ```
    pub fn is_rehearsal(ctx: NativeCallContext) -> bool {
        Host::of(&ctx).flags().rehearse
    }
}
