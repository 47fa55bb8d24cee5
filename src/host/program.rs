//! From a script's words to a program to start: arguments, options, variables, secrets.
//!
//! Over 300 lines because the options of each function are read in one place.

use std::path::Path;
use std::time::Duration;

use rhai::{Array, Dynamic, Map, NativeCallContext};
use serde::{Deserialize, Deserializer};

use super::bridge::{self, RhaiResultOf};
use super::{Host, permit};
use crate::base::units::{parse_duration, parse_size};
use crate::base::{Error, Result, Secret};
use crate::ops::process::{Program, Stdin};

/// What can be said about any program.
#[derive(Debug, Default)]
pub(super) struct ProgramOptions {
    dir: Option<String>,
    variables: Vec<(String, Secret)>,
    clear_env: bool,
    timeout: Option<Duration>,
    grace: Option<Duration>,
    stdin: Option<Vec<u8>>,
}

/// The options that every program has, without those that are no plain data.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Plain {
    dir: Option<String>,
    clear_env: bool,
    timeout: Option<Span>,
    grace: Option<Span>,
    // Taken out before; named here so that a misspelt one is told what there is.
    env: (),
}

/// The options of a program that is given something to read as well.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Reading {
    dir: Option<String>,
    clear_env: bool,
    timeout: Option<Span>,
    grace: Option<Span>,
    env: (),
    stdin: (),
}

/// What `process::run` can be told.
#[derive(Debug, Default)]
pub(super) struct RunOptions {
    pub(super) program: ProgramOptions,
    pub(super) args: Array,
    /// Whether a failure is an error.
    pub(super) check: bool,
    /// Whether lines are shown as they come instead of being kept.
    pub(super) stream: bool,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Running {
    dir: Option<String>,
    clear_env: bool,
    timeout: Option<Span>,
    grace: Option<Span>,
    env: (),
    stdin: (),
    args: (),
    check: bool,
    stream: bool,
}

impl Default for Running {
    fn default() -> Self {
        Self {
            dir: None,
            clear_env: false,
            timeout: None,
            grace: None,
            env: (),
            stdin: (),
            args: (),
            check: true,
            stream: false,
        }
    }
}

/// A duration as a script writes it: `"10s"`, or a number of seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span(pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a duration such as \"10s\", or seconds as a number"
        )]
        enum Written {
            Text(String),
            Number(f64),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Number(seconds) => seconds.to_string(),
        };
        parse_duration(&text)
            .map(Span)
            .map_err(serde::de::Error::custom)
    }
}

/// A size as a script writes it: bytes, or `"64m"`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size(pub(super) u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a size such as \"64m\", or bytes as a number")]
        enum Written {
            Text(String),
            Number(u64),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(bytes) => Ok(Self(bytes)),
            Written::Text(text) => parse_size(&text)
                .map(Size)
                .map_err(serde::de::Error::custom),
        }
    }
}

/// Reads the options of a program that reads from us.
pub(super) fn options(
    ctx: &NativeCallContext,
    name: &str,
    mut map: Map,
) -> RhaiResultOf<ProgramOptions> {
    let variables = take_variables(&mut map).map_err(|e| bridge::throw(ctx, name, e))?;
    let plain: Plain = bridge::options(ctx, name, map)?;
    Ok(ProgramOptions {
        dir: plain.dir,
        variables,
        clear_env: plain.clear_env,
        timeout: plain.timeout.map(|Span(limit)| limit),
        grace: plain.grace.map(|Span(grace)| grace),
        stdin: None,
    })
}

/// Reads the options of a program that is given its input.
pub(super) fn reading_options(
    ctx: &NativeCallContext,
    name: &str,
    mut map: Map,
) -> RhaiResultOf<ProgramOptions> {
    let fail = |e| bridge::throw(ctx, name, e);
    let variables = take_variables(&mut map).map_err(fail)?;
    let stdin = take_stdin(&mut map).map_err(fail)?;
    let read: Reading = bridge::options(ctx, name, map)?;
    Ok(ProgramOptions {
        dir: read.dir,
        variables,
        clear_env: read.clear_env,
        timeout: read.timeout.map(|Span(limit)| limit),
        grace: read.grace.map(|Span(grace)| grace),
        stdin,
    })
}

/// Reads the options of `process::run` and its like.
pub(super) fn run_options(
    ctx: &NativeCallContext,
    name: &str,
    mut map: Map,
) -> RhaiResultOf<RunOptions> {
    let fail = |e| bridge::throw(ctx, name, e);
    let variables = take_variables(&mut map).map_err(fail)?;
    let stdin = take_stdin(&mut map).map_err(fail)?;
    let args = take_args(&mut map).map_err(fail)?;
    let read: Running = bridge::options(ctx, name, map)?;
    let program = ProgramOptions {
        dir: read.dir,
        variables,
        clear_env: read.clear_env,
        timeout: read.timeout.map(|Span(limit)| limit),
        grace: read.grace.map(|Span(grace)| grace),
        stdin,
    };
    Ok(RunOptions {
        program,
        args,
        check: read.check,
        stream: read.stream,
    })
}

fn take_args(map: &mut Map) -> Result<Array> {
    let Some(value) = map.remove("args") else {
        return Ok(Array::new());
    };
    let kind = value.type_name();
    value
        .try_cast_result::<Array>()
        .map_err(|_other| Error::invalid(format!("option `args` is {kind}, not an array")))
}

