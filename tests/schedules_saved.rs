//! What a daemon makes of files that are saved, with mistakes in them or without.

use std::process::Stdio;

use crate::harness::cron::{Cron, NOTE, each_second, every_second, lines};
use crate::harness::{Project, Signal, program};
use crate::soak::wait_until;

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
        let held = project.path(".lexi/schedule/dev/held/settings").join(name);
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

/// A daemon that runs from a program of its own, which can be taken away.
fn daemon_of_own_program(project: &Project) -> (Cron, std::path::PathBuf) {
    let own = project.path("own-lexi");
    std::fs::copy(program(), &own).unwrap();
    let command = project.command(&["cron"]);
    let variables = command.get_envs();
    let mut daemon = std::process::Command::new(&own);
    daemon
        .args(command.get_args())
        .current_dir(project.root())
        .env_clear()
        .envs(variables.filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    (Cron::of(daemon), own)
}

#[test]
fn a_daemon_that_cannot_look_keeps_what_was_good_and_looks_again_by_itself() {
    let project = every_second("", NOTE);
    let (mut cron, own) = daemon_of_own_program(&project);
    cron.tells("t: ok");

    let away = project.path("away");
    std::fs::rename(&own, &away).unwrap();
    project.write(
        "tasks/t.rhai",
        &each_second("", "fs::append(\"two\", \"x\");"),
    );
    let told = cron.tells("what has a time cannot be read: ");
    assert!(
        told.contains("own-lexi") && told.ends_with("; it is tried again"),
        "{told}"
    );
    let unread = cron.heard.len();
    // As an upgrade puts another file there.
    std::fs::copy(&away, &own).unwrap();

    cron.tells("read again: 1 schedule");
    wait_until("the new text runs", || project.path("two").exists());
    let looks = cron.heard[unread..].iter();
    assert_eq!(looks.filter(|line| line.contains("read again")).count(), 1);
}

/// A task that runs each second and writes down what a function of a library gives.
fn of_library(name: &str, function: &str) -> String {
    format!(
        "//! T\nimport \"lib/u\" as u;\ntask(\"{name}\", #{{ about: \"Try\", schedule: #{{ cron: \"* * * * * *\", profiles: [\"dev\"] }} }}, || {{\n\
         fs::append(\"{name}\", u::{function}() + \"\\n\");\n}});\n"
    )
}

#[test]
fn tasks_that_need_different_versions_of_a_library_have_them() {
    // Whichever comes first by its name: the one that is broken, or the one that is not.
    for (broken, good) in [("a", "b"), ("b", "a")] {
        let project = Project::new()
            .task(
                "a.rhai",
                &of_library("a", if broken == "a" { "old" } else { "both" }),
            )
            .task(
                "b.rhai",
                &of_library("b", if broken == "b" { "old" } else { "both" }),
            )
            .file(
                "tasks/lib/u.rhai",
                "fn old() { \"old\" }\nfn both() { \"both\" }\n",
            );
        let mut cron = Cron::start(&project, &[]);
        wait_until("both run", || {
            lines(&project, "a") > 0 && lines(&project, "b") > 0
        });

        project.write("tasks/lib/u.rhai", "fn both() { \"new\" }\n");
        let told = cron.tells("the last good version stays");
        assert!(told.contains(&format!("tasks/{broken}.rhai:")), "{told}");
        let after = cron.heard.len();

        cron.tells(&format!("{good}: ok"));
        cron.tells(&format!("{broken}: started"));
        cron.tells(&format!("{broken}: ok"));
        cron.tells(&format!("{broken}: started"));
        cron.tells(&format!("{broken}: ok"));
        wait_until("the good one has the new text", || {
            project.read(good).ends_with("new\n")
        });
        assert!(project.read(broken).ends_with("old\n"));
        // A run that began while the file was being saved may have failed, and no other.
        let failed = cron.heard[after..].iter();
        let failed = failed.filter(|line| line.contains(": failed")).count();
        assert!(failed <= 2, "{:#?}", cron.heard);
    }
}

#[test]
fn a_library_that_is_removed_stays_as_it_was() {
    for (import, file) in [("lib/u", "tasks/lib/u.rhai"), ("std/u", "stdlib/u.rhai")] {
        let task = of_library("t", "word").replace("lib/u", import);
        let project = Project::new()
            .task("t.rhai", &task)
            .file(file, "fn word() { \"word\" }\n");
        let mut cron = Cron::start(&project, &[]);
        cron.tells("t: ok");

        std::fs::remove_file(project.path(file)).unwrap();
        cron.tells("the last good version stays");

        goes_on(&mut cron);
    }
}

#[test]
fn a_daemon_that_takes_over_has_the_last_good_settings() {
    let body = "process::run(\"sh\", [\"-c\", \"echo \" + env::require(\"WHO\") + \" >> ran\"]);";
    let project = every_second("", body).file(".env", "WHO=first\n");
    let mut leader = Cron::start(&project, &[]);
    leader.tells("t: ok");
    let mut second = Cron::start(&project, &[]);
    second.tells("standing by");
    project.write(".env", "WHO=second\n");
    leader.tells("read again");
    project.write(".env", "WHO=third\nA=\"\n");
    leader.tells("the last good version stays");

    leader.signal(Signal::KILL);
    second.tells("the last good version stays");
    goes_on(&mut second);

    assert!(project.read("ran").ends_with("second\n"));
}

#[test]
fn a_secret_of_the_daemon_s_profile_is_masked_whatever_the_default_is_now() {
    let project = every_second("", NOTE).file("lexi.toml", "name = \"sample\"\n");
    let mut cron = Cron::start(&project, &[]);
    cron.tells("t: ok");

    project.write(
        "lexi.toml",
        "name = \"sample\"\n[profile]\ndefault = \"test\"\n",
    );
    cron.tells("read again");
    project.write(".env.dev", "DEV_TOKEN=beta-secret-2\n");
    cron.tells("read again");
    project.write(
        "tasks/t.rhai",
        &each_second("", NOTE).replace("* * * * * *", "beta-secret-2"),
    );
    let told = cron.tells("the last good version stays");

    assert!(!told.contains("beta-secret-2"), "{told}");
}

#[test]
fn a_task_file_that_is_cut_short_is_told_though_it_names_no_schedule() {
    let project = every_second("", NOTE).file("tasks/z.rhai", "task(\"a\", #{");

    project
        .lexi("cron --dry-run")
        .exits(2)
        .tells("tasks/z.rhai:");
    let mut cron = Cron::start(&project, &[]);

    cron.tells("tasks/z.rhai:");
    cron.tells("t: ok");
}
