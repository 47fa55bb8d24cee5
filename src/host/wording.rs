//! The language's own errors in words that need no knowledge of it: no names of Rust types, no names of hidden functions.

use rhai::{Dynamic, EvalAltResult};

use super::bridge::error_from_value;
use crate::base::{Error, Kind};

/// The error in words, without its place.
pub fn error(error: &EvalAltResult) -> Error {
    let script = |message: String| Error::new(Kind::Script, message);
    match error {
        EvalAltResult::ErrorRuntime(value, _) if value.is_map() => error_from_value(value),
        EvalAltResult::ErrorRuntime(value, _) => script(thrown(value)),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            no_function(&Signature::of(signature))
        }
        EvalAltResult::ErrorVariableNotFound(name, _) => {
            script(format!("no variable `{name}` here"))
        }
        EvalAltResult::ErrorModuleNotFound(name, _) => script(format!("no namespace `{name}`")),
        EvalAltResult::ErrorPropertyNotFound(name, _) => script(format!("no property `{name}`"))
            .hint(format!("`map.get(\"{name}\")` gives () when there is none")),
        EvalAltResult::ErrorIndexNotFound(index, _) => {
            script(format!("nothing at index `{index}`"))
        }
        EvalAltResult::ErrorDotExpr(text, _) => script(property(text)),
        EvalAltResult::ErrorIndexingType(text, _) => script(index(text)),
        EvalAltResult::ErrorMismatchDataType(wanted, got, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, got, _) => {
            script(format!("expected {}, got {}", plain(wanted), plain(got)))
        }
        EvalAltResult::ErrorFor(_) => {
            script("`for` goes through arrays, strings, ranges and blobs only".to_owned())
                .hint("for a map, write `for key in map.keys()`")
        }
        EvalAltResult::ErrorNonPureMethodCallOnConstant(name, _) => {
            script(format!("`{}` would change a constant", visible(name)))
        }
        EvalAltResult::ErrorAssignmentToConstant(name, _) => {
            script(format!("`{name}` is a constant"))
        }
        EvalAltResult::ErrorUnboundThis(_) => script("`this` is nothing here".to_owned()),
        EvalAltResult::ErrorDataRace(name, _) => {
            let what = if name.is_empty() { "a value" } else { name };
            script(format!("`{what}` is used twice at once"))
                .hint("give the closure what it needs as a parameter instead of capturing it")
        }
        EvalAltResult::ErrorStackOverflow(_) => script("calls are nested too deep".to_owned())
            .hint("does a function call itself without end?"),
        EvalAltResult::ErrorTerminated(..) => Error::new(Kind::Cancelled, "cancelled"),
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _)
        | EvalAltResult::ErrorInModule(_, inner, _) => self::error(inner),
        other => script(bare(other)),
    }
}

/// What a script threw that is no map.
fn thrown(value: &Dynamic) -> String {
    if value.is_unit() {
        "the script threw an error without a value".to_owned()
    } else {
        without_closures(&value.to_string())
    }
}

/// A text in which closures are called what they are: rhai writes `Fn(anon$12ab)` or `Fn*+("anon$12ab")`.
pub fn without_closures(text: &str) -> String {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("anon$") {
        let start = rest[..at].rfind("Fn").unwrap_or(at);
        let end = rest[at..].find(')').map_or(rest.len(), |end| at + end + 1);
        shown.push_str(&rest[..start]);
        shown.push_str("closure");
        rest = &rest[end..];
    }
    shown + rest
}

/// A call as rhai writes it: `fs::read (i64, map)`.
#[derive(Debug, PartialEq, Eq)]
pub struct Signature {
    /// The full name.
    pub name: String,
    /// The types of the arguments, as scripts know them.
    pub arguments: Vec<String>,
}

impl Signature {
    /// Reads a call.
    pub fn of(text: &str) -> Self {
        let (name, arguments) = text.split_once(" (").unwrap_or((text, ""));
        let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
        let arguments = arguments.split(", ").filter(|ty| !ty.is_empty());
        Self {
            name: name.to_owned(),
            arguments: arguments.map(plain).collect(),
        }
    }

    /// Whether it is an operator such as `+`.
    pub fn is_operator(&self) -> bool {
        !self
            .name
            .starts_with(|c: char| c.is_alphabetic() || c == '_')
    }

