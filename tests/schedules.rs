//! Schedules: how they are written, what is wrong with them, and what `lexi cron` says will run.

use crate::harness::Project;

fn nightly(schedule: &str) -> Project {
    Project::new().task(
        "a.rhai",
        &format!("//! A\ntask(\"nightly\", #{{\n    about: \"Try\",\n    schedule: {schedule},\n}}, || {{ }});\n"),
    )
}

#[test]
fn a_schedule_is_a_line_a_map_or_several() {
    let project = nightly(
        r#"["@daily", #{ cron: "*/5 * * * * *", tz: "Europe/Berlin", profiles: ["dev"], args: ["-v"], overlap: "queue",
            jitter: "30s", catch_up: "all", within: "2h", grace: "5m", timeout: "1h", retries: 3, backoff: "10s" }]"#,
    );
    project.lexi("check").succeeds();

    let outcome = project.lexi("cron --dry-run").succeeds();

    outcome
        .says("Runs in profile dev\n  nightly.2  */5 * * * * * (Europe/Berlin), next ")
        .says("lexi run nightly -v\n")
        .says("waits while it runs; times missed in 2h are made up for; starts ")
        .says("stopped after 1h; tried again 3 times from 10s\n")
        .says("Off\n  nightly    off: profile dev is not one of its profiles (prod)\n");
    let outcome = project.lexi("cron --dry-run --profile prod").succeeds();
    outcome
        .says("  nightly    @daily, next ")
        .says("  nightly.2  off: profile prod");
}

#[test]
fn a_bad_schedule_is_found_at_its_own_place() {
    let cases = [
        (
            "\"70 * * * *\"",
            "tasks/a.rhai:4:15: `70 * * * *` is no cron line: `70` is no minute, which is 0-59",
        ),
        (
            "#{ cron: \"0 25 * * *\" }",
            "tasks/a.rhai:4:24: `0 25 * * *` is no cron line: `25` is no hour",
        ),
        (
            "#{ cron: \"@daily\", tz: \"Mars/Base\" }",
            "there is no time zone `Mars/Base`",
        ),
        (
            "#{ crn: \"@daily\" }",
            "unknown schedule field `crn` (did you mean `cron`?)",
        ),
        (
            "#{ profiles: [\"dev\"] }",
            "a schedule needs either `cron` or `setting`",
        ),
        (
            "#{ cron: \"@daily\", profiles: [\"prdo\"] }",
            "`profiles`: unknown profile `prdo`: did you mean `prod`?",
        ),
        (
            "#{ cron: \"@daily\", overlap: \"both\" }",
            "`overlap`: unknown variant `both`",
        ),
        (
            "#{ cron: \"@daily\", timeout: \"soon\" }",
            "`timeout`: `soon` is not a duration",
        ),
        (
            "#{ cron: \"@daily\", timeout: \"0s\" }",
            "`timeout`: a `timeout` of 0 would stop each run at once",
        ),
        ("#{ cron: \"1\" }", "it has 1 field, not 5 or 6"),
        (
            "#{ cron: \"@daily\", profiles: \"dev\" }",
            "expected a list such as [\"dev\", \"prod\"]",
        ),
        (
            "#{ cron: \"@daily\", retries: -1 }",
            "`retries`: invalid value",
        ),
        (
            "42",
            "`schedule` must be a cron line, a map or an array of these, not a number",
        ),
        ("\"0 \" + \"2\"", "`schedule` must be a literal"),
    ];
    for (schedule, expected) in cases {
        let findings = nightly(schedule).lexi("check --json").exits(1).findings();

        assert!(
            findings.iter().any(|found| found.contains(expected)),
            "{schedule}: {findings:#?}"
        );
    }
}

