//! The `stack` namespace.

mod choice;
mod containers;
mod inside;
mod prefix;
mod read;
mod show;
mod work;

pub(super) use inside::{container_of, is_local};
use rhai::{Dynamic, Module, NativeCallContext};

/// The functions of this namespace.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

/// The services of the profile: start and end them, see how they are, read what they say.
#[rhai::export_module]
pub mod api {
    use rhai::{Array, Map};

    use super::work;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::ops::native::{Search, provision};

    /// Brings services up and waits until each answers a real question; what runs already is left as it is.
    ///
    /// A service is a map with the keys of the compose specification (`image`, `build`, `command`, `environment`, `ports`,
    /// `volumes`, `tmpfs`, `healthcheck`, `depends_on`, `restart`, `deploy` ..), `secrets` and `native`: `"postgres"` or
    /// `"redis"`, the server that runs without Docker. A service without it is
    /// skipped by the native driver, which ends those it has started if one does not come up. The Docker driver changes
    /// only what differs from what runs, and leaves a service that does not come up to be looked at. With `--dry-run` the
    /// plan is shown and nothing is done.
    ///
    /// `secrets` are files below `/run/secrets` by their names: what is in them, or a map of `content` or `file` (a path in
    /// the project) and `mode` (`"0400"`; everybody in the container without it). `configs` are such files anywhere, by
    /// their paths inside. `env_file` are files of variables. A service with `profiles` is there in those only. Keys that a
    /// plain engine cannot carry (`deploy.replicas`, `develop` ..) are left out, and the plan names them. A PostgreSQL with secrets `server.crt`
    /// and `server.key` takes TLS; in a container it refuses everything else that comes by network.
    ///
    /// A service is ready when its health test passes, which is asked at once and not after the test's interval, so that
    /// the engine itself may still say `starting`. A port without an address is published on `bind` of `lexi.toml`, or
    /// else on 127.0.0.1.
    ///
    /// # Parameters
    /// - `services`: a map of services by name
    ///
    /// # Errors
    /// - `invalid`: a service has a misspelt key or an unusable value
    /// - `unavailable`: a server is not installed, or no engine answers
    /// - `refused`: the data was made with another password or major version; in profile prod, what `stack::risks` names
    /// - `process_failed`: a server ended while it was starting
    /// - `timeout`: a server does not answer in time (60 seconds)
    /// - `locked`: another run has been at it for too long
    ///
    /// # Example
    /// ```redis
    /// let services = #{ cache: #{ native: "redis", ports: ["127.0.0.1::6379"] } };
    /// defer(|| stack::down());
    /// let running = stack::up(services);
    /// ensure(running[0].port == stack::port("cache"), "it listens where it says");
    /// ```
    #[rhai_fn(name = "up", return_raw)]
    pub fn up(ctx: NativeCallContext, services: Map) -> RhaiResultOf<Array> {
        up_with(ctx, services, Map::new())
    }

    /// The same with options.
    ///
    /// # Parameters
    /// - `services`: a map of services by name
    /// - `options`: see below
    ///
    /// # Options
    /// - `only`: names of the services to bring up, with what they depend on (default all)
    /// - `timeout`: how long each may take to answer (default "60s")
    /// - `wait`: whether to wait until every service is ready, not only those that others need (default true; Docker only)
    /// - `build`: build images even if they are there (default false; Docker only)
    /// - `no_cache`: take nothing from an earlier build (default false; Docker only)
    /// - `recreate`: make every container anew (default false; Docker only)
    /// - `remove_orphans`: remove services that are not in the map any more (default false; Docker only)
    /// - `risks`: "accept" starts in profile prod what `stack::risks` names, too (default "refuse"; other profiles start all)
    ///
    /// # Errors
    /// - `invalid`: a service, a name or an option is not usable
    /// - `refused`: in profile prod, what `stack::risks` names
    /// - `unavailable`: a server is not installed, or no engine answers
    ///
    /// # Example
    /// ```redis
    /// let services = #{
    ///     cache: #{ native: "redis", ports: ["127.0.0.1::6379"] },
    ///     mail: #{ image: "mailhog/mailhog" },
    /// };
    /// defer(|| stack::down());
    /// let running = stack::up(services, #{ only: ["cache"], timeout: "2m" });
    /// ensure(running.len() == 1, "only one was asked for");
    /// ```
    #[rhai_fn(name = "up", return_raw)]
    pub fn up_with(ctx: NativeCallContext, services: Map, options: Map) -> RhaiResultOf<Array> {
        work::start(&ctx, "stack::up", services, options)
    }

