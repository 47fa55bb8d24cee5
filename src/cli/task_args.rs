//! The command line of one task, made from its declaration; clap gives it help, errors and nearest names.

use std::collections::BTreeMap;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args as _, Command, FromArgMatches};
use serde_json::Value;

use super::args::Global;
use crate::script::bind::Typed;
use crate::script::task::{Param, ParamKind, ParamType, Task};

/// The clap command of a task.
pub(super) fn command(task: &Task) -> Command {
    let mut command = Command::new(format!("lexi run {}", task.name))
        .disable_version_flag(true)
        .no_binary_name(true)
        .override_usage(format!("lexi run {}", task.usage()))
        .args(task.params.iter().flat_map(args));
    command = command.after_help(after_help(task));
    let own = command.get_arguments().count();
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
        if let Some(texts) = given(param, &matches) {
            typed.insert(param.name.clone(), texts);
        }
    }
    Ok((typed, Global::from_arg_matches(&matches)?))
}

/// What was typed for a parameter, if anything was.
fn given(param: &Param, matches: &ArgMatches) -> Option<Vec<String>> {
    let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let id = id(param);
    if param.is_on() && typed(&off_id(param)) {
        return Some(vec!["false".to_owned()]);
    }
    if !typed(&id) {
        return None;
    }
    if param.kind == ParamKind::Flag {
        return Some(vec!["true".to_owned()]);
    }
    let texts = matches.get_many::<String>(&id).into_iter().flatten();
    Some(texts.cloned().collect())
}

/// A task's parameters have names of their own beside those of the global options.
fn id(param: &Param) -> String {
    format!("task.{}", param.name)
}

fn off_id(param: &Param) -> String {
    format!("task.no.{}", param.name)
}

/// A parameter's arguments: one, and for a flag that is on by default the one that switches it off.
fn args(param: &Param) -> Vec<Arg> {
    let own = arg(param);
    if !param.is_on() {
        return vec![own];
    }
    let off = Arg::new(off_id(param))
        .long(format!("no-{}", param.flag_name()))
        .help(format!("Switch off: {}", help(param)))
        .action(ArgAction::SetTrue)
        .overrides_with(id(param));
    vec![own.hide(true).overrides_with(off_id(param)), off]
}

fn arg(param: &Param) -> Arg {
    let mut arg = Arg::new(id(param)).help(help(param));
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
        Some(Value::Null | Value::Bool(_)) | None => {}
        Some(Value::String(text)) => parts.push(format!("[default: {text}]")),
        Some(value) => parts.push(format!("[default: {value}]")),
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

fn after_help(task: &Task) -> String {
    let mut lines = Vec::new();
    if !task.examples.is_empty() {
        lines.push(format!("Examples:\n  {}\n", task.examples.join("\n  ")));
    }
    lines.push("Global options, such as --profile and --yes: see `lexi help`".to_owned());
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use clap::Parser;

    use super::*;
    use crate::base::Project;
    use crate::cli::args::{Args, Command, RunWords};
    use crate::script::Catalog;

    /// The words of a line, which has at most one in quotes.
    fn words(line: &str) -> Vec<String> {
        let parts = line.split('\'').enumerate();
        let words = parts.flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        });
        words.collect()
    }

    #[test]
    fn each_example_of_the_shipped_tasks_is_one_that_can_be_typed() {
        let project = Project::open(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let catalog = Catalog::load(Arc::new(project)).unwrap();
        let mut count = 0;
        for task in catalog.tasks() {
            for example in &task.examples {
                let Ok(Args {
                    command: Some(Command::Run(run)),
                    ..
                }) = Args::try_parse_from(words(example))
                else {
                    panic!("{example}");
                };
                let Some(RunWords::Task(typed)) = run.words else {
                    panic!("{example}");
                };
                assert_eq!(typed[0], task.name, "{example}");
                let parsed = parse(task, &typed[1..]);
                assert!(parsed.is_ok(), "{example}: {:?}", parsed.err());
                count += 1;
            }
        }
        assert!(count > 50);
    }
}
