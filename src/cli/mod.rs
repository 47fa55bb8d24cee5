//! What a person types: one file per command.

mod args;
mod ask;
mod audit;
mod check;
mod choices;
mod choose;
mod completions;
mod context;
mod cron;
mod docs;
mod doctor;
mod edit;
mod env;
mod explain;
mod help;
mod history;
mod init;
mod list;
mod man;
mod metrics;
mod new;
mod parse;
mod record;
mod render;
mod run;
mod show;
mod task_args;
mod telling;
mod templates;
mod trace;
mod untrusted;
mod watch;
mod which;

use std::ffi::OsString;
use std::process::ExitCode;

use args::{Args, Command};
use clap::CommandFactory;
use context::Context;

use crate::base::text::did_you_mean;
use crate::base::{Error, Output, Result};

/// Reads the command line, does what it says, and reports: the one place where an error becomes an exit code.
pub fn main(words: Vec<OsString>) -> ExitCode {
    let args = match parse::words(&words) {
        Ok(args) => args,
        Err(error) => return render::usage(&error),
    };
    let ctx = Context::new(args.global.clone());
    let code = match ctx.profile().and_then(|_valid| dispatch(args, &ctx)) {
        Ok(code) => code,
        Err(error) => render::exit(ctx.output(), &error),
    };
    delivered(ctx.output(), code)
}

/// Data that did not get to stdout is no success.
fn delivered(output: &Output, code: ExitCode) -> ExitCode {
    match output.lost() {
        Some(error) if code == ExitCode::SUCCESS => render::exit(output, &error),
        _ => code,
    }
}

fn dispatch(args: Args, ctx: &Context) -> Result<ExitCode> {
    match args.command {
        None => choose::run(ctx),
        Some(Command::Run(run)) => {
            let run = *run;
            let words = run.words.map(|args::RunWords::Task(words)| words);
            let words = words.unwrap_or_default();
            match &run.untrusted.file {
                Some(file) => untrusted::run(&run.untrusted, file, &words, ctx),
                None if run.slot.is_some() || !run.held.is_empty() => {
                    run::scheduled(&words, run.slot.as_deref(), &run.held, ctx)
                }
                None => named(&words, ctx),
            }
        }
        Some(Command::Untrusted) => untrusted::run_inside(ctx),
        Some(Command::Schedules) => cron::look(ctx),
        Some(Command::List(list)) => list::run(&list, ctx),
        Some(Command::Show(show)) => show::run(&show, ctx),
        Some(Command::Help(help)) => help::run(&help, ctx),
        Some(Command::Watch(watch)) => watch::run(&watch, ctx),
        Some(Command::Cron(cron)) => cron::run(&cron, ctx),
        Some(Command::Explain(explain)) => explain::run(&explain, ctx),
        Some(Command::Check(check)) => check::run(&check, ctx),
        Some(Command::Init(init)) => init::run(&init, ctx),
        Some(Command::New(new)) => new::run(&new, ctx),
        Some(Command::Edit(edit)) => edit::run(&edit, ctx),
        Some(Command::Which(which)) => which::run(&which, ctx),
        Some(Command::Doctor(doctor)) => doctor::run(&doctor, ctx),
        Some(Command::Env(env)) => env::run(&env, ctx),
        Some(Command::History(history)) => history::run(&history, ctx),
        Some(Command::Rerun(rerun)) => history::rerun(&rerun, ctx),
        Some(Command::Audit(audit)) => audit::run(&audit, ctx),
        Some(Command::Metrics) => metrics::run(ctx),
        Some(Command::Docs(docs)) => docs::run(&docs, ctx),
        Some(Command::Completions(completions)) => completions::run(&completions),
        Some(Command::Man(man)) => man::run(&man, ctx),
        Some(Command::Complete(complete)) => completions::complete(&complete, ctx),
        Some(Command::Task(words)) => named(&words, ctx).map_err(|error| {
            let word = words.first().map_or("", String::as_str);
            with_command(word, error)
        }),
    }
}

/// A word that is no task may have been meant as a command.
fn with_command(word: &str, error: Error) -> Error {
    let commands = Args::command();
    let names = commands.get_subcommands().filter(|c| !c.is_hide_set());
    let names: Vec<&str> = names.map(clap::Command::get_name).collect();
    let is_unknown = error.message() == format!("unknown task `{word}`");
    let has_task = error
        .hint_text()
        .is_some_and(|hint| hint.starts_with("did you mean"));
    match did_you_mean(word, names) {
        Some(near) if is_unknown && !has_task => {
            Error::usage(format!("unknown command or task `{word}`"))
                .hint(format!("did you mean `{near}`?"))
        }
        _ => error,
    }
}

/// Runs the task that the first word names.
fn named(words: &[String], ctx: &Context) -> Result<ExitCode> {
    match words.split_first() {
        Some((task, rest)) => run::run(task, rest, ctx),
        None => Err(Error::usage("no task named")
            .hint("write `lexi run TASK`; `lexi list` shows the tasks")),
    }
}
