//! `lexi show TASK`: what a task is, its arguments, and where it is declared.

use std::process::ExitCode;
use std::time::Duration;

use super::args;
use super::context::Context;
use super::list::json_of;
use crate::base::output::{BOLD, DIM};
use crate::base::{Result, units};
use crate::script::Catalog;
use crate::script::task::Task;

/// Shows a task.
pub(super) fn run(args: &args::Show, ctx: &Context) -> Result<ExitCode> {
    let catalog = Catalog::load(ctx.project()?)?;
    let task = catalog.find(&args.task)?;
    if ctx.output().is_json() {
        ctx.output()
            .data(&serde_json::to_string_pretty(&json_of(task)).unwrap_or_default());
    } else {
        ctx.output().data(&text(task, ctx));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is to know about a task.
pub(super) fn text(task: &Task, ctx: &Context) -> String {
    let out = ctx.output();
    let mut lines = vec![format!("{}  {}", out.paint(BOLD, &task.name), task.about)];
    let mut fact = |name: &str, value: String| {
        lines.push(format!(
            "  {} {value}",
            out.paint(DIM, &format!("{name:12}"))
        ));
    };
    fact("usage", format!("lexi run {}", task.usage()));
    fact("group", task.group.clone());
    fact("declared", task.place.to_string());
    if !task.aliases.is_empty() {
        fact("aliases", task.aliases.join(", "));
    }
    if !task.needs.is_empty() {
        let names: Vec<&str> = task.needs.iter().map(|(name, _)| name.as_str()).collect();
        fact("needs", names.join(", "));
    }
    if let Some(lock) = &task.lock {
        fact("lock", lock.clone());
    }
    if let Some(limit) = task.timeout_ms {
        fact("timeout", units::duration(Duration::from_millis(limit)));
    }
    if let Some(question) = &task.confirm {
        fact("asks", question.clone());
    }
    if task.destructive {
        fact(
            "destructive",
            "yes: wants the database's name, or `--confirm NAME`".into(),
        );
    }
    if let Some(allow) = &task.allow {
        let all = allow.shown();
        let nothing = || "nothing beyond its own arguments".to_owned();
        fact(
            "may only",
            if all.is_empty() {
                nothing()
            } else {
                all.join(", ")
            },
        );
    }
    for example in &task.examples {
        fact("example", example.clone());
    }
    for param in &task.params {
        let given = param
            .env
            .as_ref()
            .map(|env| format!(" (setting {env})"))
            .unwrap_or_default();
        fact(&param.name, format!("{} {}{given}", param.ty, param.about));
    }
    lines.join("\n")
}