    /// Whether a closure is called.
    pub fn is_closure(&self) -> bool {
        self.name.starts_with("anon$")
    }
}

/// A call that nothing answers to; the script layer, which knows all functions, says more.
pub fn no_function(call: &Signature) -> Error {
    let message = match call.arguments.as_slice() {
        [one] if call.is_operator() => format!("`{}` does not work on {}", call.name, a(one)),
        [left, right] if call.is_operator() => {
            format!(
                "`{}` does not work on {} and {}",
                call.name,
                a(left),
                a(right)
            )
        }
        given if call.is_closure() => {
            format!("a closure does not take ({})", given.join(", "))
        }
        given => format!("no function `{}` takes ({})", call.name, given.join(", ")),
    };
    Error::new(Kind::Script, message)
}

/// `Unknown property 'name' - a getter is not registered for type 'i64'`.
fn property(text: &str) -> String {
    let quoted: Vec<&str> = text.split('\'').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [name, ty] => format!("{} has no property `{name}`", a(&plain(ty))),
        [name, ty, _value] => format!("{} has no property `{name}` to set", a(&plain(ty))),
        _ => text.to_owned(),
    }
}

/// `i64 [string]`.
fn index(text: &str) -> String {
    let (of, rest) = text.split_once(" [").unwrap_or((text, ""));
    let by = rest.split(']').next().unwrap_or_default();
    let of = a(&plain(of));
    if by.is_empty() {
        format!("{of} cannot be indexed")
    } else {
        format!("{of} cannot be indexed by {}", a(&plain(by)))
    }
}

/// The name of a function that may be a hidden one: `get$x` reads a property.
fn visible(name: &str) -> &str {
    match name.split_once('$') {
        Some(("index", _)) => "[]",
        Some((_, property)) => property,
        None => name,
    }
}

/// The name of a type as scripts know it.
pub fn plain(name: &str) -> String {
    match name.trim_start_matches('&').trim_start_matches("mut ") {
        "i64" | "INT" => "int".to_owned(),
        "f64" | "FLOAT" => "float".to_owned(),
        "str" | "str | ImmutableString | String" | "ImmutableString" | "string" => {
            "string".to_owned()
        }
        "()" => "nothing".to_owned(),
        "Fn" | "FnPtr" => "closure".to_owned(),
        "range" | "range=" => "range".to_owned(),
        other if other.contains("Range") => "range".to_owned(),
        other => other.rsplit("::").next().unwrap_or(other).to_lowercase(),
    }
}

/// A type with its article.
pub fn a(ty: &str) -> String {
    match ty {
        "nothing" => ty.to_owned(),
        _ if ty.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {ty}"),
        _ => format!("a {ty}"),
    }
}

/// Rhai's message without the place that it appends, with backticks where it writes quotes.
fn bare(error: &EvalAltResult) -> String {
    let mut bare = error.to_string();
    if let Some(cut) = bare.find(" (line ") {
        bare.truncate(cut);
    }
    lower_first(&bare.replace('\'', "`"))
}

/// Messages start with a small letter.
pub fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(error: EvalAltResult) -> String {
        self::error(&error).message().to_owned()
    }

    #[test]
    fn no_message_needs_knowledge_of_the_language() {
        let at = rhai::Position::NONE;
        let property = "Unknown property 'name' - a getter is not registered for type 'i64'";
        let cases = [
            (
                EvalAltResult::ErrorDotExpr(property.into(), at),
                "an int has no property `name`",
            ),
            (
                EvalAltResult::ErrorIndexingType("i64 [string]".into(), at),
                "an int cannot be indexed by a string",
            ),
            (
                EvalAltResult::ErrorFunctionNotFound("+ (map, i64)".into(), at),
                "`+` does not work on a map and an int",
            ),
            (
                EvalAltResult::ErrorFunctionNotFound("anon$12ab (i64)".into(), at),
                "a closure does not take (int)",
            ),
            (
                EvalAltResult::ErrorNonPureMethodCallOnConstant("push".into(), at),
                "`push` would change a constant",
            ),
        ];
        for (error, expected) in cases {
            assert_eq!(words(error), expected);
        }
    }

    #[test]
    fn closures_in_a_text_are_called_closures() {
        assert_eq!(
            without_closures("[Fn(anon$ab12), 1, Fn*+(\"anon$cd\")]"),
            "[closure, 1, closure]"
        );
    }
}
