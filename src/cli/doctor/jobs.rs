//! What the scheduled tasks need, as far as their scripts say it in so many words.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cron::Plan;
use super::report::Report;
use crate::host::Host;
use crate::ops::process::Program;
use crate::script::reach::{self, Call};

/// Functions that start the program that their first argument names.
const STARTS: [&str; 5] = [
    "process::foreground",
    "process::output",
    "process::pipe",
    "process::require",
    "process::run",
];

/// Calls of the scheduled tasks, each with an entry that leads to it.
#[derive(Debug, Default)]
pub(super) struct Jobs(BTreeMap<Call, String>);

impl Jobs {
    /// Those of a plan.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut calls = BTreeMap::new();
        for entry in plan.entries() {
            for call in reach::calls(&plan.catalog, &entry.task) {
                calls.entry(call).or_insert_with(|| entry.name.clone());
            }
        }
        Self(calls)
    }

    /// Whether any of them calls one of these functions, or any of a namespace that is written with its `::`.
    pub(super) fn call(&self, functions: &[&str]) -> bool {
        self.0.keys().any(|call| {
            let is_it = |wanted: &&str| {
                call.function == **wanted
                    || (wanted.ends_with("::") && call.function.starts_with(*wanted))
            };
            functions.iter().any(is_it)
        })
    }

    /// Settings without which they would end.
    pub(super) fn settings(&self, report: &mut Report, host: &Host) {
        for (call, entry) in &self.0 {
            if let ("env::require", Some(name)) = (call.function.as_str(), &call.first)
                && let Err(error) = host.settings().require(name)
            {
                report.failed("settings", &error.context(format!("schedule `{entry}`")));
            }
        }
    }

    /// Programs that they start.
    pub(super) fn programs(&self, report: &mut Report, host: &Host) {
        let mut found = BTreeSet::new();
        for (call, entry) in &self.0 {
            let name = match (call.function.as_str(), &call.first) {
                ("process::sh", _) => "sh",
                (function, Some(name)) if STARTS.contains(&function) => name,
                _ => continue,
            };
            // Where a path below some folder leads, only the call itself knows.
            let is_relative = name.contains('/') && !name.starts_with('/');
            if is_relative || !found.insert(name) {
                continue;
            }
            match Program::new(name).find(host.processes()) {
                Ok(path) => report.ok("programs", path.display().to_string()),
                Err(error) => {
                    let path = host.processes().path();
                    let remedy = format!(
                        "looked in PATH: {path}; install it there, link it there, or name its whole path"
                    );
                    let error = error.context(format!("schedule `{entry}`")).hint(remedy);
                    report.failed("programs", &error);
                }
            }
        }
        if found.is_empty() {
            report.ok("programs", "no schedule names one");
        }
    }
}
