//! What a person sees of a plan and of its being applied.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::base::output::{Progress as Bar, ProgressUnit};
use crate::base::units;
use crate::host::{Host, Strand};
use crate::ops::stack::apply::Progress;
use crate::ops::stack::plan::{Action, Kind, Plan, Unchanged, Verb};

/// Shows progress: a line for each service that goes on, on a terminal; one at its end, everywhere.
pub(super) struct Show<'a> {
    host: &'a Host,
    strand: &'a Strand,
    bars: Mutex<HashMap<String, Bar>>,
}

impl<'a> Show<'a> {
    pub(super) fn new(host: &'a Host, strand: &'a Strand) -> Self {
        Self {
            host,
            strand,
            bars: Mutex::default(),
        }
    }

    fn say(&self, line: &str) {
        self.host.output().say(&self.strand.mark(line));
    }

    /// What happens now.
    pub(super) fn progress(&self, progress: Progress<'_>) {
        match progress {
            Progress::Pulling(image, state) => {
                self.bar(
                    image,
                    &format!("pulling {image}"),
                    ProgressUnit::Bytes,
                    |bar| {
                        bar.total(state.total_bytes);
                        bar.set(state.done_bytes);
                    },
                );
            }
            Progress::Building(image, line) => self.say(&format!("{image} | {line}")),
            Progress::Made(kind, name) => self.say(&format!("{} {name} made", word(kind))),
            Progress::Doing(service, what) => {
                let label = self.strand.mark(&format!("{service}: {what}"));
                self.bar(service, &label, ProgressUnit::Items, |bar| {
                    bar.label(&label);
                });
            }
            Progress::Ready(service, after) => {
                self.end(service);
                self.say(&format!(
                    "{service} is ready after {}",
                    units::duration(after)
                ));
            }
            Progress::Failed(service, lines, health) => {
                self.end(service);
                self.failed(service, lines, health);
            }
        }
    }

    fn failed(&self, service: &str, lines: &[String], health: &str) {
        let tell = |line: &str| self.host.output().error(&self.strand.mark(line));
        if !lines.is_empty() {
            tell(&format!("the last lines of {service}:"));
        }
        for line in lines {
            tell(&format!("  {service} | {line}"));
        }
        if !health.is_empty() {
            tell(&format!("the health test of {service} said:\n  {health}"));
        }
    }

    fn bar(&self, name: &str, label: &str, unit: ProgressUnit, change: impl FnOnce(&Bar)) {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let total = matches!(unit, ProgressUnit::Bytes).then_some(0);
        let bar = bars
            .entry(name.to_owned())
            .or_insert_with(|| self.host.output().progress(label, total, unit));
        change(bar);
    }

    fn end(&self, name: &str) {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        drop(bars.remove(name));
    }

    /// What is about to happen: with `-v` all that is not kept, in any case what ends a container, and what is left over.
    /// Who only wants a restart is warned where the settings of now ask for more.
    pub(super) fn plan(&self, plan: &Plan, unchanged: Unchanged) {
        let output = self.host.output();
        for action in &plan.actions {
            let text = self.strand.mark(&line(action));
            match action.verb {
                Verb::Keep => {}
                Verb::Recreate if unchanged == Unchanged::Restart => {
                    let (name, causes) = (&action.name, action.causes.join(", "));
                    let text = format!("{name} has other settings now and is made anew: {causes}");
                    output.warn(&self.strand.mark(&text));
                }
                Verb::Recreate | Verb::Remove => output.say(&text),
                _ => output.detail(&text),
            }
        }
        self.warnings(plan);
    }

    /// The whole plan, for somebody who only wants to read it.
    pub(super) fn dry_run(&self, plan: &Plan) {
        for action in &plan.actions {
            self.say(&line(action));
        }
        self.warnings(plan);
    }

    fn warnings(&self, plan: &Plan) {
        let warn = |line: &str| self.host.output().warn(&self.strand.mark(line));
        for note in &plan.notes {
            warn(note);
        }
        for name in &plan.orphans {
            warn(&format!(
                "{name} is not among the services any more and stays: `lexi run up --remove-orphans` removes it"
            ));
        }
    }
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Image => "image",
        Kind::Network => "network",
        Kind::Volume => "volume",
        Kind::Service => "service",
    }
}

/// `recreate service db: environment DB_NAME changed`.
fn line(action: &Action) -> String {
    let verb = match action.verb {
        Verb::Pull => "pull",
        Verb::Build => "build",
        Verb::Create => "create",
        Verb::Start => "start",
        Verb::Keep => "keep",
        Verb::Restart => "restart",
        Verb::Stop => "stop",
        Verb::Recreate => "recreate",
        Verb::Remove => "remove",
    };
    let what = format!("{verb} {} {}", word(action.kind), action.name);
    if action.causes.is_empty() {
        what
    } else {
        format!("{what}: {}", action.causes.join(", "))
    }
}
