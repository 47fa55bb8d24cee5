//! How the words after a task's name become its parameters.

use serde_json::{Value, json};

use crate::harness::Project;

/// A project with a task `t` that returns its parameters as a map.
fn echo(params: &str, names: &[&str]) -> Project {
    let closure = names.join(", ");
    let fields: Vec<String> = names.iter().map(|name| format!("{name}: {name}")).collect();
    let text = format!(
        "task(\"t\", #{{ about: \"Echo\", params: #{{ {params} }} }}, |{closure}| #{{ {} }});\n",
        fields.join(", ")
    );
    Project::new().task("t.rhai", &text)
}

#[track_caller]
fn given(project: &Project, words: &[&str]) -> Value {
    let args = [&["run", "t", "--json"], words].concat();
    project.run(&args).succeeds().json()
}

/// One parameter `x` of this declaration, and what it is bound to.
#[track_caller]
fn bound(fields: &str, words: &[&str]) -> Value {
    given(&echo(&format!("x: #{{ {fields} }}"), &["x"]), words)["x"].clone()
}

#[track_caller]
fn refused(fields: &str, words: &[&str], why: &str) {
    let project = echo(&format!("x: #{{ {fields} }}"), &["x"]);
    let args = [&["run", "t"], words].concat();
    project.run(&args).exits(2).tells(why).stdout("");
}

#[test]
fn positionals_are_bound_in_the_order_of_the_closure() {
    let project = echo("a: #{}, b: #{}", &["a", "b"]);

    assert_eq!(given(&project, &["1", "2"]), json!({ "a": "1", "b": "2" }));
}

#[test]
fn arguments_are_bound_by_name_whatever_the_order_of_the_declaration() {
    let text = r#"
task("t", #{ about: "Echo", params: #{ b: #{}, a: #{}, n: #{ type: "int", value: 1 } } },
    |a, n, b| `a=${a} n=${n} b=${b}`);
"#;
    let project = Project::new().task("t.rhai", text);

    let value = given(&project, &["first", "second", "--n", "7"]);

    assert_eq!(value, json!("a=first n=7 b=second"));
}

#[test]
fn options_are_given_with_a_space_or_an_equals_sign_anywhere() {
    let project = echo("word: #{}, n: #{ type: \"int\", value: 3 }", &["word", "n"]);

    for words in [
        ["--n", "5", "w"].as_slice(),
        &["w", "--n", "5"],
        &["--n=5", "w"],
        &["w", "--n=5"],
    ] {
        assert_eq!(
            given(&project, words),
            json!({ "word": "w", "n": 5 }),
            "{words:?}"
        );
    }
}

#[test]
fn an_option_given_twice_is_an_error() {
    refused(
        "type: \"int\", value: 3",
        &["--x", "1", "--x", "2"],
        "cannot be used multiple times",
    );
}

#[test]
fn an_underscore_in_a_name_is_a_dash_on_the_command_line() {
    let project = echo("keep_days: #{ type: \"int\", value: 3 }", &["keep_days"]);

    assert_eq!(
        given(&project, &["--keep-days", "5"]),
        json!({ "keep_days": 5 })
    );
}

#[test]
fn flags_are_false_until_given() {
    assert_eq!(bound("type: \"bool\"", &[]), json!(false));
    assert_eq!(bound("type: \"bool\"", &["--x"]), json!(true));
}

#[test]
fn a_flag_that_is_true_by_default_can_be_switched_off() {
    let fields = "type: \"bool\", value: true";

    assert_eq!(bound(fields, &[]), json!(true));
    assert_eq!(bound(fields, &["--x"]), json!(true));
    assert_eq!(bound(fields, &["--no-x"]), json!(false));
    assert_eq!(bound(fields, &["--no-x", "--x"]), json!(true));
}

#[test]
fn a_bool_option_takes_a_word() {
    for (word, value) in [("yes", true), ("off", false), ("1", true)] {
        assert_eq!(
            bound("type: \"bool\", kind: \"option\"", &["--x", word]),
            json!(value)
        );
    }
    refused(
        "type: \"bool\", kind: \"option\"",
        &["--x", "maybe"],
        "`maybe` is neither true nor false",
    );
}

#[test]
fn short_forms_work_alone_attached_and_together() {
    let params = "x: #{ type: \"int\", value: 0, short: \"n\" }, \
                  f: #{ type: \"bool\", short: \"f\" }, g: #{ type: \"bool\", short: \"g\" }";
    let project = echo(params, &["x", "f", "g"]);

    for words in [
        ["-n", "4", "-f", "-g"].as_slice(),
        &["-fgn4"],
        &["-n=4", "-gf"],
    ] {
        assert_eq!(
            given(&project, words),
            json!({ "x": 4, "f": true, "g": true }),
            "{words:?}"
        );
    }
}

