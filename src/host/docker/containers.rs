//! Containers: which there are, how they are, what they say.

/// Containers: which there are, how they are, what they say.
#[rhai::export_module]
pub mod api {
    use rhai::{Array, Dynamic, Map, NativeCallContext};

    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::docker::work::{self, value_of, with_engine};
    use crate::ops::docker::container::{self, Anonymous};
    use crate::ops::docker::stats;

    /// Containers by name: `id`, `name`, `image`, `image_id`, `state`, `health`, `status`, `project`, `service`, `ports`
    /// (each `address`, `port`, `target`, `protocol`), `networks`, `created` (seconds since 1970).
    ///
    /// # Parameters
    /// - `options`: see below
    ///
    /// # Options
    /// - `all`: also those that do not run (default false)
    /// - `name`: only with this in their name (default any)
    /// - `project`: only of this compose project (default any)
    /// - `labels`: only with these labels, each `name` or `name=value` (default none)
    ///
    /// # Errors
    /// - `unavailable`: no engine answers
    ///
    /// # Example
    /// ```docker
    /// for one in docker::ps(#{ all: true }) {
    ///     print(`${one.name}: ${one.status}`);
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ps(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Dynamic> {
        let options: work::PsOptions = bridge::options(&ctx, "docker::ps", options)?;
        let filter = options.into_filter();
        value_of(&ctx, "docker::ps", async |engine| {
            container::list(&engine, &filter).await
        })
    }

    /// Starts a container that is there.
    ///
    /// # Parameters
    /// - `container`: its name or identity
    ///
    /// # Errors
    /// - `not_found`: there is no such container
    /// - `docker`: it cannot be started, for example since a port is taken
    ///
    /// # Example
    /// ```docker
    /// defer(|| stack::down());
    /// let name = stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } })[0].container;
    /// docker::stop(name);
    /// docker::start(name);
    /// ensure(stack::ps()[0].state == "running", "it runs again");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn start(ctx: NativeCallContext, container: &str) -> RhaiResultOf<()> {
        with_engine(&ctx, "docker::start", async |engine| {
            container::start(&engine, container).await
        })
    }

    /// Stops a container; after its grace period it is killed.
    ///
    /// # Parameters
    /// - `container`: its name or identity
    ///
    /// # Errors
    /// - `not_found`: there is no such container
    ///
    /// # Example
    /// ```docker
    /// defer(|| stack::down());
    /// let name = stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } })[0].container;
    /// docker::stop(name);
    /// ensure(stack::ps()[0].state == "exited", "it has ended");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn stop(ctx: NativeCallContext, container: &str) -> RhaiResultOf<()> {
        with_engine(&ctx, "docker::stop", async |engine| {
            container::stop(&engine, container, None).await
        })
    }

    /// Removes a container, running or not; its volumes stay. One that is not there is no error.
    ///
    /// # Parameters
    /// - `container`: its name or identity
    ///
    /// # Errors
    /// - `unavailable`: no engine answers
    ///
    /// # Example
    /// ```docker
    /// docker::remove("no-such-container");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn remove(ctx: NativeCallContext, container: &str) -> RhaiResultOf<()> {
        with_engine(&ctx, "docker::remove", async |engine| {
            container::remove(&engine, container, Anonymous::Keep).await
        })
    }

    /// What running containers use: `name`, `service`, `cpu_percent` (of one processor), `memory_bytes`,
    /// `memory_limit_bytes`, `received_bytes`, `sent_bytes`, `processes`.
    ///
    /// # Parameters
    /// - `options`: see below
    ///
    /// # Options
    /// - `all`: also those that do not run, which use nothing (default false)
    /// - `name`: only with this in their name (default any)
    /// - `project`: only of this compose project (default any)
    /// - `labels`: only with these labels, each `name` or `name=value` (default none)
    ///
    /// # Errors
    /// - `unavailable`: no engine answers
    ///
    /// # Example
    /// ```docker
    /// defer(|| stack::down());
    /// stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } });
    /// let used = docker::stats(#{ name: stack::ps()[0].container });
    /// ensure(used[0].memory_bytes > 0, "it uses memory");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn stats(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Dynamic> {
        let options: work::PsOptions = bridge::options(&ctx, "docker::stats", options)?;
        let filter = options.into_filter();
        value_of(&ctx, "docker::stats", async |engine| {
            let containers = container::list(&engine, &filter).await?;
            stats::usage(&engine, &containers).await
        })
    }

    /// The lines a container has written, oldest first.
    ///
    /// # Parameters
    /// - `container`: its name or identity
    /// - `options`: see below
    ///
    /// # Options
    /// - `tail`: at most this many of the last lines (default 100)
    /// - `since`: only those of this long, such as "10m" (default all)
    /// - `timestamps`: each after the time it was written (default false)
    ///
    /// # Errors
    /// - `not_found`: there is no such container
    ///
    /// # Example
    /// ```docker
    /// defer(|| stack::down());
    /// let box = #{
    ///     image: "busybox", init: true, command: "sh -c 'echo hello; touch /tmp/ready; sleep 600'",
    ///     healthcheck: #{ test: "test -e /tmp/ready" },
    /// };
    /// let rows = stack::up(#{ box: box });
    /// ensure(docker::logs(rows[0].container, #{ tail: 10 }) == ["hello"], "it has said so");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn logs(ctx: NativeCallContext, container: &str, options: Map) -> RhaiResultOf<Array> {
        work::log_lines(&ctx, container, options)
    }

    /// Prints the lines a container writes until it ends.
    ///
    /// # Parameters
    /// - `container`: its name or identity
    /// - `options`: see below
    ///
    /// # Options
    /// - `tail`: at most this many of the last lines to begin with (default 100)
    /// - `since`: only those of this long, such as "10m" (default all)
    /// - `timestamps`: each after the time it was written (default false)
    ///
    /// # Errors
    /// - `not_found`: there is no such container
    ///
    /// # Example
    /// ```docker
    /// defer(|| stack::down());
    /// let rows = stack::up(#{ box: #{ image: "busybox", command: "sh -c 'echo hello; sleep 0.2'" } }, #{ wait: false });
    /// docker::follow(rows[0].container, #{ tail: 10 });
    /// ```
    #[rhai_fn(return_raw)]
    pub fn follow(ctx: NativeCallContext, container: &str, options: Map) -> RhaiResultOf<()> {
        work::follow(&ctx, container, options)
    }
}