#[test]
fn a_file_that_may_hold_times_and_cannot_be_read_is_told_wherever_they_are_asked_for() {
    let text = "//! A\ntask(\"a\", #{ about: \"Try\", schedule: #{ cron: \"@daily\", profiles: [\"dev\"] }";
    let cases = [
        (text.to_owned(), "tasks/a.rhai:2:"),
        (
            format!("{text}, nonsense: 1 }}, || {{ }});\n"),
            "tasks/a.rhai:2:",
        ),
        (
            format!("{text} }}, || {{ prnt(1); }});\n"),
            "tasks/a.rhai:2:",
        ),
    ];
    for (text, place) in cases {
        let project = Project::new().task("a.rhai", &text);

        project.lexi("cron --dry-run").exits(2).tells(place);
        project.lexi("cron --next 3").succeeds().tells(place);
        project.lexi("cron --once").exits(1).tells(place);
        project
            .lexi("doctor")
            .exits(1)
            .says(&format!("failed  schedules  {place}"));
    }

    // Nobody can tell whether one that was cut short has a time; of a whole one everybody can.
    let project = Project::new().task("a.rhai", "//! A\ntask(\"a\", #{ about: ");
    project.lexi("cron --dry-run").exits(2);
    project.lexi("cron --once").exits(1);
    let whole = "//! A\ntask(\"a\", #{ abuot: \"Try\" }, || { });\n";
    let project = Project::new().task("a.rhai", whole);
    project.lexi("cron --dry-run").succeeds();
}

#[test]
fn a_task_that_destroys_data_is_never_replaced() {
    let project = nightly("#{ cron: \"@daily\", overlap: \"replace\" },\n    destructive: true");
    let findings = project.lexi("check --json").exits(1).findings();
    assert!(
        findings[0].contains("`nightly` destroys data, so its runs must not replace each other"),
        "{findings:?}"
    );

    let project = nightly("\"@daily\",\n    destructive: true")
        .file("lexi.toml", "[schedule.n]\ntask = \"nightly\"\ncron = \"@daily\"\noverlap = \"replace\"\nprofiles = [\"dev\"]\n");
    let findings = project.lexi("check --json").exits(1).findings();
    assert!(
        findings[0].starts_with("lexi.toml:1:1: schedule `n`: `nightly` destroys data"),
        "{findings:?}"
    );
    project
        .lexi("cron --dry-run")
        .exits(2)
        .tells("destroys data");
}

#[test]
fn entries_of_the_configuration_are_checked_and_stronger() {
    let config = "name = \"s\"\n[schedule.nightly]\ncron = \"0 3 * * *\"\nprofiles = [\"dev\"]\nargs = [\"--quiet\"]\n\
                  [schedule.gone]\ntask = \"nightli\"\ncron = \"@daily\"\n[schedule.bad]\ntask = \"nightly\"\ncron = \"0 3 * *\"\n\
                  [schedule.none]\ntask = \"nightly\"\n";
    let project = nightly("\"0 2 * * *\"").file("lexi.toml", config);

    let findings = project.lexi("check --json").exits(1).findings();

    let expected = [
        "lexi.toml:6:1: schedule `gone`: there is no task `nightli` (did you mean `nightly`?)",
        "lexi.toml:9:1: `0 3 * *` is no cron line: it has 4 fields, not 5 or 6",
        "lexi.toml:12:1: schedule `none` has neither `cron` nor `setting`, or both",
    ];
    assert_eq!(findings.len(), expected.len(), "{findings:#?}");
    for (found, expected) in findings.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
    project
        .lexi("cron --dry-run")
        .exits(2)
        .says("  nightly  0 3 * * *, next ")
        .says("lexi run nightly --quiet");

    let project =
        nightly("\"0 2 * * *\"").file("lexi.toml", "[schedule.nightly]\nevery = \"1h\"\n");
    project
        .lexi("cron --next 3")
        .exits(2)
        .tells("lexi.toml:2:1: unknown key `every`");
}

