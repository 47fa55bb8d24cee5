//! What can stand behind a task's name: its flags, and the values of its parameters.

use std::sync::Arc;

use clap::CommandFactory;

use super::of_command::{self, global_values, is_global_with_value};
use super::{Candidates, plain};
use crate::base::Result;
use crate::cli::args::Args;
use crate::cli::choices;
use crate::cli::context::Context;
use crate::script::Catalog;
use crate::script::task::{Param, ParamKind, ParamType, Task};

/// Answers for the word behind those that follow the task's name.
pub(super) fn candidates(
    name: &str,
    words: &[String],
    last: &str,
    ctx: &Context,
) -> Result<Candidates> {
    let catalog = Arc::new(Catalog::load(ctx.project()?)?);
    let Ok(task) = catalog.find(name) else {
        return Ok(Vec::new());
    };
    let has_ended = words.iter().any(|word| word == "--");
    if let Some(flag) = words.last().filter(|_| !has_ended) {
        if let Some(param) = option(task, flag) {
            return values(&catalog, task, param, ctx);
        }
        if let Some(found) = global_values(flag, ctx) {
            return Ok(found);
        }
    }
    if last.starts_with('-') && !has_ended {
        return Ok(flags(task));
    }
    let is_place = |param: &&Param| param.kind == ParamKind::Positional;
    let mut places = task.params.iter().filter(is_place);
    let is_list = |param: &&Param| param.ty == ParamType::List;
    let takes_rest = places.clone().next_back().filter(is_list);
    match places.nth(given(task, words)).or(takes_rest) {
        Some(param) => values(&catalog, task, param, ctx),
        None => Ok(Vec::new()),
    }
}

/// The parameter whose value follows this word.
fn option<'t>(task: &'t Task, word: &str) -> Option<&'t Param> {
    let is_meant = |param: &&Param| {
        let short = param.short.map(|letter| format!("-{letter}"));
        param.kind == ParamKind::Option
            && (word == format!("--{}", param.flag_name()) || short.as_deref() == Some(word))
    };
    task.params.iter().find(is_meant)
}

/// How many positional arguments there are among the words.
fn given(task: &Task, words: &[String]) -> usize {
    let (mut count, mut is_value, mut only_words) = (0, false, false);
    for word in words {
        if only_words || (!is_value && !word.starts_with('-')) {
            count += 1;
        } else if word == "--" {
            only_words = true;
        } else {
            is_value = !is_value && (option(task, word).is_some() || is_global_with_value(word));
        }
    }
    count
}

fn flags(task: &Task) -> Candidates {
    let own = task
        .params
        .iter()
        .filter(|param| param.kind != ParamKind::Positional);
    let no = |param: &Param| if param.is_on() { "no-" } else { "" };
    own.map(|p| (format!("--{}{}", no(p), p.flag_name()), p.about.clone()))
        .chain(of_command::flags(&Args::command()))
        .collect()
}

fn values(catalog: &Arc<Catalog>, task: &Task, param: &Param, ctx: &Context) -> Result<Candidates> {
    let found = choices::of(catalog, task, param, ctx)?;
    Ok(found.into_iter().map(plain).collect())
}
