//! Reads the `params` of a declaration and holds them against the closure's parameters.

use std::collections::BTreeMap;

use rhai::{Dynamic, Expr, Position};

use super::declaration::{Reader, article, closure};
use super::task::{Param, ParamKind, ParamType, Task};
use crate::base::settings::is_secret_name;
use crate::base::units::{parse_duration, parse_size};

const FIELDS: [&str; 8] = [
    "type", "kind", "required", "value", "env", "about", "short", "choices",
];

/// Names that the command line itself uses.
const TAKEN: [&str; 15] = [
    "force",
    "profile",
    "project",
    "quiet",
    "verbose",
    "json",
    "color",
    "yes",
    "confirm",
    "dry-run",
    "if-locked",
    "driver",
    "set",
    "help",
    "log",
];

/// Reads a literal `params` map.
pub(super) fn read(reader: &mut Reader<'_>, expr: &Expr) -> Vec<Param> {
    let entries = reader.entries(expr, "`params`");
    entries
        .into_iter()
        .map(|(name, at, fields)| param(reader, name, at, fields))
        .collect()
}

fn param(reader: &mut Reader<'_>, name: &str, at: Position, fields: &Expr) -> Param {
    let mut draft = Draft::default();
    let entries = reader.entries(fields, &format!("parameter `{name}`"));
    for (key, at, value) in &entries {
        draft.field(reader, key, *at, value);
    }
    let ty = draft.ty.unwrap_or(if draft.choices.is_empty() {
        ParamType::String
    } else {
        ParamType::OneOf
    });
    let optional = draft.value.is_some() || draft.required == Some(false);
    let kind = draft.kind.unwrap_or(match ty {
        ParamType::Bool => ParamKind::Flag,
        _ if optional || draft.env.is_some() => ParamKind::Option,
        _ => ParamKind::Positional,
    });
    let param = Param {
        name: name.to_owned(),
        place: reader.place(at),
        ty,
        kind,
        required: draft
            .required
            .unwrap_or(kind == ParamKind::Positional && !optional),
        value: draft
            .value
            .as_ref()
            .and_then(|(value, _)| serde_json::to_value(value).ok()),
        env: draft.env,
        about: draft.about,
        short: draft.short,
        choices: draft.choices,
        dynamic_choices: draft.dynamic_choices,
    };
    verify(reader, &param, at, draft.value.as_ref());
    param
}

#[derive(Default)]
struct Draft {
    ty: Option<ParamType>,
    kind: Option<ParamKind>,
    required: Option<bool>,
    value: Option<(Dynamic, Position)>,
    env: Option<String>,
    about: String,
    short: Option<char>,
    choices: Vec<String>,
    dynamic_choices: bool,
}

impl Draft {
    fn field(&mut self, reader: &mut Reader<'_>, key: &str, at: Position, expr: &Expr) {
        match key {
            "type" => self.ty = one_of(reader, expr, "type", &ParamType::NAMES),
            "kind" => self.kind = one_of(reader, expr, "kind", &KINDS),
            "required" => self.required = Some(reader.flag(expr, "`required`")),
            "value" => {
                self.value = reader
                    .literal(expr, "`value`")
                    .map(|v| (v, expr.start_position()));
            }
            "env" => self.env = reader.text(expr, "`env`"),
            "about" => self.about = reader.text(expr, "`about`").unwrap_or_default(),
            "short" => self.short = short(reader, expr),
            "choices" if closure(expr).is_some() => self.dynamic_choices = true,
            "choices" => {
                let wanted = "an array of strings or a closure";
                let texts = reader.texts(expr, "`choices`", wanted).into_iter();
                self.choices = texts.map(|(text, _)| text).collect();
            }
            unknown => reader.unknown(at, "parameter field", unknown, &FIELDS),
        }
    }
}

const KINDS: [(&str, ParamKind); 3] = [
    ("positional", ParamKind::Positional),
    ("option", ParamKind::Option),
    ("flag", ParamKind::Flag),
];

fn one_of<T: Copy>(
    reader: &mut Reader<'_>,
    expr: &Expr,
    what: &str,
    known: &[(&str, T)],
) -> Option<T> {
    let name = reader.text(expr, &format!("`{what}`"))?;
    let found = known
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        reader.unknown(expr.start_position(), what, &name, &names);
    }
    found
}

fn short(reader: &mut Reader<'_>, expr: &Expr) -> Option<char> {
    let text = reader.text(expr, "`short`")?;
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_alphanumeric() && !"qvyh".contains(letter) => {
            Some(letter)
        }
        _ => {
            reader.problem(
                expr.start_position(),
                "`short` must be one letter or digit other than q, v, y and h",
            );
            None
        }
    }
}

/// What only shows when all fields of a parameter are known.
fn verify(
    reader: &mut Reader<'_>,
    param: &Param,
    at: Position,
    value: Option<&(Dynamic, Position)>,
) {
    if TAKEN.contains(&param.flag_name().as_str()) && param.kind != ParamKind::Positional {
        reader.problem(
            at,
            format!(
                "`--{}` belongs to the command line itself",
                param.flag_name()
            ),
        );
    }
    if param.kind == ParamKind::Flag && param.ty != ParamType::Bool {
        reader.problem(
            at,
            format!(
                "a flag is a bool, `{}` is {}",
                param.name,
                article(&param.ty.to_string())
            ),
        );
    }
    if param.ty == ParamType::OneOf && param.choices.is_empty() && !param.dynamic_choices {
        reader.problem(
            at,
            format!("`{}` is one of nothing: give `choices`", param.name),
        );
    }
    if param.kind == ParamKind::Positional && param.short.is_some() {
        let message = format!("`{}` is a positional, so it has no short form", param.name);
        reader.problem(at, message);
    }
    if let Some(name) = param.env.as_deref().filter(|name| is_secret_name(name)) {
        reader.problem(at, no_secret(name));
    }
    if param.required && value.is_some() {
        let message = format!("`{}` is required, so its `value` is never used", param.name);
        reader.problem(at, message);
    }
    if let Some((value, at)) = value
        && let Err(why) = fits(param, value)
    {
        reader.problem(*at, format!("`value` of `{}` {why}", param.name));
    }
}

