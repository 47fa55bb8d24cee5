//! `lexi list`, `show`, `help` and `new`: finding out what there is, and adding to it.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::Project;

const BACKUP: &str = r#"//! Backups and restores.

task("backup", #{
    about: "Dump the database", aliases: ["b", "dump"], needs: ["db-ready"], lock: "backup", timeout: "10m",
    confirm: "Really?", destructive: true,
    params: #{
        file: #{ type: "path", about: "Where to write" },
        tables: #{ type: "list", kind: "positional", required: false, about: "Which tables" },
        days: #{ type: "int", value: 30, env: "BACKUP_RETENTION_DAYS", about: "Days to keep", short: "d" },
        format: #{ choices: ["plain", "custom"], value: "plain", about: "How it is written" },
        verify: #{ type: "bool", value: true, about: "Read it back" },
    },
}, |file, tables, days, format, verify| 1);

task("db-ready", #{ about: "Wait for the database", hidden: true }, || 1);
"#;

fn project() -> Project {
    let other = "//! Upkeep\ntask(\"tidy\", #{ about: \"Remove old files\" }, || 1);\ntask(\"check\", #{ about: \"Check all\" }, || 1);\n";
    Project::new()
        .task("backup.rhai", BACKUP)
        .task("upkeep.rhai", other)
}

#[test]
fn tasks_are_listed_by_group_one_line_each() {
    let project = project();

    let outcome = project.lexi("list").succeeds().keeps_quiet();

    assert_snapshot!(outcome.out, @r"
    Backups and restores
      backup  Dump the database [b, dump]

    Upkeep
      tidy    Remove old files
      check   Check all (only as `lexi run check`)
    ");
    assert_eq!(project.lexi("ls").out, outcome.out);
    assert_eq!(project.lexi("").out, outcome.out);
}

#[test]
fn files_with_the_same_title_are_one_group() {
    let file = |name: &str| format!("//! Same\ntask(\"{name}\", #{{ about: \"Try\" }}, || 1);\n");

    Project::new()
        .task("a.rhai", &file("a"))
        .task("b.rhai", &file("b"))
        .lexi("list")
        .succeeds()
        .stdout("Same\n  a  Try\n  b  Try\n");
}

#[test]
fn a_project_without_tasks_says_how_to_write_one() {
    Project::new()
        .lexi("list")
        .succeeds()
        .stdout("")
        .tells("`lexi new TASK` writes one");
    assert_eq!(Project::new().lexi("list --json").json(), json!([]));
}

#[test]
fn json_lists_everything_that_is_declared() {
    let list = project().lexi("list --json").succeeds().json();

    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["name"].clone())
        .collect();
    assert_eq!(names, ["backup", "tidy", "check"]);
    let backup = &list[0];
    assert_eq!(backup["aliases"], json!(["b", "dump"]));
    assert_eq!(backup["needs"], json!(["db-ready"]));
    assert_eq!(backup["timeout_ms"], 600_000);
    assert_eq!(backup["destructive"], true);
    assert_eq!(
        backup["place"],
        json!({ "file": "tasks/backup.rhai", "line": 3, "column": 6 })
    );
    assert_eq!(
        backup["usage"],
        "backup FILE [TABLES...] [--days INT] [--format ONE_OF] [--no-verify]"
    );
    let days = &backup["params"][2];
    assert_eq!(
        (&days["name"], &days["type"], &days["value"]),
        (&json!("days"), &json!("int"), &json!(30))
    );
}

#[test]
fn colour_is_for_terminals_and_on_request() {
    let project = project();

    project.lexi("list").hides("\u{1b}");
    project.lexi("list --color never").hides("\u{1b}");
    project.lexi("list --color always").says("\u{1b}[");
}

#[test]
fn show_tells_what_a_task_is_and_where() {
    let project = project();

    assert_snapshot!(project.lexi("show backup").succeeds().out, @r"
    backup  Dump the database
      usage        lexi run backup FILE [TABLES...] [--days INT] [--format ONE_OF] [--no-verify]
      group        Backups and restores
      declared     tasks/backup.rhai:3:6
      aliases      b, dump
      needs        db-ready
      lock         backup
      timeout      10m
      asks         Really?
      destructive  yes: wants the database's name, or `--confirm NAME`
      file         path Where to write
      tables       list Which tables
      days         int Days to keep (setting BACKUP_RETENTION_DAYS)
      format       one-of How it is written
      verify       bool Read it back
    ");
    assert_eq!(
        project.lexi("show dump").out,
        project.lexi("show backup").out
    );
    let json = project.lexi("show backup --json").json();
    assert_eq!(json, project.lexi("list --json").json()[0]);
    project
        .lexi("show bakcup")
        .exits(2)
        .tells("did you mean `backup`?");
}

#[test]
fn help_explains_a_task() {
    let project = project();

    let help = project.lexi("help backup").succeeds().keeps_quiet().out;

    assert_snapshot!(help, @r"
    Dump the database

    Usage: lexi run backup FILE [TABLES...] [--days INT] [--format ONE_OF] [--no-verify]

    Arguments:
      [FILE]       Where to write [required]
      [TABLES]...  Which tables

    Options:
      -d, --days <INT>       Days to keep [setting: BACKUP_RETENTION_DAYS] [default: 30]
          --format <ONE_OF>  How it is written [one of: plain, custom] [default: plain]
          --no-verify        Switch off: Read it back
      -h, --help             Print help

    Global options, such as --profile and --yes: see `lexi help`
    Aliases: b, dump
    Runs first: db-ready
    Destroys data: asks for the database's name, or takes it as `--confirm NAME`.
    ");
    for words in [
        "run backup --help",
        "backup --help",
        "run b -h",
        "help dump",
    ] {
        assert_eq!(project.lexi(words).succeeds().out, help, "{words}");
    }
}

#[test]
fn help_explains_commands_and_how_to_start() {
    let project = project();

    project
        .lexi("help")
        .succeeds()
        .says("Examples:")
        .says("Exit codes:");
    project
        .lexi("help list")
        .succeeds()
        .says("List the tasks by group");
    project.lexi("help check").succeeds().says("Find mistakes");
    project
        .lexi("help run")
        .succeeds()
        .says("lexi run TASK [ARGS]");
    project
        .lexi("run --help")
        .succeeds()
        .says("lexi run [OPTIONS] TASK [ARGS]");
    project
        .lexi("help nothing")
        .exits(2)
        .tells("unknown task `nothing`");
    project.lexi("help taks").exits(2);
}

#[test]
fn help_works_outside_of_any_project() {
    let project = Project::new();
    std::fs::remove_file(project.path("lexi.toml")).unwrap();

    for words in [
        "help",
        "--help",
        "help list",
        "list --help",
        "--version",
        "completions bash",
    ] {
        project.lexi(words).succeeds().keeps_quiet();
    }
    project.lexi("list").exits(2).tells("no `lexi.toml`");
}

#[test]
fn an_unknown_flag_of_a_command_names_the_nearest() {
    project().lexi("list --jsno").exits(2).tells("'--json'");
    project().lexi("list extra").exits(2).tells("extra");
}

#[test]
fn a_new_task_runs_and_passes_the_check() {
    let project = Project::new();

    project
        .lexi("new say-hello")
        .succeeds()
        .tells("wrote tasks/say-hello.rhai");

    project
        .lexi("check")
        .succeeds()
        .tells("1 task in 1 file, no mistakes");
    project
        .lexi("run say-hello Ann --times 2")
        .succeeds()
        .stdout("hello Ann\nhello Ann\n");
    project
        .lexi("list")
        .stdout("Say hello\n  say-hello  Greet somebody\n");
}

#[test]
fn a_new_task_can_go_to_a_file_that_is_there() {
    let project = project();

    project
        .lexi("new db:greet --file upkeep")
        .succeeds()
        .tells("wrote tasks/upkeep.rhai");

    project
        .lexi("run db:greet Ann")
        .succeeds()
        .stdout("hello Ann\n");
    project.lexi("run tidy").succeeds();
    project.lexi("check").succeeds();
}

#[test]
fn a_new_task_never_replaces_anything() {
    let project = project();
    let before = project.read("tasks/backup.rhai");

    for (words, why) in [
        (
            "new backup",
            "there is a task `backup` at tasks/backup.rhai:3:6",
        ),
        (
            "new dump",
            "there is a task `backup` at tasks/backup.rhai:3:6",
        ),
        ("new Bad", "`Bad` is not a task name"),
        ("new ok --file ../out", "not a file below tasks/"),
        ("new ok --file /etc/out", "not a file below tasks/"),
        ("new ok --file a//b", "not a file below tasks/"),
        ("new ok --file lib/a", "shared code"),
    ] {
        project.lexi(words).exits(2).tells(why);
    }
    assert_eq!(project.read("tasks/backup.rhai"), before);
    assert!(!project.path("out.rhai").exists() && !project.path("tasks/lib").exists());
}
