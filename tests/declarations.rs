//! What a `task(..)` may say, and how each mistake in one is shown at its own place.

use crate::harness::{Project, marked};

/// The first finding in a file with this text stands at the mark `«` and says this.
#[track_caller]
fn finds(text: &str, expected: &str) {
    let (text, (line, column)) = marked(text);

    let found = Project::new()
        .task("t.rhai", &text)
        .lexi("check --json")
        .findings();

    let expected = format!("tasks/t.rhai:{line}:{column}: {expected}");
    assert!(
        found.contains(&expected),
        "{text}\nexpected {expected}\nfound {found:#?}"
    );
}

/// The same for the fields of a task.
#[track_caller]
fn finds_in_fields(fields: &str, expected: &str) {
    finds(
        &format!("task(\"t\", #{{\n    about: \"Try\",\n    {fields} }}, || 1);\n"),
        expected,
    );
}

/// The same for the fields of a parameter `x`.
#[track_caller]
fn finds_in_param(fields: &str, expected: &str) {
    let text = format!(
        "task(\"t\", #{{ about: \"Try\", params: #{{\n    x: #{{ {fields} }} }} }}, |x| x);\n"
    );
    finds(&text, expected);
}

/// A file that declares these tasks with these needs.
fn needing(tasks: &[(&str, &[&str])]) -> String {
    let task = |(name, needs): &(&str, &[&str])| {
        format!(
            "task(\"{name}\", #{{ about: \"Say\", needs: {needs:?} }}, || print(\"{name}\"));\n"
        )
    };
    tasks.iter().map(task).collect()
}

#[test]
fn misspelt_fields_name_the_nearest() {
    finds_in_fields(
        "«tiemout: \"5m\"",
        "unknown task field `tiemout` (did you mean `timeout`?)",
    );
    finds_in_fields(
        "examples: [\"lexi run t\", «\"run t --x\"]",
        "`run t --x` is no example of how to call `t` (write it as typed: `lexi run t ..`)",
    );
    finds_in_fields(
        "«zzz: 1",
        "unknown task field `zzz` (there are about, aliases, needs, lock, confirm, timeout, destructive, hidden, sources, generates, env, examples, schedule, params, allow)",
    );
    finds_in_param(
        "«tpye: \"int\"",
        "unknown parameter field `tpye` (did you mean `type`?)",
    );
    finds_in_param("type: «\"itn\"", "unknown type `itn` (did you mean `int`?)");
    finds_in_param(
        "kind: «\"optional\"",
        "unknown kind `optional` (did you mean `option`?)",
    );
}

#[test]
fn fields_of_the_wrong_type_say_what_they_must_be() {
    finds_in_fields("lock: «5", "`lock` must be a string, not a number");
    finds_in_fields("confirm: «true", "`confirm` must be a string, not a bool");
    finds_in_fields(
        "hidden: «\"yes\"",
        "`hidden` must be true or false, not a string",
    );
    finds_in_fields(
        "destructive: «1",
        "`destructive` must be true or false, not a number",
    );
    finds_in_fields("aliases: «\"x\"", "`aliases` must be an array of strings");
    finds_in_fields(
        "aliases: [\"a\", «2]",
        "each of `aliases` must be a string, not a number",
    );
    finds_in_fields(
        "needs: [«[]]",
        "each of `needs` must be a string, not an array",
    );
    finds_in_fields("params: «[]", "`params` must be a literal map `#{ .. }`");
    finds_in_fields(
        "params: #{ x: «3 }",
        "parameter `x` must be a literal map `#{ .. }`",
    );
    finds_in_param(
        "required: «0",
        "`required` must be true or false, not a number",
    );
    finds_in_param("env: «#{}", "`env` must be a string, not a map");
    finds_in_param(
        "choices: «\"a\"",
        "`choices` must be an array of strings or a closure",
    );
}

#[test]
fn fields_that_are_computed_are_refused() {
    let why = "(so that `lexi list` never has to run anything)";

    finds_in_fields(
        "lock: «\"a\" + \"b\"",
        &format!("`lock` must be a literal {why}"),
    );
    finds_in_fields("lock: «`a${1}`", &format!("`lock` must be a literal {why}"));
    finds_in_param(
        "value: «[1 + 1]",
        &format!("`value` must be a literal {why}"),
    );
    finds(
        "const NAME = \"t\";\ntask(«NAME, #{ about: \"Try\" }, || 1);\n",
        &format!("the task's name must be a literal {why}"),
    );
    finds(
        "const FIELDS = #{};\ntask(\"t\", «FIELDS, || 1);\n",
        "the task's fields must be a literal map `#{ .. }`",
    );
    finds(
        "fn f() { 1 }\ntask(\"t\", #{ about: \"Try\" }, «f);\n",
        "the third argument must be a closure",
    );
}

