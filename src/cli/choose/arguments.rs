//! Asks for the arguments of a task that was chosen.

use std::sync::Arc;

use super::pick;
use super::picker::{Entry, Picked, Picker};
use crate::base::{Result, text};
use crate::cli::context::Context;
use crate::cli::{ask, choices};
use crate::script::Catalog;
use crate::script::task::{Param, ParamKind, ParamType, Task};

/// The words to run the task with, as they would be typed; none when it was given up.
pub(super) fn words(
    catalog: &Arc<Catalog>,
    task: &Task,
    wants_options: bool,
    ctx: &Context,
) -> Result<Option<Vec<String>>> {
    let (mut places, mut options) = (Vec::new(), Vec::new());
    let mut has_gap = false;
    for param in &task.params {
        // Behind a place that was left out, another one would be taken for it.
        let is_unreachable = has_gap && param.kind == ParamKind::Positional;
        if is_unreachable || (!param.required && !wants_options) {
            continue;
        }
        let Some(value) = value(catalog, task, param, ctx)? else {
            return Ok(None);
        };
        match (value, param.kind) {
            (value, kind) if value.is_empty() => has_gap |= kind == ParamKind::Positional,
            (value, ParamKind::Positional) => places.push(value),
            (value, ParamKind::Option) => options.push(format!("--{}={value}", param.flag_name())),
            (value, ParamKind::Flag) => options.push(value),
        }
    }
    let looks_like_flag = |word: &String| word.starts_with('-');
    let end = places.iter().any(looks_like_flag).then(|| "--".to_owned());
    Ok(Some(options.into_iter().chain(end).chain(places).collect()))
}

/// What was answered for a parameter: nothing leaves it out. None when it was given up.
fn value(
    catalog: &Arc<Catalog>,
    task: &Task,
    param: &Param,
    ctx: &Context,
) -> Result<Option<String>> {
    if param.kind == ParamKind::Flag {
        let no = if param.is_on() { "no-" } else { "" };
        let flag = format!("--{no}{}", param.flag_name());
        return choose(param, vec![flag], false, ctx);
    }
    let choices = choices::of(catalog, task, param, ctx)?;
    let is_open = choices.is_empty() || param.ty == ParamType::List;
    if !is_open {
        return choose(param, choices, param.required, ctx);
    }
    loop {
        let answer = line(param, ctx)?;
        if !(answer.is_empty() && param.required) {
            return Ok(Some(answer));
        }
        ctx.output().say(&format!("{} is needed", param.name));
    }
}

/// One of several, or nothing where that may be.
fn choose(
    param: &Param,
    choices: Vec<String>,
    is_needed: bool,
    ctx: &Context,
) -> Result<Option<String>> {
    let mut entries = Vec::new();
    if !is_needed {
        entries.push(Entry {
            name: "(leave it out)".to_owned(),
            about: default(param),
            ..Entry::default()
        });
    }
    let offset = entries.len();
    entries.extend(choices.iter().map(|choice| Entry {
        name: choice.clone(),
        ..Entry::default()
    }));
    let below = format!("{}  {}", param.name, param.about);
    let keys = "enter takes it · esc quits";
    let picked = pick(Picker::new(entries), keys, &|_| below.clone(), ctx)?;
    Ok(picked.map(|(Picked::Plain(at) | Picked::More(at))| {
        let chosen = at.checked_sub(offset).and_then(|at| choices.get(at));
        chosen.cloned().unwrap_or_default()
    }))
}

/// A line that is typed.
fn line(param: &Param, ctx: &Context) -> Result<String> {
    let default = default(param);
    let hint = if default.is_empty() {
        default
    } else {
        format!(" [{default}]")
    };
    let question = format!("{}: {}{hint}: ", param.name, param.about);
    ask::line(&question, ctx)
}

/// What holds when it is left out.
fn default(param: &Param) -> String {
    match (&param.value, &param.env) {
        (Some(serde_json::Value::String(text)), _) => text.clone(),
        (Some(serde_json::Value::Null | serde_json::Value::Array(_)) | None, Some(env)) => {
            env.clone()
        }
        (Some(serde_json::Value::Null | serde_json::Value::Array(_)) | None, None) => String::new(),
        (Some(value), _) => value.to_string(),
    }
}

/// A task and its words as they would be typed in a shell.
pub(super) fn typed(task: &str, words: &[String]) -> String {
    let words = words.iter().map(|word| text::shell_word(word));
    std::iter::once(task.to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}
