//! Shell completions: the shell's script asks `lexi __complete` about commands, tasks, their flags and their values.

mod of_command;
mod of_task;
mod shells;

use std::process::ExitCode;

use super::args;
use super::context::Context;
use crate::base::{Error, Result};

/// What can stand at the cursor, each with its explanation.
type Candidates = Vec<(String, String)>;

/// Prints the script of a shell.
pub(super) fn run(args: &args::Completions) -> Result<ExitCode> {
    use std::io::Write;
    std::io::stdout()
        .write_all(&shells::script(args.shell))
        .map_err(|e| Error::io("cannot write the completion script", e))?;
    Ok(ExitCode::SUCCESS)
}

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
    let joined = last
        .split_once('=')
        .filter(|(flag, _)| flag.starts_with("--"));
    let Some((flag, _)) = joined else {
        return of_command::candidates(before, last, ctx);
    };
    let words = [before, &[flag.to_owned()]].concat();
    let values = of_command::candidates(&words, "", ctx)?.into_iter();
    Ok(values
        .map(|(value, about)| (format!("{flag}={value}"), about))
        .collect())
}

fn plain(value: impl Into<String>) -> (String, String) {
    (value.into(), String::new())
}
