//! Between Rhai and Rust: errors become values a script can catch, option maps become structs, futures are waited for.
//!
//! Every host function that can fail goes through [`call`] or [`wait`]: they stop when the strand was asked to stop, and
//! make the span that `-vv`, logs and reports show. This is also where a script's permit is looked at ([`permit::enter`]).

use std::future::Future;
use std::time::{Duration, Instant};

use rhai::serde::to_dynamic;
use rhai::{Dynamic, EvalAltResult, Map, NativeCallContext, Position};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tracing::field::Empty;

use super::context::Host;
use super::wording::without_closures;
use super::{permit, strand};
use crate::base::text::did_you_mean;
use crate::base::{Error, Kind, Reason, Result};

/// Calls that are over sooner are not kept in the history.
const NOTABLE: Duration = Duration::from_millis(1);

/// What a host function returns. Spelt like this because rhai's documentation of functions knows this name.
pub type RhaiResultOf<T> = std::result::Result<T, Box<EvalAltResult>>;

/// Does something at once (no waiting) on behalf of the host function `name`, such as `fs::read`.
pub fn call<T>(
    ctx: &NativeCallContext,
    name: &str,
    work: impl FnOnce(&Host) -> Result<T>,
) -> RhaiResultOf<T> {
    let host = Host::of(ctx);
    let span = span(ctx, name);
    let work = || {
        let cancel = strand::current().cancel;
        if cancel.is_cancelled() {
            return Err(cancel.error());
        }
        permit::enter(&host, name)?;
        work(&host)
    };
    let result = span.in_scope(|| recorded(ctx, &host, name, work));
    result.map_err(|error| throw(ctx, name, error))
}

/// Waits for a future on behalf of the host function `name`.
pub fn wait<T>(
    ctx: &NativeCallContext,
    name: &str,
    future: impl Future<Output = Result<T>>,
) -> RhaiResultOf<T> {
    let host = Host::of(ctx);
    let span = span(ctx, name);
    let work = || {
        permit::enter(&host, name)?;
        host.runtime().wait(&strand::current().cancel, future)
    };
    let result = span.in_scope(|| recorded(ctx, &host, name, work));
    result.map_err(|error| throw(ctx, name, error))
}

fn span(ctx: &NativeCallContext, name: &str) -> tracing::Span {
    let span = tracing::debug_span!("call", name, place = Empty, bytes = Empty);
    if !span.is_disabled() {
        span.record("place", place(ctx));
    }
    span
}

fn place(ctx: &NativeCallContext) -> String {
    let file = ctx.call_source().unwrap_or_default();
    let line = ctx.call_position().line().unwrap_or_default();
    format!("{file}:{line}")
}

/// Keeps in the history what took long enough to be looked at; clocks are cheap, lines are not.
fn recorded<T>(ctx: &NativeCallContext, host: &Host, name: &str, work: impl FnOnce() -> T) -> T {
    let Some(recorder) = host.recorder() else {
        return work();
    };
    let since = Instant::now();
    let value = work();
    let took = since.elapsed();
    if took >= NOTABLE {
        recorder.did("call", name, Some(place(ctx)), took);
    }
    value
}

/// The error as a value that a script can catch: `#{kind, message, hint, call, ..}`. A request to stop is not catchable.
pub fn throw(ctx: &NativeCallContext, name: &str, error: Error) -> Box<EvalAltResult> {
    let position = ctx.call_position();
    let cancel = strand::current().cancel;
    let stops = matches!(error.kind(), Kind::Cancelled | Kind::Timeout) && cancel.is_cancelled();
    if stops {
        return terminated(position);
    }
    Box::new(EvalAltResult::ErrorRuntime(
        error_value(name, &error).into(),
        position,
    ))
}

/// Ends the script; `catch` does not see it.
pub fn terminated(position: Position) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated("cancelled".into(), position))
}

/// An error as the map that `catch (e)` binds.
pub fn error_value(call: &str, error: &Error) -> Map {
    let mut map = Map::new();
    for (name, value) in error.fields() {
        map.insert(name.as_str().into(), to_dynamic(value).unwrap_or_default());
    }
    map.insert("kind".into(), error.kind().as_str().into());
    map.insert("message".into(), error.full_message().into());
    map.insert(
        "hint".into(),
        error.hint_text().map_or(Dynamic::UNIT, Into::into),
    );
    map.insert("call".into(), call.into());
    map
}

/// The error that a caught or uncaught value stands for.
pub fn error_from_value(value: &Dynamic) -> Error {
    let Some(map) = value.read_lock::<Map>() else {
        return Error::new(Kind::Script, without_closures(&value.to_string()));
    };
    let text = |key: &str| {
        map.get(key)
            .filter(|v| v.is_string())
            .map(ToString::to_string)
    };
    let kind = text("kind")
        .and_then(|kind| Kind::from_name(&kind))
        .unwrap_or(Kind::Script);
    let message = text("message").unwrap_or_else(|| without_closures(&value.to_string()));
    let mut error = Error::new(kind, message);
    if let Some(hint) = text("hint") {
        error = error.hint(hint);
    }
    for (name, field) in map.iter() {
        if !matches!(name.as_str(), "message" | "hint")
            && let Ok(json) = serde_json::to_value(field)
        {
            error = error.field(name.as_str(), json);
        }
    }
    error
}

