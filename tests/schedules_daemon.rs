//! `lexi cron` at work: what it starts, leaves out, stops and tries again.

use crate::harness::cron::{Cron, NOTE, each_second, every_second, lines, notes, of};
use crate::harness::{Project, Signal, send};
use crate::soak::wait_until;

#[test]
fn a_task_runs_at_its_times_and_a_signal_lets_it_end() {
    let project = every_second(
        "",
        &format!("{NOTE} process::run(\"sleep\", [\"0.3\"]); fs::write(\"done\", \"\");"),
    );
    let mut cron = Cron::start(&project, &[]);
    cron.tells("1 schedule, the next at ");
    cron.tells("t: started for ");
    cron.tells("t: ok in ");
    cron.tells("t: started for ");
    std::fs::remove_file(project.path("done")).unwrap();

    cron.signal(Signal::TERM);

    assert_eq!(cron.ends(), Some(0));
    assert!(
        project.path("done").exists(),
        "the run that went on was let end"
    );
    let notes = notes(&project);
    let (started, ended) = (of(&notes, "started"), of(&notes, "ended"));
    assert_eq!(started.len(), ended.len());
    assert_eq!(lines(&project, "ran"), started.len());
    assert!(ended.iter().all(|end| end["exit"] == 0), "{ended:?}");
    project.lexi("history --json").says("\"how\": \"schedule\"");
}

#[test]
fn a_daemon_that_has_nothing_to_run_says_where_something_runs() {
    let project = Project::new().task(
        "t.rhai",
        "//! T\ntask(\"t\", #{ about: \"Try\", schedule: \"@daily\" }, || {});\n",
    );
    let project = project.env("TZ", "Mars/Base");
    let mut cron = Cron::start(&project, &[]);

    cron.tells("TZ=Mars/Base is no time zone");
    cron.tells("0 schedules in profile dev; profile prod has 1 (`lexi cron --profile prod`)");
}

#[test]
fn a_second_signal_stops_what_runs() {
    let project = every_second(
        "",
        "process::run(\"sh\", [\"-c\", \"echo $$ > pid; exec sleep 300\"]);",
    );
    let mut cron = Cron::start(&project, &[]);
    wait_until("it runs", || lines(&project, "pid") == 1);

    cron.signal(Signal::TERM);
    cron.tells("ending when 1 run ended; another signal stops what runs");
    cron.signal(Signal::TERM);

    cron.tells("t: failed with exit code 143");
    assert_eq!(cron.ends(), Some(0));
    let pid: i32 = project.read("pid").trim().parse().unwrap();
    assert!(!send(Signal::CONT, pid), "the sleep is gone");
}

#[test]
fn times_that_come_while_it_runs_are_left_out_wait_replace_or_run_beside() {
    // A run goes on until the file `go` is there.
    let body =
        "process::run(\"sh\", [\"-c\", \"echo x >> ran; until [ -e go ]; do sleep 0.05; done\"]);";
    let project = every_second("", body);
    let mut cron = Cron::start(&project, &[]);
    cron.tells("is left out: the run before goes on");
    cron.tells("is left out: the run before goes on");
    assert_eq!(lines(&project, "ran"), 1);
    project.write("go", "");
    cron.tells("t: ok");
    assert_eq!(
        of(&notes(&project), "skipped")[0]["why"],
        "the run before goes on"
    );
    drop(cron);

    let project = every_second("overlap: \"queue\"", body);
    let mut cron = Cron::start(&project, &[]);
    cron.tells("t: started");
    cron.tells("waits for the run before");
    cron.tells("waits for the run before");
    assert_eq!(lines(&project, "ran"), 1);
    project.write("go", "");
    cron.tells("t: ok");
    cron.tells("t: started");
    cron.tells("t: ok");
    assert!(of(&notes(&project), "skipped").is_empty());
    drop(cron);

    let project = every_second("overlap: \"replace\"", body);
    let mut cron = Cron::start(&project, &[]);
    cron.tells("t: stopped after ");
    cron.tells("t: started");
    wait_until("two ran", || lines(&project, "ran") >= 2);
    drop(cron);

    let project = every_second("overlap: \"allow\"", body);
    let cron = Cron::start(&project, &[]);
    wait_until("three run at once", || lines(&project, "ran") >= 3);
    project.write("go", "");
    drop(cron);
}

/// Tells of every failure by a line in the file `failures`.
const FAILURES: &str = "name = \"sample\"\n[[tell]]\ncommand = ['sh', '-c', 'cat >> failures; echo >> failures']\n\
    on = ['failed']\n[metrics]\ntextfile = 'metrics.prom'\n";

