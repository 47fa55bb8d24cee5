//! What `process::pipe` and `fs::stream` give: a lazy chain of bytes, and its methods.
//!
//! Over 300 lines because the documentation of its methods is the manual.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rhai::Module;

use crate::base::{Error, Result};
use crate::ops::pipeline::Pipeline;

/// How much text or how many bytes a pipeline gives to a script: 64 MB.
const LIMIT: usize = 64 * 1024 * 1024;

/// The name of the type in scripts.
pub(super) const TYPE_NAME: &str = "pipeline";

/// A pipeline in a script's hands. It runs once; whatever was made from it by adding a stage counts as the same.
#[derive(Debug, Clone)]
pub struct Pipe {
    plan: Pipeline,
    has_run: Arc<AtomicBool>,
}

impl Pipe {
    /// A pipeline that has not run.
    pub(super) fn of(plan: Pipeline) -> Self {
        Self {
            plan,
            has_run: Arc::default(),
        }
    }

    fn with(&self, stage: impl FnOnce(Pipeline) -> Result<Pipeline>) -> Result<Self> {
        Ok(Self {
            plan: stage(self.plan.clone())?,
            has_run: Arc::clone(&self.has_run),
        })
    }

    /// The plan, for the one run of it.
    fn take(&self) -> Result<Pipeline> {
        if self.has_run.swap(true, Ordering::Relaxed) {
            return Err(Error::invalid("this pipeline has already run")
                .hint("start another one with `process::pipe` or `fs::stream`"));
        }
        Ok(self.plan.clone())
    }
}

/// The methods of a pipeline.
pub(super) fn module() -> Module {
    rhai::exported_module!(api)
}

/// What a file that was written is called in the facts about it.
fn with_path(facts: rhai::Dynamic, path: PathBuf) -> rhai::Dynamic {
    let mut facts = facts;
    if let Some(mut map) = facts.write_lock::<rhai::Map>() {
        map.insert("path".into(), path.display().to_string().into());
    }
    facts
}

/// Methods of what `process::pipe` and `fs::stream` give: stages (`gzip`, `gunzip`, `sha256`, `count`), then one sink
/// (`write`, `text`, `into`, `verify`), which runs it.
#[rhai::export_module]
pub mod api {
    use rhai::{Array, Dynamic, Map, NativeCallContext};

    use super::{LIMIT, Pipe, with_path};
    use crate::base::Error;
    use crate::host::bridge::{self, RhaiResultOf};
    use crate::host::fs::WriteOptions;
    use crate::host::program::{ProgramOptions, program_of};
    use crate::host::{Host, permit};

    /// Compresses with gzip at level 6.
    ///
    /// # Parameters
    /// - `pipeline`: what `process::pipe` or `fs::stream` gave
    ///
    /// # Example
    /// ```
    /// let facts = process::pipe("echo", ["hello"]).gzip().write("hello.gz");
    /// ensure(archive::verify("hello.gz").raw_bytes == 6, "six bytes went in");
    /// ```
    #[rhai_fn(global, return_raw)]
    pub fn gzip(ctx: NativeCallContext, pipeline: Pipe) -> RhaiResultOf<Pipe> {
        gzip_level(ctx, pipeline, 6)
    }

    /// Compresses with gzip.
    ///
    /// # Parameters
    /// - `pipeline`: what `process::pipe` or `fs::stream` gave
    /// - `level`: 0 stores, 1 is fastest, 9 is smallest
    ///
    /// # Errors
    /// - `invalid`: there is no such level
    ///
    /// # Example
    /// ```
    /// process::pipe("echo", ["hello"]).gzip(9).write("hello.gz");
    /// ensure(fs::stream("hello.gz").gunzip().text() == "hello\n", "the text comes back");
    /// ```
    #[rhai_fn(global, name = "gzip", return_raw)]
    pub fn gzip_level(ctx: NativeCallContext, pipeline: Pipe, level: i64) -> RhaiResultOf<Pipe> {
        bridge::call(&ctx, "gzip", |_| {
            let level = u32::try_from(level).map_err(|e| {
                Error::invalid(format!("there is no compression level {level}")).because(e)
            })?;
            pipeline.with(|plan| plan.gzip(level))
        })
    }

    /// Decompresses gzip. Damage, a missing end and anything after the end are errors.
    ///
    /// # Parameters
    /// - `pipeline`: what `process::pipe` or `fs::stream` gave
    ///
    /// # Errors
    /// - `corrupt`: when it runs, the bytes are not whole gzip
    ///
    /// # Example
    /// ```
    /// fs::write("not.gz", "plain text");
    /// let outcome = attempt(|| fs::stream("not.gz").gunzip().text());
    /// ensure(outcome.error.kind == "corrupt", "it is not gzip");
    /// ```
    #[rhai_fn(global, return_raw)]
    pub fn gunzip(ctx: NativeCallContext, pipeline: Pipe) -> RhaiResultOf<Pipe> {
        bridge::call(&ctx, "gunzip", |_| pipeline.with(|plan| Ok(plan.gunzip())))
    }

