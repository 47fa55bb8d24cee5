//! The watching process: reads the flags and the file, starts the confined one, hands on what it prints, and stops it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::grants::{self, in_flag};
use super::kept::Kept;
use super::order::{INSIDE, Order};
use crate::base::text::is_steering;
use crate::base::units::{self, parse_duration, parse_size};
use crate::base::{Cancel, Error, Kind, Result};
use crate::cli::args;
use crate::cli::context::Context;
use crate::ops::files::Temps;
use crate::ops::process::{self, Channel, Exit, Program, Registry, Stdin};
use crate::ops::sandbox::{self, Group, Limits};
use crate::runtime::Runtime;

/// The longest script.
const LONGEST: u64 = 1 << 20;
/// Where the confined process finds programs; its environment holds nothing else.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What becomes of a process that took too long.
const KILLED: Exit = Exit {
    code: None,
    signal: Some(SIGKILL),
};
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;
const SIGXFSZ: i32 = 25;

/// Runs a script that nobody trusts.
pub(in crate::cli) fn run(
    flags: &args::Untrusted,
    file: &Path,
    words: &[String],
    ctx: &Context,
) -> Result<ExitCode> {
    let here = Context::here()?;
    let registry = Arc::new(Registry::new(ctx.environment()));
    let temps = Temps::new(ctx.environment());
    let limits = limits(flags)?;
    let group = group(&limits, ctx);
    let order = Order {
        name: file.display().to_string(),
        text: script(file)?,
        words: words.to_vec(),
        allow: grants::allow(flags, &here, &registry, ctx)?,
        limits,
        group: group.as_ref().map(|group| group.path().to_path_buf()),
        database: grants::database(flags, ctx)?,
        projects: grants::roots(&here, ctx).into_iter().collect(),
        temporary: temps.folder()?,
        folder: here,
    };
    let timeout = parse_duration(&flags.timeout).map_err(|e| in_flag("timeout", e))?;
    let most = parse_size(&flags.output).map_err(|e| in_flag("output", e))?;
    let program = inside(&order, ctx)?.timeout(timeout);
    let kept = Kept::begin(ctx, &order);
    if let Ok(project) = ctx.project() {
        registry.trace_in(project.state().join("running"));
    }
    process::adopt()?;
    sandbox::keep_descriptors();
    let watched = watch(&program, &registry, group.as_ref(), ctx, most);
    temps.clear();
    drop(group);
    let told = watched.and_then(|(exit, flooded)| {
        match verdict(exit, flooded, &order.limits, timeout, most) {
            None => Ok(u8::try_from(exit.shell_code()).unwrap_or(1)),
            Some(error) => Err(error),
        }
    });
    if let Some(kept) = kept {
        let code = told.as_ref().map_or_else(Error::exit_code, |code| *code);
        kept.end(code, told.as_ref().err());
    }
    told.map(ExitCode::from)
}

/// The confined process, with its order.
fn inside(order: &Order, ctx: &Context) -> Result<Program> {
    let json = serde_json::to_vec(order)
        .map_err(|e| Error::internal("cannot write the order").because(e))?;
    let program =
        std::env::current_exe().map_err(|e| Error::io("cannot find the program that runs", e))?;
    Ok(Program::new(program.display().to_string())
        .args(ctx.words_for_inside(INSIDE))
        .clear_env()
        .env("PATH", PATH)
        .dir(&order.folder)
        .stdin(Stdin::Bytes(json))
        .grace(Duration::ZERO)
        .redactor(ctx.output().redactor()))
}

/// What holds root to the number of processes; where that cannot be, it is told.
fn group(limits: &Limits, ctx: &Context) -> Option<Group> {
    if !sandbox::is_root() {
        return None;
    }
    // One more: the process itself.
    let group = Group::new(limits.processes.saturating_add(1));
    if group.is_none() {
        let message =
            "this system does not hold root to `--processes`: run strangers' scripts as a user";
        ctx.output().warn(message);
    }
    group
}

