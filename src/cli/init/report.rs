//! What `lexi init` did, or would do.

use serde_json::json;

use super::plan::{Plan, Step, What};
use crate::base::output::DIM;
use crate::base::text::count;
use crate::cli::args;
use crate::cli::context::Context;

/// How many files of a folder are named one by one.
const FEW: usize = 3;

/// Names what was made and what was left as it was.
pub(super) fn show(plan: &Plan, args: &args::Init, is_dry_run: bool, ctx: &Context) {
    let out = ctx.output();
    if out.is_json() {
        out.data(&json(plan).to_string());
        return;
    }
    if plan.is_done() {
        let files = count("file", plan.steps.len());
        out.say(&format!("nothing to do: all {files} are there"));
    } else {
        let (made, added) = if is_dry_run {
            ("would make", "would add")
        } else {
            ("made", "added")
        };
        for line in grouped(plan, |what| matches!(what, What::Make(_))) {
            out.say(&format!("{made} {line}"));
        }
        for step in &plan.steps {
            if let What::Add(lines) = &step.what {
                let lines = lines.join(", ");
                out.say(&format!("{added} to {}: {lines}", step.path));
            }
        }
        for line in grouped(plan, |what| matches!(what, What::Keep)) {
            out.say(&out.err_paint(DIM, &format!("kept {line}, which is there")));
        }
    }
    if args.with_lexiflow && plan.is_configured_otherwise {
        out.warn("`lexi.toml` is not LexiFlow's, whose tasks need its profiles: compare it with that of `lexi init --with-lexiflow` in an empty folder");
    }
    if !is_dry_run && !plan.is_done() {
        let cd = args.dir.as_ref().filter(|dir| dir.as_os_str() != ".");
        let cd = cd.map(|dir| format!("cd {} && ", dir.display()));
        let first = if args.with_lexiflow {
            "lexi run quick-start"
        } else {
            "lexi list"
        };
        out.say(&format!("next: {}{first}", cd.unwrap_or_default()));
    }
}

/// The files of a sort, a line each; the many of a folder in one.
fn grouped(plan: &Plan, is_meant: impl Fn(&What) -> bool) -> Vec<String> {
    let meant: Vec<&Step> = plan.steps.iter().filter(|s| is_meant(&s.what)).collect();
    let top = |step: &Step| step.path.split_once('/').map(|(top, _)| top.to_owned());
    let mut lines: Vec<String> = Vec::new();
    for step in &meant {
        let folder = top(step);
        let beside = meant.iter().filter(|other| top(other) == folder).count();
        let line = match folder {
            Some(folder) if beside > FEW => format!("{folder}/ ({})", count("file", beside)),
            _ => step.path.clone(),
        };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    lines
}

fn json(plan: &Plan) -> serde_json::Value {
    let paths = |is_meant: fn(&What) -> bool| {
        let steps = plan.steps.iter().filter(|step| is_meant(&step.what));
        steps.map(|step| step.path.as_str()).collect::<Vec<_>>()
    };
    json!({
        "folder": plan.folder.display().to_string(),
        "made": paths(|what| matches!(what, What::Make(_))),
        "extended": paths(|what| matches!(what, What::Add(_))),
        "kept": paths(|what| matches!(what, What::Keep)),
    })
}
