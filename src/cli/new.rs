//! `lexi new TASK`: writes a task of a kind, which runs as it is and shows what can be declared.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::process::ExitCode;
use std::sync::Arc;

use super::context::Context;
use super::templates::{self, KINDS, Kind};
use super::{args, ask};
use crate::base::text::did_you_mean;
use crate::base::{Error, Project, Result};
use crate::script::Catalog;
use crate::script::declaration::is_task_name;

/// The kinds, a line each, for the command's help.
pub(super) fn help() -> String {
    let line = |kind: &Kind| format!("  {:10} {}", kind.name, kind.about);
    let lines: Vec<String> = KINDS.iter().map(line).collect();
    format!("Kinds:\n{}", lines.join("\n"))
}

/// Writes the task, to a file of its own or to the end of a file that is there.
pub(super) fn run(args: &args::New, ctx: &Context) -> Result<ExitCode> {
    let kind = args.kind.as_deref().map(kind_of).transpose()?;
    let project = if args.user {
        user_project(ctx)?
    } else {
        ctx.own_project()?
    };
    let catalog = Catalog::load(project.clone())?;
    let name = name(args, ctx)?;
    refuse_taken(&name, &catalog)?;
    let kind = match kind {
        Some(kind) => kind,
        None if args.task.is_some() => KINDS[0],
        None => asked_kind(ctx)?,
    };
    let file = file(args, &name)?;
    let path = project.tasks().join(format!("{file}.rhai"));
    let shown = if args.user {
        path.display().to_string()
    } else {
        project.display(&path)
    };
    let task = templates::task(kind.name, &name)
        .ok_or_else(|| Error::internal(format!("no template of kind `{}`", kind.name)))?;
    let text = if path.exists() {
        format!("\n{task}")
    } else {
        format!("//! {}\n\n{task}", title(&file))
    };
    let run = format!("lexi run {name}{}", kind.try_with);
    if ctx.flags().dry_run {
        ctx.output().say(&format!("would write {shown}"));
        return Ok(ExitCode::SUCCESS);
    }
    let io = |e| Error::io(format!("cannot write `{shown}`"), e);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    let mut options = OpenOptions::new();
    if args.user {
        // What others could write would not be run.
        options.mode(0o600);
    }
    let mut written = options.append(true).create(true).open(&path).map_err(io)?;
    written.write_all(text.as_bytes()).map_err(io)?;
    ctx.output().say(&format!("wrote {shown}; run it: {run}"));
    Ok(ExitCode::SUCCESS)
}

/// The folder of the user's own tasks, made where it is not there.
fn user_project(ctx: &Context) -> Result<Arc<Project>> {
    let folder = ctx.user_folder().ok_or_else(|| {
        Error::usage("you have no folder for tasks of your own").hint("set HOME or XDG_CONFIG_HOME")
    })?;
    let tasks = folder.join("tasks");
    let io = |e| Error::io(format!("cannot make `{}`", tasks.display()), e);
    if !tasks.is_dir() {
        let mut builder = DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(&tasks)
            .map_err(io)?;
    }
    Ok(Arc::new(Project::of_user(&folder)?))
}

fn kind_of(name: &str) -> Result<Kind> {
    if let Some(kind) = KINDS.iter().find(|kind| kind.name == name) {
        return Ok(*kind);
    }
    let names = KINDS.map(|kind| kind.name);
    let near = did_you_mean(name, names).map(|near| format!("did you mean `{near}`? "));
    let hint = format!("{}there are {}", near.unwrap_or_default(), names.join(", "));
    Err(Error::usage(format!("no kind `{name}` of tasks")).hint(hint))
}

fn asked_kind(ctx: &Context) -> Result<Kind> {
    ctx.output().say(&help());
    let answer = ask::word("Which kind?", Some(KINDS[0].name), ctx)?;
    answer.map_or(Ok(KINDS[0]), |answer| kind_of(&answer))
}

/// The new task's name, asked for where it is missing.
fn name(args: &args::New, ctx: &Context) -> Result<String> {
    let name = match &args.task {
        Some(name) => Some(name.clone()),
        None => ask::word("What is the task called?", None, ctx)?,
    };
    let name = name.ok_or_else(|| {
        Error::usage("the new task has no name").hint("lexi new TASK --kind KIND")
    })?;
    if !is_task_name(&name) {
        return Err(Error::usage(format!("`{name}` is not a task name"))
            .hint("use lower-case letters, digits, `-` and `:`, starting with a letter"));
    }
    Ok(name)
}

fn refuse_taken(name: &str, catalog: &Catalog) -> Result<()> {
    match catalog.find(name) {
        Ok(task) => {
            let message = format!("there is a task `{}` at {}", task.name, task.place);
            Err(Error::usage(message).hint(format!("`lexi edit {name}` opens it")))
        }
        Err(_not_there) => Ok(()),
    }
}

/// The file below `tasks/` without its ending.
fn file(args: &args::New, name: &str) -> Result<String> {
    let file = args.file.clone().unwrap_or_else(|| name.replace(':', "-"));
    let file = file.strip_suffix(".rhai").unwrap_or(&file);
    let is_no_name = |part: &str| part.is_empty() || part.starts_with('.');
    if file.split('/').any(is_no_name) {
        return Err(Error::usage(format!("`{file}` is not a file below tasks/")));
    }
    if file.starts_with("lib/") {
        let message = format!("`tasks/{file}.rhai` is shared code, not tasks");
        return Err(Error::usage(message).hint("name a file outside of tasks/lib/"));
    }
    Ok(file.to_owned())
}

fn title(file: &str) -> String {
    let words = file
        .rsplit('/')
        .next()
        .unwrap_or(file)
        .replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|c| c.to_ascii_uppercase())
        .into_iter()
        .chain(letters)
        .collect()
}