#[test]
fn a_run_that_is_replaced_is_known_as_such_and_is_no_failure() {
    let body =
        "process::run(\"sh\", [\"-c\", \"echo x >> ran; until [ -e go ]; do sleep 0.05; done\"]);";
    let project = every_second("overlap: \"replace\"", body).file("lexi.toml", FAILURES);
    let mut cron = Cron::start(&project, &[]);

    let told = cron.tells("t: stopped after ");
    assert!(
        told.ends_with(": a later time of its schedule replaced it"),
        "{told}"
    );
    wait_until("three ran", || lines(&project, "ran") >= 3);
    cron.signal(Signal::TERM);
    project.write("go", "");
    cron.ends();

    let ended = of(&notes(&project), "ended");
    assert_eq!(ended[0]["why"], "a later time of its schedule replaced it");
    assert!(ended.last().unwrap()["why"].is_null(), "{ended:?}");
    assert_eq!(
        lines(&project, "failures"),
        0,
        "{}",
        project.read("failures")
    );
    project.lexi("history").says("replaced  t  ");
    let counted = project.read("metrics.prom");
    let failures = counted
        .lines()
        .find(|line| line.contains("failures_total{"));
    assert!(
        failures.is_none_or(|line| line.ends_with(" 0")),
        "{counted}"
    );
    let marks = std::fs::read_dir(project.path(".lexi/schedule/dev")).unwrap();
    let left = marks.filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy().contains("replaced")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn a_run_whose_time_is_another_s_leaves_no_trace() {
    let project = every_second("", NOTE).file("lexi.toml", FAILURES);
    let slot = r#"{"entry":"t","at":"2026-01-01T00:00:00Z","attempt":1,"coordinator":"file"}"#;
    project.run(&["run", "--slot", slot, "t"]).succeeds();

    project
        .run(&["run", "--slot", slot, "t"])
        .exits(75)
        .tells("`t` was started for 2026-01-01T00:00:00Z before");

    let runs = project.lexi("history --json").succeeds().json();
    assert_eq!(runs.as_array().unwrap().len(), 1, "{runs}");
    assert_eq!(
        lines(&project, "failures"),
        0,
        "{}",
        project.read("failures")
    );
}

#[test]
fn a_time_whose_start_could_not_be_noted_is_started_again() {
    let project = every_second("", NOTE);
    let mut cron = Cron::start(&project, &[]);
    cron.tells("t: ok");
    // The notes are a folder, so that none can be added.
    let (notes_file, aside) = (
        project.path(".lexi/schedule/dev/t.jsonl"),
        project.path("aside"),
    );
    std::fs::rename(&notes_file, &aside).unwrap();
    std::fs::create_dir(&notes_file).unwrap();
    let missed = cron.tells("t: started for ");
    let missed = &missed[missed.len() - 8..];
    cron.tells("cannot read ");
    std::fs::remove_dir(&notes_file).unwrap();
    std::fs::rename(&aside, &notes_file).unwrap();

    let shown = |note: &serde_json::Value, key: &str| {
        let at: jiff::Timestamp = serde_json::from_value(note[key].clone()).unwrap();
        let at = at.to_zoned(jiff::tz::TimeZone::system());
        at.strftime("%H:%M:%S").to_string()
    };
    wait_until("it is started or left out", || {
        let notes = notes(&project);
        let is_started = of(&notes, "started")
            .iter()
            .any(|note| shown(note, "slot") == missed);
        let is_skipped = of(&notes, "skipped")
            .iter()
            .any(|note| shown(note, "from") == missed);
        is_started || is_skipped
    });
}

#[test]
fn a_run_that_takes_too_long_is_stopped_with_all_it_started() {
    let project = every_second(
        "timeout: \"400ms\"",
        "process::run(\"sh\", [\"-c\", \"echo $$ > pid; trap '' TERM; sleep 300\"]);",
    );
    let mut cron = Cron::start(&project, &[]);

    cron.tells("t: stopped after ");

    let pid: i32 = project.read("pid").trim().parse().unwrap();
    assert!(!send(Signal::CONT, pid));
    assert_eq!(of(&notes(&project), "ended")[0]["exit"], 124);
}

#[test]
fn a_run_that_takes_too_long_stands_with_124_in_the_history_and_in_what_is_told() {
    let project = every_second(
        "timeout: \"3s\"",
        "process::run(\"sh\", [\"-c\", \"echo x >> ran; exec sleep 300\"]);",
    )
    .file("lexi.toml", FAILURES);
    let mut cron = Cron::start(&project, &[]);
    wait_until("it runs", || lines(&project, "ran") == 1);

    cron.tells("t: stopped after ");
    cron.signal(Signal::TERM);
    cron.signal(Signal::TERM);
    cron.ends();

    let runs = project.lexi("history --json").succeeds().json();
    let first = runs.as_array().unwrap().last().unwrap().clone();
    assert_eq!(first["exit"], 124, "{first}");
    let told = project.read("failures");
    let told: serde_json::Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!(told["exit"], 124, "{told}");
    assert_eq!(
        told["error"],
        "stopped: the `timeout` of schedule `t` is over"
    );
    assert_eq!(of(&notes(&project), "ended")[0]["exit"], 124);
}

/// A project whose task `t` runs once in some seconds and not again today, so that no later time is mistaken for another try.
fn soon(more: &str, body: &str) -> Project {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(8);
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    let line = at.strftime("%S %M %H * * *").to_string();
    let text = each_second(&format!("tz: \"UTC\", {more}"), body).replace("* * * * * *", &line);
    Project::new().task("t.rhai", &text)
}

/// A daemon that took over a run from one that was killed.
fn taken_over(project: &Project) -> Cron {
    let mut first = Cron::start(project, &[]);
    wait_until("it runs", || lines(project, "ran") == 1);
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    Cron::start(project, &[])
}

#[test]
fn a_run_of_a_killed_daemon_that_fails_is_told_and_tried_again() {
    let body = "process::run(\"sh\", [\"-c\", \"echo x >> ran; until [ -e go ]; do sleep 0.05; done; exit 3\"]);";
    let project = soon("retries: 1, backoff: \"10ms\"", body);
    let mut second = taken_over(&project);
    second.tells("1 schedule, the next at ");

    project.write("go", "");

    let told = second.tells("t: failed with exit code 1 after ");
    assert!(told.contains("it is tried again in 10ms"), "{told}");
    second.tells(", try 2 of 2");
    assert_eq!(of(&notes(&project), "ended")[0]["exit"], 1);
}

#[test]
fn a_run_of_a_killed_daemon_that_takes_too_long_is_told_and_tried_again() {
    let body = "process::run(\"sh\", [\"-c\", \"echo x >> ran; exec sleep 300\"]);";
    let project = soon("timeout: \"5s\", retries: 1, backoff: \"10ms\"", body);
    let mut second = taken_over(&project);

    let told = second.tells("t: stopped after ");

    assert!(told.contains("it is tried again in 10ms"), "{told}");
    second.tells(", try 2 of 2");
    assert_eq!(of(&notes(&project), "ended")[0]["exit"], 124);
}

#[test]
fn times_that_wait_when_the_daemon_ends_are_noted_as_left_out() {
    let body =
        "process::run(\"sh\", [\"-c\", \"echo x >> ran; until [ -e go ]; do sleep 0.05; done\"]);";
    let project = every_second("overlap: \"queue\"", body);
    let mut cron = Cron::start(&project, &[]);
    cron.tells("waits for the run before");
    cron.tells("waits for the run before");

    cron.signal(Signal::TERM);

    let told = cron.tells(" that waited: ending");
    assert!(told.contains("t: left out "), "{told}");
    project.write("go", "");
    assert_eq!(cron.ends(), Some(0));
    let left = of(&notes(&project), "skipped");
    assert!(left.len() >= 2, "{left:?}");
    assert!(left.iter().all(|note| note["why"] == "ending"), "{left:?}");
}

#[test]
fn a_run_that_fails_before_it_begins_says_why() {
    let project = Project::new().task(
        "t.rhai",
        "//! T\ntask(\"t\", #{ about: \"Try\", schedule: #{ cron: \"* * * * * *\", profiles: [\"dev\"] },\n\
         params: #{ to: #{ env: \"SEND_TO\", required: true } } }, |to| {});\n",
    );
    let mut cron = Cron::start(&project, &[]);

    let told = cron.tells("t: failed with exit code 2 after ");

    let why = "task `t` needs `--to STRING`";
    assert!(told.ends_with(why), "{told}");
    assert_eq!(of(&notes(&project), "ended")[0]["why"], why);
    // What can be known before is told before.
    let wrong = "schedule `t`: `lexi run t`: task `t` needs `--to STRING`";
    project.lexi("cron --dry-run").exits(2).tells(wrong);
    let findings = project.lexi("check --json").exits(1).findings();
    assert!(findings[0].contains(wrong), "{findings:?}");
    project.write(".env", "SEND_TO=here\n");
    project.lexi("check").succeeds();
    cron.tells("t: ok");
}

#[test]
fn a_run_that_fails_is_tried_again_with_longer_pauses() {
    let project = soon(
        "retries: 2, backoff: \"100ms\"",
        "process::run(\"sh\", [\"-c\", \"echo x >> ran; [ $(wc -l < ran) -ge 3 ]\"]);",
    );
    let mut cron = Cron::start(&project, &[]);

    cron.tells("it is tried again in 100ms");
    cron.tells(", try 2 of 3");
    let told = cron.tells("t: failed with exit code 1");
    assert!(
        told.contains("lexi history show ") && told.contains("it is tried again in 200ms"),
        "{told}"
    );
    cron.tells(", try 3 of 3");
    cron.tells("t: ok");
    let started = of(&notes(&project), "started");
    let attempts: Vec<_> = started
        .iter()
        .take(3)
        .map(|note| note["attempt"].as_u64().unwrap())
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
    assert_eq!(
        (&started[0]["slot"], &started[1]["slot"]),
        (&started[2]["slot"], &started[2]["slot"])
    );
}