fn take_stdin(map: &mut Map) -> Result<Option<Vec<u8>>> {
    let Some(value) = map.remove("stdin") else {
        return Ok(None);
    };
    if let Some(secret) = value.clone().try_cast::<Secret>() {
        return Ok(Some(secret.reveal().into()));
    }
    if value.is_string() {
        return Ok(Some(value.to_string().into_bytes()));
    }
    let kind = value.type_name();
    match value.try_cast_result::<rhai::Blob>() {
        Ok(blob) => Ok(Some(blob)),
        Err(_) => Err(Error::invalid(format!(
            "option `stdin` is {kind}, neither a string nor a blob"
        ))),
    }
}

fn take_variables(map: &mut Map) -> Result<Vec<(String, Secret)>> {
    let Some(value) = map.remove("env") else {
        return Ok(Vec::new());
    };
    let kind = value.type_name();
    let variables = value
        .try_cast_result::<Map>()
        .map_err(|_other| Error::invalid(format!("option `env` is {kind}, not a map")))?;
    let variable = |(name, value): (rhai::Identifier, Dynamic)| {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(Error::invalid(format!("`{name}` is no name of a variable")));
        }
        let value = match value.clone().try_cast::<Secret>() {
            Some(secret) => secret,
            None => Secret::new(
                word(&value).map_err(|why| Error::invalid(format!("variable `{name}` {why}")))?,
            ),
        };
        Ok((name.into(), value))
    };
    variables.into_iter().map(variable).collect()
}

/// A value as one word of a command, or why it is none.
fn word(value: &Dynamic) -> Result<String, String> {
    let is_plain = value.is_string()
        || value.is_int()
        || value.is_float()
        || value.is_bool()
        || value.is_char();
    if !is_plain {
        let kind = value.type_name();
        return Err(format!("is {kind}, not text or a number"));
    }
    let word = value.to_string();
    if word.contains('\0') {
        return Err("holds a NUL byte, which no program can be given".to_owned());
    }
    Ok(word)
}

/// The program with these arguments and options, in the project's folder.
pub(super) fn program_of(
    host: &Host,
    name: &str,
    args: Array,
    options: &ProgramOptions,
) -> Result<Program> {
    let dir = options.dir.as_deref().unwrap_or(".");
    let dir = crate::ops::files::normal(&host.project().path(dir));
    let file = permit::granted(host, name, &dir)?;
    let words = words(name, args)?;
    refuse_secrets(host, name, &words, &dir)?;
    let mut program = Program::new(file)
        .args(words)
        .dir(dir)
        .redactor(host.output().redactor());
    if options.clear_env {
        program = program.clear_env();
    }
    for (name, value) in &options.variables {
        program = program.secret_env(name, value);
    }
    if let Some(limit) = options.timeout {
        program = program.timeout(limit);
    }
    if let Some(grace) = options.grace {
        program = program.grace(grace);
    }
    if let Some(bytes) = &options.stdin {
        program = program.stdin(Stdin::Bytes(bytes.clone()));
    }
    Ok(program)
}

/// How a program gets a secret.
const ELSEWHERE: &str = "everybody on the machine can read arguments; pass it as a variable: `#{ env: #{ NAME: secret } }`, or as `stdin`";

/// Refuses secrets that were made text; what names a file, seen from the program's folder, is meant as that.
fn refuse_secrets(host: &Host, program: &str, words: &[String], dir: &Path) -> Result<()> {
    let redactor = host.output().redactor();
    let is_secret = |word: &String| redactor.holds_secret(word) && !dir.join(word).exists();
    match words.iter().position(is_secret) {
        Some(at) => {
            let message = format!("argument {} of `{program}` holds a secret", at + 1);
            Err(Error::invalid(message).hint(ELSEWHERE))
        }
        None => Ok(()),
    }
}

fn words(program: &str, args: Array) -> Result<Vec<String>> {
    let to_word = |(at, value): (usize, Dynamic)| {
        if value.is::<Secret>() {
            let message = format!("argument {} of `{program}` is a secret", at + 1);
            return Err(Error::invalid(message).hint(ELSEWHERE));
        }
        word(&value)
            .map_err(|why| Error::invalid(format!("argument {} of `{program}` {why}", at + 1)))
    };
    args.into_iter().enumerate().map(to_word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_no_argument_but_may_be_a_variable() {
        let secret = Dynamic::from(Secret::new("hunter2"));

        let error = words("psql", vec!["-c".into(), secret.clone()]).unwrap_err();
        assert_eq!(error.message(), "argument 2 of `psql` is a secret");

        let env = Map::from([("PGPASSWORD".into(), secret), ("N".into(), 1.into())]);
        let mut options = Map::from([("env".into(), env.into())]);
        let variables = take_variables(&mut options).unwrap();
        assert!(variables.contains(&("PGPASSWORD".into(), Secret::new("hunter2"))));
        assert!(variables.contains(&("N".into(), Secret::new("1"))));
    }

    #[test]
    fn what_has_no_obvious_word_is_refused() {
        for value in [
            Dynamic::UNIT,
            Map::new().into(),
            Array::new().into(),
            "a\0b".into(),
        ] {
            assert!(words("ls", vec![value.clone()]).is_err(), "{value:?}");
        }
        let good: Array = vec!["a b".into(), 1.into(), true.into(), 1.5.into()];
        assert_eq!(words("ls", good).unwrap(), ["a b", "1", "true", "1.5"]);
    }
}
