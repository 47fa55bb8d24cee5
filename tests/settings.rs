//! Where values come from, which source is stronger, and that secrets stay secret.

use serde_json::{Value, json};

use crate::harness::Project;

/// What `lexi env NAME` says of a setting: its value and its origin.
#[track_caller]
fn setting(project: &Project, name: &str, flags: &str) -> (String, String) {
    let outcome = project
        .lexi(&format!("env {name} --json {flags}"))
        .succeeds();
    let rows = outcome.json();
    let text = |key: &str| rows[0][key].as_str().unwrap().to_owned();
    (text("value"), text("origin"))
}

#[track_caller]
fn is(project: &Project, name: &str, flags: &str, value: &str, origin: &str) {
    assert_eq!(
        setting(project, name, flags),
        (value.to_owned(), origin.to_owned())
    );
}

#[test]
fn each_source_is_stronger_than_the_next() {
    let project = Project::new();
    is(&project, "BACKUP_DIR", "", "backups", "default");

    let project = project.file("lexi.toml", "[settings]\nBACKUP_DIR = \"a\"\n");
    is(&project, "BACKUP_DIR", "", "a", "lexi.toml [settings]");
    let project = project.file(
        "lexi.toml",
        "[settings]\nBACKUP_DIR = \"a\"\n[profile.dev]\nBACKUP_DIR = \"b\"\n",
    );
    is(&project, "BACKUP_DIR", "", "b", "lexi.toml [profile.dev]");
    is(
        &project,
        "BACKUP_DIR",
        "--profile test",
        "a",
        "lexi.toml [settings]",
    );
    let project = project.file(".env", "# where\nBACKUP_DIR=c\n");
    is(&project, "BACKUP_DIR", "", "c", ".env:2");
    let project = project.file(".env.dev", "BACKUP_DIR=d\n");
    is(&project, "BACKUP_DIR", "", "d", ".env.dev:1");
    let project = project.env("BACKUP_DIR", "e");
    is(&project, "BACKUP_DIR", "", "e", "environment");
    is(&project, "BACKUP_DIR", "--set BACKUP_DIR=f", "f", "--set");
    is(
        &project,
        "BACKUP_DIR",
        "--set BACKUP_DIR=f --set BACKUP_DIR=g=h",
        "g=h",
        "--set",
    );
}

#[test]
fn the_profile_is_chosen_by_flag_environment_file_or_default() {
    let text = "task(\"t\", #{ about: \"Show\" }, || env::profile());\n";
    let project = Project::new().task("t.rhai", text);
    let profile = |project: &Project, flags: &str| {
        project
            .lexi(&format!("run t --json {flags}"))
            .succeeds()
            .json()
    };

    assert_eq!(profile(&project, ""), "dev");
    let project = project.file("lexi.toml", "profile = \"prod\"\n");
    assert_eq!(profile(&project, ""), "prod");
    let project = project.file("lexi.toml", "[profile]\ndefault = \"prod\"\n");
    assert_eq!(profile(&project, ""), "prod");
    let project = project.env("LEXI_PROFILE", "test");
    assert_eq!(profile(&project, ""), "test");
    assert_eq!(profile(&project, "--profile dev"), "dev");
}

#[test]
fn a_misspelt_profile_names_the_nearest_and_where_it_stands() {
    let project = Project::new().body("1");

    project
        .lexi("run t --profile tset")
        .exits(2)
        .tells("unknown profile `tset`")
        .tells("did you mean `test`?");
    project
        .lexi("--profile tset list")
        .exits(2)
        .tells("unknown profile `tset`");
    let project = project.env("LEXI_PROFILE", "prd");
    project
        .lexi("run t")
        .exits(2)
        .tells("LEXI_PROFILE: unknown profile `prd`");
    let project = project
        .env("LEXI_PROFILE", "")
        .file("lexi.toml", "profile = \"devv\"\n");
    project
        .lexi("run t")
        .exits(2)
        .tells("lexi.toml: unknown profile `devv`");
}

