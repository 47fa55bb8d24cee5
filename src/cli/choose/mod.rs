//! `lexi` without a word, at a terminal: choose a task, answer what it needs to know, and it runs.

mod arguments;
mod picker;
mod screen;

use std::process::ExitCode;
use std::sync::Arc;

use picker::{Entry, Picked, Picker};
use screen::Screen;

use super::context::Context;
use super::{list, run, show};
use crate::base::output::Verbosity;
use crate::base::{Error, Result};
use crate::script::Catalog;
use crate::script::task::Task;

/// How a shell reports a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Lets somebody choose where a person can be asked, and lists the tasks everywhere else.
pub(super) fn run(ctx: &Context) -> Result<ExitCode> {
    let out = ctx.output();
    let is_plain = out.is_json() || out.is_log_json() || out.verbosity() < Verbosity::Normal;
    if is_plain || !out.can_ask() || !Screen::is_possible() {
        return list::run(&super::args::List::default(), ctx);
    }
    let catalog = Arc::new(Catalog::load(ctx.project()?)?);
    let tasks: Vec<&Task> = catalog.tasks().filter(|task| !task.hidden).collect();
    if tasks.is_empty() {
        return list::run(&super::args::List::default(), ctx);
    }
    let Some((task, wants_options)) = choose(&tasks, ctx)? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    let Some(words) = arguments::words(&catalog, task, wants_options, ctx)? else {
        return Ok(ExitCode::from(INTERRUPTED));
    };
    out.say(&format!(
        "lexi run {}",
        arguments::typed(&task.name, &words)
    ));
    run::run(&task.name, &words, ctx)
}

/// The task that was chosen, and whether its options are to be asked too; none when nothing was.
fn choose<'t>(tasks: &[&'t Task], ctx: &Context) -> Result<Option<(&'t Task, bool)>> {
    let entries = tasks.iter().map(|task| Entry {
        name: task.name.clone(),
        about: task.about.clone(),
        words: task.aliases.join(" "),
    });
    let preview = |at: usize| show::text(tasks[at], ctx);
    let keys = "enter runs it · tab asks for options first · esc quits";
    let picked = pick(Picker::new(entries.collect()), keys, &preview, ctx)?;
    Ok(picked.map(|picked| match picked {
        Picked::Plain(at) => (tasks[at], false),
        Picked::More(at) => (tasks[at], true),
    }))
}

/// Draws, reads keys and draws again until something is chosen or given up.
fn pick(
    mut picker: Picker,
    keys: &str,
    preview: &dyn Fn(usize) -> String,
    ctx: &Context,
) -> Result<Option<Picked>> {
    let io = |e| Error::io("cannot use the terminal", e);
    let mut screen = Screen::open(ctx.output()).map_err(io)?;
    loop {
        let below = picker.selected().map(preview).unwrap_or_default();
        screen.draw(&picker, keys, &below).map_err(io)?;
        let Some(step) = picker.press(&screen.key().map_err(io)?) else {
            continue;
        };
        return Ok(step.picked());
    }
}