#[test]
fn a_line_may_come_from_a_setting_and_be_switched_off_by_another() {
    let config = "[schedule.nightly]\nsetting = \"BACKUP_SCHEDULE\"\nwhen = \"BACKUP_ENABLED\"\nprofiles = [\"dev\"]\n";
    let project = nightly("\"@yearly\"").file("lexi.toml", config);
    let explains = |env: &str| {
        project.write(".env", env);
        project.lexi("cron --dry-run")
    };

    explains("")
        .succeeds()
        .says("nightly  off: setting BACKUP_ENABLED is not set");
    explains("BACKUP_ENABLED=false\n")
        .succeeds()
        .says("off: setting BACKUP_ENABLED is false (.env:1)");
    explains("BACKUP_ENABLED=true\n")
        .succeeds()
        .says("off: setting BACKUP_SCHEDULE is not set");
    explains("BACKUP_ENABLED=true\nBACKUP_SCHEDULE=0 2 * * *\n")
        .succeeds()
        .says("nightly  0 2 * * *, next ");
    explains("BACKUP_ENABLED=true\nBACKUP_SCHEDULE=0 2 * *\n")
        .exits(2)
        .tells("setting BACKUP_SCHEDULE (.env:2): `0 2 * *` is no cron line: it has 4 fields");
    explains("BACKUP_ENABLED=maybe\n")
        .exits(2)
        .tells("setting `BACKUP_ENABLED` is `maybe`");
}

#[test]
fn a_bad_line_in_a_setting_is_named_by_check_and_doctor() {
    let config = "[schedule.nightly]\nsetting = \"BACKUP_SCHEDULE\"\nwhen = \"BACKUP_ENABLED\"\nprofiles = [\"dev\", \"prod\"]\n";
    let project = nightly("\"@yearly\"").file("lexi.toml", config);
    project.write(".env", "BACKUP_ENABLED=true\nBACKUP_SCHEDULE=0 2 * *\n");

    let findings = project.lexi("check --json").exits(1).findings();

    let expected = ".env:2:1: schedule `nightly`: setting BACKUP_SCHEDULE: `0 2 * *` is no cron line: it has 4 fields";
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with(expected), "{findings:?}");
    project
        .lexi("doctor --cron")
        .exits(1)
        .says("failed  schedules  setting BACKUP_SCHEDULE (.env:2): `0 2 * *` is no cron line");

    // Only the profiles in which it runs count.
    project.write(".env", "");
    project.write(".env.test", "BACKUP_SCHEDULE=nonsense\n");
    project.lexi("check").succeeds();
    project.write(".env.prod", "BACKUP_SCHEDULE=nonsense\n");
    let findings = project.lexi("check --json").exits(1).findings();
    assert!(findings[0].starts_with(".env.prod:1:1: "), "{findings:?}");
}

#[test]
fn the_next_starts_are_listed_in_order() {
    let project = nightly(
        r#"[#{ cron: "CRON_TZ=Asia/Tokyo 0 9 1 1 *", profiles: ["dev"] }, #{ cron: "30 8 1 1 *", tz: "Asia/Tokyo", profiles: ["dev"], args: ["-q"] }]"#,
    );

    let listed = project.lexi("cron --next 3 --json").succeeds().json();

    let local: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["local"].as_str().unwrap())
        .collect();
    let ends: Vec<&str> = local.iter().map(|time| &time[4..]).collect();
    assert_eq!(
        ends,
        [
            "-01-01T08:30:00+09:00",
            "-01-01T09:00:00+09:00",
            "-01-01T08:30:00+09:00"
        ]
    );
    assert_eq!(
        (&listed[0]["entry"], &listed[0]["args"][0]),
        (&"nightly.2".into(), &"-q".into())
    );
    let outcome = project.lexi("cron --next 2").succeeds();
    assert_eq!(outcome.out.lines().count(), 2);
    outcome
        .says(" 08:30:00 +09:00  in ")
        .says("  nightly.2  lexi run nightly -q\n")
        .keeps_quiet();
    project
        .lexi("cron --next --profile prod")
        .succeeds()
        .stdout("")
        .tells("nothing runs by itself in profile prod");
}

#[test]
fn wrong_words_behind_a_task_are_told_before_it_runs() {
    let project = nightly("#{ cron: \"@daily\", args: [\"--labl\", \"x\"], profiles: [\"dev\"] }");

    let outcome = project.lexi("cron --dry-run").exits(2);

    outcome.tells(
        "schedule `nightly`: `lexi run nightly --labl x`: unexpected argument '--labl' found",
    );
    let findings = project.lexi("check --json").exits(1).findings();
    assert!(
        findings[0].starts_with(
            "tasks/a.rhai:4:15: schedule `nightly`: `lexi run nightly --labl x`: unexpected"
        ),
        "{findings:?}"
    );
}

