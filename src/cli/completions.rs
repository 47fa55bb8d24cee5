//! Shell completions: the shell's script asks `lexi __complete` about tasks, their flags and their values.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::{self, Args};
use super::context::Context;
use crate::base::{Error, Result};
use crate::host::Host;
use crate::runtime::Runtime;
use crate::script::task::{Param, ParamKind, Task};
use crate::script::{Catalog, Session};

const BASH: &str = r#"_lexi() {
    local IFS=$'\n'
    COMPREPLY=($(lexi __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
    [[ ${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
}
complete -F _lexi lexi
"#;

const ZSH: &str = r#"#compdef lexi
_lexi() {
    local -a found
    found=(${(f)"$(lexi __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null | sed 's/:/\\:/g; s/\t/:/')"})
    if (( ${#found} )); then _describe 'lexi' found; else _files; fi
}
compdef _lexi lexi
"#;

const FISH: &str = r"complete -c lexi -e
complete -c lexi -a '(lexi __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
";

/// Prints the script of a shell.
pub(super) fn run(args: &args::Completions) -> Result<ExitCode> {
    use std::io::Write;
    let mut script = Vec::new();
    match args.shell {
        Shell::Bash => script.extend(BASH.bytes()),
        Shell::Zsh => script.extend(ZSH.bytes()),
        Shell::Fish => script.extend(FISH.bytes()),
        other => clap_complete::generate(other, &mut Args::command(), "lexi", &mut script),
    }
    std::io::stdout()
        .write_all(&script)
        .map_err(|e| Error::io("cannot write the completion script", e))?;
    Ok(ExitCode::SUCCESS)
}

/// Answers with one candidate a line, its explanation behind a tab.
pub(super) fn complete(args: &args::Complete, ctx: &Context) -> Result<ExitCode> {
    let (last, before) = args
        .words
        .split_last()
        .map_or(("", &[][..]), |(l, b)| (l.as_str(), b));
    let command = Args::command();
    let words: Vec<&str> = before
        .iter()
        .map(String::as_str)
        .filter(|w| !w.starts_with('-'))
        .collect();
    let found = match words.as_slice() {
        [] => top(&command, ctx),
        ["run" | "show" | "help"] => tasks(ctx),
        ["run", task, given @ ..] => of_task(task, given, before, last, ctx)?,
        [word, ..] if command.find_subcommand(word).is_some() => Vec::new(),
        [task, given @ ..] => of_task(task, given, before, last, ctx)?,
    };
    for (name, about) in found.iter().filter(|(name, _)| name.starts_with(last)) {
        ctx.output().data(&format!("{name}\t{about}"));
    }
    Ok(ExitCode::SUCCESS)
}

type Candidates = Vec<(String, String)>;

fn top(command: &clap::Command, ctx: &Context) -> Candidates {
    let commands = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let about = |command: &clap::Command| {
        command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    let mut found: Candidates = commands
        .map(|c| (c.get_name().to_owned(), about(c)))
        .collect();
    found.extend(tasks(ctx));
    found.extend(global_flags(command));
    found
}

fn tasks(ctx: &Context) -> Candidates {
    let Ok(catalog) = ctx.project().and_then(Catalog::load) else {
        return Vec::new();
    };
    let shown = catalog.tasks().filter(|task| !task.hidden);
    shown
        .map(|task| (task.name.clone(), task.about.clone()))
        .collect()
}

fn global_flags(command: &clap::Command) -> Candidates {
    let flags = command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_long()?, arg.get_help())));
    flags
        .map(|(flag, help)| {
            (
                format!("--{flag}"),
                help.map(ToString::to_string).unwrap_or_default(),
            )
        })
        .collect()
}

fn of_task(
    name: &str,
    given: &[&str],
    before: &[String],
    last: &str,
    ctx: &Context,
) -> Result<Candidates> {
    let catalog = Catalog::load(ctx.project()?)?;
    let task = catalog.find(name)?.clone();
    let flag = before.last().and_then(|word| word.strip_prefix("--"));
    let of_flag = flag.and_then(|flag| {
        task.params
            .iter()
            .find(|p| p.kind == ParamKind::Option && p.flag_name() == flag)
    });
    if let Some(param) = of_flag {
        return values(catalog, &task, param, ctx);
    }
    if last.starts_with('-') {
        let own = task
            .params
            .iter()
            .filter(|param| param.kind != ParamKind::Positional);
        let mut found: Candidates = own
            .map(|p| (format!("--{}", p.flag_name()), p.about.clone()))
            .collect();
        found.extend(global_flags(&Args::command()));
        return Ok(found);
    }
    let positional = task
        .params
        .iter()
        .filter(|p| p.kind == ParamKind::Positional)
        .nth(given.len())
        .cloned();
    positional.map_or_else(
        || Ok(Vec::new()),
        |param| values(catalog, &task, &param, ctx),
    )
}

fn values(catalog: Catalog, task: &Task, param: &Param, ctx: &Context) -> Result<Candidates> {
    let about = |value: String| (value, String::new());
    if !param.dynamic_choices {
        return Ok(param.choices.iter().cloned().map(about).collect());
    }
    let project = ctx.project()?;
    let settings = ctx.settings(&project)?.into();
    let runtime = std::sync::Arc::new(Runtime::default());
    let host = Host::new(
        project,
        settings,
        ctx.output().clone(),
        runtime,
        ctx.flags(),
    );
    let session = Session::start(host, catalog.into());
    Ok(session
        .choices(task, &param.name)
        .unwrap_or_default()
        .into_iter()
        .map(about)
        .collect())
}