#[test]
fn whole_numbers_may_be_negative_and_must_be_numbers() {
    let fields = "type: \"int\", value: 0";

    assert_eq!(bound(fields, &["--x", "-5"]), json!(-5));
    assert_eq!(bound("type: \"int\"", &["-5"]), json!(-5));
    for bad in ["1.5", "many", "", "9223372036854775808", "1e3", "0x10"] {
        refused(
            fields,
            &["--x", bad],
            &format!("`x` of task `t`: `{bad}` is not a whole number"),
        );
    }
}

#[test]
fn durations_are_checked_and_stay_text() {
    assert_eq!(bound("type: \"duration\"", &["1h30m"]), json!("1h30m"));
    refused("type: \"duration\"", &["soon"], "`soon` is not a duration");
}

#[test]
fn sizes_become_bytes() {
    assert_eq!(bound("type: \"size\"", &["64k"]), json!(65_536));
    assert_eq!(
        bound("type: \"size\", value: \"1m\"", &[]),
        json!(1_048_576)
    );
    refused("type: \"size\"", &["big"], "`big` is not a size");
    refused("type: \"size\"", &["999999999t"], "is not a size");
}

#[test]
fn a_choice_must_be_one_of_those_there_are() {
    let fields = "choices: [\"plain\", \"custom\"], value: \"plain\"";

    assert_eq!(bound(fields, &["--x", "custom"]), json!("custom"));
    refused(
        fields,
        &["--x", "custmo"],
        "did you mean `custom`? it is one of plain, custom",
    );
    refused(fields, &["--x", "zzz"], "hint: it is one of plain, custom");
}

#[test]
fn choices_from_a_closure_are_for_completion_and_do_not_restrict() {
    let value = bound("type: \"one-of\", choices: || [\"a\", \"b\"]", &["c"]);

    assert_eq!(value, json!("c"));
}

#[test]
fn a_list_option_repeats_and_splits_at_commas() {
    let fields = "type: \"list\", required: false";

    assert_eq!(bound(fields, &[]), json!([]));
    assert_eq!(
        bound(fields, &["--x", "a,b", "--x", "c"]),
        json!(["a", "b", "c"])
    );
}

#[test]
fn a_list_positional_takes_all_that_remains() {
    let project = echo("first: #{}, rest: #{ type: \"list\" }", &["first", "rest"]);

    let value = given(&project, &["a", "b,c", "d e"]);

    assert_eq!(value, json!({ "first": "a", "rest": ["b,c", "d e"] }));
}

#[test]
fn a_required_list_wants_at_least_one() {
    refused("type: \"list\"", &[], "needs a value for X");
}

#[test]
fn a_path_is_relative_to_where_the_command_was_typed() {
    let project = echo("x: #{ type: \"path\" }", &["x"]).here("sub/deeper");

    for (typed, expected) in [
        ("a.txt", "[DIR]/sub/deeper/a.txt"),
        ("../a.txt", "[DIR]/sub/deeper/../a.txt"),
        ("./a.txt", "[DIR]/sub/deeper/a.txt"),
        ("/etc/hosts", "/etc/hosts"),
    ] {
        assert_eq!(given(&project, &[typed])["x"], json!(expected));
    }
}

#[test]
fn a_default_path_is_relative_to_the_project() {
    let project = echo("x: #{ type: \"path\", value: \"out\" }", &["x"]).here("sub");

    assert_eq!(given(&project, &[])["x"], json!("out"));
}

#[test]
fn a_missing_argument_names_what_is_missing_and_the_usage() {
    echo("file: #{}, n: #{ type: \"int\", value: 1 }", &["file", "n"])
        .lexi("run t")
        .exits(2)
        .tells("task `t` needs a value for FILE")
        .tells("usage: t FILE [--n INT]");
}

#[test]
fn a_required_option_is_asked_for_by_its_flag() {
    refused(
        "kind: \"option\", required: true",
        &[],
        "task `t` needs `--x STRING`",
    );
}

#[test]
fn an_optional_argument_without_a_default_is_nothing() {
    assert_eq!(bound("required: false", &[]), Value::Null);
}

#[test]
fn an_extra_argument_is_an_error() {
    let project = echo("a: #{}", &["a"]);

    project
        .lexi("run t one two")
        .exits(2)
        .tells("two")
        .tells("Usage: lexi run t A");
    project.lexi("t one two").exits(2);
}

#[test]
fn a_misspelt_flag_names_the_nearest() {
    let project = echo("days: #{ type: \"int\", value: 1 }", &["days"]);

    project.lexi("run t --dyas 3").exits(2).tells("'--days'");
    project
        .lexi("run t --profle test")
        .exits(2)
        .tells("'--profile'");
}

