//! What went wrong in a script, for people: what, where, and the calls that led there, across files.

use rhai::{EvalAltResult, Map, ParseError, ParseErrorType, Position};

use super::api::Api;
use super::diagnostic::{Diagnostic, Place};
use crate::base::text::did_you_mean;
use crate::base::{Error, Kind};
use crate::host::bridge::error_from_value;

/// A failed run.
#[derive(Debug)]
pub struct Failure {
    /// What happened and what to do.
    pub error: Error,
    /// Where; none when it was not a script that failed.
    pub place: Option<Place>,
    /// The calls that led there, innermost first.
    pub frames: Vec<Frame>,
    /// What cleanup failed besides.
    pub cleanup: Vec<Failure>,
}

/// One call on the way to a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where the call stands.
    pub place: Place,
    /// What the call stands in, such as `function dump`.
    pub within: String,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            place: None,
            frames: Vec::new(),
            cleanup: Vec::new(),
        }
    }
}

/// Walks the error that rhai hands out from the outside in.
pub fn from_script(error: &EvalAltResult, file: &str, task: &str, api: &Api) -> Failure {
    let (mut current, mut source) = (error, file.to_owned());
    let (mut within, mut frames) = (format!("task `{task}`"), Vec::new());
    // The session itself calls a task's closure: that is no place in a script.
    let mut session_calls = true;
    loop {
        match current {
            EvalAltResult::ErrorInFunctionCall(name, callee, inner, at) => {
                let by_session = session_calls && name.starts_with("anon$");
                session_calls = name.starts_with("task ");
                if !at.is_none() && !by_session {
                    frames.push(Frame {
                        place: Place::new(&source, *at),
                        within: within.clone(),
                    });
                }
                if !by_session {
                    within = callee_name(name);
                }
                if !callee.is_empty() {
                    source.clone_from(callee);
                }
                current = inner;
            }
            EvalAltResult::ErrorInModule(module, inner, at) => {
                let within = format!("the import of `{module}`");
                frames.push(Frame {
                    place: Place::new(&source, *at),
                    within,
                });
                source.clone_from(module);
                current = inner;
            }
            _ => break,
        }
    }
    frames.reverse();
    let at = current.position();
    let mut place = (!at.is_none()).then(|| Place::new(&source, at));
    if place.is_none() && !frames.is_empty() {
        place = Some(frames.remove(0).place);
    }
    // A call of a closure by a host function is the same place twice.
    frames.retain(|frame| Some(&frame.place) != place.as_ref());
    frames.dedup();
    Failure {
        error: translate(current, api),
        place,
        frames,
        cleanup: Vec::new(),
    }
}

fn callee_name(name: &str) -> String {
    match name {
        _ if name.starts_with("anon$") => "a closure".to_owned(),
        _ if name.starts_with("task ") => name.to_owned(),
        _ => format!("function `{name}`"),
    }
}

/// The error in words that do not need knowledge of rhai.
fn translate(error: &EvalAltResult, api: &Api) -> Error {
    match error {
        EvalAltResult::ErrorRuntime(value, _) if value.is_map() => error_from_value(value),
        EvalAltResult::ErrorRuntime(value, _) if value.is_unit() => {
            Error::new(Kind::Script, "the script threw an error without a value")
        }
        EvalAltResult::ErrorRuntime(value, _) => Error::new(Kind::Script, value.to_string()),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => function_not_found(signature, api),
        EvalAltResult::ErrorVariableNotFound(name, _) => {
            Error::new(Kind::Script, format!("no variable `{name}` here"))
        }
        EvalAltResult::ErrorModuleNotFound(name, _) => {
            Error::new(Kind::Script, format!("no namespace `{name}`"))
        }
        EvalAltResult::ErrorPropertyNotFound(name, _) => {
            Error::new(Kind::Script, format!("no property `{name}`"))
        }
        EvalAltResult::ErrorMismatchDataType(wanted, got, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, got, _) => Error::new(
            Kind::Script,
            format!("expected {}, got {}", plain(wanted), plain(got)),
        ),
        EvalAltResult::ErrorStackOverflow(_) => {
            Error::new(Kind::Script, "calls are nested too deep")
                .hint("does a function call itself without end?")
        }
        EvalAltResult::ErrorParsing(kind, _) => Error::new(Kind::Script, parse_message(kind).0),
        other => Error::new(Kind::Script, bare_message(other)),
    }
}

