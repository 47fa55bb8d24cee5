//! `lexi history` and `lexi rerun`: what was run here, one run whole, and running it again.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::args::{self, HistoryOf};
use super::context::Context;
use super::run;
use crate::base::output::{BOLD, DIM, GREEN, RED, YELLOW};
use crate::base::text::{count, visible};
use crate::base::{Error, Result, units};
use crate::ops::history::{Filter, History, How, Run, State, Step, report};
use crate::ops::{clock, files};

/// What stands for a secret in a recorded argument.
const MASKED: &str = "[secret]";

/// Lists runs, shows one, or throws old ones away.
pub(super) fn run(args: &args::History, ctx: &Context) -> Result<ExitCode> {
    let history = History::of(&ctx.project()?.state());
    match &args.what {
        None => list(&history, args, ctx)?,
        Some(HistoryOf::Show { run, html: None }) => show(&history, &history.find(run)?, ctx)?,
        Some(HistoryOf::Show {
            run,
            html: Some(file),
        }) => {
            let run = history.find(run)?;
            let page = report::page(&run, &history.steps(&run.started)?);
            files::write(file, page.as_bytes(), Some(0o600))?;
            ctx.output().say(&format!("wrote {}", file.display()));
        }
        Some(HistoryOf::Prune { days }) => {
            let gone = history.prune(*days, clock::now())?;
            let message = format!("threw away what {} wrote", count("run", gone));
            ctx.output().say(&message);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(history: &History, args: &args::History, ctx: &Context) -> Result<()> {
    let since = args.since.as_deref().map(ago).transpose()?;
    let filter = Filter {
        task: args.task.clone(),
        only_bad: args.failed,
        since,
        limit: Some(args.limit),
    };
    let runs = history.runs(&filter)?;
    let out = ctx.output();
    if out.is_json() {
        out.data(&serde_json::to_string_pretty(&runs).unwrap_or_default());
        return Ok(());
    }
    if runs.is_empty() {
        out.say("no run fits; every `lexi run` is listed here");
    }
    let width = runs
        .iter()
        .map(|run| visible(&run.started.task).chars().count())
        .max();
    for run in &runs {
        out.data(&line(run, width.unwrap_or_default(), ctx));
    }
    Ok(())
}

/// The moment so long ago.
fn ago(text: &str) -> Result<Timestamp> {
    let back = units::parse_duration(text)?;
    let now = clock::now();
    now.checked_sub(back)
        .map_err(|e| Error::usage(format!("`{text}` is too long ago")).because(e))
}

fn line(run: &Run, width: usize, ctx: &Context) -> String {
    let started = &run.started;
    let out = ctx.output();
    let style = match run.state {
        State::Done => GREEN,
        State::Running | State::Replaced => YELLOW,
        State::Failed | State::Lost => RED,
    };
    let state = out.paint(style, &format!("{:8}", run.state.as_str()));
    let took = run.ms.map_or_else(String::new, took);
    let words = out.paint(DIM, &visible(&started.args.join(" ")));
    let task = format!("{:width$}", visible(&started.task));
    let line = format!(
        "{}  {}  {state}  {task}  {:4}  {took:>8}  {:8}  {}{words}",
        started.id,
        local(started.at),
        started.profile,
        started.how.as_str(),
        if started.dry_run { "(dry run) " } else { "" }
    );
    line.trim_end().to_owned()
}

fn local(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::system());
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn took(ms: u64) -> String {
    units::duration(Duration::from_millis(ms))
}

fn show(history: &History, run: &Run, ctx: &Context) -> Result<()> {
    let steps = history.steps(&run.started)?;
    let out = ctx.output();
    if out.is_json() {
        let json = json!({ "run": run, "steps": steps });
        out.data(&serde_json::to_string_pretty(&json).unwrap_or_default());
        return Ok(());
    }
    for line in facts(run, ctx) {
        out.data(&line);
    }
    let longest = longest(&steps);
    if !longest.is_empty() {
        out.data(&format!("\n{}", out.paint(BOLD, "What took longest")));
        for line in &longest {
            out.data(line);
        }
    }
    out.data(&format!("\n{}", out.paint(BOLD, "What it wrote")));
    for step in &steps {
        match step {
            Step::Wrote { text, .. } => out.data(text.trim_end_matches('\n')),
            Step::Cut { what } => out.data(&format!("({what})")),
            Step::Did { .. } => {}
        }
    }
    let is_silent = |step: &Step| !matches!(step, Step::Wrote { .. });
    if steps.iter().all(is_silent) {
        out.data("nothing, or it was thrown away");
    }
    Ok(())
}

fn facts(run: &Run, ctx: &Context) -> Vec<String> {
    let started = &run.started;
    let words = [std::slice::from_ref(&started.task), started.args.as_slice()].concat();
    let mut facts = vec![
        ("run", started.id.clone()),
        ("task", words.join(" ")),
        ("profile", started.profile.clone()),
        (
            "started",
            format!(
                "{} by {} on {} ({})",
                local(started.at),
                started.user,
                started.host,
                started.how.as_str()
            ),
        ),
        ("state", run.state.as_str().to_owned()),
    ];
    if let (Some(ms), Some(exit)) = (run.ms, run.exit) {
        facts.push(("took", took(ms)));
        facts.push(("exit code", exit.to_string()));
    }
    facts.extend(run.error.clone().map(|error| ("error", error)));
    let name = |name: &str| ctx.output().paint(DIM, &format!("{name:10}"));
    let line = |(title, value): (&str, String)| format!("{} {}", name(title), visible(&value));
    facts.into_iter().map(line).collect()
}

/// The five calls that took most of the time.
fn longest(steps: &[Step]) -> Vec<String> {
    let mut calls: Vec<(u64, String)> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Did {
                took_us,
                kind,
                name,
                place,
                ..
            } if kind == "call" => {
                let place = place.as_deref().unwrap_or_default();
                Some((*took_us, format!("{name}  ({place})")))
            }
            _ => None,
        })
        .collect();
    calls.sort_by_key(|(us, _)| std::cmp::Reverse(*us));
    calls.truncate(5);
    let line = |(us, what): (u64, String)| {
        let took = units::duration(Duration::from_micros(us));
        format!("{took:>10}  {}", visible(&what))
    };
    calls.into_iter().map(line).collect()
}

/// Runs again what was run before.
pub(super) fn rerun(args: &args::Rerun, ctx: &Context) -> Result<ExitCode> {
    let history = History::of(&ctx.project()?.state());
    let runs = match &args.run {
        Some(id) => vec![history.find(id)?],
        None => failed(&history)?,
    };
    if runs.is_empty() {
        ctx.output().say("the newest run of every task succeeded");
    }
    let mut code = ExitCode::SUCCESS;
    for run in &runs {
        let ended = again(run, ctx)?;
        if ended != ExitCode::SUCCESS {
            code = ended;
        }
    }
    Ok(code)
}

/// The newest run of each task and profile where that failed, oldest first.
fn failed(history: &History) -> Result<Vec<Run>> {
    let mut seen = BTreeSet::new();
    let mut runs = history.runs(&Filter::default())?;
    runs.retain(|run| {
        // A dry run did nothing, neither well nor badly.
        let is_newest = !run.started.dry_run
            && seen.insert((run.started.task.clone(), run.started.profile.clone()));
        is_newest && run.is_bad() && run.started.how != How::Untrusted
    });
    runs.reverse();
    Ok(runs)
}

fn again(run: &Run, ctx: &Context) -> Result<ExitCode> {
    let started = &run.started;
    if run.state == State::Running {
        return Err(Error::refused(format!("run {} still goes on", started.id)));
    }
    if started.how == How::Untrusted {
        let message = format!("run {} was that of an untrusted script", started.id);
        let hint = "look at the file, and type `lexi run --untrusted FILE ..` with what it may do";
        return Err(Error::refused(message).hint(hint));
    }
    if started.args.iter().any(|word| word.contains(MASKED)) {
        let message = format!(
            "run {} had a secret among its arguments, which is not kept",
            started.id
        );
        return Err(
            Error::refused(message).hint(format!("type it again: `lexi run {} ..`", started.task))
        );
    }
    let words = started.args.join(" ");
    let said = format!(
        "again: {} {words} (profile {})",
        started.task, started.profile
    );
    ctx.output().say(visible(&said).trim_end());
    let ctx = ctx.again_in(&started.profile, started.dry_run);
    run::run(&started.task, &started.args, &ctx)
}
