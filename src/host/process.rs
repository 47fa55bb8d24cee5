//! The `process` namespace: other programs.
//!
//! Over 300 lines because the documentation of its functions is the manual.

use rhai::{Array, Dynamic, Map, Module, NativeCallContext};

use super::bridge::{self, RhaiResultOf};
use super::program::{RunOptions, program_of, run_options};
use super::{Host, pipe, strand};
use crate::base::Result;
use crate::ops::process::{Captured, Channel, Program};

/// How much a program may write into a script: 16 MB each to stdout and stderr.
const LIMIT: usize = 16 * 1024 * 1024;

/// The functions of this namespace, and the methods of the pipelines it makes.
pub(super) fn module() -> Module {
    let mut module = rhai::exported_module!(api);
    let methods = pipe::module();
    module.fill_with(&methods);
    module.set_custom_type::<pipe::Pipe>(pipe::TYPE_NAME);
    module
}

/// Runs a program given as one array, showing its lines as they come; `parallel` does this.
pub(super) fn run_marked(ctx: &NativeCallContext, argv: &Array) -> RhaiResultOf<Dynamic> {
    let mut rest = argv.clone();
    let program = rest.remove(0).to_string();
    let options = RunOptions {
        check: true,
        stream: true,
        ..RunOptions::default()
    };
    run(ctx, "parallel", &program, rest, options)
}

/// Whether a program is this very one.
fn is_own(program: &str) -> bool {
    let own = std::env::current_exe().ok();
    let program = std::fs::canonicalize(program).ok();
    own.is_some() && own == program
}

/// Runs a program to its end; gives `#{ code, signal, stdout, stderr }`.
fn run(
    ctx: &NativeCallContext,
    name: &str,
    program: &str,
    args: Array,
    options: RunOptions,
) -> RhaiResultOf<Dynamic> {
    let host = Host::of(ctx);
    let captured = bridge::wait(ctx, name, async {
        let program = program_of(&host, program, args, &options.program)?;
        let captured = if options.stream {
            show_lines(&host, &program).await?
        } else {
            program.capture(host.processes(), LIMIT).await?
        };
        if options.check {
            captured.ok(program.name())
        } else {
            Ok(captured)
        }
    })?;
    Ok(result_of(&captured).into())
}

fn result_of(captured: &Captured) -> Map {
    let signal = captured.exit.signal.map(i64::from);
    Map::from([
        ("code".into(), i64::from(captured.exit.shell_code()).into()),
        ("signal".into(), signal.map_or(Dynamic::UNIT, Into::into)),
        ("stdout".into(), captured.stdout_text().into()),
        ("stderr".into(), captured.stderr_text().into()),
    ])
}

/// Shows a program's lines as they come, whole and marked; keeps the end of stderr for a failure.
async fn show_lines(host: &Host, program: &Program) -> Result<Captured> {
    let (output, strand) = (host.output(), strand::current());
    let show = |channel, line: &str| {
        let line = strand.mark(line);
        match channel {
            Channel::Stdout if !output.is_json() => output.data(&line),
            _ => output.say(&line),
        }
    };
    let (exit, stderr) = program.stream_with_tail(host.processes(), &show).await?;
    Ok(Captured {
        exit,
        stdout: Vec::new(),
        stderr: stderr.into_bytes(),
    })
}

/// Other programs: arguments are arrays and never go through a shell; none outlives the run.
///
/// A program starts in the project's folder with the environment of `lexi` itself and nothing on its standard input.
#[rhai::export_module]
pub mod api {
    use super::{LIMIT, RunOptions, program_of, run_options};
    use crate::base::{Error, Kind};
    use crate::host::Host;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::permit;
    use crate::host::pipe::Pipe;
    use crate::host::program::reading_options;
    use crate::ops::pipeline::Pipeline;
    use crate::ops::process::Program;
    use rhai::{Array, Dynamic, Map, NativeCallContext};