/// Why a parameter does not take a setting.
pub(super) fn no_secret(name: &str) -> String {
    format!(
        "`{name}` is a secret, and a parameter's value is shown: read it in the body with `env::require(\"{name}\")`"
    )
}

/// Whether a literal default is a value of the parameter's type.
fn fits(param: &Param, value: &Dynamic) -> Result<(), String> {
    let text = value.clone().into_immutable_string().ok();
    let must = |what: &str| {
        Err(format!(
            "must be {what}, not {}",
            article(value.type_name())
        ))
    };
    match (param.ty, text) {
        (_, None) if value.is_unit() => Ok(()),
        (ParamType::Size, None) if value.as_int().is_ok_and(|bytes| bytes < 0) => {
            Err("must not be negative".to_owned())
        }
        (ParamType::Int | ParamType::Duration, _) | (ParamType::Size, None) if value.is_int() => {
            Ok(())
        }
        (ParamType::Int, _) => must("a whole number"),
        (ParamType::Bool, _) if value.is_bool() => Ok(()),
        (ParamType::Bool, _) => must("true or false"),
        (ParamType::List, _) => match value.read_lock::<rhai::Array>() {
            Some(items) if items.iter().all(Dynamic::is_string) => Ok(()),
            Some(_) => Err("must be an array of strings".to_owned()),
            None => must("an array"),
        },
        (ParamType::Size, Some(text)) => parse_size(&text)
            .map(drop)
            .map_err(|e| format!("is no size: {e}")),
        (ParamType::Duration, Some(text)) => parse_duration(&text)
            .map(drop)
            .map_err(|e| format!("is no duration: {e}")),
        (ParamType::OneOf, Some(text)) if !param.choices.is_empty() => {
            if param.choices.iter().any(|choice| *choice == *text) {
                Ok(())
            } else {
                Err(format!("must be one of {}", param.choices.join(", ")))
            }
        }
        (_, Some(_)) => Ok(()),
        (_, None) => must("a string"),
    }
}

/// Puts the parameters in the order of the closure's and finds those that only one side knows.
pub(super) fn match_closure(
    reader: &mut Reader<'_>,
    task: &mut Task,
    names: &[String],
    at: Position,
) {
    let mut ordered = Vec::with_capacity(names.len());
    for name in names {
        match task.params.iter().position(|param| param.name == *name) {
            Some(index) => ordered.push(task.params.remove(index)),
            None => reader.problem_with(
                at,
                format!("the closure's parameter `{name}` is not declared"),
                Some(format!("add `params: #{{ {name}: #{{ about: \"..\" }} }}`")),
            ),
        }
    }
    let left = std::mem::take(&mut task.params);
    let missing = left.iter().map(|param| param.name.as_str());
    let wanted: Vec<&str> = names.iter().map(String::as_str).chain(missing).collect();
    for param in &left {
        let message = format!(
            "parameter `{}` is declared but the closure does not take it",
            param.name
        );
        reader.problem_with(
            param.place.position(),
            message,
            Some(format!("write `|{}| {{ .. }}`", wanted.join(", "))),
        );
    }
    task.params = ordered;
    if let Some(message) = misplaced(task) {
        reader.problem(at, message);
    }
    shared_flags(reader, task);
}

/// Two parameters that the same flag would give.
fn shared_flags(reader: &mut Reader<'_>, task: &Task) {
    let mut taken: BTreeMap<String, &Param> = BTreeMap::new();
    for param in &task.params {
        let short = param.short.map(|letter| format!("-{letter}"));
        let long = format!("--{}", param.flag_name());
        let off = param.is_on().then(|| format!("--no-{}", param.flag_name()));
        let long = (param.kind != ParamKind::Positional).then_some(long);
        for flag in short.into_iter().chain(long).chain(off) {
            let Some(first) = taken.insert(flag.clone(), param) else {
                continue;
            };
            let is = if flag.starts_with("--") {
                "would be given by"
            } else {
                "is the short form of"
            };
            let message = format!("`{flag}` {is} both `{}` and `{}`", first.name, param.name);
            reader.problem(param.place.position(), message);
        }
    }
}

/// A positional that would take what belongs to one behind it.
fn misplaced(task: &Task) -> Option<String> {
    let positionals = task
        .params
        .iter()
        .filter(|p| p.kind == ParamKind::Positional);
    let mut before: Option<&Param> = None;
    for param in positionals {
        match before {
            Some(list) if list.ty == ParamType::List => {
                return Some(format!(
                    "`{}` takes all remaining arguments, so it must be the last positional",
                    list.name
                ));
            }
            Some(optional) if !optional.required && param.required => {
                return Some(format!(
                    "`{}` must be given but stands behind `{}`, which need not be",
                    param.name, optional.name
                ));
            }
            _ => before = Some(param),
        }
    }
    None
}
