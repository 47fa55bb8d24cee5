//! Functions without a namespace that steer what runs: time limits, retries, several at once, cleanup.

use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Map, Module, NativeCallContext};

use super::bridge::{self, RhaiResultOf};
use super::closure::KeptClosure;
use super::crew::{self, ParallelOptions};
use super::{Host, strand, wording};
use crate::base::{Error, Reason};

/// The functions of this file.
pub(super) fn module() -> Module {
    let mut module = rhai::exported_module!(api);
    module.combine(super::sort::module());
    module
}

/// What runs when, how long, how often and beside what. These functions have no namespace.
#[rhai::export_module]
pub mod api {
    use std::time::Duration;

    use serde::Deserialize;

    use crate::base::text::did_you_mean;
    use crate::base::{Kind, Result};

    /// Calls a closure and stops it when it takes too long.
    ///
    /// # Parameters
    /// - `limit`: `"500ms"`, `"10s"`, `"5m"`, or seconds as a number
    /// - `body`: the closure
    ///
    /// # Errors
    /// - `timeout`: the limit passed; whatever the closure waited for was given up
    ///
    /// # Example
    /// ```
    /// let sum = timeout("5s", || 1 + 1);
    /// ensure(sum == 2, "the closure's value comes back");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn timeout(ctx: NativeCallContext, limit: Dynamic, body: FnPtr) -> RhaiResultOf<Dynamic> {
        let throw = |error| bridge::throw(&ctx, "timeout", error);
        let limit = bridge::duration(&limit).map_err(throw)?;
        let outer = strand::current();
        let own = outer.cancel.child();
        let reason = Reason::ScopeTimeout(limit);
        let host = Host::of(&ctx);
        let _timer = host
            .runtime()
            .cancel_after(limit, &own, reason)
            .map_err(throw)?;
        let result = {
            let _entered = strand::enter(outer.with_cancel(own.clone()));
            body.call_within_context::<Dynamic>(&ctx, ())
        };
        match (result, bridge::own_timeout(&own)) {
            (Err(error), Some(timeout)) if stopped(&error) => Err(throw(timeout)),
            (result, _) => result,
        }
    }

    /// How often and how patiently `retry` tries.
    #[derive(Debug, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub(super) struct RetryOptions {
        pub(super) times: u32,
        pub(super) wait: String,
        pub(super) factor: f64,
        pub(super) most: String,
        pub(super) kinds: Vec<String>,
    }

    impl Default for RetryOptions {
        fn default() -> Self {
            Self {
                times: 3,
                wait: "1s".into(),
                factor: 2.0,
                most: "30s".into(),
                kinds: Vec::new(),
            }
        }
    }

    impl RetryOptions {
        fn verify(&self) -> Result<()> {
            if self.times == 0 {
                return Err(Error::invalid("`times` of `retry` must be 1 or more"));
            }
            if !(1.0..=1e6).contains(&self.factor) {
                return Err(Error::invalid("`factor` of `retry` must be 1.0 or more"));
            }
            let unknown = |kind: &&String| Kind::from_name(kind).is_none();
            let Some(kind) = self.kinds.iter().find(unknown) else {
                return Ok(());
            };
            let names: Vec<&str> = Kind::names().collect();
            let near = did_you_mean(kind, names.iter().copied());
            let hint = near.map_or_else(
                || format!("kinds are {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            Err(Error::invalid(format!("`{kind}` is no kind of error")).hint(hint))
        }
    }

    /// Calls a closure until it succeeds, waiting longer after each failure.
    ///
    /// # Parameters
    /// - `options`: see below
    /// - `body`: the closure
    ///
    /// # Options
    /// - `times`: how often at most (default 3)
    /// - `wait`: how long after the first failure (default `"1s"`)
    /// - `factor`: by how much the wait grows each time (default 2.0)
    /// - `most`: the longest wait (default `"30s"`)
    /// - `kinds`: the error kinds worth another try (default: all)
    ///
    /// # Errors
    /// - the last error of the closure
    ///
    /// # Example
    /// ```
    /// let tries = 0;
    /// let value = retry(#{ times: 3, wait: "1ms" }, || {
    ///     tries += 1;
    ///     if tries < 3 { throw #{ kind: "unavailable", message: "not yet" }; }
    ///     "there"
    /// });
    /// ensure(value == "there", "the third try succeeds");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn retry(ctx: NativeCallContext, options: Map, body: FnPtr) -> RhaiResultOf<Dynamic> {
        let throw = |error| bridge::throw(&ctx, "retry", error);
        let options: RetryOptions = bridge::options(&ctx, "retry", options)?;
        options.verify().map_err(throw)?;
        let mut wait = bridge::duration(&options.wait.clone().into()).map_err(throw)?;
        let most = bridge::duration(&options.most.clone().into()).map_err(throw)?;
        for attempt in 1.. {
            match body.call_within_context::<Dynamic>(&ctx, ()) {
                Ok(value) => return Ok(value),
                Err(error)
                    if attempt >= options.times || !worth_retrying(&error, &options.kinds) =>
                {
                    return Err(error);
                }
                Err(error) => {
                    let why = caught(error.unwrap_inner()).message().to_owned();
                    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(attempt, why, wait_ms, "retrying");
                }
            }
            bridge::wait(&ctx, "retry", async {
                tokio::time::sleep(wait).await;
                Ok(())
            })?;
            wait = Duration::try_from_secs_f64(wait.as_secs_f64() * options.factor)
                .unwrap_or(most)
                .min(most);
        }
        Ok(Dynamic::UNIT)
    }

    /// Calls a closure and gives what came of it instead of throwing.
    ///
    /// # Parameters
    /// - `body`: the closure
    ///
    /// Returns `#{ ok, value, error }`: `error` is the caught error as a map, or `()`.
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| throw #{ kind: "invalid", message: "no" });
    /// ensure(!outcome.ok && outcome.error.kind == "invalid", "the error is a value");
    /// ensure(attempt(|| 5).value == 5, "so is the result");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn attempt(ctx: NativeCallContext, body: FnPtr) -> RhaiResultOf<Map> {
        let (ok, value, error) = match body.call_within_context::<Dynamic>(&ctx, ()) {
            Ok(value) => (true, value, Dynamic::UNIT),
            Err(error) if stopped(&error) => return Err(error),
            Err(error) => {
                let error = match error.unwrap_inner() {
                    EvalAltResult::ErrorRuntime(value, _) if value.is_map() => value.clone(),
                    other => bridge::error_value("attempt", &caught(other)).into(),
                };
                (false, Dynamic::UNIT, error)
            }
        };
        Ok(Map::from([
            ("ok".into(), ok.into()),
            ("value".into(), value),
            ("error".into(), error),
        ]))
    }

    /// Calls a closure when the task ends: after success, an error, Ctrl-C or a timeout. The last deferred runs first.
    ///
    /// # Parameters
    /// - `cleanup`: the closure; all cleanup of a task together has 10 seconds
    ///
    /// # Example
    /// ```
    /// fs::write("work.tmp", "x");
    /// defer(|| fs::remove("work.tmp"));
    /// ```
    pub fn defer(ctx: NativeCallContext, cleanup: FnPtr) {
        strand::current().defer(KeptClosure::keep(&ctx, cleanup));
    }

    /// Throws unless a condition holds.
    ///
    /// # Parameters
    /// - `condition`: what must be true
    /// - `message`: what is wrong when it is not
    ///
    /// # Errors
    /// - `invalid`: the condition is false
    ///
    /// # Example
    /// ```
    /// ensure(1 < 2, "numbers are in order");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ensure(ctx: NativeCallContext, condition: bool, message: &str) -> RhaiResultOf<()> {
        if condition {
            Ok(())
        } else {
            Err(bridge::throw(&ctx, "ensure", Error::invalid(message)))
        }
    }

    /// Runs closures, tasks (by name) and programs (arrays of arguments) at once and gives their results in order.
    ///
    /// The first failure stops the others and is what is thrown. Each line of output is marked with its source.
    ///
    /// # Parameters
    /// - `items`: closures, names of tasks, arrays such as `["npm", "test"]`
    ///
    /// # Errors
    /// - the error of the one that failed first
    ///
    /// # Example
    /// ```
    /// let results = parallel([|| 1 + 1, || "b"]);
    /// ensure(results == [2, "b"], "results are in the order of the items");
    /// ```
    #[rhai_fn(name = "parallel", return_raw)]
    pub fn parallel(ctx: NativeCallContext, items: Array) -> RhaiResultOf<Array> {
        crew::run(&ctx, items, &ParallelOptions::default())
    }

    /// The same with options.
    ///
    /// # Parameters
    /// - `items`: closures, names of tasks, arrays such as `["npm", "test"]`
    /// - `options`: see below
    ///
    /// # Options
    /// - `limit`: how many at a time; 0 = all (default 0)
    /// - `keep_going`: let the others finish when one fails (default false)
    ///
    /// # Errors
    /// - the error of the one that failed first
    ///
    /// # Example
    /// ```
    /// let results = parallel([|| 1, || 2, || 3], #{ limit: 2 });
    /// ensure(results.len() == 3, "all ran");
    /// ```
    #[rhai_fn(name = "parallel", return_raw)]
    pub fn parallel_with(
        ctx: NativeCallContext,
        items: Array,
        options: Map,
    ) -> RhaiResultOf<Array> {
        let options: ParallelOptions = bridge::options(&ctx, "parallel", options)?;
        crew::run(&ctx, items, &options)
    }

    /// Calls a closure with each item, several at a time, and gives the results in order.
    ///
    /// # Parameters
    /// - `items`: what the closure is called with
    /// - `limit`: how many at a time; 0 = all
    /// - `body`: the closure
    ///
    /// # Errors
    /// - the error of the one that failed first; the others are stopped
    ///
    /// # Example
    /// ```
    /// let squares = parallel_map([1, 2, 3], 2, |n| n * n);
    /// ensure(squares == [1, 4, 9], "results are in the order of the items");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn parallel_map(
        ctx: NativeCallContext,
        items: Array,
        limit: i64,
        body: FnPtr,
    ) -> RhaiResultOf<Array> {
        let closures = items.into_iter().map(|item| {
            let mut closure = body.clone();
            closure.add_curry(item);
            closure.into()
        });
        let limit = usize::try_from(limit).map_err(|_negative| {
            let error = Error::invalid("`limit` of `parallel_map` must be 0 or more");
            bridge::throw(&ctx, "parallel_map", error)
        })?;
        crew::run(
            &ctx,
            closures.collect(),
            &ParallelOptions {
                limit,
                keep_going: false,
            },
        )
    }
}

/// Whether the error is the request to stop.
pub(super) fn stopped(error: &EvalAltResult) -> bool {
    matches!(error.unwrap_inner(), EvalAltResult::ErrorTerminated(..))
}

fn worth_retrying(error: &EvalAltResult, kinds: &[String]) -> bool {
    let kind = caught(error.unwrap_inner()).kind();
    !stopped(error) && (kinds.is_empty() || kinds.iter().any(|wanted| wanted == kind.as_str()))
}

/// A script's error as ours.
pub(super) fn caught(error: &EvalAltResult) -> Error {
    match error {
        EvalAltResult::ErrorRuntime(value, _) => bridge::error_from_value(value),
        other => wording::error(other),
    }
}