#[test]
fn what_a_configuration_or_a_setting_says_wrong_is_found_by_check() {
    let config = "[schedule.tick]\ntask = \"nightly\"\ncron = \"@daily\"\nwhen = \"MAYBE\"\nprofiles = [\"dev\"]\n";
    let project = nightly("\"@yearly\"").file("lexi.toml", config);
    project.lexi("check").succeeds();
    project.write(".env", "MAYBE=perhaps\n");

    let findings = project.lexi("check --json").exits(1).findings();

    let expected = "lexi.toml:1:1: schedule `tick`: setting `MAYBE` is `perhaps`, neither true nor false (.env:1)";
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with(expected), "{findings:?}");

    project.write("lexi.toml", "[schedule]\ntick = \"@daily\"\n");
    project
        .lexi("check")
        .exits(2)
        .tells("expected a table [schedule.NAME] with `cron = \"0 2 * * *\"`");
    project.write("lexi.toml", "[metrics]\nlisten = \"9464\"\n");
    project
        .lexi("check")
        .exits(2)
        .tells("`9464` is no address: write IP:PORT, such as \"127.0.0.1:9464\"");
}

#[test]
fn no_starts_at_all_cannot_be_asked_for() {
    let project = nightly("#{ cron: \"@daily\", profiles: [\"dev\"] }");

    project
        .lexi("cron --next 0")
        .exits(2)
        .tells("invalid value '0' for '--next [<N>]'");
}

#[test]
fn the_backup_of_lexiflow_runs_when_the_operator_says_so() {
    let project = Project::lexiflow();
    project.write(
        ".env.prod",
        "BACKUP_ENABLED=true\nBACKUP_SCHEDULE=0 2 * * *\n",
    );

    project
        .lexi("cron --dry-run --profile prod")
        .succeeds()
        .says("  backup  0 2 * * *, next ");
    project
        .lexi("cron --dry-run")
        .succeeds()
        .says("backup  off: profile dev is not one of its profiles (prod)");
}

#[test]
fn a_unit_is_written_marked_and_removed_and_others_are_left_alone() {
    let project = nightly("\"@daily\"");
    let name = ".config/systemd/user/lexi-sample-dev.service";
    let shown = project
        .lexi("cron install --systemd --user --dry-run")
        .succeeds();
    shown.says("[Service]\n").says(" --profile dev cron\n");
    assert!(!project.path(name).exists());

    // Where no systemd runs the unit is written and what is left to do is told.
    project
        .lexi("cron install --systemd --user")
        .succeeds()
        .tells("wrote ");
    let unit = project.read(name);
    assert!(unit.starts_with("# lexi cron: "), "{unit}");
    project
        .lexi("cron install --systemd --user")
        .succeeds()
        .tells("is as it should be");
    assert_eq!(project.read(name), unit);

    project
        .lexi("cron uninstall --systemd --user")
        .succeeds()
        .tells("removed ");
    assert!(!project.path(name).exists());
    project.write(name, "[Unit]\nDescription=mine\n");
    project
        .lexi("cron uninstall --systemd --user")
        .exits(1)
        .tells("is left alone");
    project
        .lexi("cron install --systemd --user")
        .exits(1)
        .tells("is left alone");
    assert!(project.read(name).contains("mine"));
    project
        .lexi("cron install")
        .exits(2)
        .tells("<--crontab|--systemd|--user>");
    project
        .lexi("cron install --crontab --systemd")
        .exits(2)
        .tells("cannot be used with");
}

#[test]
fn an_empty_folder_of_settings_counts_as_unset() {
    let project = nightly("\"@daily\"").env("XDG_CONFIG_HOME", "");

    let shown = project
        .lexi("cron install --systemd --user --dry-run")
        .succeeds();

    let name = "# [DIR]/.config/systemd/user/lexi-sample-dev.service\n";
    assert!(shown.out.starts_with(name), "{}", shown.out);
}
