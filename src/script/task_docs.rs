//! The documentation of a project's tasks, made from their declarations.

use std::fmt::Write;

use super::catalog::Catalog;
use super::task::{Param, ParamKind, Task};
use crate::base::units;

/// What `docs/tasks.md` holds: every task by group, with its arguments.
pub fn page(catalog: &Catalog) -> String {
    let mut text = String::from(
        "# Tasks\n\nMade by `lexi docs` from the tasks' own declarations; do not edit.\n\n\
         Every task also takes the options of `lexi` itself, such as `--profile`, `--dry-run`, `--yes`, `--json` and `-q`.\n",
    );
    let mut group = "";
    let mut tasks: Vec<&Task> = catalog
        .tasks()
        .filter(|task| !task.hidden && !task.user_wide)
        .collect();
    // The tasks of a file stay in the order of their declarations.
    tasks.sort_by(|a, b| (&a.group, &a.place.file).cmp(&(&b.group, &b.place.file)));
    for task in tasks {
        if task.group != group {
            group = &task.group;
            add(&mut text, &format!("\n## {group}\n"));
        }
        add_task(&mut text, task);
    }
    text
}

// Writing to a string cannot fail.
fn add(text: &mut String, line: &str) {
    let _infallible = writeln!(text, "{line}");
}

fn add_task(text: &mut String, task: &Task) {
    add(text, &format!("\n### {}\n\n{}.\n", task.name, task.about));
    add(text, &format!("    lexi run {}\n", task.usage()));
    let needs: Vec<&str> = task.needs.iter().map(|(name, _)| name.as_str()).collect();
    let mut facts = Vec::new();
    let mut fact = |name: &str, values: Vec<&str>| {
        if !values.is_empty() {
            facts.push(format!("{name} {}", values.join(", ")));
        }
    };
    fact(
        "Also called",
        task.aliases.iter().map(String::as_str).collect(),
    );
    fact("Runs first:", needs);
    fact(
        "Holds the lock",
        task.lock.iter().map(String::as_str).collect(),
    );
    if task.destructive {
        facts.push("Destroys data: without a terminal it needs `--confirm NAME`".to_owned());
    }
    if let Some(limit) = task.timeout_ms {
        let limit = units::duration(std::time::Duration::from_millis(limit));
        facts.push(format!("Is stopped after {limit}"));
    }
    facts.push(format!("Declared in `{}`", task.place.file));
    add(text, &format!("{}.", facts.join(". ")));
    if !task.examples.is_empty() {
        add(text, &format!("\n```sh\n{}\n```", task.examples.join("\n")));
    }
    if !task.params.is_empty() {
        add(text, "\n| argument | | |\n|---|---|---|");
    }
    for param in &task.params {
        add(text, &row(param));
    }
}

fn row(param: &Param) -> String {
    let name = match (param.kind, param.short) {
        (ParamKind::Positional, _) => param.name.to_uppercase(),
        (_, Some(short)) => format!("-{short}, --{}", param.flag_name()),
        _ => format!("--{}", param.flag_name()),
    };
    let mut about = param.about.replace('|', "\\|");
    let fallback = param.value.as_ref().filter(|value| !is_nothing(value));
    let fallback = match (&param.env, fallback) {
        (Some(env), Some(value)) => format!(" (setting `{env}`, else {value})"),
        (Some(env), None) => format!(" (setting `{env}`)"),
        (None, Some(value)) => format!(" (default {value})"),
        (None, None) => String::new(),
    };
    about.push_str(&fallback);
    format!("| `{name}` | {} | {about} |", param.ty)
}

/// A value that says no more than that nothing was given.
fn is_nothing(value: &serde_json::Value) -> bool {
    value.is_null() || value == "" || value == false || value.as_array().is_some_and(Vec::is_empty)
}