/// A structure as a script's value.
pub fn value(ctx: &NativeCallContext, name: &str, from: impl Serialize) -> RhaiResultOf<Dynamic> {
    to_dynamic(from).map_err(|e| {
        throw(
            ctx,
            name,
            Error::internal("cannot make a script value").because(e.to_string()),
        )
    })
}

/// The options of a call that waits until something is ready.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WaitOptions {
    /// How long at most, such as `30s`.
    pub timeout: String,
}

impl Default for WaitOptions {
    fn default() -> Self {
        Self {
            timeout: "30s".to_owned(),
        }
    }
}

/// Reads an options map; a misspelt or mistyped option is named with what there is.
pub fn options<T: DeserializeOwned>(
    ctx: &NativeCallContext,
    name: &str,
    map: Map,
) -> RhaiResultOf<T> {
    permit::enter(&Host::of(ctx), name)
        .and_then(|()| parse_options(name, map))
        .map_err(|error| throw(ctx, name, error))
}

fn parse_options<T: DeserializeOwned>(name: &str, map: Map) -> Result<T> {
    let json = serde_json::to_value(Dynamic::from(map)).map_err(|e| {
        Error::invalid(format!(
            "an option of `{name}` has a value that cannot be read"
        ))
        .because(e)
    })?;
    serde_path_to_error::deserialize(json).map_err(|e| {
        let path = e.path().to_string();
        let text = e.inner().to_string();
        match text
            .strip_prefix("unknown field `")
            .and_then(|rest| rest.split_once('`'))
        {
            Some((field, rest)) => unknown_option(name, field, rest),
            None if path == "." => {
                Error::invalid(format!("options of `{name}`: {}", for_people(&text)))
            }
            None => Error::invalid(format!(
                "option `{path}` of `{name}`: {}",
                for_people(&text)
            )),
        }
    })
}

/// `invalid type: string "many", expected u32` without the names of Rust's types.
fn for_people(text: &str) -> String {
    let Some((got, wanted)) = text
        .split_once(": ")
        .filter(|(what, _)| what.starts_with("invalid "))
        .and_then(|(_, rest)| rest.rsplit_once(", expected "))
    else {
        return text.to_owned();
    };
    let wanted = match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "an array",
        other => other,
    };
    format!("expected {wanted}, got {got}")
}

fn unknown_option(name: &str, field: &str, rest: &str) -> Error {
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let hint = match did_you_mean(field, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? options are {}", known.join(", ")),
        None => format!("options are {}", known.join(", ")),
    };
    Error::invalid(format!("`{name}` has no option `{field}`")).hint(hint)
}

/// Reads a duration argument: `"10s"`, `"500ms"`, or a number of seconds.
pub fn duration(value: &Dynamic) -> Result<std::time::Duration> {
    crate::base::units::parse_duration(&value.to_string())
}

/// The error of a scope that took too long, when it is this scope's own limit that passed.
pub fn own_timeout(cancel: &crate::base::Cancel) -> Option<Error> {
    match cancel.reason() {
        Some(Reason::ScopeTimeout(limit)) if cancel.is_own() => Some(Error::new(
            Kind::Timeout,
            format!("timed out after {}", crate::base::units::duration(limit)),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Sample {
        jobs: u32,
        deep: bool,
    }

    fn parse(key: &str, value: Dynamic) -> Error {
        let map = Map::from([(key.into(), value)]);
        parse_options::<Sample>("fs::walk", map).unwrap_err()
    }

    #[test]
    fn a_misspelt_option_names_the_nearest() {
        let error = parse("jbos", 1_i64.into());

        assert_eq!(error.message(), "`fs::walk` has no option `jbos`");
        assert_eq!(
            error.hint_text(),
            Some("did you mean `jobs`? options are jobs, deep")
        );
    }

    #[test]
    fn a_mistyped_option_is_named() {
        let error = parse("jobs", "many".into());

        assert_eq!(
            error.message(),
            "option `jobs` of `fs::walk`: expected a whole number, 0 or more, got string \"many\""
        );
    }

    #[test]
    fn an_error_survives_the_way_through_a_script() {
        let error = Error::not_found("no `x`").hint("look").field("path", "x");

        let back = error_from_value(&error_value("fs::read", &error).into());

        assert_eq!(back.kind(), Kind::NotFound);
        assert_eq!((back.message(), back.hint_text()), ("no `x`", Some("look")));
    }
}