    /// Ends services and brings them up again with the settings of now.
    ///
    /// # Parameters
    /// - `services`: a map of services by name
    ///
    /// # Errors
    /// - `invalid`: a service has a misspelt key or an unusable value
    /// - `unavailable`: a server is not installed, or no engine answers
    /// - `refused`: in profile prod, what `stack::risks` names
    /// - `timeout`: a server does not end or does not answer in time
    ///
    /// # Example
    /// ```redis
    /// let services = #{ cache: #{ native: "redis", ports: ["127.0.0.1::6379"] } };
    /// defer(|| stack::down());
    /// let before = stack::up(services);
    /// let after = stack::restart(services);
    /// ensure(before[0].pid != after[0].pid, "it is another process");
    /// ```
    #[rhai_fn(name = "restart", return_raw)]
    pub fn restart(ctx: NativeCallContext, services: Map) -> RhaiResultOf<Array> {
        restart_with(ctx, services, Map::new())
    }

    /// The same with options.
    ///
    /// # Parameters
    /// - `services`: a map of services by name
    /// - `options`: see below
    ///
    /// # Options
    /// - `only`: names of the services to restart; what they depend on is only brought up (default all)
    /// - `timeout`: how long each may take to answer (default "60s")
    /// - `wait`: whether to wait until every service is ready, not only those that others need (default true; Docker only)
    /// - `build`: build images even if they are there (default false; Docker only)
    /// - `no_cache`: take nothing from an earlier build (default false; Docker only)
    /// - `recreate`: make every container anew (default false; Docker only)
    /// - `remove_orphans`: remove services that are not in the map any more (default false; Docker only)
    /// - `risks`: "accept" starts in profile prod what `stack::risks` names, too (default "refuse"; other profiles start all)
    ///
    /// # Errors
    /// - `invalid`: a service, a name or an option is not usable
    /// - `refused`: in profile prod, what `stack::risks` names
    ///
    /// # Example
    /// ```redis
    /// let services = #{ cache: #{ native: "redis", ports: ["127.0.0.1::6379"] } };
    /// defer(|| stack::down());
    /// stack::restart(services, #{ only: ["cache"] });
    /// ```
    #[rhai_fn(name = "restart", return_raw)]
    pub fn restart_with(
        ctx: NativeCallContext,
        services: Map,
        options: Map,
    ) -> RhaiResultOf<Array> {
        work::start(&ctx, "stack::restart", services, options)
    }

    /// Ends every running service of the profile in good order; the data stays. Gives the names of those that ran. With
    /// `--dry-run` what would be done is shown, nothing is done, and no name is given.
    ///
    /// # Errors
    /// - `timeout`: a server does not end in time; it still runs
    /// - `locked`: another run has been at it for too long
    ///
    /// # Example
    /// ```
    /// ensure(stack::down() == [], "nothing ran");
    /// ```
    #[rhai_fn(name = "down", return_raw)]
    pub fn down(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        work::down(&ctx, Map::new())
    }

    /// The same with options. What is ended in containers is removed with its networks.
    ///
    /// # Parameters
    /// - `options`: see below
    ///
    /// # Options
    /// - `only`: names of the services to end (default all)
    /// - `volumes`: also remove the volumes, which is the data; with the native driver its folders (default false)
    ///
    /// # Errors
    /// - `timeout`: a server does not end in time; it still runs
    /// - `refused`: `volumes` in profile prod needs `--confirm` with the database's name; nothing was done
    ///
    /// # Example
    /// ```docker
    /// stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } });
    /// ensure(stack::down(#{ volumes: true }) == ["box"], "it is gone");
    /// ```
    #[rhai_fn(name = "down", return_raw)]
    pub fn down_with(ctx: NativeCallContext, options: Map) -> RhaiResultOf<Array> {
        work::down(&ctx, options)
    }

