//! `lexi cron --next N`: the starts to come.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::super::context::Context;
use super::plan::Plan;
use crate::base::output::{CYAN, DIM};
use crate::base::{Result, units};
use crate::ops::clock;
use crate::ops::schedule::Entry;

/// One start.
struct Start<'e> {
    slot: Timestamp,
    entry: &'e Entry,
}

impl Start<'_> {
    /// When it begins, put off by the entry's jitter.
    fn at(&self) -> Timestamp {
        self.slot.checked_add(self.entry.delay).unwrap_or(self.slot)
    }
}

/// Lists the next starts of all entries, the nearest first.
pub(super) fn run(plan: &mut Plan, count: usize, ctx: &Context) -> Result<ExitCode> {
    let mistakes = plan.mistakes()?;
    list(plan, count, ctx);
    let out = ctx.output();
    for (name, error) in plan.wrong() {
        out.warn(&format!("`{name}` cannot run: {}", error.full_message()));
    }
    for found in mistakes {
        out.warn(&format!("{}: {}", found.place, found.message));
    }
    Ok(ExitCode::SUCCESS)
}

fn list(plan: &Plan, count: usize, ctx: &Context) {
    let now = clock::now();
    let starts = upcoming(plan, now, count);
    let out = ctx.output();
    if out.is_json() {
        let all: Vec<_> = starts.iter().map(json_of).collect();
        out.data(&serde_json::to_string_pretty(&all).unwrap_or_default());
        return;
    }
    if starts.is_empty() {
        let profile = plan.settings.profile();
        out.say(&format!(
            "nothing runs by itself in profile {profile}; `lexi cron --dry-run` says why"
        ));
    }
    let width = starts
        .iter()
        .map(|start| start.entry.name.len())
        .max()
        .unwrap_or(0);
    for start in &starts {
        let at = start.at().to_zoned(start.entry.line.zone().clone());
        let left = start.at().duration_since(now);
        let left = Duration::from_secs(u64::try_from(left.as_secs()).unwrap_or(0));
        let time = at.strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string();
        let left = out.paint(DIM, &format!("in {:7}", units::duration(left)));
        let name = out.paint(CYAN, &format!("{:width$}", start.entry.name));
        out.data(&format!(
            "{time}  {left}  {name}  lexi run {}",
            start.entry.command()
        ));
    }
}

fn upcoming(plan: &Plan, now: Timestamp, count: usize) -> Vec<Start<'_>> {
    let entries: Vec<&Entry> = plan.entries().collect();
    let start_of = |at: usize, after: Timestamp| {
        let slot = entries[at].line.next(after)?;
        let start = Start {
            slot,
            entry: entries[at],
        };
        Some(Reverse((start.at(), at, slot)))
    };
    // A start that is put off may belong to a time that has passed already.
    let first = |at: usize| start_of(at, now.checked_sub(entries[at].delay).unwrap_or(now));
    let mut heap: BinaryHeap<_> = (0..entries.len()).filter_map(first).collect();
    let mut found = Vec::new();
    while let Some(Reverse((_, at, slot))) = heap.pop() {
        if found.len() == count {
            break;
        }
        found.push(Start {
            slot,
            entry: entries[at],
        });
        heap.extend(start_of(at, slot));
    }
    found
}

fn json_of(start: &Start<'_>) -> serde_json::Value {
    let entry = start.entry;
    json!({
        "at": start.at(),
        "slot": start.slot,
        "local": start.at().to_zoned(entry.line.zone().clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        "zone": entry.line.zone_name(),
        "entry": entry.name,
        "task": entry.task,
        "args": entry.args,
        "cron": entry.line.text(),
    })
}
