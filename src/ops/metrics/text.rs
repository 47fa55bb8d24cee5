//! The counters in the text format of Prometheus. The task's name is the only label: nothing of a command line may end up
//! in a monitoring system, and no task may make more than one series of each.

use std::fmt::Write;

use jiff::Timestamp;

use super::counters::{Counters, Task};

/// A metric: its name, type, explanation, and its value for a task, if it has one.
type Metric = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Task) -> Option<f64>,
);

const METRICS: [Metric; 7] = [
    (
        "lexi_task_runs_total",
        "counter",
        "Runs that ended, well or not.",
        |task| Some(count(task.runs)),
    ),
    (
        "lexi_task_failures_total",
        "counter",
        "Runs that failed or were killed.",
        |task| Some(count(task.failures)),
    ),
    (
        "lexi_task_running",
        "gauge",
        "Runs that go on now.",
        |task| Some(count(task.running.len() as u64)),
    ),
    (
        "lexi_task_last_success_timestamp_seconds",
        "gauge",
        "When the newest good run ended.",
        |task| task.last_success.map(seconds),
    ),
    (
        "lexi_task_last_end_timestamp_seconds",
        "gauge",
        "When the newest run ended, well or not.",
        |task| task.last_end.map(seconds),
    ),
    (
        "lexi_task_last_duration_seconds",
        "gauge",
        "How long the newest run took.",
        |task| task.last_ms.map(|ms| count(ms) / 1000.0),
    ),
    (
        "lexi_task_failing",
        "gauge",
        "Whether the newest run failed or was killed.",
        |task| task.last_end.map(|_| f64::from(u8::from(task.is_bad))),
    ),
];

/// All counters as a collector reads them.
pub fn page(counters: &Counters) -> String {
    let mut page = String::new();
    for (name, kind, help, value) in METRICS {
        // Writing to a string cannot fail.
        let _infallible = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (task, counted) in &counters.tasks {
            if let Some(value) = value(counted) {
                let _infallible = writeln!(page, "{name}{{task=\"{task}\"}} {value}");
            }
        }
    }
    page
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus counts in floating point numbers"
)]
const fn count(n: u64) -> f64 {
    n as f64
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::metrics::Ended;

    #[test]
    fn each_task_has_one_series_of_each_metric() {
        let mut counters = Counters::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let ended = |second, is_good| Ended {
            at: at(second),
            ms: Some(1500),
            is_good,
        };
        counters.end("backup", None, ended(100, true));
        counters.end("backup", None, ended(200, false));
        counters.begin("db:check", "run", at(300));

        let page = page(&counters);
        for line in [
            "# TYPE lexi_task_runs_total counter",
            "lexi_task_runs_total{task=\"backup\"} 2",
            "lexi_task_failures_total{task=\"backup\"} 1",
            "lexi_task_last_success_timestamp_seconds{task=\"backup\"} 100",
            "lexi_task_last_end_timestamp_seconds{task=\"backup\"} 200",
            "lexi_task_last_duration_seconds{task=\"backup\"} 1.5",
            "lexi_task_failing{task=\"backup\"} 1",
            "lexi_task_running{task=\"db:check\"} 1",
        ] {
            assert!(page.lines().any(|shown| shown == line), "{line}\n{page}");
        }
        assert!(!page.contains("last_success_timestamp_seconds{task=\"db:check\"}"));
    }
}