    /// Takes the SHA-256 of the bytes at this place; the sink gives it as `sha256`.
    ///
    /// # Parameters
    /// - `pipeline`: what `process::pipe` or `fs::stream` gave
    ///
    /// # Errors
    /// - `invalid`: the pipeline has such a stage already
    ///
    /// # Example
    /// ```
    /// let facts = process::pipe("printf", ["abc"]).sha256().write("abc");
    /// ensure(facts.sha256 == fs::sha256("abc"), "the same hash");
    /// ```
    #[rhai_fn(global, return_raw)]
    pub fn sha256(ctx: NativeCallContext, pipeline: Pipe) -> RhaiResultOf<Pipe> {
        bridge::call(&ctx, "sha256", |_| {
            pipeline.with(crate::ops::pipeline::Pipeline::sha256)
        })
    }

    /// Counts the bytes at this place; the sink gives it as `raw_bytes`.
    ///
    /// # Parameters
    /// - `pipeline`: what `process::pipe` or `fs::stream` gave
    ///
    /// # Errors
    /// - `invalid`: the pipeline has such a stage already
    ///
    /// # Example
    /// ```
    /// let facts = process::pipe("head", ["-c", "100000", "/dev/zero"]).count().gzip(6).write("zeros.gz");
    /// ensure(facts.raw_bytes == 100000 && facts.bytes < 1000, "before and after");
    /// ```
    #[rhai_fn(global, return_raw)]
    pub fn count(ctx: NativeCallContext, pipeline: Pipe) -> RhaiResultOf<Pipe> {
        bridge::call(&ctx, "count", |_| {
            pipeline.with(crate::ops::pipeline::Pipeline::count)
        })
    }

    /// Runs the pipeline into a file, which appears only when everything went well.
    ///
    /// Gives `#{ path, bytes, raw_bytes, sha256 }`; the last two where the stages for them are.
    ///
    /// # Parameters
    /// - `pipeline`: what `process::pipe` or `fs::stream` gave
    /// - `path`: the file, relative to the project; its folder must be there
    ///
    /// # Errors
    /// - `process_failed`: the program failed; no file is left
    /// - `corrupt`: the bytes are not whole gzip
    /// - `invalid`: the pipeline has already run
    /// - `not_found`: the source or the folder is not there
    /// - `io`: it cannot be written
    ///
    /// # Example
    /// ```
    /// let facts = process::pipe("echo", ["hello"]).write("hello.txt");
    /// ensure(facts.bytes == 6 && fs::read(facts.path) == "hello\n", "it is in the file");
    /// ```
    #[rhai_fn(global, return_raw)]
    pub fn write(ctx: NativeCallContext, pipeline: Pipe, path: &str) -> RhaiResultOf<Dynamic> {
        write_with(ctx, pipeline, path, Map::new())
    }

    /// Runs the pipeline into a file with the permissions it shall have.
    ///
    /// # Parameters
    /// - `pipeline`: what `process::pipe` or `fs::stream` gave
    /// - `path`: the file, relative to the project; its folder must be there
    /// - `options`: see below
    ///
    /// # Options
    /// - `mode`: permissions as octal digits such as `"0600"` (default: those of the file that is replaced, else the umask's)
    ///
    /// # Errors
    /// - `process_failed`: the program failed; no file is left
    /// - `corrupt`: the bytes are not whole gzip
    /// - `invalid`: the pipeline has already run
    /// - `not_found`: the source or the folder is not there
    /// - `io`: it cannot be written
    ///
    /// # Example
    /// ```
    /// process::pipe("echo", ["secret"]).gzip(6).write("dump.gz", #{ mode: "0600" });
    /// ensure(fs::stat("dump.gz").mode == "0600", "only its owner may read it");
    /// ```
    #[rhai_fn(global, name = "write", return_raw)]
    pub fn write_with(
        ctx: NativeCallContext,
        pipeline: Pipe,
        path: &str,
        options: Map,
    ) -> RhaiResultOf<Dynamic> {
        let options: WriteOptions = bridge::options(&ctx, "write", options)?;
        let host = Host::of(&ctx);
        let mode = options.bits();
        let facts = bridge::wait(&ctx, "write", async {
            let target = permit::write(&host, path)?;
            pipeline
                .take()?
                .write(host.processes(), &target, mode)
                .await
        })?;
        Ok(with_path(bridge::value(&ctx, "write", facts)?, path.into()))
    }