    /// Runs a program and gives what it wrote: `#{ code, signal, stdout, stderr }`.
    ///
    /// # Parameters
    /// - `program`: its name, looked up in `PATH`, or its path
    /// - `args`: its arguments: text, numbers, booleans
    ///
    /// # Errors
    /// - `process_failed`: it failed; the error has `exit_code`, `signal` and `stderr`
    /// - `unavailable`: there is no such program
    /// - `invalid`: it wrote more than 16 MB, or an argument is no text, or holds a secret
    ///
    /// # Example
    /// ```
    /// let result = process::run("echo", ["hello", 1]);
    /// ensure(result.code == 0 && result.stdout == "hello 1\n", "what it wrote");
    /// let outcome = attempt(|| process::run("false", []));
    /// ensure(outcome.error.exit_code == 1, "it failed");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn run(ctx: NativeCallContext, program: &str, args: Array) -> RhaiResultOf<Dynamic> {
        run_with(ctx, program, args, Map::new())
    }

    /// Runs a program with options and gives what it wrote: `#{ code, signal, stdout, stderr }`.
    ///
    /// # Parameters
    /// - `program`: its name, looked up in `PATH`, or its path
    /// - `args`: its arguments: text, numbers, booleans
    /// - `options`: see below
    ///
    /// # Options
    /// - `dir`: the folder it starts in (default: the project's)
    /// - `env`: variables to set; secrets may be among them (default: none)
    /// - `clear_env`: give it no other variables than those (default false)
    /// - `stdin`: a string, a blob or a secret to read (default: nothing)
    /// - `timeout`: how long it may take, such as `"30s"` (default: no limit)
    /// - `grace`: how long it may take to end when it is stopped (default `"5s"`)
    /// - `check`: throw when it fails; otherwise look at `code` (default true)
    /// - `stream`: show its lines as they come, and keep none of stdout (default false)
    /// - `args`: more arguments (default: none)
    ///
    /// # Errors
    /// - `process_failed`: it failed; the error has `exit_code`, `signal` and `stderr`
    /// - `unavailable`: there is no such program
    /// - `timeout`: it took too long and was stopped, with everything it had started
    /// - `not_found`: there is no such folder
    /// - `invalid`: it wrote more than 16 MB, or an argument or option cannot be used
    ///
    /// # Example
    /// ```
    /// let result = process::run("cat", [], #{ stdin: "hello", timeout: "10s" });
    /// ensure(result.stdout == "hello", "what it read");
    /// ensure(process::run("false", [], #{ check: false }).code == 1, "its code");
    /// ```
    #[rhai_fn(name = "run", return_raw)]
    pub fn run_with(
        ctx: NativeCallContext,
        program: &str,
        args: Array,
        options: Map,
    ) -> RhaiResultOf<Dynamic> {
        let mut options = run_options(&ctx, "process::run", options)?;
        let all = [args, std::mem::take(&mut options.args)].concat();
        super::run(&ctx, "process::run", program, all, options)
    }

    /// Runs a program and gives what it wrote to stdout, without blanks and line ends around it.
    ///
    /// # Parameters
    /// - `program`: its name, looked up in `PATH`, or its path
    /// - `args`: its arguments: text, numbers, booleans
    ///
    /// # Errors
    /// - `process_failed`: it failed; the error has `exit_code`, `signal` and `stderr`
    /// - `unavailable`: there is no such program
    /// - `invalid`: it wrote more than 16 MB, or an argument is no text
    ///
    /// # Example
    /// ```
    /// ensure(process::output("echo", ["hello"]) == "hello", "without the line end");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn output(ctx: NativeCallContext, program: &str, args: Array) -> RhaiResultOf<String> {
        output_with(ctx, program, args, Map::new())
    }

    /// Runs a program with options and gives what it wrote to stdout, without blanks and line ends around it.
    ///
    /// # Parameters
    /// - `program`: its name, looked up in `PATH`, or its path
    /// - `args`: its arguments: text, numbers, booleans
    /// - `options`: see below
    ///
    /// # Options
    /// - `dir`: the folder it starts in (default: the project's)
    /// - `env`: variables to set; secrets may be among them (default: none)
    /// - `clear_env`: give it no other variables than those (default false)
    /// - `stdin`: a string, a blob or a secret to read (default: nothing)
    /// - `timeout`: how long it may take, such as `"30s"` (default: no limit)
    /// - `grace`: how long it may take to end when it is stopped (default `"5s"`)
    ///
    /// # Errors
    /// - `process_failed`: it failed; the error has `exit_code`, `signal` and `stderr`
    /// - `unavailable`: there is no such program
    /// - `timeout`: it took too long and was stopped
    /// - `not_found`: there is no such folder
    /// - `invalid`: it wrote more than 16 MB, or an argument or option cannot be used
    ///
    /// # Example
    /// ```
    /// fs::make_dir("sub");
    /// ensure(process::output("pwd", [], #{ dir: "sub" }).ends_with("/sub"), "it starts there");
    /// ```
    #[rhai_fn(name = "output", return_raw)]
    pub fn output_with(
        ctx: NativeCallContext,
        program: &str,
        args: Array,
        options: Map,
    ) -> RhaiResultOf<String> {
        let options = reading_options(&ctx, "process::output", options)?;
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "process::output", async {
            let program = program_of(&host, program, args, &options)?;
            let captured = program.capture(host.processes(), LIMIT).await?;
            let captured = captured.ok(program.name())?;
            Ok(captured.stdout_text().trim().to_owned())
        })
    }

    /// Runs a script of the shell (`sh -c`) and gives what it wrote: `#{ code, signal, stdout, stderr }`.
    ///
    /// Never put values into the text of the script; hand them over as `args` or `env`.
    ///
    /// # Parameters
    /// - `script`: text for `sh`
    ///
    /// # Errors
    /// - `process_failed`: its last command failed; the error has `exit_code`, `signal` and `stderr`
    /// - `invalid`: it wrote more than 16 MB
    ///
    /// # Example
    /// ```
    /// ensure(process::sh("echo one | wc -l").stdout.contains("1"), "a shell has pipes");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn sh(ctx: NativeCallContext, script: &str) -> RhaiResultOf<Dynamic> {
        sh_with(ctx, script, Map::new())
    }

    /// Runs a script of the shell (`sh -c`) with options and gives what it wrote: `#{ code, signal, stdout, stderr }`.
    ///
    /// # Parameters
    /// - `script`: text for `sh`
    /// - `options`: see below
    ///
    /// # Options
    /// - `args`: what the script knows as `$1`, `$2` and so on (default: none)
    /// - `dir`: the folder it starts in (default: the project's)
    /// - `env`: variables to set; secrets may be among them (default: none)
    /// - `clear_env`: give it no other variables than those (default false)
    /// - `stdin`: a string, a blob or a secret to read (default: nothing)
    /// - `timeout`: how long it may take, such as `"30s"` (default: no limit)
    /// - `grace`: how long it may take to end when it is stopped (default `"5s"`)
    /// - `check`: throw when it fails; otherwise look at `code` (default true)
    /// - `stream`: show its lines as they come, and keep none of stdout (default false)
    ///
    /// # Errors
    /// - `process_failed`: its last command failed; the error has `exit_code`, `signal` and `stderr`
    /// - `timeout`: it took too long and was stopped, with everything it had started
    /// - `not_found`: there is no such folder
    /// - `invalid`: it wrote more than 16 MB, or an option cannot be used
    ///
    /// # Example
    /// ```
    /// let result = process::sh("echo \"$1 $NAME\"", #{ args: ["hello"], env: #{ NAME: "Ann" } });
    /// ensure(result.stdout == "hello Ann\n", "values are handed over, not pasted");
    /// ```
    #[rhai_fn(name = "sh", return_raw)]
    pub fn sh_with(ctx: NativeCallContext, script: &str, options: Map) -> RhaiResultOf<Dynamic> {
        let mut options: RunOptions = run_options(&ctx, "process::sh", options)?;
        let mut args: Array = vec!["-c".into(), script.into(), "sh".into()];
        args.append(&mut options.args);
        super::run(&ctx, "process::sh", "sh", args, options)
    }

    /// Runs a program that has the terminal, such as `psql` or an editor, and gives its code.
    ///
    /// Ctrl-C is the program's while it runs. When it fails and nobody catches that, `lexi` ends with the program's code.
    ///
    /// # Parameters
    /// - `program`: its name, looked up in `PATH`, or its path
    /// - `args`: its arguments: text, numbers, booleans
    ///
    /// # Errors
    /// - `process_failed`: it failed; the error has `exit_code` and `signal`
    /// - `unavailable`: there is no such program
    ///
    /// # Example
    /// ```
    /// ensure(process::foreground("true", []) == 0, "it succeeds");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn foreground(ctx: NativeCallContext, program: &str, args: Array) -> RhaiResultOf<i64> {
        foreground_with(ctx, program, args, Map::new())
    }

    /// Runs a program that has the terminal, with options, and gives its code.
    ///
    /// # Parameters
    /// - `program`: its name, looked up in `PATH`, or its path
    /// - `args`: its arguments: text, numbers, booleans
    /// - `options`: see below
    ///
    /// # Options
    /// - `dir`: the folder it starts in (default: the project's)
    /// - `env`: variables to set; secrets may be among them (default: none)
    /// - `clear_env`: give it no other variables than those (default false)
    /// - `stdin`: a string, a blob or a secret to read (default: the terminal)
    /// - `timeout`: how long it may take, such as `"1h"` (default: no limit)
    /// - `grace`: how long it may take to end when it is stopped (default `"5s"`)
    /// - `check`: throw when it fails; otherwise look at the code (default true)
    ///
    /// # Errors
    /// - `process_failed`: it failed; the error has `exit_code` and `signal`
    /// - `unavailable`: there is no such program
    /// - `timeout`: it took too long and was stopped
    /// - `invalid`: an option cannot be used
    ///
    /// # Example
    /// ```
    /// ensure(process::foreground("false", [], #{ check: false }) == 1, "its code");
    /// ```
    #[rhai_fn(name = "foreground", return_raw)]
    pub fn foreground_with(
        ctx: NativeCallContext,
        program: &str,
        args: Array,
        options: Map,
    ) -> RhaiResultOf<i64> {
        let options = run_options(&ctx, "process::foreground", options)?;
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "process::foreground", async {
            let program = program_of(&host, program, args, &options.program)?;
            let exit = program.foreground(host.processes(), host.cancel()).await?;
            let code = exit.shell_code();
            if options.check
                && let Err(error) = exit.ok(program.name(), "")
            {
                let error = error.exit_status(u8::try_from(code).unwrap_or(1));
                // Another run of ours has said itself what went wrong.
                return Err(if is_own(program.name()) {
                    error.told()
                } else {
                    error
                });
            }
            Ok(i64::from(code))
        })
    }

    /// Where a program is: its path, or `()` when there is none.
    ///
    /// # Parameters
    /// - `program`: its name, looked up in `PATH`, or its path
    ///
    /// # Example
    /// ```
    /// ensure(process::find("sh").ends_with("/sh"), "every system has a shell");
    /// ensure(process::find("no-such-program") == (), "nowhere");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn find(ctx: NativeCallContext, program: &str) -> RhaiResultOf<Dynamic> {
        bridge::call(&ctx, "process::find", |host| {
            let root = host.project().root();
            let program = permit::granted(host, program, root)?;
            let found = Program::new(program).dir(root).find(host.processes());
            match found {
                Ok(path) => Ok(path.display().to_string().into()),
                Err(error) if error.kind() == Kind::Unavailable => Ok(Dynamic::UNIT),
                Err(error) => Err(error),
            }
        })
    }

    /// Where a program is; an error with a hint when there is none.
    ///
    /// # Parameters
    /// - `program`: its name, looked up in `PATH`, or its path
    /// - `hint`: what to do when it is missing, such as `"apt-get install postgresql-client"`
    ///
    /// # Errors
    /// - `unavailable`: there is no such program
    ///
    /// # Example
    /// ```
    /// let outcome = attempt(|| process::require("no-such-program", "install it"));
    /// ensure(outcome.error.hint == "install it", "the hint is passed on");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn require(ctx: NativeCallContext, program: &str, hint: &str) -> RhaiResultOf<String> {
        bridge::call(&ctx, "process::require", |host| {
            let root = host.project().root();
            let program = permit::granted(host, program, root)?;
            let found = Program::new(program).dir(root).find(host.processes());
            let path = found.map_err(|error| Error::hint(error, hint))?;
            Ok(path.display().to_string())
        })
    }

    /// What a program writes as the start of a pipeline: its bytes flow through stages to a sink without entering the
    /// script.
    ///
    /// Nothing starts before a sink (`write`, `text`, `into`, `verify`) is called. A program that fails fails the pipeline.
    ///
    /// # Parameters
    /// - `program`: its name, looked up in `PATH`, or its path
    /// - `args`: its arguments: text, numbers, booleans
    ///
    /// # Errors
    /// - `invalid`: an argument is no text, or holds a secret
    ///
    /// # Example
    /// ```
    /// let facts = process::pipe("echo", ["hello"]).count().gzip(6).sha256().write("hello.gz");
    /// ensure(facts.raw_bytes == 6, "six bytes went in");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn pipe(ctx: NativeCallContext, program: &str, args: Array) -> RhaiResultOf<Pipe> {
        pipe_with(ctx, program, args, Map::new())
    }

    /// What a program with options writes as the start of a pipeline.
    ///
    /// # Parameters
    /// - `program`: its name, looked up in `PATH`, or its path
    /// - `args`: its arguments: text, numbers, booleans
    /// - `options`: see below
    ///
    /// # Options
    /// - `dir`: the folder it starts in (default: the project's)
    /// - `env`: variables to set; secrets may be among them (default: none)
    /// - `clear_env`: give it no other variables than those (default false)
    /// - `stdin`: a string, a blob or a secret to read (default: nothing)
    /// - `timeout`: how long it may take, such as `"10m"` (default: no limit)
    /// - `grace`: how long it may take to end when it is stopped (default `"5s"`)
    ///
    /// # Errors
    /// - `invalid`: an argument or option cannot be used
    ///
    /// # Example
    /// ```
    /// let text = process::pipe("sh", ["-c", "echo $NAME"], #{ env: #{ NAME: "Ann" } }).text();
    /// ensure(text == "Ann\n", "what it wrote");
    /// ```
    #[rhai_fn(name = "pipe", return_raw)]
    pub fn pipe_with(
        ctx: NativeCallContext,
        program: &str,
        args: Array,
        options: Map,
    ) -> RhaiResultOf<Pipe> {
        let options = reading_options(&ctx, "process::pipe", options)?;
        bridge::call(&ctx, "process::pipe", |host| {
            let program = program_of(host, program, args, &options)?;
            Ok(Pipe::of(Pipeline::from_program(program)))
        })
    }
}
