//! What the functions of the `docker` namespace share: the engine, options, narration.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use rhai::{Array, Dynamic, Map, NativeCallContext};
use serde::{Deserialize, Serialize};

use crate::base::output::ProgressUnit;
use crate::base::text::did_you_mean;
use crate::base::units::parse_duration;
use crate::base::{Error, Kind, Result, Secret};
use crate::host::bridge::{self, RhaiResultOf};
use crate::host::{Host, permit, strand};
use crate::ops::docker::auth::Logins;
use crate::ops::docker::build::{BuildOptions, build};
use crate::ops::docker::container::Filter;
use crate::ops::docker::disk::Unused;
use crate::ops::docker::events::{self, Wanted};
use crate::ops::docker::exec::{Exec, capture};
use crate::ops::docker::{Engine, copy, image, logs, terminal};

/// How much a program in a container may write into a script.
const LIMIT: usize = 16 * 1024 * 1024;

/// The engine that the environment of the run names.
pub(in crate::host) async fn connect(host: &Host) -> Result<Engine> {
    let engine = Engine::connect(host.settings().environment()).await?;
    Ok(engine.masking(host.output().redactor()))
}

pub(super) fn with_engine<T>(
    ctx: &NativeCallContext,
    name: &str,
    work: impl AsyncFnOnce(Engine) -> Result<T>,
) -> RhaiResultOf<T> {
    let host = Host::of(ctx);
    bridge::wait(ctx, name, async { work(connect(&host).await?).await })
}

