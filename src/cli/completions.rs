//! Shell completions: the shell's script asks `lexi __complete` about tasks, their flags and their values.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::{self, Args};
use super::context::Context;
use crate::base::{Error, Result};
use crate::host::Host;
use crate::runtime::Runtime;
use crate::script::task::{Param, ParamKind, ParamType, Task};
use crate::script::{Catalog, Session};

/// Bash splits words at `=` and `:`; they are put together again, and what was typed before them is left out of the answer.
const BASH: &str = r#"_lexi() {
    local IFS=$'\n' word reply last=-1 i
    local -a words=()
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((last >= 0)) && [[ $word == [=:]* || ${words[last]} == *[=:] ]]; then
            words[last]+=$word
        else
            words[++last]=$word
        fi
    done
    local current=${words[last]}
    local before=${current%"${current##*[=:]}"}
    COMPREPLY=()
    for reply in $(lexi __complete -- "${words[@]}" 2>/dev/null | cut -f1); do
        COMPREPLY+=("$(printf '%q' "${reply#"$before"}")")
    done
    [[ ${#COMPREPLY[@]} -eq 0 ]] && compopt -o default 2>/dev/null
    return 0
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

type Candidates = Vec<(String, String)>;

/// Answers with one candidate a line, its explanation behind a tab.
pub(super) fn complete(args: &args::Complete, ctx: &Context) -> Result<ExitCode> {
    let (last, before) = args
        .words
        .split_last()
        .map_or(("", &[][..]), |(l, b)| (l.as_str(), b));
    let found = candidates(before, last, ctx)?;
    for (name, about) in found.iter().filter(|(name, _)| name.starts_with(last)) {
        ctx.output().data(&format!("{name}\t{about}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn candidates(before: &[String], last: &str, ctx: &Context) -> Result<Candidates> {
    // `--flag=val` is answered like `--flag val`.
    if let Some((flag, _)) = last
        .split_once('=')
        .filter(|(flag, _)| flag.starts_with("--"))
    {
        let words = [before, &[flag.to_owned()]].concat();
        let values = candidates(&words, "", ctx)?.into_iter();
        return Ok(values
            .map(|(value, about)| (format!("{flag}={value}"), about))
            .collect());
    }
    let command = Args::command();
    if let Some(values) = before.last().and_then(|flag| global_values(&command, flag)) {
        return Ok(values);
    }
    let words = positionals(before, &[]);
    match words.as_slice() {
        [] => Ok(top(&command, ctx)),
        ["run" | "r", rest @ ..] => match rest {
            [] => Ok(tasks(ctx)),
            [task, ..] => of_task(task, before, last, ctx),
        },
        ["show"] => Ok(tasks(ctx)),
        ["help"] => Ok([commands(&command), tasks(ctx)].concat()),
        ["completions"] => Ok(["bash", "zsh", "fish", "elvish", "powershell"]
            .map(plain)
            .into()),
        ["env"] => Ok(settings(ctx)),
        [word, ..] if command.find_subcommand(word).is_some() => {
            let own = command.find_subcommand(word);
            Ok(own.map(global_flags).unwrap_or_default())
        }
        [task, ..] => of_task(task, before, last, ctx),
    }
}

fn plain(value: &str) -> (String, String) {
    (value.to_owned(), String::new())
}

/// The words that are no flags and no values of flags.
fn positionals<'w>(words: &'w [String], own: &[Param]) -> Vec<&'w str> {
    let command = Args::command();
    let (mut found, mut is_value, mut only_words) = (Vec::new(), false, false);
    for word in words {
        if only_words || (!is_value && !word.starts_with('-')) {
            found.push(word.as_str());
        } else if word == "--" {
            only_words = true;
        } else {
            is_value = !is_value && takes_value(&command, own, word);
        }
    }
    found
}

/// Whether the word after this flag belongs to it.
fn takes_value(command: &clap::Command, own: &[Param], word: &str) -> bool {
    let is_own = |param: &Param| {
        let short = param.short.map(|letter| format!("-{letter}"));
        word == format!("--{}", param.flag_name()) || short.as_deref() == Some(word)
    };
    let of_task = own.iter().find(|param| is_own(param));
    let mut global = command.get_arguments();
    match of_task {
        Some(param) => param.kind == ParamKind::Option,
        None => global.any(|arg| {
            let long = arg.get_long().map(|long| format!("--{long}"));
            long.as_deref() == Some(word) && arg.get_action().takes_values()
        }),
    }
}

/// The values of a global flag; none when the word is no such flag.
fn global_values(command: &clap::Command, word: &str) -> Option<Candidates> {
    let flag = word.strip_prefix("--").filter(|flag| !flag.is_empty())?;
    let mut args = command.get_arguments();
    let arg = args.find(|arg| arg.get_long() == Some(flag) && arg.get_action().takes_values())?;
    Some(match flag {
        "profile" => ["dev", "prod", "test"].map(plain).into(),
        "driver" => ["auto", "native", "docker"].map(plain).into(),
        _ => {
            let values = arg.get_possible_values().into_iter();
            values.map(|value| plain(value.get_name())).collect()
        }
    })
}

fn settings(ctx: &Context) -> Candidates {
    let settings = ctx.project().and_then(|project| ctx.settings(&project));
    settings.map_or_else(
        |_unreadable| Vec::new(),
        |settings| settings.iter().map(|(name, _)| plain(name)).collect(),
    )
}

fn commands(command: &clap::Command) -> Candidates {
    let shown = command.get_subcommands().filter(|c| !c.is_hide_set());
    let about = |c: &clap::Command| c.get_about().map(ToString::to_string).unwrap_or_default();
    shown.map(|c| (c.get_name().to_owned(), about(c))).collect()
}

fn top(command: &clap::Command, ctx: &Context) -> Candidates {
    [commands(command), tasks(ctx), global_flags(command)].concat()
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

fn of_task(name: &str, before: &[String], last: &str, ctx: &Context) -> Result<Candidates> {
    let catalog = Catalog::load(ctx.project()?)?;
    let Ok(task) = catalog.find(name).cloned() else {
        return Ok(Vec::new());
    };
    let ended = before.iter().any(|word| word == "--");
    let is_own = |param: &&Param| {
        let short = param.short.map(|letter| format!("-{letter}"));
        param.kind == ParamKind::Option
            && before.last().is_some_and(|word| {
                *word == format!("--{}", param.flag_name()) || short.as_ref() == Some(word)
            })
    };
    if let Some(param) = task.params.iter().find(is_own).filter(|_| !ended) {
        return values(catalog, &task, param, ctx);
    }
    if last.starts_with('-') && !ended {
        let own = task
            .params
            .iter()
            .filter(|param| param.kind != ParamKind::Positional);
        let no = |param: &Param| if param.is_on() { "no-" } else { "" };
        let mut found: Candidates = own
            .map(|p| (format!("--{}{}", no(p), p.flag_name()), p.about.clone()))
            .collect();
        found.extend(global_flags(&Args::command()));
        return Ok(found);
    }
    let words = positionals(before, &task.params);
    let is_run = matches!(words.first(), Some(&("run" | "r")));
    let given = words.len() - if is_run { 2 } else { 1 };
    let mut places = task
        .params
        .iter()
        .filter(|p| p.kind == ParamKind::Positional);
    let is_list = |param: &&Param| param.ty == ParamType::List;
    let takes_rest = places.clone().next_back().filter(is_list);
    match places.nth(given).or(takes_rest).cloned() {
        Some(param) => values(catalog, &task, &param, ctx),
        None => Ok(Vec::new()),
    }
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