#[test]
fn env_files_are_read_as_people_write_them() {
    let file = "\u{feff}# comment\r\n\
        PLAIN=a b\r\n\
        export EXPORTED=yes\r\n\
        MAIL=LexiFlow <noreply@lexiflow.com>\r\n\
        CRON=0 2 * * *\r\n\
        COMMENT=value # said\r\n\
        HASH=a#b\r\n\
        SINGLE='a # $x \"q\"'\r\n\
        DOUBLE=\"a\\n\\\"b\\\" # c\" # d\r\n\
        EMPTY=\r\n\
        EQUALS=a=b\r\n\
        DOLLAR=$2b$10$xyz\r\n\
        KEYS=\"one\r\ntwo\"\r\n\
        LAST=1";
    let project = Project::new().file(".env", file);

    for (name, value, line) in [
        ("PLAIN", "a b", 2),
        ("EXPORTED", "yes", 3),
        ("MAIL", "LexiFlow <noreply@lexiflow.com>", 4),
        ("CRON", "0 2 * * *", 5),
        ("COMMENT", "value", 6),
        ("HASH", "a#b", 7),
        ("SINGLE", "a # $x \"q\"", 8),
        ("DOUBLE", "a\n\"b\" # c", 9),
        ("EMPTY", "", 10),
        ("EQUALS", "a=b", 11),
        ("DOLLAR", "$2b$10$xyz", 12),
        ("KEYS", "one\ntwo", 13),
        ("LAST", "1", 15),
    ] {
        is(&project, name, "", value, &format!(".env:{line}"));
    }
}

#[test]
fn a_bad_line_in_an_env_file_is_named_and_nothing_runs() {
    let project = Project::new()
        .body("print(\"ran\")")
        .file(".env", "A=1\n\nnonsense\n");

    project
        .lexi("run t")
        .exits(2)
        .stdout("")
        .tells(".env:3: this line has no `=`");
}

#[test]
fn an_env_file_that_cannot_be_read_is_an_error() {
    let project = Project::new().body("1");
    std::fs::create_dir(project.path(".env")).unwrap();

    project.lexi("run t").exits(2).tells("cannot read `.env`");
}

#[test]
fn the_example_settings_load() {
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".env.example");
    let text = std::fs::read_to_string(example).unwrap();
    let names = text
        .lines()
        .filter(|line| !line.starts_with('#') && line.contains('='))
        .count();

    let outcome = Project::new()
        .file(".env", &text)
        .lexi("env --json")
        .succeeds();

    let rows = outcome.json();
    let from_file = |row: &&Value| row["origin"].as_str().unwrap().starts_with(".env:");
    assert_eq!(
        rows.as_array().unwrap().iter().filter(from_file).count(),
        names
    );
}

#[test]
fn env_shows_each_value_with_its_origin() {
    let project = Project::new()
        .file("lexi.toml", "[settings]\nNAME = \"Lexi Flow\"\n")
        .file(".env", "SMTP_PASSWORD=hunter2secret\nEMPTY_TOKEN=\n")
        .env("BACKUP_DIR", "/b");

    project
        .lexi("env")
        .succeeds()
        .says("NAME                   Lexi Flow  (lexi.toml [settings])\n")
        .says("BACKUP_DIR             /b  (environment)\n")
        .says("SMTP_PASSWORD          [secret]  (.env:1)\n")
        .says("EMPTY_TOKEN              (.env:2)\n")
        .tells("profile dev")
        .hides("hunter2");
    let outcome = project.lexi("env SMTP_PASSWORD --json").hides("hunter2");
    assert_eq!(
        outcome.json(),
        json!([{ "name": "SMTP_PASSWORD", "value": "[secret]", "origin": ".env:1", "secret": true }])
    );
    project
        .lexi("env SMTP_PASWORD")
        .exits(2)
        .tells("did you mean `SMTP_PASSWORD`?");
}

#[test]
fn the_older_names_of_settings_mean_the_same() {
    let project = Project::new().file(".env.dev", "DATABASE_NAME=old\n");

    is(&project, "DB_DATABASE", "", "old", ".env.dev:1");
    is(&project, "DATABASE_NAME", "", "old", ".env.dev:1");
    let project = project
        .env("DATABASE_NAME", "older")
        .env("DB_DATABASE", "newer");
    is(&project, "DB_DATABASE", "", "newer", "environment");
}