pub(super) fn value_of<T: Serialize>(
    ctx: &NativeCallContext,
    name: &str,
    work: impl AsyncFnOnce(Engine) -> Result<T>,
) -> RhaiResultOf<Dynamic> {
    let found = with_engine(ctx, name, work)?;
    bridge::value(ctx, name, found)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PsOptions {
    all: bool,
    name: Option<String>,
    project: Option<String>,
    labels: Vec<String>,
}

impl PsOptions {
    pub(super) fn into_filter(self) -> Filter {
        Filter {
            all: self.all,
            project: self.project,
            labels: self.labels,
            name: self.name,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BuildMap {
    dockerfile: Option<String>,
    target: Option<String>,
    args: BTreeMap<String, Word>,
    no_cache: bool,
    pull: bool,
    quiet: bool,
}

/// A string, or what a script would write without quotes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Word {
    Text(String),
    Number(serde_json::Number),
    Flag(bool),
}

impl Word {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

pub(super) fn logins(host: &Host) -> Logins {
    Logins::new(host.settings().environment(), host.processes())
}

pub(super) fn pull(ctx: &NativeCallContext, name: &str) -> RhaiResultOf<String> {
    let host = Host::of(ctx);
    let label = strand::current().mark(&format!("pulling {name}"));
    let progress = host.output().progress(&label, Some(0), ProgressUnit::Bytes);
    let report = |state: image::Pulling| {
        progress.total(state.total_bytes);
        progress.set(state.done_bytes);
    };
    let logins = logins(&host);
    let pulled = with_engine(ctx, "docker::pull", async |engine| {
        image::pull(&engine, name, &logins, &report).await
    });
    drop(progress);
    pulled
}

pub(super) fn build_image(
    ctx: &NativeCallContext,
    folder: &str,
    tag: &str,
    options: Map,
) -> RhaiResultOf<Dynamic> {
    let name = "docker::build";
    let host = Host::of(ctx);
    let options: BuildMap = bridge::options(ctx, name, options)?;
    let quiet = options.quiet;
    let args = options
        .args
        .into_iter()
        .map(|(name, value)| (name, value.into_text()));
    let folder = permit::read(&host, folder).map_err(|e| bridge::throw(ctx, name, e))?;
    let options = BuildOptions {
        folder,
        dockerfile: options.dockerfile,
        tag: tag.to_owned(),
        target: options.target,
        args: args.collect(),
        labels: BTreeMap::new(),
        no_cache: options.no_cache,
        pull: options.pull,
    };
    let strand = strand::current();
    let report = |line: &str| {
        if !quiet {
            host.output().say(&strand.mark(line));
        }
    };
    let logins = logins(&host);
    value_of(ctx, name, async |engine| {
        build(&engine, &options, &logins, &report).await
    })
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ExecMap {
    env: BTreeMap<String, Word>,
    user: Option<String>,
    dir: Option<String>,
    stdin: Option<String>,
    check: bool,
}

impl Default for ExecMap {
    fn default() -> Self {
        Self {
            env: BTreeMap::new(),
            user: None,
            dir: None,
            stdin: None,
            check: true,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ShellMap {
    env: BTreeMap<String, Word>,
    user: Option<String>,
    dir: Option<String>,
}

/// The words of a command; a secret is given away here, for the program it is meant for.
fn words(command: &Array) -> Result<Vec<String>> {
    if command.is_empty() {
        return Err(Error::invalid("a command has at least one word"));
    }
    let word = |word: &Dynamic| match word.read_lock::<Secret>() {
        Some(secret) => secret.reveal().to_owned(),
        None => word.to_string(),
    };
    Ok(command.iter().map(word).collect())
}

/// The variables with their values; secrets stay what they are.
fn variables(env: BTreeMap<String, Word>) -> Vec<(String, Secret)> {
    env.into_iter()
        .map(|(name, value)| (name, Secret::new(value.into_text())))
        .collect()
}

/// Options whose secrets are readable here.
fn revealed(mut options: Map) -> Map {
    if let Some(mut env) = options.get_mut("env").and_then(Dynamic::write_lock::<Map>) {
        for value in env.values_mut() {
            let secret = value
                .read_lock::<Secret>()
                .map(|secret| secret.reveal().to_owned());
            if let Some(secret) = secret {
                *value = secret.into();
            }
        }
    }
    options
}

/// A command and its options, for `docker::exec` and `stack::exec`; and whether its exit code matters.
pub(in crate::host) fn exec_of(
    ctx: &NativeCallContext,
    name: &str,
    command: &Array,
    options: Map,
) -> RhaiResultOf<(Exec, bool)> {
    let options: ExecMap = bridge::options(ctx, name, revealed(options))?;
    let command = bridge::call(ctx, name, |_| words(command))?;
    let exec = Exec {
        command,
        environment: variables(options.env),
        user: options.user,
        dir: options.dir,
        stdin: options.stdin.map(String::into_bytes),
    };
    Ok((exec, options.check))
}

/// Runs a program in a container; gives what a script sees of it.
pub(in crate::host) async fn run_in(
    engine: &Engine,
    container: &str,
    exec: &Exec,
    check: bool,
) -> Result<Map> {
    let done = capture(engine, container, exec, LIMIT).await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&done.stdout), text(&done.stderr));
    if check && done.code != 0 {
        let error = ended(container, exec, done.code);
        let error = error
            .field("stderr", stderr.as_str())
            .field("stdout", stdout.as_str());
        let said = stderr.trim();
        return Err(if said.is_empty() {
            error
        } else {
            error.because(said.to_owned())
        });
    }
    let mut map = Map::new();
    map.insert("code".into(), done.code.into());
    map.insert("stdout".into(), stdout.into());
    map.insert("stderr".into(), stderr.into());
    Ok(map)
}

fn ended(container: &str, exec: &Exec, code: i64) -> Error {
    let program = exec.command.first().map_or("", String::as_str);
    let message = format!("`{program}` in container `{container}` ended with code {code}");
    Error::new(Kind::ProcessFailed, message).field("exit_code", code)
}

pub(super) fn exec(
    ctx: &NativeCallContext,
    container: &str,
    command: Array,
    options: Map,
) -> RhaiResultOf<Map> {
    let name = "docker::exec";
    let (exec, check) = exec_of(ctx, name, &command, options)?;
    with_engine(ctx, name, async |engine| {
        run_in(&engine, container, &exec, check).await
    })
}

/// A command with our terminal, for `docker::shell` and `stack::shell`.
pub(in crate::host) fn shell_of(
    ctx: &NativeCallContext,
    name: &str,
    command: &Array,
    options: Map,
) -> RhaiResultOf<Exec> {
    let options: ShellMap = bridge::options(ctx, name, revealed(options))?;
    let command = bridge::call(ctx, name, |_| words(command))?;
    Ok(Exec {
        command,
        environment: variables(options.env),
        user: options.user,
        dir: options.dir,
        stdin: None,
    })
}

/// Gives the terminal to a program in a container until it ends.
pub(in crate::host) async fn hand_over(
    host: &Host,
    engine: &Engine,
    container: &str,
    exec: &Exec,
) -> Result<()> {
    let kind = host.settings().environment().get("TERM");
    let code = terminal::run(engine, container, exec, kind).await?;
    if code == 0 {
        return Ok(());
    }
    let status = u8::try_from(code).unwrap_or(1);
    Err(ended(container, exec, code).exit_status(status))
}

pub(super) fn shell(
    ctx: &NativeCallContext,
    container: &str,
    command: Array,
    options: Map,
) -> RhaiResultOf<()> {
    let name = "docker::shell";
    let host = Host::of(ctx);
    let exec = shell_of(ctx, name, &command, options)?;
    with_engine(ctx, name, async |engine| {
        hand_over(&host, &engine, container, &exec).await
    })
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LogMap {
    tail: u64,
    since: Option<String>,
    timestamps: bool,
}

impl Default for LogMap {
    fn default() -> Self {
        Self {
            tail: 100,
            since: None,
            timestamps: false,
        }
    }
}

/// The moment that was this long ago, in seconds since 1970.
pub(in crate::host) fn ago(text: &str) -> Result<i64> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let then: Duration = now.saturating_sub(parse_duration(text)?);
    Ok(i64::try_from(then.as_secs()).unwrap_or(i64::MAX))
}

fn log_options(
    ctx: &NativeCallContext,
    name: &str,
    options: Map,
) -> RhaiResultOf<logs::LogOptions> {
    let options: LogMap = bridge::options(ctx, name, options)?;
    bridge::call(ctx, name, |_| {
        Ok(logs::LogOptions {
            follow: false,
            tail: Some(options.tail),
            since: options.since.as_deref().map(ago).transpose()?,
            timestamps: options.timestamps,
        })
    })
}

pub(super) fn log_lines(
    ctx: &NativeCallContext,
    container: &str,
    options: Map,
) -> RhaiResultOf<Array> {
    let name = "docker::logs";
    let options = log_options(ctx, name, options)?;
    with_engine(ctx, name, async |engine| {
        let mut lines = Array::new();
        let mut take = |line: &logs::Line| {
            lines.push(line.text.clone().into());
            true
        };
        logs::of(&engine, container, &options, &mut take).await?;
        Ok(lines)
    })
}

pub(super) fn follow(ctx: &NativeCallContext, container: &str, options: Map) -> RhaiResultOf<()> {
    let name = "docker::follow";
    let host = Host::of(ctx);
    let mut options = log_options(ctx, name, options)?;
    options.follow = true;
    let strand = strand::current();
    with_engine(ctx, name, async |engine| {
        let mut print = |line: &logs::Line| {
            host.output().data(&strand.mark(&line.text));
            true
        };
        logs::of(&engine, container, &options, &mut print).await
    })
}

pub(super) fn unused(what: &str) -> Result<Unused> {
    const NAMES: [&str; 5] = ["containers", "images", "networks", "build_cache", "volumes"];
    match what {
        "containers" => Ok(Unused::Containers),
        "images" => Ok(Unused::Images),
        "networks" => Ok(Unused::Networks),
        "build_cache" => Ok(Unused::BuildCache),
        "volumes" => Ok(Unused::Volumes),
        other => {
            let near = did_you_mean(other, NAMES);
            let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
            Err(
                Error::invalid(format!("an engine has no `{other}` to throw away"))
                    .hint(format!("{near}there are {}", NAMES.join(", "))),
            )
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EventMap {
    project: Option<String>,
    kinds: Vec<String>,
    actions: Vec<String>,
}

pub(super) fn events(ctx: &NativeCallContext, since: &str, options: Map) -> RhaiResultOf<Dynamic> {
    let name = "docker::events";
    let options: EventMap = bridge::options(ctx, name, options)?;
    let (since, until) = bridge::call(ctx, name, |_| Ok((ago(since)?, ago("0s")?)))?;
    let wanted = Wanted {
        project: options.project,
        kinds: options.kinds,
        actions: options.actions,
        since: Some(since),
        until: Some(until),
    };
    value_of(ctx, name, async |engine| {
        let mut found = Vec::new();
        let mut all = events::listen(&engine, &wanted);
        while let Some(event) = all.next().await {
            found.push(event?);
        }
        Ok(found)
    })
}

fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

pub(super) fn copy_in(
    ctx: &NativeCallContext,
    container: &str,
    from: &str,
    to: &str,
) -> RhaiResultOf<i64> {
    let host = Host::of(ctx);
    with_engine(ctx, "docker::copy_in", async |engine| {
        let path = permit::read(&host, from)?;
        copy::into(&engine, container, &path, to).await.map(size)
    })
}

pub(super) fn copy_out(
    ctx: &NativeCallContext,
    container: &str,
    from: &str,
    to: &str,
) -> RhaiResultOf<i64> {
    let host = Host::of(ctx);
    with_engine(ctx, "docker::copy_out", async |engine| {
        let path = permit::write(&host, to)?;
        copy::out_of(&engine, container, from, &path)
            .await
            .map(size)
    })
}
