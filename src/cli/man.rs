//! `lexi man`: the manual pages, made from the same declarations as `--help`.

use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::args::{self, Args};
use super::context::Context;
use crate::base::text::{count, did_you_mean};
use crate::base::{Error, Result};
use crate::ops::files;

/// Prints a page, or writes all of them.
pub(super) fn run(args: &args::Man, ctx: &Context) -> Result<ExitCode> {
    let root = built();
    if let Some(folder) = &args.dir {
        files::make_dir(folder)?;
        let written = write_all(&root, folder)?;
        let pages = count("manual page", written);
        ctx.output()
            .say(&format!("wrote {pages} to {}", folder.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let command = match &args.name {
        None => root,
        Some(name) => named(&root, name)?.clone(),
    };
    ctx.output().data(page(command)?.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// All commands with the names that their pages have: `lexi-history`, `lexi-history-show`.
fn built() -> Command {
    let mut root = Args::command();
    root.build();
    root
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    let is_page = |sub: &&Command| !sub.is_hide_set() && sub.get_name() != "help";
    command.get_subcommands().filter(is_page)
}

fn named<'c>(root: &'c Command, name: &str) -> Result<&'c Command> {
    if let Some(command) = shown(root).find(|command| command.get_name() == name) {
        return Ok(command);
    }
    let names: Vec<&str> = shown(root).map(Command::get_name).collect();
    let error = Error::usage(format!("there is no command `{name}`"));
    Err(match did_you_mean(name, names) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("if it is a task: lexi help {name}")),
    })
}

fn page(command: Command) -> Result<String> {
    let mut page = Vec::new();
    Man::new(command)
        .render(&mut page)
        .map_err(|e| Error::internal("the manual page could not be made").because(e))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn write_all(command: &Command, folder: &Path) -> Result<usize> {
    let title = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    let path = folder.join(format!("{title}.1"));
    files::write(&path, page(command.clone())?.as_bytes(), None)?;
    let mut written = 1;
    for sub in shown(command) {
        written += write_all(sub, folder)?;
    }
    Ok(written)
}