    /// Runs the pipeline and gives what comes out as text, at most 64 MB.
    ///
    /// # Parameters
    /// - `pipeline`: what `process::pipe` or `fs::stream` gave
    ///
    /// # Errors
    /// - `process_failed`: the program failed
    /// - `corrupt`: the bytes are not whole gzip
    /// - `invalid`: it is more than 64 MB, not UTF-8, or the pipeline has already run
    /// - `not_found`: the source is not there
    ///
    /// # Example
    /// ```
    /// ensure(process::pipe("echo", ["hello"]).gzip(1).gunzip().text() == "hello\n", "there and back");
    /// ```
    #[rhai_fn(global, return_raw)]
    pub fn text(ctx: NativeCallContext, pipeline: Pipe) -> RhaiResultOf<String> {
        let host = Host::of(&ctx);
        bridge::wait(&ctx, "text", async {
            pipeline.take()?.text(host.processes(), LIMIT).await
        })
    }

    /// Runs the pipeline and keeps nothing but the facts: `#{ bytes, raw_bytes, sha256 }`. With `gunzip` it verifies.
    ///
    /// # Parameters
    /// - `pipeline`: what `process::pipe` or `fs::stream` gave
    ///
    /// # Errors
    /// - `process_failed`: the program failed
    /// - `corrupt`: the bytes are not whole gzip
    /// - `invalid`: the pipeline has already run
    /// - `not_found`: the source is not there
    ///
    /// # Example
    /// ```
    /// process::pipe("echo", ["hello"]).gzip(6).write("hello.gz");
    /// ensure(fs::stream("hello.gz").gunzip().count().verify().raw_bytes == 6, "it is whole");
    /// ```
    #[rhai_fn(global, return_raw)]
    pub fn verify(ctx: NativeCallContext, pipeline: Pipe) -> RhaiResultOf<Dynamic> {
        let host = Host::of(&ctx);
        let facts = bridge::wait(&ctx, "verify", async {
            pipeline.take()?.discard(host.processes()).await
        })?;
        bridge::value(&ctx, "verify", facts)
    }

    /// Runs the pipeline into a program's standard input and waits for its end.
    ///
    /// Gives `#{ bytes, raw_bytes, sha256, stdout }`. When something before the program fails, the program is ended before
    /// it can take the broken stream for its whole input.
    ///
    /// # Parameters
    /// - `pipeline`: what `process::pipe` or `fs::stream` gave
    /// - `program`: its name or path
    /// - `args`: its arguments
    ///
    /// # Errors
    /// - `process_failed`: a program failed, or this one ended before it had read everything
    /// - `unavailable`: there is no such program
    /// - `corrupt`: the bytes are not whole gzip
    /// - `invalid`: the pipeline has already run, or stdout is more than 64 MB
    ///
    /// # Example
    /// ```
    /// let facts = process::pipe("printf", ["b\\na\\n"]).into("sort", []);
    /// ensure(facts.stdout == "a\nb\n", "sorted");
    /// ```
    #[rhai_fn(global, return_raw)]
    pub fn into(
        ctx: NativeCallContext,
        pipeline: Pipe,
        program: &str,
        args: Array,
    ) -> RhaiResultOf<Dynamic> {
        into_with(ctx, pipeline, program, args, Map::new())
    }

    /// Runs the pipeline into a program's standard input, with a folder, variables and a time limit for the program.
    ///
    /// # Parameters
    /// - `pipeline`: what `process::pipe` or `fs::stream` gave
    /// - `program`: its name or path
    /// - `args`: its arguments
    /// - `options`: see below
    ///
    /// # Options
    /// - `dir`: the folder it starts in (default: the project's)
    /// - `env`: variables to set; secrets may be among them (default: none)
    /// - `clear_env`: give it no other variables than those (default false)
    /// - `timeout`: how long it may take (default: no limit)
    /// - `grace`: how long it may take to end when it is stopped (default `"5s"`)
    ///
    /// # Errors
    /// - `process_failed`: a program failed, or this one ended before it had read everything
    /// - `unavailable`: there is no such program
    /// - `timeout`: it took too long
    /// - `corrupt`: the bytes are not whole gzip
    /// - `invalid`: an option cannot be used, or the pipeline has already run
    ///
    /// # Example
    /// ```
    /// let facts = process::pipe("printf", ["b\\na\\n"]).into("sort", ["-r"], #{ timeout: "10s" });
    /// ensure(facts.stdout == "b\na\n", "sorted the other way");
    /// ```
    #[rhai_fn(global, name = "into", return_raw)]
    pub fn into_with(
        ctx: NativeCallContext,
        pipeline: Pipe,
        program: &str,
        args: Array,
        options: Map,
    ) -> RhaiResultOf<Dynamic> {
        let options: ProgramOptions = crate::host::program::options(&ctx, "into", options)?;
        let host = Host::of(&ctx);
        let (facts, stdout) = bridge::wait(&ctx, "into", async {
            let program = program_of(&host, program, args, &options)?;
            pipeline
                .take()?
                .into_program(host.processes(), program, LIMIT)
                .await
        })?;
        let mut facts = bridge::value(&ctx, "into", facts)?;
        if let Some(mut map) = facts.write_lock::<Map>() {
            let text = String::from_utf8_lossy(&stdout).into_owned();
            map.insert("stdout".into(), text.into());
        }
        Ok(facts)
    }
}