#[test]
fn global_flags_work_on_either_side_of_the_name() {
    let project = Project::new().task(
        "p.rhai",
        "task(\"p\", #{ about: \"Show\" }, || { log::info(\"narration\"); 1 });",
    );

    for words in [
        "run p --json -q",
        "-q run p --json",
        "--json -q p",
        "p -q --json",
    ] {
        project.lexi(words).succeeds().stdout("1\n").keeps_quiet();
    }
    project
        .lexi("run p --profile nonsense")
        .exits(2)
        .tells("unknown profile `nonsense`");
}

#[test]
fn the_profile_after_the_name_is_stronger_than_the_one_before() {
    let project = Project::new()
        .file("lexi.toml", "[profile.dev]\nA = 1\n[profile.test]\nA = 2\n")
        .task(
            "p.rhai",
            "task(\"p\", #{ about: \"Show\", params: #{ a: #{ env: \"A\" } } }, |a| a);",
        );

    project.lexi("run p --json").stdout("\"1\"\n").keeps_quiet();
    project
        .lexi("--profile dev run p --json --profile test")
        .succeeds()
        .stdout("\"2\"\n");
}

#[test]
fn a_setting_gives_the_value_when_the_flag_does_not() {
    let project = echo(
        "days: #{ type: \"int\", env: \"KEEP_DAYS\", value: 30 }",
        &["days"],
    )
    .file(".env", "KEEP_DAYS=7\n");

    assert_eq!(given(&project, &[])["days"], 7);
    assert_eq!(given(&project, &["--days", "2"])["days"], 2);
    assert_eq!(given(&project, &["--set", "KEEP_DAYS=9"])["days"], 9);
    let project = project.env("KEEP_DAYS", "8");
    assert_eq!(given(&project, &[])["days"], 8);
}

#[test]
fn a_bad_setting_is_blamed_on_where_it_comes_from() {
    let params = "days: #{ type: \"int\", env: \"KEEP_DAYS\", value: 30 }";
    let project = echo(params, &["days"]).file(".env", "# days\nKEEP_DAYS=soon\n");

    project
        .lexi("run t")
        .exits(2)
        .tells("`days` of task `t`: `soon` is not a whole number")
        .tells("it comes from KEEP_DAYS (.env:2)");
    project
        .env("KEEP_DAYS", "later")
        .lexi("run t")
        .exits(2)
        .tells("it comes from KEEP_DAYS (environment)");
}

#[test]
fn a_list_from_a_setting_splits_at_commas() {
    let project = echo("x: #{ type: \"list\", env: \"HOSTS\" }", &["x"]).env("HOSTS", "a,b, c");

    assert_eq!(given(&project, &[])["x"], json!(["a", "b", "c"]));
}

#[test]
fn two_dashes_end_the_flags() {
    let project = echo(
        "a: #{}, rest: #{ type: \"list\", required: false, kind: \"positional\" }",
        &["a", "rest"],
    );

    for start in [["run", "t", "--json"].as_slice(), &["--json", "t"]] {
        let args = [start, &["--", "-x", "--json", "--", "--help"]].concat();
        let value = project.run(&args).succeeds().json();
        assert_eq!(
            value,
            json!({ "a": "-x", "rest": ["--json", "--", "--help"] })
        );
    }
}

#[test]
fn a_leading_dash_is_a_flag_unless_two_dashes_come_first() {
    refused("", &["-x"], "unexpected argument '-x'");
    assert_eq!(bound("", &["-"]), json!("-"));
    assert_eq!(bound("value: \"\"", &["--x=-rf"]), json!("-rf"));
}

#[test]
fn a_parameter_may_have_the_name_of_a_global_flag_when_it_is_a_positional() {
    let project = echo(
        "project: #{}, set: #{}, help: #{}",
        &["project", "set", "help"],
    );

    assert_eq!(
        given(&project, &["a", "b", "c", "--set", "X=1"]),
        json!({ "project": "a", "set": "b", "help": "c" })
    );
}

#[test]
fn no_text_changes_on_its_way_to_the_task() {
    let corpus = [
        "a; rm -rf /",
        "$(id)",
        "`id`",
        "a\nb",
        "'",
        "\"",
        "\\",
        "\\n",
        "${x}",
        "$HOME",
        "*",
        "~",
        "a b  c",
        "é漢🙂",
        "|",
        "&&",
        ">",
        "%s%n",
        "#{",
        "//",
        "--",
        "-rf",
        " ",
        "",
        "\t",
    ];
    let project = echo("rest: #{ type: \"list\" }", &["rest"]);

    let args = [&["--"], corpus.as_slice()].concat();

    assert_eq!(given(&project, &args)["rest"], json!(corpus));
}

#[test]
fn an_argument_that_is_not_utf_8_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let project = echo("x: #{}", &["x"]);

    let mut command = project.command(&["run", "t"]);
    command.arg(std::ffi::OsStr::from_bytes(b"a\xff"));
    let output = command.output().unwrap();

    assert_eq!(output.status.code(), Some(2));
}
