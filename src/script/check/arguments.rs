//! Arguments of calls: how many there are, of what type the literal ones are, and how options are spelt.

use rhai::{Expr, FnPtr};

use crate::base::text::{did_you_mean, list};
use crate::script::api::Signature;
use crate::script::diagnostic::{Diagnostic, Place, Rule};

/// A number of arguments that no form of a function takes.
pub(super) fn count(
    at: Place,
    name: &str,
    given: usize,
    mut takes: Vec<usize>,
    forms: &[Signature],
) -> Option<Diagnostic> {
    if takes.contains(&given) {
        return None;
    }
    takes.sort_unstable();
    takes.dedup();
    let takes: Vec<String> = takes.iter().map(ToString::to_string).collect();
    let noun = if takes == ["1"] {
        "argument"
    } else {
        "arguments"
    };
    let message = format!(
        "`{name}` takes {} {noun}, {given} given",
        takes.join(" or ")
    );
    let shown: Vec<String> = forms.iter().map(Signature::shown).collect();
    let hint = (!shown.is_empty()).then(|| format!("it takes {}", shown.join(" or ")));
    Some(Diagnostic::new(Rule::ArgumentCount, at, message).hint(hint))
}

/// The first literal that no form of a function takes where it stands. `skipped` parameters come before the arguments: what
/// a method is called on.
pub(super) fn literals(
    file: &str,
    name: &str,
    args: &[Expr],
    forms: &[Signature],
    skipped: usize,
) -> Option<Diagnostic> {
    let mut fitting: Vec<&Signature> = forms
        .iter()
        .filter(|form| form.params.len() == args.len() + skipped)
        .collect();
    for (at, arg) in args.iter().enumerate() {
        let Some(kind) = literal(arg) else { continue };
        let (good, bad): (Vec<_>, Vec<_>) = fitting
            .into_iter()
            .partition(|form| fits(kind, &form.params[at + skipped].1));
        if good.is_empty() {
            let mut wanted: Vec<String> = bad
                .iter()
                .map(|form| shown(&form.params[at + skipped].1))
                .collect();
            wanted.dedup();
            let message = format!(
                "`{name}` takes {} here, not {}",
                list(&wanted).replace(" and ", " or "),
                shown(kind)
            );
            let forms: Vec<String> = bad.iter().map(|form| form.shown()).collect();
            let hint = Some(format!("it takes {}", forms.join(" or ")));
            let place = Place::new(file, start(arg));
            return (!bad.is_empty())
                .then(|| Diagnostic::new(Rule::ArgumentType, place, message).hint(hint));
        }
        fitting = good;
    }
    None
}

fn shown(kind: &str) -> String {
    match kind {
        "" => "nothing `()`".to_owned(),
        kind if kind.starts_with(['a', 'i']) => format!("an {kind}"),
        kind => format!("a {kind}"),
    }
}

fn fits(literal: &str, takes: &str) -> bool {
    takes == "any" || takes == literal
}

/// Where an expression starts; for an operator rhai knows only where the operator stands.
fn start(expr: &Expr) -> rhai::Position {
    match expr {
        Expr::FnCall(call, _) if call.is_operator_call() => call
            .args
            .first()
            .map_or_else(|| expr.start_position(), start),
        _ => expr.start_position(),
    }
}

/// The type of a literal, by the name that scripts know it by; none for what has to be computed.
fn literal(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::IntegerConstant(..) => Some("int"),
        Expr::FloatConstant(..) => Some("float"),
        Expr::BoolConstant(..) => Some("bool"),
        Expr::CharConstant(..) => Some("char"),
        Expr::StringConstant(..) | Expr::InterpolatedString(..) => Some("string"),
        Expr::Array(..) => Some("array"),
        Expr::Map(..) => Some("map"),
        Expr::Unit(..) => Some(""),
        Expr::DynamicConstant(value, _) if value.is::<FnPtr>() => Some("closure"),
        Expr::FnCall(call, _) if call.name == "-" && call.args.len() == 1 => literal(&call.args[0]),
        _ => None,
    }
}

/// Misspelt options in a literal map, held against those that the function documents.
pub(super) fn options(
    file: &str,
    name: &str,
    args: &[Expr],
    forms: &[Signature],
) -> Vec<Diagnostic> {
    let fitting = || forms.iter().filter(|form| form.params.len() == args.len());
    let known: Vec<&str> = fitting().flat_map(Signature::options).collect();
    let takes_options =
        |at: usize| fitting().any(|form| form.params[at].0.trim_start_matches('_') == "options");
    let maps = args.iter().enumerate().filter(|(at, _)| takes_options(*at));
    let keys = maps.filter_map(|(_, arg)| match arg {
        Expr::Map(entries, _) => Some(entries.0.iter().map(|(key, _)| key)),
        _ => None,
    });
    let unknown = keys
        .flatten()
        .filter(|key| !known.contains(&key.name.as_str()));
    let mut found: Vec<Diagnostic> = unknown
        .map(|key| {
            let hint = match (
                did_you_mean(&key.name, known.iter().copied()),
                known.as_slice(),
            ) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, []) => "it has no options".to_owned(),
                (None, _) => format!("options are {}", known.join(", ")),
            };
            let message = format!("`{name}` has no option `{}`", key.name);
            Diagnostic::new(Rule::UnknownOption, Place::new(file, key.pos), message)
                .hint(Some(hint))
        })
        .collect();
    found.sort();
    found
}
