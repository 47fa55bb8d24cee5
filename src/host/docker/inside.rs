//! In containers: programs, and files in and out.

/// In containers: programs, and files in and out.
#[rhai::export_module]
pub mod api {
    use rhai::{Array, Map, NativeCallContext};

    use crate::host::bridge::RhaiResultOf;
    use crate::host::docker::work::{self};

    /// Runs a program in a running container; gives `#{ code, stdout, stderr }`, both as text of at most 16 MB.
    ///
    /// When the run is stopped meanwhile, the program goes on: an engine cannot end it.
    ///
    /// # Parameters
    /// - `container`: its name or identity
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
    /// - `process_failed`: it ended with another code than 0; `e.exit_code` has it
    /// - `not_found`: there is no such container
    /// - `conflict`: the container does not run
    ///
    /// # Example
    /// ```docker
    /// defer(|| stack::down());
    /// let rows = stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } });
    /// let done = docker::exec(rows[0].container, ["cat"], #{ stdin: "hello" });
    /// ensure(done.stdout == "hello", "it says what it reads");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn exec(
        ctx: NativeCallContext,
        container: &str,
        command: Array,
        options: Map,
    ) -> RhaiResultOf<Map> {
        work::exec(&ctx, container, command, options)
    }

    /// Runs a program in a running container with this terminal: keys, size and Ctrl-C are the program's. Without a
    /// terminal it has standard input and output.
    ///
    /// # Parameters
    /// - `container`: its name or identity
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
    /// - `not_found`: there is no such container
    ///
    /// # Example
    /// ```docker
    /// defer(|| stack::down());
    /// let rows = stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } });
    /// docker::shell(rows[0].container, ["echo", "hello"], #{});
    /// ```
    #[rhai_fn(return_raw)]
    pub fn shell(
        ctx: NativeCallContext,
        container: &str,
        command: Array,
        options: Map,
    ) -> RhaiResultOf<()> {
        work::shell(&ctx, container, command, options)
    }

    /// Copies a file or folder into a container: into `to` when that is a folder there, else under that name. It belongs
    /// to root there. Gives the number of bytes sent.
    ///
    /// # Parameters
    /// - `container`: its name or identity, running or not
    /// - `from`: a path here, relative to the project
    /// - `to`: a path there, from the root
    ///
    /// # Errors
    /// - `not_found`: there is no such path or container
    ///
    /// # Example
    /// ```docker
    /// defer(|| stack::down());
    /// let name = stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } })[0].container;
    /// fs::write("a.txt", "hello");
    /// docker::copy_in(name, "a.txt", "/tmp");
    /// ensure(docker::exec(name, ["cat", "/tmp/a.txt"], #{}).stdout == "hello", "it has arrived");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn copy_in(
        ctx: NativeCallContext,
        container: &str,
        from: &str,
        to: &str,
    ) -> RhaiResultOf<i64> {
        work::copy_in(&ctx, container, from, to)
    }

    /// Copies a file or folder out of a container: into `to` when that is a folder here, else under that name. Gives the
    /// number of bytes of the files.
    ///
    /// # Parameters
    /// - `container`: its name or identity, running or not
    /// - `from`: a path there, from the root
    /// - `to`: a path here, relative to the project
    ///
    /// # Errors
    /// - `not_found`: there is no such path or container
    ///
    /// # Example
    /// ```docker
    /// defer(|| stack::down());
    /// let name = stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } })[0].container;
    /// docker::exec(name, ["sh", "-c", "echo hello >/tmp/a"], #{});
    /// docker::copy_out(name, "/tmp/a", "back.txt");
    /// ensure(fs::read("back.txt") == "hello\n", "it has come back");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn copy_out(
        ctx: NativeCallContext,
        container: &str,
        from: &str,
        to: &str,
    ) -> RhaiResultOf<i64> {
        work::copy_out(&ctx, container, from, to)
    }
}