/// Hands on what the process prints until it ends, or has printed too much.
fn watch(
    program: &Program,
    registry: &Arc<Registry>,
    group: Option<&Group>,
    ctx: &Context,
    most: u64,
) -> Result<(Exit, bool)> {
    let printed = AtomicU64::new(0);
    let full = tokio::sync::Notify::new();
    let show = |channel: Channel, line: &str| {
        let length = line.len() as u64 + 1;
        if printed.fetch_add(length, Ordering::Relaxed) + length > most {
            full.notify_one();
            return;
        }
        match channel {
            Channel::Stdout => ctx.output().data(&tame(line)),
            Channel::Stderr => ctx.output().raw_err(&format!("{}\n", tame(line))),
        }
    };
    let cancel = Cancel::root();
    let runtime = Runtime::default();
    runtime.obey(&cancel);
    let outcome = runtime.wait(&cancel, async {
        tokio::select! {
            exit = program.stream(registry, &show) => match exit {
                Err(error) if error.kind() == Kind::Timeout => Ok((KILLED, false)),
                other => other.map(|exit| (exit, false)),
            },
            () = full.notified() => Ok((Exit::default(), true)),
            Err(error) = registry.reap_adopted() => Err(error),
        }
    });
    // What the script started goes with it.
    let ended = runtime.wait(&Cancel::detached(), end(registry, group, ctx));
    let outcome = outcome?;
    ended.map(|()| outcome)
}

/// Ends what the script started, wherever it hides.
async fn end(registry: &Registry, group: Option<&Group>, ctx: &Context) -> Result<()> {
    if let Some(group) = group {
        group.close();
    }
    registry.stop_all(Duration::ZERO).await;
    registry.sweep(Duration::ZERO).await;
    let left = registry.end_below().await;
    if left == 0 {
        registry.forget_trace();
        return Ok(());
    }
    ctx.output().warn(&format!(
        "{left} of the programs that the script started could not be ended"
    ));
    Ok(())
}

/// A line that cannot steer a terminal.
fn tame(line: &str) -> String {
    let tame = |c: char| {
        if is_steering(c) && c != '\t' {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    line.chars().map(tame).collect()
}

/// Why the process did not end by itself, if it did not.
fn verdict(
    exit: Exit,
    flooded: bool,
    limits: &Limits,
    timeout: Duration,
    most: u64,
) -> Option<Error> {
    let refused = |what: String, flag: &str| {
        let error = Error::refused(format!("the script was stopped: {what}"));
        Some(error.hint(format!("`--{flag}` sets the limit")))
    };
    if flooded {
        return refused(
            format!("it printed more than {}", units::bytes(most)),
            "output",
        );
    }
    let memory = units::bytes(limits.memory);
    match exit.signal? {
        SIGXCPU => Some(
            Error::new(
                Kind::Timeout,
                format!(
                    "the script was stopped: it used {} s of processor time",
                    limits.cpu_seconds
                ),
            )
            .hint("`--cpu` sets the limit"),
        ),
        SIGKILL => Some(
            Error::new(
                Kind::Timeout,
                format!(
                    "the script was stopped: it took longer than {}",
                    units::duration(timeout)
                ),
            )
            .hint("`--timeout` sets the limit"),
        ),
        SIGABRT => refused(format!("it needed more than {memory} of memory"), "memory"),
        SIGXFSZ => refused("it wrote a file that is too long".to_owned(), "file-size"),
        signal => {
            let message = format!("the script's process ended by signal {signal}");
            Some(Error::refused(message).hint("it may have needed more memory: `--memory`"))
        }
    }
}

fn script(file: &Path) -> Result<String> {
    let shown = file.display();
    let cannot = |e| Error::io(format!("cannot read `{shown}`"), e);
    let facts = std::fs::metadata(file).map_err(cannot)?;
    if !facts.is_file() || facts.len() > LONGEST {
        let message = format!(
            "`{shown}` is not a file of at most {}",
            units::bytes(LONGEST)
        );
        return Err(Error::usage(message));
    }
    std::fs::read_to_string(file).map_err(cannot)
}

fn limits(flags: &args::Untrusted) -> Result<Limits> {
    let size = |flag: &str, text: &str| parse_size(text).map_err(|e| in_flag(flag, e));
    let cpu = parse_duration(&flags.cpu).map_err(|e| in_flag("cpu", e))?;
    Ok(Limits {
        memory: size("memory", &flags.memory)?,
        cpu_seconds: cpu.as_secs().max(1),
        file_bytes: size("file-size", &flags.file_size)?,
        files: flags.files,
        processes: flags.processes,
    })
}