#[test]
fn timeouts_must_be_durations() {
    finds_in_fields(
        "timeout: «\"soon\"",
        "`timeout`: `soon` is not a duration (write a number with ms, s, m, h or d, such as `500ms`, `30s` or `1h30m`)",
    );
    finds_in_fields("timeout: «\"0s\"", "`timeout` must be longer than nothing");
    finds_in_fields("timeout: «true", "`timeout` must be a duration, not a bool");
}

#[test]
fn a_task_has_a_name_a_map_and_a_closure() {
    finds(
        "«task(\"t\");\n",
        "`task` takes a name, a map and a closure; 1 given",
    );
    finds(
        "task(«\"Big Name\", #{ about: \"Try\" }, || 1);\n",
        "`Big Name` is not a task name (use lower-case letters, digits, `-` and `:`, starting with a letter)",
    );
    finds(
        "task(\"t\", #{ about: \"Try\", aliases: [«\"--x\"] }, || 1);\n",
        "`--x` is not a task name (use lower-case letters, digits, `-` and `:`, starting with a letter)",
    );
    finds("task(«\"t\", #{}, || 1);\n", "task `t` has no `about`");
}

#[test]
fn parameters_and_the_closure_must_agree() {
    finds(
        "task(\"t\", #{ about: \"Try\" }, «|x| x);\n",
        "the closure's parameter `x` is not declared (add `params: #{ x: #{ about: \"..\" } }`)",
    );
    finds(
        "task(\"t\", #{ about: \"Try\", params: #{ «x: #{}, y: #{} } }, |y| y);\n",
        "parameter `x` is declared but the closure does not take it (write `|y, x| { .. }`)",
    );
}

#[test]
fn a_closure_that_captures_constants_has_only_its_own_parameters() {
    let text = "const A = 1;\nconst B = 2;\ntask(\"t\", #{ about: \"Try\", params: #{ x: #{} } }, |x| x + A + B);\n";

    Project::new()
        .task("t.rhai", text)
        .lexi("run t 4")
        .succeeds();
}

#[test]
fn defaults_must_be_values_of_the_type() {
    finds_in_param(
        "type: \"int\", value: «\"3\"",
        "`value` of `x` must be a whole number, not a string",
    );
    finds_in_param(
        "type: \"bool\", value: «1",
        "`value` of `x` must be true or false, not a number",
    );
    finds_in_param(
        "type: \"list\", value: «\"a\"",
        "`value` of `x` must be an array, not a string",
    );
    finds_in_param(
        "type: \"list\", value: «[1]",
        "`value` of `x` must be an array of strings",
    );
    finds_in_param(
        "type: \"size\", value: «\"big\"",
        "`value` of `x` is no size: `big` is not a size",
    );
    finds_in_param(
        "type: \"size\", value: «-1",
        "`value` of `x` must not be negative",
    );
    finds_in_param(
        "type: \"duration\", value: «\"x\"",
        "`value` of `x` is no duration: `x` is not a duration",
    );
    finds_in_param(
        "choices: [\"a\", \"b\"], value: «\"c\"",
        "`value` of `x` must be one of a, b",
    );
    finds_in_param("value: «3", "`value` of `x` must be a string, not a number");
}

#[test]
fn flags_and_short_forms_of_the_command_line_are_taken() {
    for name in [
        "profile", "yes", "dry_run", "quiet", "help", "json", "set", "log",
    ] {
        let flag = name.replace('_', "-");
        finds(
            &format!(
                "task(\"t\", #{{ about: \"Try\", params: #{{ «{name}: #{{ value: \"\" }} }} }}, |{name}| 1);\n"
            ),
            &format!("`--{flag}` belongs to the command line itself"),
        );
    }
    for letter in ["q", "v", "h", "y", "ab", "-", ""] {
        finds_in_param(
            &format!("value: \"\", short: «\"{letter}\""),
            "`short` must be one letter or digit other than q, v, y and h",
        );
    }
}

#[test]
fn two_parameters_cannot_share_a_flag() {
    finds(
        "task(\"t\", #{ about: \"Try\", params: #{ a: #{ value: \"\", short: \"x\" }, «b: #{ value: \"\", short: \"x\" } } }, |a, b| 1);\n",
        "`-x` is the short form of both `a` and `b`",
    );
    finds(
        "task(\"t\", #{ about: \"Try\", params: #{ a: #{ type: \"bool\", value: true }, «no_a: #{ type: \"bool\" } } }, |a, no_a| 1);\n",
        "`--no-a` would be given by both `a` and `no_a`",
    );
}