    /// What `up` would do, without doing it: `actions` (each `verb`, `kind`, `name`, `causes`), `notes` (what the driver
    /// cannot carry), `orphans` (services that run and are not wanted any more).
    ///
    /// # Parameters
    /// - `services`: a map of services by name
    /// - `options`: see below
    ///
    /// # Options
    /// - `only`: names of the services, with what they depend on (default all)
    /// - `timeout`: how long each may take to answer (default "60s")
    /// - `wait`: whether to wait until every service is ready, not only those that others need (default true; Docker only)
    /// - `build`: build images even if they are there (default false; Docker only)
    /// - `no_cache`: take nothing from an earlier build (default false; Docker only)
    /// - `recreate`: make every container anew (default false; Docker only)
    /// - `remove_orphans`: remove services that are not in the map any more (default false; Docker only)
    ///
    /// # Errors
    /// - `invalid`: a service has a misspelt key or an unusable value
    /// - `refused`: a network or volume belongs to another stack
    ///
    /// # Example
    /// ```docker
    /// let plan = stack::plan(#{ box: #{ image: "busybox", command: "sleep 600" } }, #{});
    /// let service = plan.actions.find(|action| action.kind == "service");
    /// ensure(service.verb == "create" && service.causes == ["not there"], "it is not there yet");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn plan(ctx: NativeCallContext, services: Map, options: Map) -> RhaiResultOf<Dynamic> {
        work::plan(&ctx, services, options)
    }

    /// What is dangerous about services, whichever driver runs them: each `service`, `problem` and `remedy`. Named are ports
    /// that other machines reach, the network of this machine, `privileged`, a mount of the engine's socket, Redis without a
    /// password or with one shorter than 8 characters, and PostgreSQL that asks for none (`trust`). In profile prod
    /// `stack::up` and `stack::restart` refuse them.
    ///
    /// # Parameters
    /// - `services`: a map of services by name
    ///
    /// # Errors
    /// - `invalid`: a service has a misspelt key or an unusable value
    ///
    /// # Example
    /// ```
    /// let risks = stack::risks(#{ web: #{ image: "nginx", ports: ["0.0.0.0:80:80", "127.0.0.1:81:81"] } });
    /// ensure(risks.len() == 1, "one of the two can be reached");
    /// ensure(risks[0].problem == "can be reached from other machines: port 80 on 0.0.0.0", "it is named");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn risks(ctx: NativeCallContext, services: Map) -> RhaiResultOf<Dynamic> {
        work::risks(&ctx, services)
    }

    /// Runs a program in a service's container; gives `#{ code, stdout, stderr }`.
    ///
    /// # Parameters
    /// - `service`: the service's name
    /// - `command`: the program and its arguments
    /// - `options`: see below
    ///
    /// # Options
    /// - `env`: variables by name (default none)
    /// - `user`: as whom (default the container's user)
    /// - `dir`: where (default the container's folder)
    /// - `stdin`: what it reads, as text (default nothing)
    /// - `check`: whether an exit code other than 0 is an error (default true)
    ///
    /// # Errors
    /// - `process_failed`: it ended with another code than 0
    /// - `not_found`: the service has no container
    /// - `unavailable`: it does not run, or the native driver runs it
    ///
    /// # Example
    /// ```docker
    /// defer(|| stack::down());
    /// stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } });
    /// ensure(stack::exec("box", ["echo", "hello"], #{}).stdout == "hello\n", "it says hello");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn exec(
        ctx: NativeCallContext,
        service: &str,
        command: Array,
        options: Map,
    ) -> RhaiResultOf<Map> {
        work::exec(&ctx, service, &command, options)
    }

    /// Gives this terminal to a program in a service's container until it ends.
    ///
    /// # Parameters
    /// - `service`: the service's name
    /// - `command`: the program and its arguments
    /// - `options`: see below
    ///
    /// # Options
    /// - `env`: variables by name (default none)
    /// - `user`: as whom (default the container's user)
    /// - `dir`: where (default the container's folder)
    ///
    /// # Errors
    /// - `process_failed`: it ended with another code than 0, which the run ends with, too
    /// - `unavailable`: it does not run, or the native driver runs it
    ///
    /// # Example
    /// ```docker
    /// defer(|| stack::down());
    /// stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } });
    /// stack::shell("box", ["echo", "hello"], #{});
    /// ```
    #[rhai_fn(return_raw)]
    pub fn shell(
        ctx: NativeCallContext,
        service: &str,
        command: Array,
        options: Map,
    ) -> RhaiResultOf<()> {
        work::shell(&ctx, service, &command, options)
    }

    /// How every service is that has been started before: `service`, `state` ("running", "stopped" ..), `health`
    /// ("healthy" or "unhealthy"), `detail`, `port`, `memory_bytes`; `()` where there is nothing to say. The native driver
    /// asks each a real question and adds `pid`, `version`, `uptime_ms`, `cpu_ms`, `data_bytes`, `data`; the Docker driver
    /// adds `container`, `id`, `image`, `ports`, `cpu_percent`, `memory_limit_bytes`, `received_bytes`, `sent_bytes`.
    ///
    /// # Errors
    /// - `unavailable`: the engine that is asked for does not answer
    ///
    /// # Example
    /// ```
    /// for service in stack::status() {
    ///     print(`${service.service}: ${service.state}`);
    /// }
    /// ```
    #[rhai_fn(return_raw)]
    pub fn status(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        work::status(&ctx)
    }

    /// The same as `status` without asking the servers anything: `health` is always `()`.
    ///
    /// # Errors
    /// - `unavailable`: the engine that is asked for does not answer
    ///
    /// # Example
    /// ```
    /// let running = stack::ps().filter(|service| service.state == "running");
    /// ensure(running.len() == 0, "nothing was started");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn ps(ctx: NativeCallContext) -> RhaiResultOf<Dynamic> {
        work::ps(&ctx)
    }

    /// Prints what services have said, each line after the service's name; on a terminal each in its colour.
    ///
    /// # Parameters
    /// - `names`: names of services; all that have a log when empty
    /// - `options`: see below
    ///
    /// # Options
    /// - `tail`: how many of the last lines of each to begin with (default 100)
    /// - `follow`: go on with new lines until the run is stopped, also of services that start later (default false)
    /// - `since`: only lines of this long, such as "10m" (default all; Docker only)
    /// - `timestamps`: each line after the time it was written (default false; Docker only)
    ///
    /// # Errors
    /// - `not_found`: a service with this name has never been started
    ///
    /// # Example
    /// ```redis
    /// defer(|| stack::down());
    /// stack::up(#{ cache: #{ native: "redis", ports: ["127.0.0.1::6379"] } });
    /// stack::logs(["cache"], #{ tail: 10 });
    /// ```
    #[rhai_fn(return_raw)]
    pub fn logs(ctx: NativeCallContext, names: Array, options: Map) -> RhaiResultOf<()> {
        work::print_logs(&ctx, &names, options)
    }

    /// The port on which a service really listens now, or `()` when it does not run.
    ///
    /// # Parameters
    /// - `service`: the service's name
    ///
    /// # Example
    /// ```
    /// ensure(stack::port("postgres") == (), "it was not started");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn port(ctx: NativeCallContext, service: &str) -> RhaiResultOf<Dynamic> {
        work::port(&ctx, service)
    }

    /// The driver that runs the services: "native" or "docker". From `--driver`, else the setting `LEXI_DRIVER`, else
    /// `driver` in `lexi.toml`, else the one that fits.
    ///
    /// # Errors
    /// - `usage`: there is no driver with the name that was given
    ///
    /// # Example
    /// ```
    /// print(stack::driver());
    /// ```
    #[rhai_fn(return_raw)]
    pub fn driver(ctx: NativeCallContext) -> RhaiResultOf<String> {
        work::existing(&ctx, "stack::driver", async |_, driver| {
            Ok(driver.as_str().to_owned())
        })
    }

    /// The packages that hold what the native driver needs and this machine has not; none when all is there.
    ///
    /// # Example
    /// ```
    /// let packages = stack::missing();
    /// print(`${packages.len()} to install`);
    /// ```
    #[rhai_fn(return_raw)]
    pub fn missing(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        bridge::call(&ctx, "stack::missing", |host| {
            let packages = provision::missing(&Search::from_settings(host.settings()));
            Ok(packages.into_iter().map(Dynamic::from).collect())
        })
    }

    /// Installs what is missing with `apt-get` when that is there and this runs as root: no cluster is made, no service is
    /// started, nothing that is installed is touched. Gives the packages that were installed.
    ///
    /// # Errors
    /// - `unavailable`: it cannot be installed from here; the hint is the line to paste
    /// - `process_failed`: `apt-get` did not install it
    ///
    /// # Example
    /// ```postgres
    /// ensure(stack::provision() == [] || stack::missing() == [], "all is there now");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn provision(ctx: NativeCallContext) -> RhaiResultOf<Array> {
        work::install(&ctx)
    }

    /// Whether any service of the profile has data.
    ///
    /// # Errors
    /// - `unavailable`: the engine that is asked for does not answer
    ///
    /// # Example
    /// ```
    /// ensure(!stack::has_data(), "nothing was started in this project");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn has_data(ctx: NativeCallContext) -> RhaiResultOf<bool> {
        work::existing(&ctx, "stack::has_data", async |_, driver| {
            driver.has_data().await
        })
    }
}
