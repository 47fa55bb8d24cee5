//! What daemons leave to each other: missed times, runs of one that was killed, the lead.

use std::time::Instant;

use crate::harness::cron::{Cron, NOTE, each_second, every_second, lines, notes, of};
use crate::harness::{Project, Signal, send};
use crate::soak::wait_until;

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

/// The moments of the notes of a kind.
fn moments(project: &Project, what: &str, key: &str) -> Vec<jiff::Timestamp> {
    let found = of(&notes(project), what).into_iter();
    found
        .map(|note| serde_json::from_value(note[key].clone()).unwrap())
        .collect()
}

#[test]
fn what_came_while_an_entry_was_off_is_not_missed() {
    let project = every_second("when: \"ON\", catch_up: \"all\"", NOTE).file(".env", "ON=true\n");
    project.lexi("cron --once").succeeds();
    project.write(".env", "ON=false\n");
    project.lexi("cron --once").succeeds();
    let off = moments(&project, "off", "at");
    assert_eq!(off.len(), 1, "{:?}", notes(&project));
    wait_until("times have passed", || {
        jiff::Timestamp::now().duration_since(off[0]).as_secs() >= 3
    });

    project.lexi("cron --once").succeeds();
    project.write(".env", "ON=true\n");
    // Once more: by then it is known to be on.
    project.lexi("cron --once").succeeds();
    project.lexi("cron --once").succeeds();

    assert_eq!(moments(&project, "off", "at").len(), 1);
    let on = *moments(&project, "on", "at").last().unwrap();
    let while_off = |slot: &jiff::Timestamp| off[0] < *slot && *slot < on;
    let started = moments(&project, "started", "slot");
    assert!(!started.iter().any(while_off), "{:?}", notes(&project));
}

#[test]
fn a_line_that_is_changed_has_no_times_before_those_that_were_started() {
    let task = |line: &str| {
        each_second("catch_up: \"all\", grace: \"1s\"", NOTE).replace("* * * * * *", line)
    };
    let project = Project::new().task("t.rhai", &task("*/2 * * * * *"));
    project.lexi("cron --once").succeeds();
    wait_for_missed_times(&project, 5);
    project.lexi("cron --once").succeeds();
    let started = moments(&project, "started", "slot");
    let newest = *started.iter().max().unwrap();

    project.write("tasks/t.rhai", &task("1-59/2 * * * * *"));
    project.lexi("cron --once").succeeds();
    project.lexi("cron --once").succeeds();

    let odd = |slot: &&jiff::Timestamp| slot.as_second() % 2 == 1;
    let all = moments(&project, "started", "slot");
    assert!(
        all.iter().filter(odd).all(|slot| *slot > newest),
        "{:?}",
        notes(&project)
    );
    assert_eq!(
        of(&notes(&project), "skipped").len(),
        0,
        "{:?}",
        notes(&project)
    );
}

#[test]
fn tasks_that_a_user_takes_along_run_by_themselves_outside_of_every_project() {
    let project = Project::new().file(
        ".config/lexi/tasks/t.rhai",
        &each_second("", "fs::append(\"ran\", \"x\\n\");"),
    );
    for path in [
        ".config/lexi",
        ".config/lexi/tasks",
        ".config/lexi/tasks/t.rhai",
    ] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(project.path(path), mode).unwrap();
    }
    std::fs::remove_file(project.path("lexi.toml")).unwrap();
    let project = project.here("elsewhere");

    let mut cron = Cron::start(&project, &[]);

    cron.tells("1 schedule, the next at");
    cron.tells("t: ok");
    assert!(lines(&project, ".config/lexi/ran") > 0);
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
