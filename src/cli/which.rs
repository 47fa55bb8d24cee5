//! `lexi which TASK`: where a task is declared, whose it is, and what has the same name.

use std::process::ExitCode;

use clap::CommandFactory;
use serde_json::{Value, json};

use super::args::{self, Args};
use super::context::Context;
use crate::base::{Project, Result};
use crate::script::Catalog;
use crate::script::diagnostic::Place;
use crate::script::task::Task;

/// What a name means.
struct Found<'c> {
    task: Option<&'c Task>,
    /// The user's own tasks of that name, behind the project's.
    shadows: Vec<&'c Task>,
    is_command: bool,
}

/// Says where a task is declared.
pub(super) fn run(args: &args::Which, ctx: &Context) -> Result<ExitCode> {
    let name = args.task.as_str();
    let is_command = is_command(name);
    let catalog = ctx.project().and_then(Catalog::load);
    if let (true, Err(_no_project)) = (is_command, &catalog) {
        show_command(name, ctx);
        return Ok(ExitCode::SUCCESS);
    }
    let catalog = catalog?;
    let task = match catalog.find(name) {
        Ok(task) => Some(task),
        Err(_no_task) if is_command => None,
        Err(error) => return Err(error),
    };
    let is_other = |other: &&Task| {
        let is_meant = other.name == name || other.aliases.iter().any(|alias| alias == name);
        is_meant && task.is_some_and(|task| !std::ptr::eq(task, *other))
    };
    let found = Found {
        task,
        shadows: catalog.all_tasks().filter(is_other).collect(),
        is_command,
    };
    match (task, ctx.output().is_json()) {
        (_, true) => {
            let json = json(name, &found, catalog.project());
            ctx.output().data(&json.to_string());
        }
        (Some(task), _) => show(name, task, &found, catalog.project(), ctx),
        (None, _) => show_command(name, ctx),
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether `lexi` itself has a command of this name.
fn is_command(name: &str) -> bool {
    let commands = Args::command();
    let mut all = commands.get_subcommands().filter(|c| !c.is_hide_set());
    all.any(|c| c.get_name() == name || c.get_all_aliases().any(|alias| alias == name))
}

fn show_command(name: &str, ctx: &Context) {
    let out = ctx.output();
    if out.is_json() {
        out.data(&json!({ "name": name, "is": "command" }).to_string());
    } else {
        out.data(&format!("built-in command `lexi {name}`"));
    }
}

/// The place as an editor takes it, from whichever folder.
fn location(project: &Project, place: &Place) -> String {
    format!("{}:{}", project.path(&place.file).display(), place.line)
}

fn show(name: &str, task: &Task, found: &Found<'_>, project: &Project, ctx: &Context) {
    let out = ctx.output();
    out.data(&location(project, &task.place));
    let whose = if task.user_wide {
        "user-wide"
    } else {
        "project's"
    };
    if task.name == name {
        out.say(&format!("the {whose} task `{name}`"));
    } else {
        out.say(&format!("an alias of the {whose} task `{}`", task.name));
    }
    for other in &found.shadows {
        let place = location(project, &other.place);
        out.say(&format!("hides the user-wide task at {place}"));
    }
    if found.is_command {
        out.say(&format!(
            "`lexi {name}` is a command: the task runs as `lexi run {name}`"
        ));
    }
}

fn json(name: &str, found: &Found<'_>, project: &Project) -> Value {
    let Some(task) = found.task else {
        return json!({ "name": name, "is": "command" });
    };
    let shadows = found.shadows.iter();
    let shadows = shadows.map(|other| location(project, &other.place));
    json!({
        "name": name,
        "is": if task.user_wide { "user-wide" } else { "project" },
        "task": task.name,
        "path": project.path(&task.place.file).display().to_string(),
        "line": task.place.line,
        "column": task.place.column,
        "hides": shadows.collect::<Vec<_>>(),
        "only_with_run": found.is_command,
    })
}