#[test]
fn contradictions_in_a_parameter_are_found() {
    let text = |params: &str, names: &str| {
        format!("task(\"t\", #{{ about: \"Try\", params: #{{ {params} }} }}, «|{names}| 1);\n")
    };

    finds(
        "task(\"t\", #{ about: \"Try\", params: #{ «x: #{ kind: \"flag\", type: \"int\" } } }, |x| 1);\n",
        "a flag is a bool, `x` is a number",
    );
    finds(
        "task(\"t\", #{ about: \"Try\", params: #{ «x: #{ type: \"one-of\" } } }, |x| 1);\n",
        "`x` is one of nothing: give `choices`",
    );
    finds(
        "task(\"t\", #{ about: \"Try\", params: #{ «x: #{ short: \"x\" } } }, |x| 1);\n",
        "`x` is a positional, so it has no short form",
    );
    finds(
        "task(\"t\", #{ about: \"Try\", params: #{ «x: #{ required: true, value: \"a\" } } }, |x| 1);\n",
        "`x` is required, so its `value` is never used",
    );
    finds(
        &text("a: #{ type: \"list\" }, b: #{}", "a, b"),
        "`a` takes all remaining arguments, so it must be the last positional",
    );
    finds(
        &text("a: #{ kind: \"positional\", value: \"\" }, b: #{}", "a, b"),
        "`b` must be given but stands behind `a`, which need not be",
    );
}

#[test]
fn two_tasks_of_one_name_are_shown_with_both_places() {
    let project = Project::new()
        .task("a.rhai", "task(\"same\", #{ about: \"Try\" }, || 1);\n")
        .task(
            "b.rhai",
            "task(\"other\", #{ about: \"Try\", aliases: [\"same\"] }, || 1);\n",
        );

    for command in ["run same", "show same"] {
        project
            .lexi(command)
            .exits(2)
            .tells("two tasks are called `same`")
            .tells("tasks/a.rhai:1:6")
            .tells("tasks/b.rhai:1:6");
    }
    let outcome = project.lexi("check").exits(1);
    outcome.tells("tasks/a.rhai:1:6").tells("tasks/b.rhai:1:6");
    project.lexi("run other").succeeds();
}

#[test]
fn a_name_that_is_twice_in_one_file_is_found_too() {
    finds(
        "task(\"t\", #{ about: \"Try\" }, || 1);\ntask(«\"t\", #{ about: \"Try\" }, || 2);\n",
        "two tasks are called `t` [tasks/t.rhai:1:6 the other one]",
    );
    finds(
        "task(\"t\", #{ about: \"Try\", aliases: [«\"t\"] }, || 1);\n",
        "`t` is an alias of itself",
    );
}

#[test]
fn a_task_declared_where_list_cannot_see_it_is_found() {
    let hidden = "a task is declared where `list` cannot see it (write each task out, at the top level of its file)";

    finds(
        "if true { «task(\"t\", #{ about: \"Try\" }, || 1); }\n",
        hidden,
    );
    finds(
        "for n in 0..2 { «task(\"t\", #{ about: \"Try\" }, || 1); }\n",
        hidden,
    );
    finds(
        "fn f() { «task(\"t\", #{ about: \"Try\" }, || 1); }\n",
        hidden,
    );
    finds("let x = «task(\"t\", #{ about: \"Try\" }, || 1);\n", hidden);
    finds(
        "task(\"a\", #{ about: \"Try\" }, || «task(\"t\", #{ about: \"Try\" }, || 1));\n",
        hidden,
    );
}

