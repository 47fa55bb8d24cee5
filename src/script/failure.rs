//! What went wrong in a script, for people: what, where, and the calls that led there, across files.

use rhai::{EvalAltResult, ParseError, ParseErrorType, Position};

use super::api::Api;
use super::diagnostic::{Diagnostic, Place, Rule};
use super::withheld;
use crate::base::text::did_you_mean;
use crate::base::{Error, Kind};
use crate::host::wording::{self, Signature};

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
    // A function of the language that calls a closure stands where its own call does: the outer one says more.
    let mut from_outside: Vec<Frame> = frames.into_iter().rev().collect();
    from_outside.dedup_by(|inner, outer| inner.place == outer.place);
    let frames = from_outside.into_iter().rev().collect();
    let error = translate(current, api);
    if is_brief(&error) {
        return Failure::from(error);
    }
    Failure {
        error,
        place,
        frames,
        cleanup: Vec::new(),
    }
}

/// Whether a script has asked that its error is told without the place in it: for monitoring, which wants one line.
fn is_brief(error: &Error) -> bool {
    error
        .fields()
        .get("brief")
        .and_then(serde_json::Value::as_bool)
        == Some(true)
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
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            function_not_found(&Signature::of(signature), api)
        }
        EvalAltResult::ErrorParsing(kind, _) => {
            let (message, hint) = parse_message(kind, "");
            let error = Error::new(Kind::Script, message);
            match hint {
                Some(hint) => error.hint(hint),
                None => error,
            }
        }
        other => wording::error(other),
    }
}

/// More forms of one function than this bury the ones that count.
const FORMS_SHOWN: usize = 4;

fn function_not_found(call: &Signature, api: &Api) -> Error {
    if call.is_operator() || call.is_closure() {
        return wording::no_function(call);
    }
    let name = &call.name;
    let forms = api.get(name).unwrap_or_default();
    let shown: Vec<String> = forms
        .iter()
        .filter(|form| form.is_for_scripts())
        .map(super::api::Signature::shown)
        .collect();
    if (1..=FORMS_SHOWN).contains(&shown.len()) {
        let (takes, got) = (shown.join(" or "), call.arguments.join(", "));
        return Error::new(Kind::Script, format!("`{name}` takes {takes}, got ({got})"));
    }
    if !forms.is_empty() {
        return wording::no_function(call);
    }
    let error = Error::new(Kind::Script, format!("no function `{name}`"));
    if let Some(instead) = withheld::hint(name) {
        return error.hint(instead);
    }
    match did_you_mean(name, api.names()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// A syntax error as a finding.
pub fn parse_error(error: &ParseError, file: &str, text: &str) -> Diagnostic {
    let ParseError(kind, at) = error;
    let (message, hint) = parse_message(kind, text);
    let at = if at.is_none() { end_of(text) } else { *at };
    let rule = match &**kind {
        ParseErrorType::VariableUndefined(_) => Rule::UnknownVariable,
        ParseErrorType::ModuleUndefined(_) => Rule::UnknownModule,
        _ => Rule::Syntax,
    };
    Diagnostic::new(rule, Place::new(file, at), message).hint(hint)
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

fn parse_message(kind: &ParseErrorType, text: &str) -> (String, Option<String>) {
    let hint = |text: &str| Some(text.to_owned());
    match kind {
        ParseErrorType::VariableUndefined(name) => (
            format!("no variable `{name}` here"),
            near_word(name, text).or_else(|| {
                Some(format!(
                    "a `fn` sees only its parameters; inside it, write `global::{name}` for a top-level const"
                ))
            }),
        ),
        ParseErrorType::ModuleUndefined(name) => (
            format!("no namespace `{name}`"),
            Some(format!("import it: `import \"lib/{name}\" as {name};`")),
        ),
        ParseErrorType::Reserved(name) => (
            format!("`{name}` is a reserved word"),
            hint("choose another name; as a key of a map it can be read with `map[\"key\"]`"),
        ),
        other => {
            let text = wording::lower_first(&other.to_string()).replace('\'', "`");
            match text.strip_prefix("reserved keyword ").and_then(|t| t.strip_suffix(" is disabled"))
            {
                Some(word) => (
                    format!("{word} is not available"),
                    hint("call a function or a closure instead"),
                ),
                None => (text, None),
            }
        }
    }
}

/// The word of a text that was probably meant.
fn near_word(name: &str, text: &str) -> Option<String> {
    let words = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.len() > 1);
    did_you_mean(name, words).map(|near| format!("did you mean `{near}`?"))
}
