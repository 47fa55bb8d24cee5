//! `lexi list`: every task by group, one line each.

use std::process::ExitCode;

use clap::CommandFactory;
use serde_json::json;

use super::args::{self, Args};
use super::context::Context;
use crate::base::Result;
use crate::base::output::{BOLD, CYAN, DIM};
use crate::script::Catalog;
use crate::script::diagnostic::{Diagnostic, Severity};
use crate::script::task::Task;

/// Lists the tasks.
pub(super) fn run(args: &args::List, ctx: &Context) -> Result<ExitCode> {
    let catalog = Catalog::load(ctx.project()?)?;
    let tasks: Vec<&Task> = catalog
        .tasks()
        .filter(|task| args.all || !task.hidden)
        .collect();
    if ctx.output().is_json() {
        let json: Vec<_> = tasks.iter().map(|task| json_of(task)).collect();
        ctx.output()
            .data(&serde_json::to_string_pretty(&json).unwrap_or_default());
    } else if tasks.is_empty() {
        ctx.output().say("no tasks yet; `lexi new TASK` writes one");
    } else {
        ctx.output().data(text(&tasks, ctx).trim_end());
    }
    let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
    let problems = catalog.problems().iter().filter(is_error).count();
    if problems > 0 {
        let found = crate::base::text::count("problem", problems);
        ctx.output().warn(&format!(
            "{found} in the task files: `lexi check` shows them"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// A task as `--json` shows it.
pub(super) fn json_of(task: &Task) -> serde_json::Value {
    let mut json = json!(task);
    if let Some(fields) = json.as_object_mut() {
        let needs: Vec<&str> = task.needs.iter().map(|(name, _)| name.as_str()).collect();
        fields.insert("needs".into(), json!(needs));
        fields.insert("usage".into(), json!(task.usage()));
    }
    json
}

fn text(tasks: &[&Task], ctx: &Context) -> String {
    let out = ctx.output();
    let width = tasks.iter().map(|task| task.name.len()).max().unwrap_or(0);
    // A command hides the task of its name from the short form `lexi NAME`.
    let commands = Args::command();
    let mut lines = Vec::new();
    for group in groups(tasks) {
        lines.push(out.paint(BOLD, group));
        for task in tasks.iter().filter(|task| task.group == group) {
            let name = out.paint(CYAN, &format!("{:width$}", task.name));
            let aliases = match task.aliases.as_slice() {
                [] => String::new(),
                aliases => out.paint(DIM, &format!(" [{}]", aliases.join(", "))),
            };
            let shadowed = if commands.find_subcommand(&task.name).is_some() {
                out.paint(DIM, &format!(" (only as `lexi run {}`)", task.name))
            } else {
                String::new()
            };
            let whose = if task.user_wide {
                out.paint(DIM, " (user-wide)")
            } else {
                String::new()
            };
            lines.push(format!(
                "  {name}  {}{aliases}{whose}{shadowed}",
                task.about
            ));
        }
        lines.push(String::new());
    }
    lines.join("\n")
}

/// The groups in the order of their first task.
fn groups<'t>(tasks: &[&'t Task]) -> Vec<&'t str> {
    let mut groups: Vec<&str> = Vec::new();
    for task in tasks {
        if !groups.contains(&task.group.as_str()) {
            groups.push(&task.group);
        }
    }
    groups
}
