//! `lexi run TASK`: which task runs, what runs first, what comes back and what is said meanwhile.

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::Project;

/// A project whose tasks are these bodies.
fn tasks(bodies: &[(&str, &str)]) -> Project {
    let task = |(name, body): &(&str, &str)| {
        format!("task(\"{name}\", #{{ about: \"Try\" }}, || {{ {body} }});\n")
    };
    let text: String = bodies.iter().map(task).collect();
    Project::new().task("t.rhai", &text)
}

/// Tasks that print their name, with these needs.
fn needing(needs: &[(&str, &[&str])]) -> Project {
    let task = |(name, needs): &(&str, &[&str])| {
        format!(
            "task(\"{name}\", #{{ about: \"Say\", needs: {needs:?} }}, || print(\"{name}\"));\n"
        )
    };
    let text: String = needs.iter().map(task).collect();
    Project::new().task("t.rhai", &text)
}

#[test]
fn an_unknown_task_names_the_nearest() {
    let project = tasks(&[("backup", "1")]);

    project
        .lexi("run bakcup")
        .exits(2)
        .tells("error: unknown task `bakcup`")
        .tells("hint: did you mean `backup`?");
    project
        .lexi("bakcup")
        .exits(2)
        .tells("did you mean `backup`?");
    project
        .lexi("run zzz")
        .exits(2)
        .tells("hint: `lexi list` shows all tasks");
}

#[test]
fn a_misspelt_command_names_the_nearest_command() {
    let project = tasks(&[("backup", "1")]);

    project
        .lexi("lsit")
        .exits(2)
        .tells("unknown command or task `lsit`")
        .tells("did you mean `list`?");
}

#[test]
fn run_without_a_task_says_how() {
    Project::new().lexi("run").exits(2).tells("no task named");
}

#[test]
fn a_task_runs_without_the_word_run() {
    tasks(&[("hello", "print(\"hi\")")])
        .lexi("hello")
        .succeeds()
        .stdout("hi\n")
        .keeps_quiet();
}

#[test]
fn an_alias_runs_its_task() {
    let text = "task(\"backup\", #{ about: \"Try\", aliases: [\"b\"] }, || print(task::name()));\n";

    Project::new()
        .task("t.rhai", text)
        .lexi("b")
        .succeeds()
        .stdout("backup\n");
}

#[test]
fn a_command_wins_over_a_task_of_its_name() {
    let project = tasks(&[
        ("check", "print(\"task check\")"),
        ("help", "print(\"task help\")"),
        ("run", "print(\"task run\")"),
        ("list", "print(\"task list\")"),
    ]);

    project
        .lexi("check")
        .succeeds()
        .stdout("")
        .tells("no mistakes");
    for name in ["check", "help", "run", "list"] {
        project
            .lexi(&format!("run {name}"))
            .succeeds()
            .stdout(&format!("task {name}\n"));
    }
    project.lexi("list").says("(only as `lexi run check`)");
}

#[test]
fn it_works_from_any_folder_of_the_project() {
    let project = tasks(&[("hello", "print(\"hi\")")]).here("some/deep/folder");

    project.lexi("hello").succeeds().stdout("hi\n");
}

#[test]
fn the_project_can_be_named_from_anywhere() {
    let project = tasks(&[("hello", "print(\"hi\")")]);
    let folder = project.path(".").display().to_string();
    let other = Project::new();

    for args in [
        ["--project", &folder, "run", "hello"],
        ["run", "hello", "--project", &folder],
        ["run", "--project", &folder, "hello"],
        ["hello", "--project", &folder, "-q"],
    ] {
        other.run(&args).succeeds().stdout("hi\n");
    }
    other
        .run(&["run", "hello", &format!("--project={folder}")])
        .succeeds();
    other
        .lexi("run hello --project nowhere")
        .exits(2)
        .tells("nowhere");
}

#[test]
fn outside_of_any_project_the_hint_says_how_to_name_one() {
    let project = Project::new();
    std::fs::remove_file(project.path("lexi.toml")).unwrap();

    project
        .lexi("run t")
        .exits(2)
        .tells("no `lexi.toml` in `[DIR]` or above")
        .tells("--project DIR");
}