#[test]
fn who_a_profile_is_never_comes_from_what_profiles_share() {
    let project = Project::new()
        .file(
            "lexi.toml",
            "[settings]\nDB_PORT = 1\n[profile.dev]\nDB_DATABASE = \"own\"\n",
        )
        .file(
            ".env",
            "DB_DATABASE=shared\nDATABASE_PASSWORD=hunter2secret\nREDIS_PORT=7\nBACKUP_DIR=b\n",
        );

    is(
        &project,
        "DB_DATABASE",
        "",
        "own",
        "lexi.toml [profile.dev]",
    );
    is(&project, "DB_PORT", "", "5432", "default");
    is(&project, "REDIS_PORT", "", "6379", "default");
    is(&project, "BACKUP_DIR", "", "b", ".env:4");
    project
        .lexi("env")
        .tells("DB_DATABASE in .env:1 is not read: it belongs to a profile (.env.dev)")
        .tells("DB_PASSWORD in .env:2 is not read")
        .hides("hunter2");
    let project = project.file(".env.dev", "DB_DATABASE=mine\n");
    is(&project, "DB_DATABASE", "", "mine", ".env.dev:1");
}

#[test]
fn two_profiles_that_meet_on_one_database_are_refused() {
    let toml = "[profile.dev]\nDB_DATABASE = \"a\"\n[profile.test]\nDB_DATABASE = \"b\"\nDB_HOST = \"localhost\"\n";
    let project = Project::new()
        .file("lexi.toml", toml)
        .body("print(\"ran\")");

    project.lexi("run t").succeeds();
    project
        .lexi("run t --set DB_DATABASE=b")
        .exits(2)
        .stdout("")
        .tells("profiles `dev` and `test` are the same database: `b` on 127.0.0.1:5432")
        .tells("DB_DATABASE or DB_PORT");
    let project = project.file(".env.test", "DB_DATABASE=a\n");
    project
        .lexi("run t")
        .exits(2)
        .tells("profiles `dev` and `test`");
    project.lexi("run t --profile prod").succeeds();
    let project = project.file(".env.test", "DB_DATABASE=a\nDB_PORT=5433\n");
    project.lexi("run t").succeeds();
}

#[test]
fn a_misspelt_key_of_the_configuration_is_shown_with_its_place() {
    for (text, what, line) in [
        ("name = \"x\"\n[settngs]\nA = 1\n", "settngs", 2),
        ("nmae = \"x\"\n", "nmae", 1),
        ("[profile.tset]\nA = 1\n", "tset", 1),
        ("[settings]\nA = [1]\n", "expected a string, a number", 2),
        ("name = 3\n", "expected a string", 1),
        ("[profile\n", "", 1),
    ] {
        let outcome = Project::new()
            .file("lexi.toml", text)
            .body("1")
            .lexi("run t")
            .exits(2);
        outcome.tells(what).tells(&format!("lexi.toml:{line}:"));
    }
}

#[test]
fn secrets_are_masked_wherever_they_would_show() {
    let text = r#"
import "lib/util" as util;
task("t", #{ about: "Try", params: #{ how: #{}, word: #{ value: "" } } }, |how, word| {
    let secret = env::reveal(env::require("API_TOKEN"));
    switch how {
        "print" => print(`token ${secret}!`),
        "return" => return #{ token: secret, list: [secret] },
        "info" => log::info(secret),
        "warn" => log::warn("x\n" + secret),
        "throw" => throw secret,
        "map" => throw #{ message: secret, hint: `use ${secret}` },
        "ensure" => ensure(false, secret),
        "library" => util::fail(secret),
        "parallel" => parallel([|| print(secret)]),
        "cleanup" => defer(|| throw secret),
        "retry" => retry(#{ times: 2, wait: "1ms" }, || throw secret),
        "task" => task::run(secret),
    }
});
"#;
    let project = Project::new()
        .task("t.rhai", text)
        .task("lib/util.rhai", "fn fail(x) { throw `${x} failed` }\n")
        .file(".env", "API_TOKEN='tok\"en-1234'\n");

    for how in [
        "print", "return", "info", "warn", "throw", "map", "ensure", "library", "parallel",
        "cleanup", "retry", "task",
    ] {
        for flags in ["", "--json", "-vv", "--log json", "--json --log json"] {
            let outcome = project.lexi(&format!("run t {how} {flags}"));
            for part in ["en-1234", "tok\"", "tok\\\""] {
                assert!(
                    !outcome.out.contains(part) && !outcome.err.contains(part),
                    "{how} {flags}\n{}\n{}",
                    outcome.out,
                    outcome.err
                );
            }
            if how != "return" || flags.contains("--json") {
                let shown = outcome.out.contains("[secret]") || outcome.err.contains("[secret]");
                assert!(shown, "{how} {flags}\n{}\n{}", outcome.out, outcome.err);
            }
        }
    }
}

