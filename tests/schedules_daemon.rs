//! `lexi cron` at work: what it starts, leaves out, stops, tries again and catches up, and who it survives.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use crate::harness::{HUNG, Project, Signal, send};
use crate::soak::wait_until;

/// A daemon and what it tells; it is killed with all it started when the test ends.
struct Cron {
    child: Child,
    told: Receiver<String>,
    heard: Vec<String>,
}

impl Cron {
    fn start(project: &Project, args: &[&str]) -> Self {
        let args = [&["cron"], args].concat();
        let mut child = project.command(&args).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        Self {
            told: listen(stderr),
            child,
            heard: Vec::new(),
        }
    }

    /// Waits until it tells something that holds this.
    #[track_caller]
    fn tells(&mut self, part: &str) -> String {
        let deadline = Instant::now() + HUNG;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.told.recv_timeout(left) {
                Ok(line) => {
                    self.heard.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(error) => panic!("never told {part:?} ({error}):\n{}", self.heard.join("\n")),
            }
        }
    }

    fn signal(&self, signal: Signal) {
        assert!(send(signal, i32::try_from(self.child.id()).unwrap()));
    }

    /// Waits for its end; gives its exit code.
    #[track_caller]
    fn ends(mut self) -> Option<i32> {
        let deadline = Instant::now() + HUNG;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                Instant::now() < deadline,
                "it does not end:\n{}",
                self.heard.join("\n")
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Drop for Cron {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            // What it started outlives it by design.
            let id = self.child.id();
            let runs = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
            self.child.kill().unwrap();
            self.child.wait().unwrap();
            for run in runs.unwrap_or_default().split_whitespace() {
                send(Signal::TERM, -run.parse::<i32>().unwrap());
            }
        }
    }
}

fn listen(stderr: ChildStderr) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// A project whose task `t` runs each second in the profile dev.
fn every_second(more: &str, body: &str) -> Project {
    Project::new().task("t.rhai", &each_second(more, body))
}

fn each_second(more: &str, body: &str) -> String {
    format!(
        "//! T\ntask(\"t\", #{{ about: \"Try\", schedule: #{{ cron: \"* * * * * *\", profiles: [\"dev\"], {more} }} }}, || {{\n{body}\n}});\n"
    )
}

/// Adds a line to a file with one write, whoever else does.
const NOTE: &str = "process::run(\"sh\", [\"-c\", \"echo x >> ran\"]);";

fn lines(project: &Project, name: &str) -> usize {
    std::fs::read_to_string(project.path(name))
        .unwrap_or_default()
        .lines()
        .count()
}