#[test]
fn what_a_task_needs_runs_first_and_once() {
    let project = needing(&[
        ("top", &["left", "right"]),
        ("left", &["bottom"]),
        ("right", &["bottom"]),
        ("bottom", &[]),
    ]);

    project
        .lexi("run top")
        .succeeds()
        .stdout("bottom\nleft\nright\ntop\n");
}

#[test]
fn needs_run_once_even_when_tasks_are_also_run_by_scripts() {
    let text = r#"
task("base", #{ about: "Say" }, || print("base"));
task("a", #{ about: "Say", needs: ["base"] }, || print("a"));
task("b", #{ about: "Say", needs: ["base"] }, || { task::run("a"); print("b"); });
task("c", #{ about: "Say", needs: ["base", "a"] }, || { task::run("b"); parallel(["a", "b"]); });
"#;
    let outcome = Project::new().task("t.rhai", text).lexi("run c").succeeds();

    assert_eq!(outcome.out.matches("base").count(), 1, "{}", outcome.out);
    assert!(
        outcome.out.starts_with("base\na\na\nb\n"),
        "{}",
        outcome.out
    );
}

#[test]
fn a_need_takes_its_parameters_from_settings_and_defaults() {
    let text = r#"
task("base", #{ about: "Say", params: #{ n: #{ type: "int", value: 1, env: "N" } } }, |n| print(n));
task("a", #{ about: "Say", needs: ["base"] }, || ());
"#;
    let project = Project::new().task("t.rhai", text);

    project.lexi("run a").succeeds().stdout("1\n");
    project.lexi("run a --set N=5").succeeds().stdout("5\n");
}

#[test]
fn a_need_that_fails_stops_the_task_and_is_named() {
    let text = r#"
task("base", #{ about: "Say" }, || throw "broken");
task("a", #{ about: "Say", needs: ["base"] }, || print("ran"));
"#;

    Project::new()
        .task("t.rhai", text)
        .lexi("run a")
        .exits(1)
        .stdout("")
        .tells("error: broken")
        .tells("tasks/t.rhai:2:36");
}

#[test]
fn a_task_run_by_a_script_gives_what_it_returned() {
    let text = r#"
task("add", #{ about: "Add", params: #{ a: #{ type: "int" }, b: #{ type: "int", value: 10 } } }, |a, b| a + b);
task("t", #{ about: "Try" }, || [task::run("add", #{ a: 1 }), task::run("add", #{ b: 2, a: 3 })]);
"#;
    let value = Project::new()
        .task("t.rhai", text)
        .lexi("run t --json")
        .json();

    assert_eq!(value, json!([11, 5]));
}

#[test]
fn a_wrong_call_of_a_task_can_be_caught() {
    let text = r#"
task("add", #{ about: "Add", params: #{ count: #{ type: "int" } } }, |count| count);
task("t", #{ about: "Try" }, || {
    let kinds = [];
    for args in [#{}, #{ cuont: 1 }, #{ count: "x" }, #{ count: [] }] {
        let got = attempt(|| task::run("add", args));
        kinds.push(`${got.error.kind}: ${got.error.message}`);
    }
    let unknown = "a" + "d";
    kinds.push(attempt(|| task::run(unknown)).error.hint);
    kinds
});
"#;
    let value = Project::new()
        .task("t.rhai", text)
        .lexi("run t --json")
        .succeeds()
        .json();

    assert_eq!(
        value,
        json!([
            "invalid: task `add` needs a value for COUNT",
            "invalid: task `add` has no parameter `cuont`",
            "invalid: `count` of task `add`: expected int, got string",
            "invalid: `count` of task `add`: expected int, got array",
            "did you mean `add`?",
        ])
    );
}

#[test]
fn a_task_that_runs_itself_is_refused_with_the_way_round() {
    let text = r#"
task("a", #{ about: "Try" }, || task::run("b"));
task("b", #{ about: "Try" }, || task::run("a"));
"#;

    Project::new()
        .task("t.rhai", text)
        .lexi("run a")
        .exits(1)
        .tells("task `a` runs itself: a -> b -> a");
}

#[test]
fn a_task_that_runs_what_needs_it_is_refused_instead_of_waiting_for_itself() {
    let text = r#"
task("a", #{ about: "Try" }, || task::run("b"));
task("b", #{ about: "Try", needs: ["a"] }, || 1);
task("c", #{ about: "Try", needs: ["a"] }, || 1);
"#;
    let project = Project::new().task("t.rhai", text);

    for name in ["a", "c"] {
        project
            .lexi(&format!("run {name}"))
            .exits(1)
            .tells("task `a` runs itself: ");
    }
}

#[test]
fn a_tasks_own_timeout_ends_it_and_cannot_be_caught() {
    let waits = [
        "loop {}",
        "retry(#{ times: 2, wait: \"60s\" }, || ensure(false, \"no\"))",
        "loop { try { loop {} } catch { print(\"caught\"); } }",
        "loop { let x = attempt(|| { loop {} }); print(\"caught\"); }",
        "timeout(\"60s\", || { loop {} })",
        "parallel([|| { loop {} }, || { loop {} }])",
    ];
    for wait in waits {
        let text = format!(
            "task(\"t\", #{{ about: \"Try\", timeout: \"100ms\" }}, || {{ defer(|| print(\"cleaned\")); {wait}; print(\"after\"); }});\n"
        );
        Project::new()
            .task("t.rhai", &text)
            .lexi("run t")
            .exits(124)
            .stdout("cleaned\n")
            .tells("task `t` timed out after 100ms")
            .tells("its limit stands at tasks/t.rhai:1:6");
    }
}

#[test]
fn the_timeout_of_a_task_run_by_a_script_can_be_caught_there() {
    let text = r#"
task("slow", #{ about: "Try", timeout: "50ms" }, || { loop {} });
task("t", #{ about: "Try" }, || attempt(|| task::run("slow")).error.kind);
"#;
    let value = Project::new()
        .task("t.rhai", text)
        .lexi("run t --json")
        .json();

    assert_eq!(value, json!("timeout"));
}

#[test]
fn exit_codes_follow_the_kind_of_the_error() {
    for (throw, code) in [
        ("throw \"x\"", 1),
        ("ensure(false, \"x\")", 1),
        ("1 / 0", 1),
        ("throw #{ kind: \"usage\", message: \"x\" }", 2),
        ("throw #{ kind: \"locked\", message: \"x\" }", 75),
        ("throw #{ kind: \"timeout\", message: \"x\" }", 124),
        (
            "throw #{ kind: \"process_failed\", message: \"x\", exit_status: 42 }",
            42,
        ),
        ("timeout(\"10ms\", || { loop {} })", 124),
    ] {
        Project::new().body(throw).lexi("run t").exits(code);
    }
}

#[test]
fn json_prints_what_the_task_returned_as_one_document() {
    let project = Project::new().body(
        "print(\"progress\"); log::info(\"more\"); #{ a: 1.5, b: [1, \"x\", (), true], c: #{ d: \"é\" } }",
    );

    let outcome = project
        .lexi("run t --json")
        .succeeds()
        .tells("progress\nmore\n");

    assert_eq!(
        outcome.json(),
        json!({ "a": 1.5, "b": [1, "x", null, true], "c": { "d": "é" } })
    );
    project.lexi("run t").succeeds().stdout("progress\n");
}

#[test]
fn json_of_a_task_that_returns_nothing_is_null() {
    let value = Project::new()
        .body("let x = 1;")
        .lexi("run t --json")
        .json();

    assert_eq!(value, Value::Null);
}

#[test]
fn a_task_that_returns_a_closure_is_an_error() {
    for body in ["|x| x", "[1, |x| x]", "#{ a: #{ b: || 1 } }"] {
        Project::new()
            .body(body)
            .lexi("run t --json")
            .exits(1)
            .stdout("")
            .tells("task `t` returned a closure");
    }
}

#[test]
fn data_goes_to_stdout_and_narration_to_stderr() {
    let body = "print(\"data\"); log::info(\"info\"); log::warn(\"careful\");";

    Project::new()
        .body(body)
        .lexi("run t")
        .succeeds()
        .stdout("data\n")
        .stderr("info\nwarning: careful\n");
}

#[test]
fn quiet_and_verbose_choose_what_is_said() {
    let body =
        "print(\"data\"); log::info(\"info\"); log::detail(\"detail\"); log::warn(\"careful\");";
    let project = Project::new().body(body);

    project
        .lexi("run t -q")
        .stdout("data\n")
        .stderr("warning: careful\n");
    project.lexi("run t -qq").stdout("data\n").keeps_quiet();
    project
        .lexi("run t -v")
        .stdout("data\n")
        .tells("info\ndetail\nwarning: careful\n")
        .tells("task t (tasks/t.rhai:3:6) ");
    project.lexi("run t -vv").tells("loaded file=tasks/t.rhai");
}

#[test]
fn quiet_shows_errors_and_twice_quiet_shows_nothing() {
    let project = Project::new().body("throw \"broken\"");

    project.lexi("run t -q").exits(1).tells("error: broken");
    project.lexi("run t -qq").exits(1).keeps_quiet();
}

#[test]
fn every_call_is_shown_with_its_place_when_asked_twice() {
    Project::new()
        .body("retry(#{ wait: \"1ms\", times: 2 }, || ensure(false, \"never\"));")
        .lexi("run t -vv")
        .exits(1)
        .tells("call retry (tasks/t.rhai:4) ")
        .tells("retrying attempt=1 wait_ms=1 why=never");
}

#[test]
fn log_json_makes_each_line_on_stderr_an_object() {
    let body = "log::info(\"two\\nlines\"); log::warn(\"careful\"); print(\"data\");\n\
                retry(#{ wait: \"1ms\", times: 2 }, || ensure(false, \"never\"));";

    let outcome = Project::new()
        .body(body)
        .lexi("run t --log json")
        .exits(1)
        .stdout("data\n");

    let lines: Vec<Value> = outcome
        .err
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    let has = |wanted: Value| {
        let fields = wanted.as_object().unwrap();
        let is = |line: &&Value| fields.iter().all(|(key, value)| line[key] == *value);
        let found = lines.iter().find(is);
        found.unwrap_or_else(|| panic!("no {wanted} in {}", outcome.err))
    };
    has(json!({ "level": "info", "message": "two\nlines" }));
    has(json!({ "level": "warn", "message": "careful" }));
    let call = has(json!({ "span": "call", "name": "retry", "place": "tasks/t.rhai:5" }));
    assert!(
        call["duration_ms"].as_u64().is_some_and(|ms| ms >= 1),
        "{call}"
    );
    let task = has(
        json!({ "span": "task", "name": "t", "place": "tasks/t.rhai:3:6", "outcome": "failed" }),
    );
    assert!(task["time"].as_str().unwrap().ends_with('Z'), "{task}");
    assert!(
        lines.last().unwrap()["message"]
            .as_str()
            .unwrap()
            .starts_with("error: never")
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = Project::new().body("for i in 0..20000 { print(`line ${i}`); }");

    let mut command = project.command(&["run", "t"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 7];
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut first).unwrap();
    drop(out);
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();

    assert_eq!(&first, b"line 0\n");
    assert!(child.wait().unwrap().success());
    assert_eq!(err, "");
}

#[test]
fn a_task_in_a_file_that_cannot_be_read_shows_why() {
    Project::new()
        .task(
            "t.rhai",
            "task(\"t\", #{ about: \"Try\" }, || { let = 3; });\n",
        )
        .lexi("run t")
        .exits(2)
        .tells("--> tasks/t.rhai:1:39");
}

#[test]
fn a_project_that_cannot_be_written_to_runs_all_the_same() {
    let project = Project::new().body("print(\"ran\")");
    std::fs::write(project.path(".lexi"), "in the way").unwrap();

    project
        .lexi("run t")
        .succeeds()
        .stdout("ran\n")
        .tells("warning: this run is not kept whole in the history");
}
