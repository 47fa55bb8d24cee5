//! The engine itself: whether it answers, what it keeps, what has happened.

/// The engine itself: whether it answers, what it keeps, what has happened.
#[rhai::export_module]
pub mod api {
    use rhai::{Dynamic, Map, NativeCallContext};

    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::docker::work::{self, connect, value_of};
    use crate::ops::docker::disk;

    /// Whether an engine answers.
    ///
    /// # Example
    /// ```docker
    /// ensure(docker::ping(), "an engine is here");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ping(ctx: NativeCallContext) -> RhaiResultOf<bool> {
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "docker::ping", async {
            match connect(&host).await {
                Ok(engine) => Ok(engine.ping().await.is_ok()),
                Err(_nobody_answers) => Ok(false),
            }
        })
    }

    /// What the engine says of itself: `address`, `source` (who named the address), `version`, `api`, `os`, `cpus`,
    /// `memory_bytes`, `root`, `storage`, `containers`, `running`, `images`.
    ///
    /// # Errors
    /// - `unavailable`: no engine answers
    ///
    /// # Example
    /// ```docker
    /// print(`Docker ${docker::info().version} at ${docker::info().address}`);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn info(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        value_of(&ctx, "docker::info", async |engine| engine.facts().await)
    }

    /// What the engine keeps on disk. For "images", "containers", "volumes" and `build_cache`: `kind`, `count`, `active`,
    /// `bytes`, `reclaimable_bytes`.
    ///
    /// # Errors
    /// - `unavailable`: no engine answers
    ///
    /// # Example
    /// ```docker
    /// for one in docker::df() {
    ///     print(`${one.kind}: ${one.count}, ${one.bytes} bytes`);
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn df(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        value_of(&ctx, "docker::df", async |engine| {
            disk::usage(&engine).await
        })
    }

    /// Throws away what nothing uses; gives `removed` and `freed_bytes`.
    ///
    /// # Parameters
    /// - `what`: "containers", "images" (those without a name), "networks", `build_cache` or "volumes" (this is data)
    /// - `label`: only what has this label, `name` or `name=value`; `""` for everything
    ///
    /// # Errors
    /// - `invalid`: there is no such kind of thing
    /// - `unavailable`: no engine answers
    ///
    /// # Example
    /// ```docker
    /// let gone = docker::prune("containers", "lexi.example=nothing");
    /// ensure(gone.removed == [], "nothing has this label");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn prune(ctx: NativeCallContext, what: &str, label: &str) -> RhaiResultOf<Dynamic> {
        let unused = bridge::call(&ctx, "docker::prune", |_| work::unused(what))?;
        let label = Some(label).filter(|label| !label.is_empty());
        value_of(&ctx, "docker::prune", async |engine| {
            disk::prune(&engine, unused, label).await
        })
    }

    /// What has happened: `kind`, `action`, `id`, `name`, `service`, `project`, `exit_code`, `time_ms`. Engines remember
    /// the last few hundred.
    ///
    /// # Parameters
    /// - `since`: how long ago to begin, such as "10m"
    /// - `options`: see below
    ///
    /// # Options
    /// - `project`: only of this compose project (default any)
    /// - `kinds`: only of these: "container", "network", "volume", "image" (default all)
    /// - `actions`: only these: "start", "die", `health_status` .. (default all)
    ///
    /// # Errors
    /// - `unavailable`: no engine answers
    ///
    /// # Example
    /// ```docker
    /// let ended = docker::events("1h", #{ kinds: ["container"], actions: ["die"] });
    /// print(`${ended.len()} containers ended`);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn events(ctx: NativeCallContext, since: &str, options: Map) -> RhaiResultOf<Dynamic> {
        work::events(&ctx, since, options)
    }
}
