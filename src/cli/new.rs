//! `lexi new TASK`: writes a task that runs as it is and shows what can be declared.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::ExitCode;

use super::args;
use super::context::Context;
use crate::base::{Error, Result};
use crate::script::Catalog;
use crate::script::declaration::is_task_name;

/// Writes the task, to a file of its own or to the end of a file that is there.
pub(super) fn run(args: &args::New, ctx: &Context) -> Result<ExitCode> {
    let name = &args.task;
    if !is_task_name(name) {
        return Err(Error::usage(format!("`{name}` is not a task name"))
            .hint("use lower-case letters, digits, `-` and `:`, starting with a letter"));
    }
    let project = ctx.project()?;
    let catalog = Catalog::load(project.clone())?;
    if let Ok(task) = catalog.find(name) {
        return Err(Error::usage(format!(
            "there is a task `{}` at {}",
            task.name, task.place
        )));
    }
    let file = args.file.clone().unwrap_or_else(|| name.replace(':', "-"));
    let file = file.strip_suffix(".rhai").unwrap_or(&file);
    if file.is_empty()
        || file
            .split('/')
            .any(|part| part.is_empty() || part.starts_with('.'))
    {
        return Err(Error::usage(format!("`{file}` is not a file below tasks/")));
    }
    if file.starts_with("lib/") {
        return Err(
            Error::usage(format!("`tasks/{file}.rhai` is shared code, not tasks"))
                .hint("name a file outside of tasks/lib/"),
        );
    }
    let path = project.tasks().join(format!("{file}.rhai"));
    let io = |e| Error::io(format!("cannot write `{}`", project.display(&path)), e);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    let text = if path.exists() {
        format!("\n{}", task(name))
    } else {
        format!("//! {}\n\n{}", title(file), task(name))
    };
    let mut written = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .map_err(io)?;
    written.write_all(text.as_bytes()).map_err(io)?;
    ctx.output().say(&format!(
        "wrote {}; run it: lexi run {name} Ann",
        project.display(&path)
    ));
    Ok(ExitCode::SUCCESS)
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

fn task(name: &str) -> String {
    format!(
        r#"task("{name}", #{{
    about: "Greet somebody",
    params: #{{
        who: #{{ about: "Whom to greet" }},
        times: #{{ type: "int", value: 1, about: "How often" }},
    }},
}}, |who, times| {{
    for i in 0..times {{
        print(`hello ${{who}}`);
    }}
}});
"#
    )
}
