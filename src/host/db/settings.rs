//! The server's own settings.

use rhai::{Dynamic, Map, NativeCallContext};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TuneOptions {
    apply: bool,
}

/// The server's settings.
#[rhai::export_module]
pub mod api {
    use super::TuneOptions;
    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::ops::database::tune;

    /// Compares the server's settings with those wanted, and writes those that differ where asked to.
    ///
    /// Each is written by an `ALTER SYSTEM` of its own, then the server reloads them. A second call writes nothing. With
    /// `--dry-run` nothing is written.
    ///
    /// Returns an array of `#{ name, wanted, current, state, is_written }`; `state` is `same`, `differs`, `restart` (it is in
    /// force after a restart only), `fixed` (the server's command decides it) or `unknown` (the server does not know it, such
    /// as one of a library that is not loaded).
    ///
    /// # Parameters
    /// - `settings`: values by name, in PostgreSQL's own writing, such as `#{ work_mem: "16MB" }`
    /// - `options`: see below
    ///
    /// # Options
    /// - `apply`: write those that differ (default false)
    ///
    /// # Errors
    /// - `database`: the user is no superuser; the hint has the statements for one
    /// - `unavailable`: the server does not answer
    ///
    /// # Example
    /// ```postgres
    /// let found = db::tune(#{ port: db::target().port, "no.such": 1 }, #{});
    /// ensure(found[0].state == "unknown" && found[1].state == "same", "sorted by name");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn tune(ctx: NativeCallContext, settings: Map, options: Map) -> RhaiResultOf<Dynamic> {
        let name = "db::tune";
        let host = Host::of(&ctx);
        let options: TuneOptions = bridge::options(&ctx, name, options)?;
        let wanted = settings.iter();
        let wanted = wanted
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        let apply = options.apply && !host.flags().dry_run;
        let found = bridge::wait(&ctx, name, async {
            tune::tune(&host.database()?, &wanted, apply).await
        })?;
        bridge::value(&ctx, name, found)
    }
}