/// Rhai's message without the place that it appends.
fn bare_message(error: &EvalAltResult) -> String {
    let mut bare = error.to_string();
    if let Some(cut) = bare.find(" (line ") {
        bare.truncate(cut);
    }
    let mut letters = bare.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// The name of a type as scripts know it.
fn plain(name: &str) -> String {
    match name {
        "i64" | "INT" => "int".to_owned(),
        "f64" | "FLOAT" => "float".to_owned(),
        "&str" | "&str | ImmutableString | String" | "ImmutableString" | "string" => {
            "string".to_owned()
        }
        "()" => "nothing".to_owned(),
        "Fn" => "closure".to_owned(),
        other => other.rsplit("::").next().unwrap_or(other).to_lowercase(),
    }
}

/// `fs::read (i64, map)` in rhai's words.
fn function_not_found(signature: &str, api: &Api) -> Error {
    let (name, arguments) = signature.split_once(" (").unwrap_or((signature, ""));
    let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
    let got: Vec<String> = arguments
        .split(", ")
        .filter(|ty| !ty.is_empty())
        .map(plain)
        .collect();
    if let Some(forms) = api.get(name) {
        let takes: Vec<String> = forms.iter().map(super::api::Signature::shown).collect();
        let message = format!(
            "`{name}` takes {}, got ({})",
            takes.join(" or "),
            got.join(", ")
        );
        return Error::new(Kind::Script, message);
    }
    if name.starts_with("anon$") {
        return Error::new(
            Kind::Script,
            "a closure was called where its script is not known",
        );
    }
    let error = Error::new(Kind::Script, format!("no function `{name}`"));
    match did_you_mean(name, api.names()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// A syntax error as a finding.
pub fn parse_error(error: &ParseError, file: &str, text: &str) -> Diagnostic {
    let ParseError(kind, at) = error;
    let (message, hint) = parse_message(kind);
    let at = if at.is_none() { end_of(text) } else { *at };
    Diagnostic::new(Place::new(file, at), message).hint(hint)
}

fn end_of(text: &str) -> Position {
    let line = text.lines().count().max(1);
    let column = text
        .lines()
        .last()
        .map_or(1, |line| line.chars().count().max(1));
    Position::new(
        u16::try_from(line).unwrap_or(u16::MAX),
        u16::try_from(column).unwrap_or(u16::MAX),
    )
}

fn parse_message(kind: &ParseErrorType) -> (String, Option<String>) {
    let hint = |text: &str| Some(text.to_owned());
    match kind {
        ParseErrorType::VariableUndefined(name) => (
            format!("no variable `{name}` here"),
            hint(
                "a `fn` sees only its parameters; inside it, write `global::NAME` for a top-level const",
            ),
        ),
        ParseErrorType::ModuleUndefined(name) => (
            format!("no namespace `{name}`"),
            Some(format!("import it: `import \"lib/{name}\" as {name};`")),
        ),
        ParseErrorType::Reserved(name) if name == "eval" => (
            "`eval` is not available".to_owned(),
            hint("call a function or a closure instead"),
        ),
        ParseErrorType::Reserved(name) => (
            format!("`{name}` is a reserved word"),
            hint("choose another name; as a key of a map it can be read with `map[\"key\"]`"),
        ),
        other => {
            let text = other.to_string();
            let mut letters = text.chars();
            let first = letters.next().map(|c| c.to_ascii_lowercase());
            (first.into_iter().chain(letters).collect(), None)
        }
    }
}

/// The message and the map of a value that a script threw or a host function failed with.
pub fn thrown(error: &EvalAltResult) -> Option<Map> {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _)
        | EvalAltResult::ErrorInModule(_, inner, _) => thrown(inner),
        EvalAltResult::ErrorRuntime(value, _) => value.clone().try_cast::<Map>(),
        _ => None,
    }
}