fn notes(project: &Project) -> Vec<serde_json::Value> {
    let text =
        std::fs::read_to_string(project.path(".lexi/schedule/dev/t.jsonl")).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn of(notes: &[serde_json::Value], what: &str) -> Vec<serde_json::Value> {
    notes
        .iter()
        .filter(|note| note["what"] == what)
        .cloned()
        .collect()
}

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
    let project = Project::new().task(
        "t.rhai",
        "//! T\ntask(\"t\", #{ about: \"Try\", schedule: #{ cron: \"* * * * * *\", profiles: [\"dev\"], retries: 2, backoff: \"100ms\", overlap: \"skip\" } }, || {\n\
         process::run(\"sh\", [\"-c\", \"echo x >> ran; [ $(wc -l < ran) -ge 3 ]\"]);\n});\n",
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

#[test]
fn a_save_changes_the_task_alone_and_a_broken_one_keeps_the_last_good_version() {
    let slow = "//! S\ntask(\"slow\", #{ about: \"Try\", schedule: #{ cron: \"* * * * * *\", profiles: [\"dev\"] } }, || {\n\
                process::run(\"sh\", [\"-c\", \"echo x >> slow; sleep 300\"]);\n});\n";
    let project = every_second("", "process::run(\"sh\", [\"-c\", \"echo one >> ran\"]);")
        .task("slow.rhai", slow);
    let mut cron = Cron::start(&project, &[]);
    wait_until("both run", || {
        lines(&project, "slow") == 1 && lines(&project, "ran") > 0
    });

    project.write(
        "tasks/t.rhai",
        &each_second("", "process::run(\"sh\", [\"-c\", \"echo two >> ran\"]);"),
    );
    cron.tells("read again: 2 schedules");
    wait_until("the new text runs", || project.read("ran").contains("two"));

    project.write(
        "tasks/t.rhai",
        "//! T\ntask(\"t\", #{ about: \"Try\", schedule: #{",
    );
    let told = cron.tells("the last good version stays");
    assert!(told.contains("tasks/t.rhai:"), "{told}");
    let before = lines(&project, "ran");
    wait_until("the last good text runs on", || {
        lines(&project, "ran") > before + 1
    });
    assert!(project.read("ran").trim_end().ends_with("two"));

    project.write(
        "tasks/t.rhai",
        &each_second("", "process::run(\"sh\", [\"-c\", \"echo three >> ran\"]);"),
    );
    cron.tells("read again: 2 schedules");
    wait_until("the mended text runs", || {
        project.read("ran").contains("three")
    });
    assert_eq!(lines(&project, "slow"), 1, "what ran was left alone");
    let told = cron
        .heard
        .iter()
        .filter(|line| line.contains("last good version stays"))
        .count();
    assert_eq!(told, 1);
}

/// Waits for two more runs that are well. One that began while the file was being saved may not be.
#[track_caller]
fn goes_on(cron: &mut Cron) {
    cron.tells("t: ok");
    cron.tells("t: ok");
}

/// The beginning of a task file, cut short.
const BROKEN: &str = "//! T\ntask(\"t\", #{ about: \"Try\", schedule: #{";

#[test]
fn a_daemon_that_does_not_lead_leaves_what_the_leader_keeps_alone() {
    let project = every_second("", NOTE);
    let mut first = Cron::start(&project, &[]);
    first.tells("t: ok");
    project.write("tasks/t.rhai", BROKEN);
    first.tells("the last good version stays");

    project.lexi("cron --unless-running").succeeds();
    project.lexi("cron --once").exits(75);
    let mut second = Cron::start(&project, &[]);
    second.tells("standing by");

    goes_on(&mut first);
}

#[test]
fn a_mistake_in_lexi_toml_or_an_env_file_changes_nothing() {
    let body = "process::run(\"sh\", [\"-c\", \"echo \" + env::require(\"WHO\") + \" >> ran\"]);";
    let good = [("lexi.toml", "name = \"sample\"\n"), (".env", "WHO=me\n")];
    let project = every_second("", body)
        .file(good[0].0, good[0].1)
        .file(good[1].0, good[1].1);
    let mut cron = Cron::start(&project, &[]);
    cron.tells("t: ok");
    let cases = [
        ("lexi.toml", "name = \"sample\"\nx [\n", "lexi.toml:2:3: "),
        (
            "lexi.toml",
            "[schedule.t]\ntimeout = \"abc\"\n",
            "lexi.toml:2:11: ",
        ),
        (".env", "WHO=you\nA=\"\n", ".env:2: no closing"),
        (".env.dev", "WHO=you\nno value\n", ".env.dev:2: "),
    ];
    for (name, broken, place) in cases {
        project.write(name, broken);
        let told = cron.tells("; the last good version stays");
        assert!(told.contains(place), "{told}");

        goes_on(&mut cron);
        let held = project.path(".lexi/schedule/dev/held").join(name);
        let mode = std::os::unix::fs::PermissionsExt::mode(&held.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);

        match good.iter().find(|(good, _)| *good == name) {
            Some((_, text)) => project.write(name, text),
            None => std::fs::remove_file(project.path(name)).unwrap(),
        }
        cron.tells("read again: 1 schedule");
        assert!(!held.exists());
    }
    let ran = project.read("ran");
    assert!(ran.lines().all(|line| line == "me"), "{ran}");
}

#[test]
fn a_good_version_that_cannot_be_kept_ends_no_schedule() {
    let other = each_second("", NOTE).replace("\"t\"", "\"other\"");
    let project = every_second("", NOTE).task("other.rhai", &other);
    let mut cron = Cron::start(&project, &[]);
    cron.tells("t: ok");
    // In the folder's place, so that nothing can be written there.
    project.write(".lexi/schedule/dev/held", "");
    project.write("tasks/t.rhai", BROKEN);

    cron.tells("a task with a mistake does not run until that is done");
    cron.tells("t: failed with exit code 2");
    cron.tells("other: ok");
    cron.tells("other: ok");
    std::fs::remove_file(project.path(".lexi/schedule/dev/held")).unwrap();

    cron.tells("t: ok");
}

#[test]
fn a_file_that_was_broken_when_the_daemon_began_is_told_and_taken_up_when_it_is_mended() {
    let project = Project::new().task("t.rhai", BROKEN).file(
        "lexi.toml",
        "[schedule.w]\ncron = \"@daily\"\nprofiles = [\"dev\"]\n",
    );
    project.write("tasks/w.rhai", "//! W\ntask(\"w\", #{");
    let mut cron = Cron::start(&project, &[]);

    let mut told: Vec<String> = (0..2)
        .map(|_| cron.tells("; nothing of it runs until it is mended"))
        .collect();
    told.sort_by_key(|line| line.contains("tasks/w.rhai"));
    assert!(told[0].contains(" tasks/t.rhai:2:"), "{told:?}");
    assert!(told[1].contains(" tasks/w.rhai:2:"), "{told:?}");
    project.write(
        "tasks/w.rhai",
        "//! W\ntask(\"w\", #{ about: \"Try\" }, || { });\n",
    );
    project.write("tasks/t.rhai", &each_second("", NOTE));

    cron.tells("t: ok");
}

#[test]
fn a_daemon_leaves_a_script_that_its_user_takes_along_as_it_is() {
    let own = "//! M\ntask(\"mine\", #{ about: \"Try\" }, || { print(1); });\n";
    let project = Project::new()
        .file(
            "lexi.toml",
            "[schedule.mine]\ncron = \"* * * * * *\"\nprofiles = [\"dev\"]\n",
        )
        .file(".config/lexi/tasks/mine.rhai", own);
    for path in [
        ".config/lexi",
        ".config/lexi/tasks",
        ".config/lexi/tasks/mine.rhai",
    ] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(project.path(path), mode).unwrap();
    }
    let mut cron = Cron::start(&project, &[]);
    cron.tells("mine: ok");

    let broken = format!("{own}}}");
    project.write(".config/lexi/tasks/mine.rhai", &broken);
    cron.signal(Signal::HUP);

    cron.tells("nothing of it runs until it is mended");
    assert_eq!(project.read(".config/lexi/tasks/mine.rhai"), broken);
}

fn wait_for_missed_times(project: &Project, seconds: i64) {
    wait_until("times have passed", || {
        let seen: jiff::Timestamp =
            serde_json::from_value(notes(project)[0]["at"].clone()).unwrap();
        jiff::Timestamp::now().duration_since(seen).as_secs() >= seconds
    });
}

#[test]
fn what_is_caught_up_one_by_one_ends_with_the_time_that_came_just_now() {
    let project = every_second("catch_up: \"all\", grace: \"1s\"", NOTE);
    project.lexi("cron --once").succeeds();
    wait_for_missed_times(&project, 4);
    let before = of(&notes(&project), "skipped").len();

    project.lexi("cron --once").succeeds();

    let notes = notes(&project);
    assert_eq!(of(&notes, "skipped").len(), before, "{notes:?}");
    assert!(of(&notes, "started").len() >= 4, "{notes:?}");
}

#[test]
fn what_was_missed_while_nobody_ran_is_caught_up_as_the_task_says() {
    let project = every_second(
        "catch_up: \"all\", within: \"1h\", overlap: \"queue\"",
        NOTE,
    );
    project.lexi("cron --once").succeeds();
    wait_for_missed_times(&project, 4);

    project.lexi("cron --once").succeeds();

    let started = of(&notes(&project), "started");
    assert!(started.len() >= 4, "{started:?}");
    let slots: std::collections::BTreeSet<String> = started
        .iter()
        .map(|note| note["slot"].to_string())
        .collect();
    assert_eq!(slots.len(), started.len());
    assert_eq!(lines(&project, "ran"), started.len());
}

#[test]
fn a_single_call_ends_when_its_run_has_gone_on_past_the_next_time() {
    let body = format!("{NOTE} process::run(\"sleep\", [\"3\"]);");
    let project = every_second("catch_up: \"latest\"", &body);
    project.lexi("cron --once").succeeds();
    wait_for_missed_times(&project, 2);

    project.lexi("cron --once").succeeds();

    assert_eq!(lines(&project, "ran"), 1);
}

#[test]
fn a_killed_daemon_leaves_its_run_alone_and_the_next_one_knows_of_it() {
    let body =
        "process::run(\"sh\", [\"-c\", \"echo x >> ran; until [ -e go ]; do sleep 0.05; done\"]);";
    let project = every_second("", body);
    let mut first = Cron::start(&project, &[]);
    first.tells("t: started");
    wait_until("it runs", || lines(&project, "ran") == 1);
    first.child.kill().unwrap();
    first.child.wait().unwrap();

    let mut second = Cron::start(&project, &[]);
    second.tells("is left out: the run before goes on");
    assert_eq!(lines(&project, "ran"), 1);
    project.write("go", "");
    wait_until("its end is known", || {
        !of(&notes(&project), "ended").is_empty()
    });

    assert_eq!(of(&notes(&project), "ended")[0]["exit"], 0);
    second.tells("t: started");
}

#[test]
fn a_run_that_was_killed_with_its_daemon_is_lost_and_tried_again_only_when_the_task_says_so() {
    for (retries, attempts) in [(0, 1), (1, 2)] {
        let project = every_second(
            &format!("retries: {retries}, backoff: \"10ms\""),
            "process::run(\"sh\", [\"-c\", \"echo x >> ran; sleep 300\"]);",
        );
        // One time only, so that no later one takes the place of another try.
        let once = project
            .read("tasks/t.rhai")
            .replace("* * * * * *", "*/20 * * * * *");
        project.write("tasks/t.rhai", &once);
        let mut first = Cron::start(&project, &[]);
        first.tells("t: started");
        wait_until("it runs", || lines(&project, "ran") == 1);
        let run =
            i32::try_from(of(&notes(&project), "started")[0]["pid"].as_u64().unwrap()).unwrap();
        first.child.kill().unwrap();
        first.child.wait().unwrap();
        assert!(send(Signal::KILL, -run));

        let mut second = Cron::start(&project, &[]);

        second.tells("was killed, and nobody knows how far it came");
        if attempts == 2 {
            second.tells(", try 2 of 2");
        }
        wait_until("it is noted", || !of(&notes(&project), "ended").is_empty());
        let ended = of(&notes(&project), "ended");
        assert!(ended[0]["exit"].is_null(), "{ended:?}");
        drop(second);
    }
}

#[test]
fn a_second_daemon_stands_by_and_takes_over() {
    let project = every_second("", NOTE);
    let mut first = Cron::start(&project, &[]);
    first.tells("t: ok");
    let mut second = Cron::start(&project, &[]);
    second.tells("standing by: lock `schedule` is held by `lexi cron` (pid ");
    project
        .lexi("cron --once")
        .exits(75)
        .tells("lock `schedule` is held by `lexi cron`");

    first.child.kill().unwrap();

    second.tells("t: started");
    second.signal(Signal::INT);
    assert_eq!(second.ends(), Some(0));
    let started = of(&notes(&project), "started");
    let slots: std::collections::BTreeSet<String> = started
        .iter()
        .map(|note| note["slot"].to_string())
        .collect();
    assert_eq!(slots.len(), started.len());
}

/// Removes what `lexi` keeps, though a run may write there.
fn remove_state(project: &Project) {
    let state = project.path(".lexi");
    wait_until("it is removed", || std::fs::remove_dir_all(&state).is_ok());
}

#[test]
fn a_lead_whose_lock_is_removed_is_taken_again_unless_another_has_it() {
    let project = every_second("", NOTE);
    let mut first = Cron::start(&project, &[]);
    first.tells("t: ok");

    remove_state(&project);

    first.tells("lead.lock` was removed; the lead is taken again");
    first.tells("t: ok");
    let mut second = Cron::start(&project, &[]);
    second.tells("standing by");

    first.signal(Signal::STOP);
    remove_state(&project);
    second.tells("t: ok");
    first.signal(Signal::CONT);

    first.tells("the lead is lost: lock `schedule` is held by `lexi cron` (pid ");
    first.tells("standing by");
    second.tells("t: ok");
}

#[test]
fn what_was_started_before_the_notes_were_removed_is_not_started_again() {
    let project = every_second("", NOTE);
    let slot = |second: u32| {
        let at = format!("2026-01-01T00:00:0{second}Z");
        format!(r#"{{"entry":"t","at":"{at}","attempt":1,"coordinator":"file"}}"#)
    };
    project.run(&["run", "--slot", &slot(1), "t"]).succeeds();
    remove_state(&project);
    project.run(&["run", "--slot", &slot(2), "t"]).succeeds();

    project.run(&["run", "--slot", &slot(1), "t"]).exits(75);
    assert_eq!(lines(&project, "ran"), 2);
}

#[test]
fn a_daemon_whose_project_is_moved_ends_and_does_not_make_it_again() {
    let task = each_second("", NOTE);
    let project = Project::new()
        .file("app/lexi.toml", "")
        .file("app/tasks/t.rhai", &task);
    let mut cron = Cron::start(&project, &["--project", "app"]);
    cron.tells("t: ok");

    std::fs::rename(project.path("app"), project.path("moved")).unwrap();

    cron.tells("error: the project is no longer in `");
    assert_eq!(cron.ends(), Some(1));
    assert!(!project.path("app").exists());
}

#[test]
fn a_run_is_told_to_start_by_the_daemon_only() {
    let project = every_second("", NOTE);

    project
        .run(&["run", "--slot", "now", "t"])
        .exits(2)
        .tells("`--slot` is given by `lexi cron` only");
    let slot = r#"{"entry":"t","at":"2026-01-01T00:00:00Z","attempt":1,"coordinator":"file"}"#;
    project.run(&["run", "--slot", slot, "t"]).succeeds();
    project
        .run(&["run", "--slot", slot, "t"])
        .exits(75)
        .tells("`t` was started for 2026-01-01T00:00:00Z before");
    assert_eq!(lines(&project, "ran"), 1);
}

/// The seconds that were started and those that were left out, each as often as it was.
fn decided(project: &Project) -> (Vec<i64>, Vec<i64>) {
    let notes = notes(project);
    let second = |note: &serde_json::Value, key: &str| {
        let at: jiff::Timestamp = serde_json::from_value(note[key].clone()).unwrap();
        at.as_second()
    };
    let started = of(&notes, "started");
    let started = started.iter().map(|note| second(note, "slot")).collect();
    let skipped = of(&notes, "skipped");
    let skipped = skipped.iter().flat_map(|note| {
        assert!(note["why"].is_string(), "{note}");
        second(note, "from")..=second(note, "to")
    });
    (started, skipped.collect())
}

#[track_caller]
fn each_second_is_decided_once(project: &Project) {
    let (started, skipped) = decided(project);
    let mut all = [started.clone(), skipped.clone()].concat();
    all.sort_unstable();
    let gaps = all.windows(2).filter(|pair| pair[1] != pair[0] + 1);
    assert_eq!(gaps.count(), 0, "started {started:?}, left out {skipped:?}");
}

#[test]
fn a_daemon_that_slept_leaves_out_what_it_missed_and_so_does_the_next_one() {
    let project = every_second("grace: \"1s\"", NOTE);
    let mut cron = Cron::start(&project, &[]);
    cron.tells("t: ok");

    // As in suspend, the clock goes on and the daemon does not.
    cron.signal(Signal::STOP);
    std::thread::sleep(std::time::Duration::from_secs(5));
    cron.signal(Signal::CONT);

    cron.tells("was missed");
    cron.tells("t: ok");
    cron.signal(Signal::TERM);
    assert_eq!(cron.ends(), Some(0));
    each_second_is_decided_once(&project);
    // What nobody could start is left out by the next daemon, and what was started is not.
    std::thread::sleep(std::time::Duration::from_secs(4));
    let mut next = Cron::start(&project, &[]);
    next.tells("was missed");
    next.tells("t: ok");
    next.signal(Signal::TERM);
    next.ends();
    each_second_is_decided_once(&project);
    assert_eq!(lines(&project, "ran"), decided(&project).0.len());
}

mod services {
    use super::*;

    /// Two hosts: two folders with the same project, profile and database.
    fn two_hosts(more: &str, body: &str) -> [Project; 2] {
        let first = every_second(more, body).postgres();
        let mut second = every_second(more, body);
        for name in [
            "DB_HOST",
            "DB_PORT",
            "DB_DATABASE",
            "DB_USERNAME",
            "DB_PASSWORD",
        ] {
            second = second.env(name, &first.variable(name));
        }
        [first, second]
    }

    fn sql(project: &Project, sql: &str) -> String {
        let (port, database) = project.database();
        crate::harness::psql(port, &database, sql).trim().to_owned()
    }

    #[test]
    fn another_host_takes_over_from_one_that_died_and_nothing_starts_twice() {
        let hosts = two_hosts("catch_up: \"all\", overlap: \"allow\"", NOTE);
        let mut first = Cron::start(&hosts[0], &["--coordinator", "pg"]);
        first.tells("t: ok");
        let mut second = Cron::start(&hosts[1], &["--coordinator", "pg"]);
        second.tells("standing by: the lead is held by `lexi cron` on ");
        first.tells("t: ok");

        first.child.kill().unwrap();
        let died = Instant::now();
        second.tells("t: started");
        let took = died.elapsed();
        second.tells("t: ok");
        // What nobody started meanwhile is made up for, one after the other.
        let gaps = "select count(*) from (select slot - lag(slot) over (order by slot) as gap from lexi.schedule_start) s where gap <> '1 s'";
        wait_until("no time is lost", || sql(&hosts[0], gaps) == "0");
        second.signal(Signal::TERM);
        assert_eq!(second.ends(), Some(0));

        // The lease is ten seconds; the rest is what a busy machine may add.
        assert!(took.as_secs() < 30, "{took:?}");
        let epochs = sql(
            &hosts[0],
            "select count(distinct epoch) from lexi.schedule_start",
        );
        assert_eq!(epochs, "2");
        let started: usize = sql(&hosts[0], "select count(*) from lexi.schedule_start")
            .parse()
            .unwrap();
        let ran = lines(&hosts[0], "ran") + lines(&hosts[1], "ran");
        assert!(ran <= started, "{ran} of {started}");
    }

    #[test]
    fn a_host_that_loses_the_lead_stops_its_runs() {
        let body = "process::run(\"sh\", [\"-c\", \"echo $$ > pid; exec sleep 300\"]);";
        let hosts = two_hosts("", body);
        let mut first = Cron::start(&hosts[0], &["--coordinator", "pg"]);
        wait_until("it runs", || lines(&hosts[0], "pid") == 1);
        let pid: i32 = hosts[0].read("pid").trim().parse().unwrap();

        sql(
            &hosts[0],
            "update lexi.schedule_lease set owner = 'other', epoch = epoch + 1, expires_at = clock_timestamp() + interval '1 hour'",
        );

        first.tells("the lead is lost: another daemon leads; what runs is stopped");
        first.tells("standing by: the lead is held by `lexi cron` on ");
        wait_until("the run is gone", || !send(Signal::CONT, pid));
        let slot =
            r#"{"entry":"t","at":"2026-01-01T00:00:00Z","attempt":1,"coordinator":"pg","epoch":1}"#;
        hosts[1].run(&["run", "--slot", slot, "t"]).exits(75);
    }
}
