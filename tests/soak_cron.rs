//! The long bar of several daemons: no time of a schedule is lost or started twice.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Project, Signal, send};
use crate::soak::{Random, rounds, seed, wait_until};

/// A task that runs each second for a while, and is caught up whatever happens.
fn task(number: usize) -> String {
    format!(
        "task(\"t{number}\", #{{ about: \"Try\", schedule: #{{ cron: \"* * * * * *\", profiles: [\"dev\"], \
         catch_up: \"all\", overlap: \"allow\", grace: \"10s\" }} }}, || {{ }});\n"
    )
}

fn daemon(project: &Project) -> Child {
    let mut command = project.command(&["cron", "-q"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Every note of an entry.
fn notes(project: &Project, entry: &str) -> Vec<serde_json::Value> {
    let path = project.path(&format!(".lexi/schedule/dev/{entry}.jsonl"));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// The seconds for which a run really began, with how often; what was left out counts too.
fn starts(project: &Project, entry: &str) -> (BTreeMap<i64, usize>, Vec<String>) {
    let mut starts: BTreeMap<i64, usize> = BTreeMap::new();
    let mut skipped = Vec::new();
    for note in notes(project, entry) {
        let second = |key: &str| -> i64 {
            let at: jiff::Timestamp = serde_json::from_value(note[key].clone()).unwrap();
            at.as_second()
        };
        match note["what"].as_str() {
            Some("started") => *starts.entry(second("slot")).or_default() += 1,
            Some("skipped") => skipped.push(note.to_string()),
            _ => {}
        }
    }
    (starts, skipped)
}

/// Short: 2 tasks, 10 seconds. Full: 100 tasks, 100 seconds, which wants `LEXI_SOAK_RELEASE=1` and an idle
/// machine.
#[test]
fn no_time_is_lost_or_started_twice_whoever_is_killed() {
    let tasks = rounds(2, 100);
    let seconds = i64::try_from(rounds(8, 100)).unwrap();
    let text: String = (0..tasks).map(task).collect();
    let project = Project::new().task("t.rhai", &format!("//! T\n{text}"));
    let mut random = Random(seed());
    let mut daemons: Vec<Child> = (0..3).map(|_| daemon(&project)).collect();
    wait_until("all are known", || {
        (0..tasks).all(|n| !notes(&project, &format!("t{n}")).is_empty())
    });
    let first = jiff::Timestamp::now().as_second() + 1;
    let end = Instant::now() + Duration::from_secs(u64::try_from(seconds).unwrap());
    let (mut kills, mut stops) = (0, 0);
    while Instant::now() < end {
        let at = usize::try_from(random.below(3)).unwrap();
        let pid = i32::try_from(daemons[at].id()).unwrap();
        if random.below(2) == 0 {
            assert!(send(Signal::KILL, pid));
            daemons[at].wait().unwrap();
            daemons[at] = daemon(&project);
            kills += 1;
        } else {
            assert!(send(Signal::STOP, pid));
            std::thread::sleep(Duration::from_millis(500 + random.below(1_500)));
            assert!(send(Signal::CONT, pid));
            stops += 1;
        }
        std::thread::sleep(Duration::from_millis(300 + random.below(1_200)));
    }
    let last = first + seconds - 2;
    let names: Vec<String> = (0..tasks).map(|n| format!("t{n}")).collect();
    let missing = |name: &String| {
        let (starts, _) = starts(&project, name);
        (first..=last)
            .filter(|second| !starts.contains_key(second))
            .count()
    };
    wait_until("every time has its start", || {
        names.iter().map(missing).sum::<usize>() == 0
    });
    for daemon in &mut daemons {
        assert!(send(Signal::TERM, i32::try_from(daemon.id()).unwrap()));
        daemon.wait().unwrap();
    }
    let mut all = BTreeSet::new();
    for name in &names {
        let (starts, skipped) = starts(&project, name);
        let doubles: Vec<_> = starts.iter().filter(|(_, count)| **count > 1).collect();
        assert!(doubles.is_empty(), "{name} started twice for {doubles:?}");
        assert!(skipped.is_empty(), "{name}: {skipped:?}");
        all.extend(starts.keys().map(|second| (name.clone(), *second)));
    }
    println!(
        "seed {}: 3 daemons, {tasks} tasks, {} starts, {kills} kills, {stops} stops: 0 lost, 0 double",
        seed(),
        all.len()
    );
}
