//! Completion, as a real bash does it with the script that `lexi completions bash` prints.

use std::process::Command;

use crate::harness::{LEXI, Project};

const TASKS: &str = r#"//! Try
task("backup", #{ about: "Dump", aliases: ["b"], params: #{
    name: #{ choices: ["alpha", "beta"] },
    rest: #{ type: "list", kind: "positional", required: false, choices: || ["one", "two words"] },
    format: #{ choices: ["plain", "custom"], value: "plain", short: "f" },
    table: #{ choices: || env::require("TABLES").split(","), required: false },
    keep: #{ type: "bool", value: true },
    quick: #{ type: "bool" },
} }, |name, rest, format, table, keep, quick| 1);
task("db:reset", #{ about: "Reset" }, || 1);
task("db:restore", #{ about: "Restore" }, || 1);
task("unseen", #{ about: "Hide", hidden: true }, || 1);
"#;

/// What bash offers when the cursor stands at the end of this line, sorted.
#[track_caller]
fn offered(line: &str) -> Vec<String> {
    let project = Project::new()
        .task("t.rhai", TASKS)
        .file(".env", "TABLES=users,cases\n");
    // Bash splits at these characters before it calls a completion.
    let script = r#"
        eval "$(lexi completions bash)"
        line=$1
        COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=() COMP_CWORD=0
        while IFS= read -r word; do COMP_WORDS+=("$word"); done \
            < <(grep -oE '[=:]|[^ =:]+' <<< "$line")
        [[ $line == *' ' ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _lexi
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let folder = std::path::Path::new(LEXI).parent().unwrap();
    let output = Command::new("bash")
        .args(["--norc", "-c", script, "bash", line])
        .current_dir(project.root())
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let out = String::from_utf8(output.stdout).unwrap();
    let mut offered: Vec<String> = out
        .lines()
        .filter(|l| !l.is_empty())
        .map(str::to_owned)
        .collect();
    offered.sort();
    offered
}

#[test]
fn commands_and_tasks_are_completed() {
    assert_eq!(offered("lexi ba"), ["backup"]);
    assert_eq!(offered("lexi ru"), ["run"]);
    assert_eq!(offered("lexi run b"), ["backup"]);
    assert_eq!(offered("lexi show ba"), ["backup"]);
    assert_eq!(offered("lexi help ba"), ["backup"]);
    assert_eq!(offered("lexi help chec"), ["check"]);
    assert_eq!(offered("lexi completions z"), ["zsh"]);
    assert_eq!(offered("lexi env BACKUP_R"), ["BACKUP_RETENTION_DAYS"]);
    assert!(offered("lexi un").is_empty());
    assert!(offered("lexi run nothing ").is_empty());
}

#[test]
fn global_flags_and_their_values_are_completed() {
    assert_eq!(offered("lexi --prof"), ["--profile"]);
    assert_eq!(offered("lexi --profile "), ["dev", "prod", "test"]);
    assert_eq!(offered("lexi --profile t"), ["test"]);
    assert_eq!(offered("lexi --profile=t"), ["test"]);
    assert_eq!(offered("lexi run backup --color a"), ["always", "auto"]);
    assert_eq!(offered("lexi --driver n"), ["native"]);
    assert_eq!(offered("lexi --profile test run b"), ["backup"]);
    assert_eq!(offered("lexi --profile test -q b"), ["backup"]);
}

#[test]
fn a_tasks_flags_are_completed() {
    assert_eq!(offered("lexi run backup --f"), ["--force", "--format"]);
    assert_eq!(offered("lexi backup --no"), ["--no-keep"]);
    assert_eq!(offered("lexi backup alpha --qu"), ["--quick", "--quiet"]);
    assert!(offered("lexi backup -- --f").is_empty());
}

#[test]
fn choices_are_completed() {
    assert_eq!(offered("lexi run backup --format "), ["custom", "plain"]);
    assert_eq!(offered("lexi run backup --format=pl"), ["plain"]);
    assert_eq!(offered("lexi run backup -f c"), ["custom"]);
    assert_eq!(offered("lexi run backup "), ["alpha", "beta"]);
    assert_eq!(offered("lexi backup al"), ["alpha"]);
    assert_eq!(offered("lexi backup --format plain b"), ["beta"]);
}

#[test]
fn choices_from_a_closure_are_completed() {
    assert_eq!(offered("lexi run backup --table "), ["cases", "users"]);
    assert_eq!(offered("lexi backup --table u"), ["users"]);
    assert_eq!(offered("lexi backup alpha "), ["one", "two\\ words"]);
    assert_eq!(offered("lexi backup alpha one o"), ["one"]);
}

#[test]
fn names_with_a_colon_are_completed_behind_it() {
    assert_eq!(offered("lexi run db"), ["db:reset", "db:restore"]);
    assert_eq!(offered("lexi run db:rese"), ["reset"]);
    assert_eq!(offered("lexi db:"), ["reset", "restore"]);
}

#[test]
fn the_flags_and_the_tasks_of_other_commands_are_completed() {
    assert_eq!(offered("lexi watch ba"), ["backup"]);
    assert_eq!(offered("lexi watch --on-busy r"), ["restart"]);
    assert_eq!(
        offered("lexi watch --on-busy queue backup --f"),
        ["--force", "--format"]
    );
    assert_eq!(offered("lexi explain backup --format=c"), ["custom"]);
    assert_eq!(offered("lexi history --fa"), ["--failed"]);
    assert_eq!(offered("lexi history --task ba"), ["backup"]);
    assert_eq!(offered("lexi audit v"), ["verify"]);
    assert_eq!(offered("lexi new --fi"), ["--file"]);
    assert!(offered("lexi new ba").is_empty());
}

#[test]
fn runs_are_completed_by_their_names() {
    let project = Project::new().task("t.rhai", TASKS);
    project.lexi("run backup alpha").succeeds();

    for words in [["rerun", ""].as_slice(), &["history", "show", ""]] {
        let command = [&["__complete", "--"], words].concat();
        let offered = project.run(&command).succeeds().out;
        let mut lines = offered.lines();
        assert_eq!(lines.next(), Some("last\t"), "{offered}");
        assert!(
            lines.next().is_some_and(|run| run.ends_with("\tbackup")),
            "{offered}"
        );
    }
}

#[test]
fn migrations_services_seeds_and_backups_of_lexiflow_are_completed() {
    let project = Project::lexiflow();
    let has = |words: &str, value: &str| {
        let words: Vec<&str> = words.split(' ').chain([""]).collect();
        let offered = project
            .run(&[&["__complete", "--"], &*words].concat())
            .succeeds()
            .out;
        let names = offered.lines().map(|line| line.split('\t').next());
        assert!(
            names.clone().any(|name| name == Some(value)),
            "{words:?}: {offered}"
        );
    };
    project.write(
        "backups/lexiflow_backup_20260101_020000.sql.gz",
        "not one, but called so",
    );

    has("migrate --to", "20250106090000");
    has("migrate-baseline", "20250128090000");
    has(
        "migrate-lint",
        "migrations/20250108090000_create_cases.up.sql",
    );
    has("logs", "postgres");
    has("up --only", "redis");
    has("exec", "app");
    has("seed", "common");
    has("restore", "lexiflow_backup_20260101_020000.sql.gz");
}

#[test]
fn a_broken_project_completes_what_it_can() {
    let project = Project::new()
        .task("t.rhai", "task(")
        .file(".env", "nonsense");

    project
        .run(&["__complete", "--", "ru"])
        .succeeds()
        .says("run\t");
    project
        .run(&["__complete", "--", "run", ""])
        .succeeds()
        .stdout("");
}

#[test]
fn every_shell_has_a_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        Project::new()
            .lexi(&format!("completions {shell}"))
            .succeeds()
            .says("lexi")
            .keeps_quiet();
    }
    Project::new()
        .lexi("completions bsh")
        .exits(2)
        .tells("bash");
}
