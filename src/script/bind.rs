//! Binds arguments to a task's parameters by name: from the command line, from another script, from settings, from defaults.

use std::collections::BTreeMap;
use std::path::Path;

use rhai::{Array, Dynamic, Map};

use super::params::no_secret;
use super::task::{Param, ParamType, Task};
use crate::base::text::did_you_mean;
use crate::base::units::{parse_duration, parse_size};
use crate::base::{Error, Result, Settings};
use crate::host::wording;

/// The arguments of a call as typed: several texts for a list, none for a flag that was not given.
pub type Typed = BTreeMap<String, Vec<String>>;

/// Binds what was typed in the folder `here`.
pub fn typed(task: &Task, typed: &Typed, settings: &Settings, here: &Path) -> Result<Map> {
    bind(task, settings, |param| match typed.get(&param.name) {
        Some(texts) => from_texts(param, texts, Some(here))
            .map(Some)
            .map_err(|e| usage(task, param, e)),
        None => Ok(None),
    })
}

/// Binds what a script passes by name.
pub fn values(task: &Task, mut values: Map, settings: &Settings) -> Result<Map> {
    let unknown = values
        .keys()
        .find(|key| !task.params.iter().any(|p| p.name == key.as_str()));
    if let Some(unknown) = unknown {
        let names = task.params.iter().map(|param| param.name.as_str());
        let error = Error::invalid(format!("task `{}` has no parameter `{unknown}`", task.name));
        return Err(match did_you_mean(unknown, names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("usage: {}", task.usage())),
        });
    }
    bind(task, settings, |param| {
        match values.remove(param.name.as_str()) {
            Some(value) => from_value(param, value)
                .map(Some)
                .map_err(|e| usage(task, param, e)),
            None => Ok(None),
        }
    })
}

fn bind(
    task: &Task,
    settings: &Settings,
    mut given: impl FnMut(&Param) -> Result<Option<Dynamic>>,
) -> Result<Map> {
    let mut bound = Map::new();
    for param in &task.params {
        let value = match given(param)? {
            Some(value) => value,
            None => fallback(task, param, settings)?,
        };
        bound.insert(param.name.as_str().into(), value);
    }
    Ok(bound)
}

fn fallback(task: &Task, param: &Param, settings: &Settings) -> Result<Dynamic> {
    let setting = param
        .env
        .as_deref()
        .and_then(|name| Some((name, settings.get(name)?)));
    if let Some((name, text)) = setting.filter(|(_, text)| !text.is_empty()) {
        // Whether the project declares it one, or it is a URL with a password, is known only now.
        if settings.is_secret(name) {
            return Err(usage(task, param, Error::usage(no_secret(name))));
        }
        return from_setting(param, text).map_err(|error| {
            let hint = format!("it comes from {name} ({})", settings.place(name));
            usage(task, param, error).hint(hint)
        });
    }
    if param.required {
        let error = Error::usage(format!("task `{}` needs {}", task.name, given_as(param)));
        return Err(error.hint(format!("usage: {}", task.usage())));
    }
    match &param.value {
        Some(value) => rhai::serde::to_dynamic(value)
            .map_err(|e| Error::internal("cannot read a default").because(e.to_string()))
            .and_then(|value| from_value(param, value)),
        None if param.ty == ParamType::Bool => Ok(false.into()),
        None if param.ty == ParamType::List => Ok(Array::new().into()),
        None => Ok(Dynamic::UNIT),
    }
}

fn given_as(param: &Param) -> String {
    match param.kind {
        super::task::ParamKind::Positional => format!("a value for {}", param.value_name()),
        _ => format!("`--{} {}`", param.flag_name(), param.value_name()),
    }
}

fn usage(task: &Task, param: &Param, error: Error) -> Error {
    let hint = error
        .hint_text()
        .map_or_else(|| format!("usage: {}", task.usage()), str::to_owned);
    Error::usage(format!(
        "`{}` of task `{}`: {}",
        param.name,
        task.name,
        error.message()
    ))
    .hint(hint)
}

fn from_setting(param: &Param, text: &str) -> Result<Dynamic> {
    let texts: Vec<String> = match param.ty {
        ParamType::List => text.split(',').map(|item| item.trim().to_owned()).collect(),
        _ => vec![text.to_owned()],
    };
    from_texts(param, &texts, None)
}

fn from_texts(param: &Param, texts: &[String], here: Option<&Path>) -> Result<Dynamic> {
    if param.ty == ParamType::List {
        return Ok(texts
            .iter()
            .map(|text| text.clone().into())
            .collect::<Array>()
            .into());
    }
    let text = texts.last().map(String::as_str).unwrap_or_default();
    match (param.ty, here) {
        (ParamType::Path, Some(here)) if !text.is_empty() => {
            let path = here.join(text);
            let path = std::path::absolute(&path).unwrap_or(path);
            Ok(path.to_string_lossy().into_owned().into())
        }
        _ => from_text(param, text),
    }
}

fn from_text(param: &Param, text: &str) -> Result<Dynamic> {
    match param.ty {
        ParamType::Int => text
            .trim()
            .parse::<i64>()
            .map(Into::into)
            .map_err(|_not_a_number| Error::invalid(format!("`{text}` is not a whole number"))),
        ParamType::Bool => match text.trim() {
            "true" | "yes" | "1" | "on" => Ok(true.into()),
            "false" | "no" | "0" | "off" => Ok(false.into()),
            _ => Err(Error::invalid(format!(
                "`{text}` is neither true nor false"
            ))),
        },
        ParamType::Duration => parse_duration(text).map(|_| text.to_owned().into()),
        ParamType::Size => {
            let bytes = parse_size(text)?;
            i64::try_from(bytes)
                .map(Into::into)
                .map_err(|e| Error::invalid("too large").because(e))
        }
        ParamType::OneOf if !param.choices.is_empty() => one_of(param, text),
        _ => Ok(text.to_owned().into()),
    }
}

fn one_of(param: &Param, text: &str) -> Result<Dynamic> {
    if param.choices.iter().any(|choice| choice == text) {
        return Ok(text.to_owned().into());
    }
    let all = param.choices.join(", ");
    let hint = match did_you_mean(text, param.choices.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? it is one of {all}"),
        None => format!("it is one of {all}"),
    };
    Err(Error::invalid(format!("`{text}` is not possible")).hint(hint))
}

fn is_texts(value: &Dynamic) -> bool {
    value
        .read_lock::<Array>()
        .is_some_and(|items| items.iter().all(Dynamic::is_string))
}

/// A value that a script or a declaration gives; texts are read as on the command line.
fn from_value(param: &Param, value: Dynamic) -> Result<Dynamic> {
    let wrong = |value: &Dynamic| {
        Err(Error::invalid(format!(
            "expected {}, got {}",
            param.ty,
            wording::plain(value.type_name())
        )))
    };
    match param.ty {
        _ if value.is_unit() && !param.required => Ok(value),
        ParamType::Bool if value.is_bool() => Ok(value),
        ParamType::Int | ParamType::Size | ParamType::Duration if value.is_int() => Ok(value),
        ParamType::Duration if value.is_float() => Ok(value),
        ParamType::List if is_texts(&value) => Ok(value),
        ParamType::List if value.is_array() => Err(Error::invalid(
            "expected list of strings, got something else in it",
        )),
        ParamType::Bool | ParamType::Int | ParamType::List => wrong(&value),
        _ => match value.clone().into_immutable_string() {
            Ok(text) => from_text(param, &text),
            Err(_) => wrong(&value),
        },
    }
}