#[test]
fn a_cycle_is_shown_with_all_its_places_and_nothing_runs() {
    type Needs<'a> = &'a [(&'a str, &'a [&'a str])];
    let cases: [(Needs<'_>, &str, &[&str]); 3] = [
        (&[("a", &["a"])], "tasks need each other: a -> a", &["1:36"]),
        (
            &[("a", &["b"]), ("b", &["a"])],
            "tasks need each other: a -> b -> a",
            &["1:36", "2:36"],
        ),
        (
            &[
                ("first", &[]),
                ("a", &["first", "b"]),
                ("b", &["c"]),
                ("c", &["a"]),
            ],
            "tasks need each other: a -> b -> c -> a",
            &["2:45", "3:36", "4:36"],
        ),
    ];
    for (tasks, message, places) in cases {
        let project = Project::new().task("t.rhai", &needing(tasks));

        let mut run = project.lexi("run a").exits(2).stdout("").tells(message);
        for place in places {
            run = run.tells(&format!("tasks/t.rhai:{place}"));
        }
        let mut check = project.lexi("check").exits(1).tells(message);
        for place in places {
            check = check.tells(&format!("tasks/t.rhai:{place}"));
        }
    }
}

#[test]
fn a_cycle_behind_the_task_is_found_before_anything_runs() {
    let tasks: &[(&str, &[&str])] = &[
        ("top", &["x", "a"]),
        ("x", &[]),
        ("a", &["b"]),
        ("b", &["a"]),
    ];
    let project = Project::new().task("t.rhai", &needing(tasks));

    project
        .lexi("run top")
        .exits(2)
        .stdout("")
        .tells("tasks need each other: a -> b -> a");
    project.lexi("run x").succeeds().stdout("x\n");
}

#[test]
fn needing_a_task_that_is_not_there_names_the_nearest_and_nothing_runs() {
    let project = Project::new().task(
        "t.rhai",
        &needing(&[("db-ready", &[]), ("t", &["db-raedy"])]),
    );

    project
        .lexi("run t")
        .exits(2)
        .stdout("")
        .tells("no task `db-raedy` to need")
        .tells("did you mean `db-ready`?")
        .tells("tasks/t.rhai:2:36");
    project
        .lexi("check")
        .exits(1)
        .tells("no task `db-raedy` to need");
}

#[test]
fn the_first_doc_line_is_the_title_of_the_group() {
    let project = Project::new()
        .task(
            "a.rhai",
            "//! Backups and restores.\n//! More.\ntask(\"t\", #{ about: \"Try\" }, || 1);\n",
        )
        .task(
            "sub/plain.rhai",
            "task(\"u\", #{ about: \"Try\" }, || 1);\n",
        );

    project
        .lexi("list")
        .succeeds()
        .stdout("Backups and restores\n  t  Try\n\nplain\n  u  Try\n");
}

#[test]
fn hidden_tasks_are_not_listed_but_run() {
    let text = "task(\"seen\", #{ about: \"Try\" }, || 1);\ntask(\"unseen\", #{ about: \"Try\", hidden: true }, || print(\"ran\"));\n";
    let project = Project::new().task("t.rhai", text);

    project.lexi("list").succeeds().says("seen").hides("unseen");
    project.lexi("list --all").says("unseen");
    project.lexi("run unseen").succeeds().stdout("ran\n");
}

#[test]
fn files_in_lib_and_hidden_folders_declare_no_tasks() {
    let task = "task(\"t\", #{ about: \"Try\" }, || 1);\n";
    let project = Project::new()
        .task("lib/a.rhai", task)
        .task(".old/b.rhai", task);

    project.lexi("run t").exits(2).tells("unknown task `t`");
    let found = project.lexi("check --json").findings();
    assert_eq!(
        found,
        [
            "tasks/lib/a.rhai:1:1: a task is declared in a library, where nothing finds it (move it to a file in tasks/)"
        ]
    );
}

#[test]
fn a_broken_file_does_not_stop_the_tasks_of_another() {
    let project = Project::new()
        .task(
            "good.rhai",
            "//! Good\ntask(\"good\", #{ about: \"Try\" }, || print(\"ran\"));\n",
        )
        .task(
            "bad.rhai",
            "//! Bad\ntask(\"bad\", #{ about: \"Try\" }, || { let = 3; });\n",
        );

    project
        .lexi("run good")
        .succeeds()
        .stdout("ran\n")
        .keeps_quiet();
    project
        .lexi("list")
        .succeeds()
        .stdout("Good\n  good  Try\n")
        .tells("warning: 1 problem in the task files: `lexi check` shows them");
    project.lexi("run bad").exits(2).tells("tasks/bad.rhai:2:");
}

#[test]
fn a_task_whose_own_file_is_broken_does_not_run() {
    let text = "task(\"t\", #{ about: \"Try\", tiemout: \"5s\" }, || print(\"ran\"));\n";

    Project::new()
        .task("t.rhai", text)
        .lexi("run t")
        .exits(2)
        .stdout("")
        .tells("unknown task field `tiemout`")
        .tells("tasks/t.rhai:1:28");
}

#[test]
fn a_task_that_needs_one_from_a_broken_file_does_not_run() {
    let project = Project::new()
        .task(
            "a.rhai",
            "task(\"a\", #{ about: \"Try\" }, || { print(\"ran\"); nope(); });\n",
        )
        .task(
            "b.rhai",
            "task(\"b\", #{ about: \"Try\", needs: [\"a\"] }, || print(\"ran\"));\n",
        );

    project
        .lexi("run b")
        .exits(2)
        .stdout("")
        .tells("no function `nope`");
}
