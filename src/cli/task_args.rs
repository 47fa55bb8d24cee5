//! The command line of one task, made from its declaration; clap gives it help, errors and nearest names.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Args as _, Command, FromArgMatches};
use serde_json::Value;

use super::args::Global;
use crate::script::bind::Typed;
use crate::script::task::{Param, ParamKind, ParamType, Task};

/// The clap command of a task.
pub(super) fn command(task: &Task) -> Command {
    let mut command = Command::new(format!("lexi run {}", task.name))
        .disable_version_flag(true)
        .no_binary_name(true)
        .args(task.params.iter().map(arg));
    command = command.after_help(after_help(task));
    let own = task.params.len();
    let mut at = 0;
    Global::augment_args(command)
        .about(task.about.clone())
        .mut_args(|arg| {
            at += 1;
            // `lexi help` explains the global options; here they would bury the task's own.
            if at > own { arg.hide(true) } else { arg }
        })
}

/// Reads the words after the task's name: the task's arguments, and global options among them.
pub(super) fn parse(task: &Task, words: &[String]) -> Result<(Typed, Global), clap::Error> {
    let matches = command(task).try_get_matches_from(words)?;
    let mut typed = BTreeMap::new();
    for param in &task.params {
        let given =
            matches.value_source(&param.name) == Some(clap::parser::ValueSource::CommandLine);
        if !given {
            continue;
        }
        let texts = match param.kind {
            ParamKind::Flag => vec![matches.get_flag(&param.name).to_string()],
            _ => matches
                .get_many::<String>(&param.name)
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
        };
        typed.insert(param.name.clone(), texts);
    }
    Ok((typed, Global::from_arg_matches(&matches)?))
}

fn arg(param: &Param) -> Arg {
    let mut arg = Arg::new(param.name.clone()).help(help(param));
    if param.kind != ParamKind::Positional {
        arg = arg.long(param.flag_name());
        if let Some(short) = param.short {
            arg = arg.short(short);
        }
    }
    match (param.kind, param.ty) {
        (ParamKind::Flag, _) => return arg.action(ArgAction::SetTrue),
        (ParamKind::Positional, ParamType::List) => {
            arg = arg.num_args(0..).action(ArgAction::Append);
        }
        (ParamKind::Option, ParamType::List) => {
            arg = arg.action(ArgAction::Append).value_delimiter(',');
        }
        _ => {}
    }
    if param.ty == ParamType::Int {
        arg = arg.allow_negative_numbers(true);
    }
    // Whether a value is missing is told after the settings were looked at.
    arg.value_name(param.value_name()).required(false)
}

fn help(param: &Param) -> String {
    let mut parts = vec![param.about.clone()];
    if !param.choices.is_empty() {
        parts.push(format!("[one of: {}]", param.choices.join(", ")));
    }
    if let Some(env) = &param.env {
        parts.push(format!("[setting: {env}]"));
    }
    match &param.value {
        Some(Value::Null) | None if param.required => parts.push("[required]".to_owned()),
        Some(Value::Null | Value::Bool(false)) | None => {}
        Some(Value::String(text)) => parts.push(format!("[default: {text}]")),
        Some(value) => parts.push(format!("[default: {value}]")),
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

fn after_help(task: &Task) -> String {
    let mut lines = vec!["Global options, such as --profile and --yes: see `lexi help`".to_owned()];
    if !task.aliases.is_empty() {
        lines.push(format!("Aliases: {}", task.aliases.join(", ")));
    }
    if !task.needs.is_empty() {
        let names: Vec<&str> = task.needs.iter().map(|(name, _)| name.as_str()).collect();
        lines.push(format!("Runs first: {}", names.join(", ")));
    }
    if task.destructive {
        lines.push(
            "Destroys data: asks for the database's name, or takes it as `--confirm NAME`.".into(),
        );
    }
    lines.join("\n")
}
