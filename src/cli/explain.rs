//! `lexi explain TASK`: says why a task, and what it needs, will run or will not.

use std::process::ExitCode;
use std::sync::Arc;

use rhai::Map;
use serde_json::json;

use super::context::Context;
use super::{args, render, task_args};
use crate::base::output::{CYAN, DIM};
use crate::base::{Error, Result};
use crate::script::fresh::Case;
use crate::script::{Catalog, bind};

/// Explains without running anything.
pub(super) fn run(args: &args::Explain, ctx: &Context) -> Result<ExitCode> {
    let Some((name, words)) = args.words.split_first() else {
        return Err(Error::usage("no task named").hint("write `lexi explain TASK`"));
    };
    let project = ctx.with_project_of(words).project()?;
    let catalog = Catalog::load(Arc::clone(&project))?;
    let task = catalog.find(name)?;
    let (typed, later) = match task_args::parse(task, words) {
        Ok(parsed) => parsed,
        Err(error) => return Ok(render::usage(&error)),
    };
    let ctx = ctx.with(later);
    let settings = ctx.settings(&project)?;
    let order = catalog.order(&task.name);
    let order = order.map_err(|found| Error::usage(found.message))?;
    let mut told = Vec::new();
    for each in order {
        let args: Map = if each.name == task.name {
            bind::typed(each, &typed, &settings, &Context::here()?)?
        } else {
            bind::values(each, Map::new(), &settings)?
        };
        let case = Case {
            catalog: &catalog,
            task: each,
            args: &args,
            settings: &settings,
        };
        told.push((each.name.clone(), case.verdict()?));
    }
    let out = ctx.output();
    if out.is_json() {
        let told = told.iter().map(|(task, verdict)| json!({ "task": task, "runs": verdict.runs(), "reasons": verdict.reasons() }));
        let told: Vec<_> = told.collect();
        out.data(&serde_json::to_string_pretty(&told).unwrap_or_default());
        return Ok(ExitCode::SUCCESS);
    }
    for (task, verdict) in told {
        let will = if verdict.runs() {
            "will run"
        } else {
            "will not run"
        };
        out.data(&format!("{} {will}", out.paint(CYAN, &task)));
        for reason in verdict.reasons() {
            out.data(&out.paint(DIM, &format!("  {reason}")));
        }
    }
    Ok(ExitCode::SUCCESS)
}
