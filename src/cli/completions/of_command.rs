//! What can stand behind the words of a command, as the command line itself is declared.

use clap::{Arg, Command, CommandFactory};

use super::{Candidates, of_task, plain};
use crate::base::Result;
use crate::cli::args::Args;
use crate::cli::context::Context;
use crate::cli::templates::KINDS;
use crate::ops::history::{Filter, History};
use crate::script::Catalog;

/// The commands whose words are a task and its arguments.
const OF_TASKS: [&str; 3] = ["run", "watch", "explain"];

/// How many runs are offered, the newest.
const RUNS: usize = 30;

/// Follows the words that were typed to the command they lead to, and answers for what comes next.
pub(super) fn candidates(before: &[String], last: &str, ctx: &Context) -> Result<Candidates> {
    let root = Args::command();
    let mut at = &root;
    let (mut given, mut waiting): (usize, Option<&Arg>) = (0, None);
    for (index, word) in before.iter().enumerate() {
        if waiting.take().is_some() {
            continue;
        }
        if word.starts_with('-') {
            waiting = flag(at, &root, word).filter(|arg| takes_word(arg));
        } else if let Some(found) = command(at, word) {
            (at, given) = (found, 0);
        } else if is_root(at) || OF_TASKS.contains(&at.get_name()) {
            return of_task::candidates(word, &before[index + 1..], last, ctx);
        } else {
            given += 1;
        }
    }
    if let Some(arg) = waiting {
        return Ok(values(at, arg, &root, ctx));
    }
    let flags = || flags(at).chain(flags(&root).filter(|_| !is_root(at)));
    if last.starts_with('-') {
        return Ok(flags().collect());
    }
    if OF_TASKS.contains(&at.get_name()) {
        return Ok(tasks(ctx));
    }
    if is_root(at) {
        return Ok([commands(&root), tasks(ctx), flags().collect()].concat());
    }
    let mut found = commands(at);
    let is_list = |arg: &&Arg| arg.get_num_args().is_some_and(|n| n.max_values() > 1);
    let places = || at.get_positionals();
    if let Some(arg) = places().nth(given).or(places().last().filter(is_list)) {
        found.extend(values(at, arg, &root, ctx));
    }
    Ok(found)
}

fn is_root(command: &Command) -> bool {
    command.get_name() == "lexi"
}

/// The command below another that a word names.
fn command<'c>(at: &'c Command, word: &str) -> Option<&'c Command> {
    at.find_subcommand(word)
        .filter(|found| !found.is_hide_set())
}

/// A flag of a command, or a global one.
fn flag<'c>(at: &'c Command, root: &'c Command, word: &str) -> Option<&'c Arg> {
    let is_meant = |arg: &&Arg| {
        let long = arg.get_long().map(|long| format!("--{long}"));
        let short = arg.get_short().map(|letter| format!("-{letter}"));
        long.as_deref() == Some(word) || short.as_deref() == Some(word)
    };
    let own = at.get_arguments().find(is_meant);
    own.or_else(|| root.get_arguments().find(is_meant))
}

/// Whether the next word is the flag's value.
fn takes_word(arg: &Arg) -> bool {
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

/// Whether a word is a global flag whose value is the next word.
pub(super) fn is_global_with_value(word: &str) -> bool {
    let root = Args::command();
    flag(&root, &root, word).is_some_and(takes_word)
}

/// The values of a global flag; none when the word is no such flag.
pub(super) fn global_values(word: &str, ctx: &Context) -> Option<Candidates> {
    let root = Args::command();
    let arg = flag(&root, &root, word).filter(|arg| takes_word(arg))?;
    Some(values(&root, arg, &root, ctx))
}

/// What an argument of a command may be, as far as it is known.
fn values(of: &Command, arg: &Arg, root: &Command, ctx: &Context) -> Candidates {
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        let about = |help: Option<&clap::builder::StyledStr>| help.map(ToString::to_string);
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        return shown
            .map(|value| {
                let name = value.get_name().to_owned();
                (name, about(value.get_help()).unwrap_or_default())
            })
            .collect();
    }
    match (of.get_name(), arg.get_id().as_str()) {
        ("lexi", "profile") => ["dev", "prod", "test"].map(plain).into(),
        ("lexi", "driver") => ["auto", "native", "docker"].map(plain).into(),
        // The name of a task that is not there yet.
        ("new", "task") => Vec::new(),
        ("new", "kind") => KINDS
            .map(|kind| (kind.name.to_owned(), kind.about.to_owned()))
            .into(),
        (_, "task") => tasks(ctx),
        (_, "run") => runs(ctx),
        ("env", "name") => settings(ctx),
        ("help", "name") => [commands(root), tasks(ctx)].concat(),
        _ => Vec::new(),
    }
}

fn settings(ctx: &Context) -> Candidates {
    let settings = ctx.project().and_then(|project| ctx.settings(&project));
    settings.map_or_else(
        |_unreadable| Vec::new(),
        |settings| settings.iter().map(|(name, _)| plain(name)).collect(),
    )
}

fn commands(command: &Command) -> Candidates {
    let shown = command.get_subcommands().filter(|c| !c.is_hide_set());
    let about = |c: &Command| c.get_about().map(ToString::to_string).unwrap_or_default();
    shown.map(|c| (c.get_name().to_owned(), about(c))).collect()
}

/// The tasks, each with what it does.
fn tasks(ctx: &Context) -> Candidates {
    let Ok(catalog) = ctx.project().and_then(Catalog::load) else {
        return Vec::new();
    };
    let shown = catalog.tasks().filter(|task| !task.hidden);
    shown
        .map(|task| (task.name.clone(), task.about.clone()))
        .collect()
}

/// The newest runs, each with its task and how long ago it was.
fn runs(ctx: &Context) -> Candidates {
    let Ok(project) = ctx.project() else {
        return Vec::new();
    };
    let filter = Filter {
        limit: Some(RUNS),
        ..Filter::default()
    };
    let runs = History::of(&project.state())
        .runs(&filter)
        .unwrap_or_default();
    let named = runs
        .into_iter()
        .map(|run| (run.started.id, run.started.task));
    std::iter::once(plain("last")).chain(named).collect()
}

/// The flags of a command.
pub(super) fn flags(command: &Command) -> impl Iterator<Item = (String, String)> + '_ {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    shown.filter_map(|arg| {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        Some((format!("--{}", arg.get_long()?), help))
    })
}