#[test]
fn a_secret_in_an_argument_or_a_wrong_call_is_masked() {
    let project = Project::new()
        .task(
            "t.rhai",
            "task(\"t\", #{ about: \"Try\", params: #{ n: #{ type: \"int\" } } }, |n| n);\n",
        )
        .env("N_TOKEN", "supersecretvalue");

    project
        .lexi("run t supersecretvalue")
        .exits(2)
        .tells("[secret]")
        .hides("supersecret");
}

#[test]
fn a_flag_without_a_name_or_value_is_an_error() {
    let project = Project::new().body("1");

    project
        .lexi("run t --set NAME")
        .exits(2)
        .tells("`--set NAME` has no `=`");
    project
        .lexi("run t --set =x")
        .exits(2)
        .tells("`--set` has no name before its `=`");
}

#[test]
fn a_bad_line_of_an_env_file_is_named_but_not_shown() {
    let cases: [(&[u8], &str); 5] = [
        (b"A=1\nDB_PASSWORD canary\n", ".env:2: this line has no `=`"),
        (b"DB_PASSWORD=\"x\"canary\n", ".env:1: there is text after"),
        (b"JWT_SECRET=x\ncanary+y==\n", ".env:2: what stands before"),
        (
            b"A=1\n\nDB_PASSWORD=canary\xff\n",
            ".env:3: this line is not UTF-8",
        ),
        (
            b"DB_PASSWORD=canary\0x\n",
            ".env:1: the value holds a NUL byte",
        ),
    ];
    for (bytes, message) in cases {
        let project = Project::new();
        std::fs::write(project.path(".env"), bytes).unwrap();

        let outcome = project.lexi("env").exits(2).tells(message);

        assert!(!outcome.err.contains("canary"), "{}", outcome.err);
    }
}

#[test]
fn what_a_task_returns_is_masked_too() {
    let project = Project::new()
        .env("DB_PASSWORD", "canary-word")
        .body("    #{ a: env::get(\"DB_PASSWORD\"), b: [env::get(\"DB_PASSWORD\").reveal()] }");

    let outcome = project.lexi("run t --json").succeeds();

    assert_eq!(
        outcome.json(),
        json!({ "a": "[secret]", "b": ["[secret]"] })
    );
}

#[test]
fn a_parameter_takes_no_setting_that_is_a_secret_by_declaration_or_by_its_password() {
    let task = |name: &str| {
        format!(
            "//! T\ntask(\"t\", #{{ about: \"Try\", params: #{{ where: #{{ about: \"Where\", env: \"{name}\" }} }} }}, |where| {{ print(where); }});\n"
        )
    };
    for (name, value) in [("PLACE", "hunter2"), ("PAGE", "http://me:hunter2@host/")] {
        Project::new()
            .task("t.rhai", &task(name))
            .file("lexi.toml", "[secrets]\nnames = [\"PLACE\"]\n")
            .env(name, value)
            .lexi("run t")
            .exits(2)
            .tells(&format!(
                "`{name}` is a secret, and a parameter's value is shown"
            ))
            .tells(&format!("`env::require(\"{name}\")`"))
            .hides("hunter2");
    }
}
