//! What a person reads when a script fails: what, where, the calls that led there, and what to do.

use insta::assert_snapshot;

use crate::harness::{HUNG, Outcome, Project};

/// What a failing task with this body shows.
#[track_caller]
fn shown(body: &str) -> String {
    of(&Project::new().body(body))
}

/// What the failing task `t` of a project shows.
#[track_caller]
fn of(project: &Project) -> String {
    project.lexi("run t").exits(1).stdout("").err
}

/// What a project whose task `t` is refused shows.
#[track_caller]
fn refused(project: &Project) -> String {
    project.lexi("run t").exits(2).stdout("").err
}

/// A project with a task `t` and the library `lib/util`.
fn with_library(body: &str, library: &str) -> Project {
    let text = format!(
        "import \"lib/util\" as util;\n\ntask(\"t\", #{{ about: \"Try\" }}, || {{\n{body}\n}});\n"
    );
    Project::new()
        .task("t.rhai", &text)
        .task("lib/util.rhai", library)
}

#[test]
fn a_thrown_string_is_the_message() {
    assert_snapshot!(shown("    throw \"the disk is full\";"), @r#"
    error: the disk is full
     --> tasks/t.rhai:4:5
      |
    4 |     throw "the disk is full";
      |     ^^^^^
    "#);
}

#[test]
fn a_thrown_map_gives_message_and_hint() {
    let body = "    throw #{ kind: \"refused\", message: \"not on Fridays\", hint: \"wait until Monday\" };";
    assert_snapshot!(shown(body), @r#"
    error: not on Fridays
     --> tasks/t.rhai:4:5
      |
    4 |     throw #{ kind: "refused", message: "not on Fridays", hint: "wait until Monday" };
      |     ^^^^^
      |
      = hint: wait until Monday
    "#);
}

#[test]
fn a_thrown_map_without_a_message_shows_what_it_holds() {
    assert_snapshot!(shown("    throw #{ code: 7 };"), @r#"
    error: #{"code": 7}
     --> tasks/t.rhai:4:5
      |
    4 |     throw #{ code: 7 };
      |     ^^^^^
    "#);
}

#[test]
fn a_thrown_nothing_says_so() {
    assert_snapshot!(shown("    throw;"), @r"
    error: the script threw an error without a value
     --> tasks/t.rhai:4:5
      |
    4 |     throw;
      |     ^^^^^
    ");
}

#[test]
fn a_thrown_number_is_shown() {
    assert_snapshot!(shown("    throw 42;"), @r"
    error: 42
     --> tasks/t.rhai:4:5
      |
    4 |     throw 42;
      |     ^^^^^
    ");
}

#[test]
fn a_caught_error_that_is_thrown_again_keeps_its_words() {
    let body = "    try { ensure(false, \"not ready\"); } catch (e) { throw e; }";
    assert_snapshot!(shown(body), @r#"
    error: not ready
     --> tasks/t.rhai:4:53
      |
    4 |     try { ensure(false, "not ready"); } catch (e) { throw e; }
      |                                                     ^^^^^
    "#);
}

#[test]
fn wrong_argument_types_show_what_a_function_takes() {
    assert_snapshot!(shown("    let five = [5][0];\n    log::info(five);"), @r"
    error: `log::info` takes (message: string), got (int)
     --> tasks/t.rhai:5:5
      |
    5 |     log::info(five);
      |     ^^^^^^^^^
    ");
}

#[test]
fn wrong_argument_types_show_every_form_of_a_function() {
    assert_snapshot!(shown("    let a = [\"a\", 1.5];\n    parallel(a[0], a[1]);"), @r#"
    error: `parallel` takes (items: array) or (items: array, options: map), got (string, float)
     --> tasks/t.rhai:5:5
      |
    5 |     parallel(a[0], a[1]);
      |     ^^^^^^^^
    "#);
}

#[test]
fn a_wrong_operator_shows_the_types() {
    assert_snapshot!(shown("    let x = #{} + 1;"), @r"
    error: `+` does not work on a map and an int
     --> tasks/t.rhai:4:17
      |
    4 |     let x = #{} + 1;
      |                 ^
    ");
}

#[test]
fn a_misspelt_option_names_the_nearest() {
    assert_snapshot!(shown("    let o = #{ tmies: 2 };\n    retry(o, || 1);"), @r"
    error: `retry` has no option `tmies`
     --> tasks/t.rhai:5:5
      |
    5 |     retry(o, || 1);
      |     ^^^^^
      |
      = hint: did you mean `times`? options are times, wait, factor, most, kinds
    ");
}

#[test]
fn a_method_that_is_not_there_names_the_nearest() {
    assert_snapshot!(shown("    let a = [1];\n    a.frobnicate(2);"), @r"
    error: no function `frobnicate`
     --> tasks/t.rhai:5:7
      |
    5 |     a.frobnicate(2);
      |       ^^^^^^^^^^
    ");
}

#[test]
fn a_method_of_the_wrong_type_shows_what_it_takes() {
    assert_snapshot!(shown("    let a = 5;\n    a.push(2);"), @r"
    error: `push` takes (array: array, item: any) or (blob: blob, value: int), got (int, int)
     --> tasks/t.rhai:5:7
      |
    5 |     a.push(2);
      |       ^^^^
    ");
}

#[test]
fn an_unknown_property_is_named() {
    assert_snapshot!(shown("    let m = #{ name: 1 };\n    let x = m.nmae;"), @r#"
    error: no property `nmae`
     --> tasks/t.rhai:5:15
      |
    5 |     let x = m.nmae;
      |               ^^^^
      |
      = hint: `map.get("nmae")` gives () when there is none
    "#);
}

#[test]
fn a_property_of_something_without_properties_is_named() {
    assert_snapshot!(shown("    let n = 5;\n    let x = n.name;"), @r"
    error: an int has no property `name`
     --> tasks/t.rhai:5:15
      |
    5 |     let x = n.name;
      |               ^^^^
    ");
}

#[test]
fn a_property_of_nothing_is_named() {
    assert_snapshot!(shown("    let m = #{ a: () };\n    let x = m.a.b;"), @r"
    error: nothing has no property `b`
     --> tasks/t.rhai:5:17
      |
    5 |     let x = m.a.b;
      |                 ^
    ");
}

#[test]
fn a_division_by_zero_is_plain() {
    assert_snapshot!(shown("    let x = 0;\n    1 / x;"), @r"
    error: division by zero: 1 / 0
     --> tasks/t.rhai:5:7
      |
    5 |     1 / x;
      |       ^
    ");
}

#[test]
fn an_overflow_is_plain() {
    assert_snapshot!(shown("    let x = 9223372036854775807;\n    x + 1;"), @r"
    error: addition overflow: 9223372036854775807 + 1
     --> tasks/t.rhai:5:7
      |
    5 |     x + 1;
      |       ^
    ");
}

#[test]
fn an_index_out_of_bounds_says_how_many_there_are() {
    assert_snapshot!(shown("    let a = [1, 2];\n    a[5];"), @r"
    error: array index 5 out of bounds: only 2 elements in array
     --> tasks/t.rhai:5:7
      |
    5 |     a[5];
      |       ^
    ");
}

#[test]
fn an_index_into_nothing_says_so() {
    assert_snapshot!(shown("    let a = [];\n    a[0];"), @r"
    error: array index 0 out of bounds: array is empty
     --> tasks/t.rhai:5:7
      |
    5 |     a[0];
      |       ^
    ");
}

#[test]
fn a_condition_that_is_not_a_bool_is_plain() {
    assert_snapshot!(shown("    let x = 1;\n    if x { 2 }"), @r"
    error: expected bool, got int
     --> tasks/t.rhai:5:8
      |
    5 |     if x { 2 }
      |        ^
    ");
}

#[test]
fn a_loop_over_what_is_not_iterable_is_plain() {
    assert_snapshot!(shown("    let x = 1;\n    for i in x { }"), @r"
    error: `for` goes through arrays, strings, ranges and blobs only
     --> tasks/t.rhai:5:14
      |
    5 |     for i in x { }
      |              ^
      |
      = hint: for a map, write `for key in map.keys()`
    ");
}

#[test]
fn an_assignment_to_a_constant_is_plain() {
    assert_snapshot!(shown("    const X = [1];\n    X.push(2);"), @r"
    error: `push` would change a constant
     --> tasks/t.rhai:5:7
      |
    5 |     X.push(2);
      |       ^^^^
    ");
}

#[test]
fn a_value_that_is_not_a_closure_cannot_be_called() {
    assert_snapshot!(shown("    let x = 1;\n    x.call();"), @r"
    error: expected closure, got int
     --> tasks/t.rhai:5:7
      |
    5 |     x.call();
      |       ^^^^
    ");
}

#[test]
fn a_closure_called_with_too_few_arguments_is_plain() {
    assert_snapshot!(shown("    let f = |a, b| a + b;\n    f.call(1);"), @r"
    error: a closure does not take (int)
     --> tasks/t.rhai:5:7
      |
    5 |     f.call(1);
      |       ^^^^
    ");
}

#[test]
fn a_function_that_calls_itself_without_end_is_stopped() {
    let text =
        "fn down(n) {\n    down(n + 1)\n}\n\ntask(\"t\", #{ about: \"Try\" }, || down(0));\n";
    assert_snapshot!(of(&Project::new().task("t.rhai", text)), @r#"
    error: calls are nested too deep
     --> tasks/t.rhai:5:1
      |
    5 | task("t", #{ about: "Try" }, || down(0));
      | ^^^^
      |
      = hint: does a function call itself without end?
    "#);
}

#[test]
fn an_error_in_a_function_shows_the_calls_that_led_there() {
    let text = "fn outer(x) {\n    inner(x)\n}\n\nfn inner(x) {\n    ensure(x > 5, `${x} is too small`);\n}\n\ntask(\"t\", #{ about: \"Try\" }, || {\n    outer(3);\n});\n";
    assert_snapshot!(of(&Project::new().task("t.rhai", text)), @r"
    error: 3 is too small
      --> tasks/t.rhai:6:5
       |
     6 |     ensure(x > 5, `${x} is too small`);
       |     ^^^^^^
       |
      ::: tasks/t.rhai:2:5
       |
     2 |     inner(x)
       |     ----- called here, in function `outer`
       |
      ::: tasks/t.rhai:10:5
       |
    10 |     outer(3);
       |     ----- called here, in task `t`
    ");
}

#[test]
fn an_error_in_a_library_shows_both_files() {
    let library =
        "fn check(x) {\n    deep(x)\n}\n\nprivate fn deep(x) {\n    throw `${x} is odd`;\n}\n";
    assert_snapshot!(of(&with_library("    util::check(3);", library)), @r"
    error: 3 is odd
     --> tasks/lib/util.rhai:6:5
      |
    6 |     throw `${x} is odd`;
      |     ^^^^^
      |
     ::: tasks/lib/util.rhai:2:5
      |
    2 |     deep(x)
      |     ---- called here, in function `check`
      |
     ::: tasks/t.rhai:4:5
      |
    4 |     util::check(3);
      |     ----------- called here, in task `t`
    ");
}

#[test]
fn an_error_in_a_library_of_a_library_shows_all_files() {
    let project = with_library(
        "    util::outer();",
        "import \"lib/deep\" as deep;\n\nfn outer() {\n    deep::inner()\n}\n",
    )
    .task("lib/deep.rhai", "fn inner() {\n    1 % 0\n}\n");
    assert_snapshot!(of(&project), @r"
    error: modulo division by zero or overflow: 1 % 0
     --> tasks/lib/deep.rhai:2:7
      |
    2 |     1 % 0
      |       ^
      |
     ::: tasks/lib/util.rhai:4:5
      |
    4 |     deep::inner()
      |     ----------- called here, in function `outer`
      |
     ::: tasks/t.rhai:4:5
      |
    4 |     util::outer();
      |     ----------- called here, in task `t`
    ");
}

#[test]
fn an_error_in_a_closure_called_by_a_host_function_shows_both_places() {
    let body = "    let items = [1, 0];\n    parallel_map(items, 1, |n| {\n        10 / n\n    });";
    assert_snapshot!(shown(body), @r"
    error: division by zero: 10 / 0
     --> tasks/t.rhai:6:12
      |
    6 |         10 / n
      |            ^
      |
     ::: tasks/t.rhai:5:5
      |
    5 |     parallel_map(items, 1, |n| {
      |     ------------ called here, in task `t`
    ");
}

#[test]
fn an_error_in_a_closure_of_a_language_function_shows_both_places() {
    let body = "    let items = [1, 0];\n    items.map(|n| {\n        10 / n\n    });";
    assert_snapshot!(shown(body), @r"
    error: division by zero: 10 / 0
     --> tasks/t.rhai:6:12
      |
    6 |         10 / n
      |            ^
      |
     ::: tasks/t.rhai:5:11
      |
    5 |     items.map(|n| {
      |           --- called here, in task `t`
    ");
}

#[test]
fn an_error_in_a_closure_that_a_library_calls_shows_both_files() {
    let library = "fn each(items, f) {\n    for item in items {\n        f.call(item);\n    }\n}\n";
    assert_snapshot!(of(&with_library("    util::each([2, 0], |n| 1 / n);", library)), @r"
    error: division by zero: 1 / 0
     --> tasks/t.rhai:4:30
      |
    4 |     util::each([2, 0], |n| 1 / n);
      |                              ^
      |
     ::: tasks/lib/util.rhai:3:11
      |
    3 |         f.call(item);
      |           ---- called here, in function `each`
      |
     ::: tasks/t.rhai:4:5
      |
    4 |     util::each([2, 0], |n| 1 / n);
      |     ---------- called here, in task `t`
    ");
}

#[test]
fn an_error_in_a_task_run_by_a_script_shows_both_files() {
    let project = Project::new()
        .task(
            "t.rhai",
            "task(\"t\", #{ about: \"Try\" }, || {\n    task::run(\"inner\");\n});\n",
        )
        .task(
            "inner.rhai",
            "task(\"inner\", #{ about: \"Try\" }, || {\n    ensure(false, \"deep\");\n});\n",
        );
    assert_snapshot!(of(&project), @r#"
    error: deep
     --> tasks/inner.rhai:2:5
      |
    2 |     ensure(false, "deep");
      |     ^^^^^^
      |
     ::: tasks/t.rhai:2:5
      |
    2 |     task::run("inner");
      |     --------- called here, in task `t`
    "#);
}

#[test]
fn an_error_in_a_needed_task_shows_its_file() {
    let project = Project::new()
        .task(
            "t.rhai",
            "task(\"t\", #{ about: \"Try\", needs: [\"base\"] }, || 1);\n",
        )
        .task(
            "base.rhai",
            "task(\"base\", #{ about: \"Try\" }, || {\n    ensure(false, \"no base\");\n});\n",
        );
    assert_snapshot!(of(&project), @r#"
    error: no base
     --> tasks/base.rhai:2:5
      |
    2 |     ensure(false, "no base");
      |     ^^^^^^
      |
     ::: tasks/t.rhai:1:36
      |
    1 | task("t", #{ about: "Try", needs: ["base"] }, || 1);
      |                                    ------ called here, in task `t`
    "#);
}

#[test]
fn an_error_at_the_top_level_of_a_task_file_is_shown() {
    let text = "const A = [1][3];\n\ntask(\"t\", #{ about: \"Try\" }, || A);\n";
    assert_snapshot!(of(&Project::new().task("t.rhai", text)), @r"
    error: array index 3 out of bounds: only 1 element in array
     --> tasks/t.rhai:1:15
      |
    1 | const A = [1][3];
      |               ^
    ");
}

#[test]
fn an_error_at_the_top_level_of_a_library_shows_the_import() {
    assert_snapshot!(of(&with_library("    1;", "const A = [1][3];\n")), @r#"
    error: array index 3 out of bounds: only 1 element in array
     --> tasks/lib/util.rhai:1:15
      |
    1 | const A = [1][3];
      |               ^
      |
     ::: tasks/t.rhai:1:8
      |
    1 | import "lib/util" as util;
      |        ---------- called here, in the import of `tasks/lib/util.rhai`
    "#);
}

#[test]
fn an_unknown_function_of_a_closure_parameter_is_found_at_run_time() {
    let library = "fn apply(f) {\n    f.call().missing()\n}\n";
    assert_snapshot!(of(&with_library("    util::apply(|| 3);", library)), @r"
    error: no function `missing`
     --> tasks/lib/util.rhai:2:14
      |
    2 |     f.call().missing()
      |              ^^^^^^^
      |
     ::: tasks/t.rhai:4:5
      |
    4 |     util::apply(|| 3);
      |     ----------- called here, in task `t`
    ");
}

#[test]
fn cleanup_that_fails_is_shown_besides_the_error() {
    let body =
        "    defer(|| {\n        ensure(false, \"cannot clean\");\n    });\n    throw \"first\";";
    assert_snapshot!(shown(body), @r#"
    error: first
     --> tasks/t.rhai:7:5
      |
    7 |     throw "first";
      |     ^^^^^

    error: cleanup failed too: cannot clean
     --> tasks/t.rhai:5:9
      |
    5 |         ensure(false, "cannot clean");
      |         ^^^^^^
    "#);
}

#[test]
fn cleanup_that_fails_alone_fails_the_task() {
    let body = "    defer(|| {\n        1 / 0;\n    });\n    2";
    assert_snapshot!(shown(body), @r"
    error: the task's cleanup failed

    error: cleanup failed too: division by zero: 1 / 0
     --> tasks/t.rhai:5:11
      |
    5 |         1 / 0;
      |           ^
    ");
}

#[test]
fn the_first_failure_of_several_comes_first_and_the_others_follow() {
    let body =
        "    parallel([|| throw \"one\", || throw \"two\"], #{ limit: 1, keep_going: true });";
    assert_snapshot!(shown(body), @r#"
    error: one
     --> tasks/t.rhai:4:18
      |
    4 |     parallel([|| throw "one", || throw "two"], #{ limit: 1, keep_going: true });
      |                  ^^^^^
      |
     ::: tasks/t.rhai:4:5
      |
    4 |     parallel([|| throw "one", || throw "two"], #{ limit: 1, keep_going: true });
      |     -------- called here, in task `t`
    failed too: `2`: two
    "#);
}

#[test]
fn a_missing_closing_brace_is_shown_at_the_end() {
    let text = "task(\"t\", #{ about: \"Try\" }, || {\n    if true {\n});\n";
    assert_snapshot!(refused(&Project::new().task("t.rhai", text)), @r"
    error: unexpected `)`
     --> tasks/t.rhai:3:2
      |
    3 | });
      |  ^
    ");
}

#[test]
fn an_open_string_is_shown() {
    let text = "task(\"t\", #{ about: \"Try\" }, || print(\"hello));\n";
    assert_snapshot!(refused(&Project::new().task("t.rhai", text)), @r#"
    error: open string is not terminated
     --> tasks/t.rhai:1:39
      |
    1 | task("t", #{ about: "Try" }, || print("hello));
      |                                       ^^^^^^^^^
    "#);
}

#[test]
fn a_foreign_keyword_says_what_it_is() {
    assert_snapshot!(refused(&Project::new().body("    let default = 1;")), @r#"
    error: `default` is a reserved word
     --> tasks/t.rhai:4:9
      |
    4 |     let default = 1;
      |         ^^^^^^^
      |
      = hint: choose another name; as a key of a map it can be read with `map["key"]`
    "#);
}

#[test]
fn a_missing_comma_is_shown() {
    let text = "task(\"t\", #{ about: \"Try\" timeout: \"5s\" }, || 1);\n";
    assert_snapshot!(refused(&Project::new().task("t.rhai", text)), @r#"
    error: expecting `,` to separate the items of this object map literal
     --> tasks/t.rhai:1:27
      |
    1 | task("t", #{ about: "Try" timeout: "5s" }, || 1);
      |                           ^^^^^^^^
    "#);
}

#[test]
fn eval_is_not_available() {
    assert_snapshot!(refused(&Project::new().body("    eval(\"1\");")), @r#"
    error: `eval` is not available
     --> tasks/t.rhai:4:5
      |
    4 |     eval("1");
      |     ^^^^
      |
      = hint: call a function or a closure instead
    "#);
}

#[test]
fn an_unknown_variable_is_shown() {
    assert_snapshot!(refused(&Project::new().body("    let count = 1;\n    print(cuont);")), @r"
    error: no variable `cuont` here
     --> tasks/t.rhai:5:11
      |
    5 |     print(cuont);
      |           ^^^^^
      |
      = hint: did you mean `count`?
    ");
}

#[test]
fn an_import_that_is_not_there_names_the_nearest() {
    let project = Project::new()
        .task(
            "t.rhai",
            "import \"lib/utli\" as util;\n\ntask(\"t\", #{ about: \"Try\" }, || util::f());\n",
        )
        .task("lib/util.rhai", "fn f() { 1 }\n");
    assert_snapshot!(refused(&project), @r#"
    error: no script `lib/utli` to import
     --> tasks/t.rhai:1:8
      |
    1 | import "lib/utli" as util;
      |        ^^^^^^^^^^
      |
      = hint: did you mean `lib/util`?
    "#);
}

#[test]
fn imports_that_lead_out_of_the_project_are_refused() {
    for path in [
        "../outside",
        "/etc/passwd",
        "lib/../../outside",
        "tasks/t",
        "lib/./util",
        "./util",
    ] {
        let text =
            format!("import \"{path}\" as x;\n\ntask(\"t\", #{{ about: \"Try\" }}, || 1);\n");
        let project = Project::new().task("t.rhai", &text);
        let err = refused(&project);
        assert!(
            err.starts_with(&format!(
                "error: cannot import `{path}`\n --> tasks/t.rhai:1:8"
            )),
            "{err}"
        );
    }
}

#[test]
fn an_import_through_a_link_out_of_the_project_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.rhai"), "fn f() { 1 }").unwrap();
    let project = with_library("    1;", "fn f() { 1 }\n");
    std::fs::remove_file(project.path("tasks/lib/util.rhai")).unwrap();
    std::os::unix::fs::symlink(
        outside.path().join("secret.rhai"),
        project.path("tasks/lib/util.rhai"),
    )
    .unwrap();

    assert_snapshot!(refused(&project), @r#"
    error: `tasks/lib/util.rhai` leads out of the project
     --> tasks/t.rhai:1:8
      |
    1 | import "lib/util" as util;
      |        ^^^^^^^^^^
      |
      = hint: copy the file into the project instead of linking to it
    "#);
}

#[test]
fn an_import_cycle_is_shown_with_the_way_round() {
    let project = with_library("    1;", "import \"lib/other\" as other;\n\nfn f() { 1 }\n").task(
        "lib/other.rhai",
        "import \"lib/util\" as util;\n\nfn g() { 1 }\n",
    );
    assert_snapshot!(refused(&project), @r#"
    error: import cycle: lib/other -> lib/util -> lib/other
     --> tasks/lib/other.rhai:1:8
      |
    1 | import "lib/util" as util;
      |        ^^^^^^^^^^
    "#);
}

#[test]
fn an_import_whose_path_is_computed_is_refused() {
    let text = "const P = \"lib/x\";\nimport P as x;\n\ntask(\"t\", #{ about: \"Try\" }, || 1);\n";
    assert_snapshot!(refused(&Project::new().task("t.rhai", text)), @r"
    error: the path of an import must be a literal string
     --> tasks/t.rhai:2:8
      |
    2 | import P as x;
      |        ^
    ");
}

#[test]
fn a_syntax_error_in_a_library_is_shown_there() {
    assert_snapshot!(refused(&with_library("    util::f();", "fn f() {\n    let = 1;\n}\n")), @r"
    error: expecting name of a variable
     --> tasks/lib/util.rhai:2:9
      |
    2 |     let = 1;
      |         ^
    ");
}

/// Bodies that fail in as many ways as the language has.
const WRONG: &[&str] = &[
    "log::info(|x| x)",
    "timeout(#{}, || 1)",
    "retry(1, 2)",
    "let a = [1]; a.push()",
    "parallel([5])",
    "parallel([() ])",
    "let f = |x| x; f.call(1, 2)",
    "let x = \"a\" - 1",
    "throw |x| x",
    "let x = 5; x[0]",
    "let x = \"abc\"; x[10]",
    "let m = #{}; m[1]",
    "[1, 2].map(5)",
    "[1].reduce(|a| a)",
    "let x = blob(3); x[7]",
    "let b = true; b += 1",
    "timeout(\"x\", || 1)",
    "task::run(\"t\", #{ x: 1 })",
    "switch 1 { 1 => nope.x }",
    "\"x\".parse_int()",
    "parse_int(\"zz\")",
    "parse_float(\"zz\")",
    "let a = [3, 1]; a.sort(|x| x)",
    "range(0, 5, 0).len()",
    "let t = timestamp(); t.foo",
    "1 << -1",
    "2 ** -1",
    "let c = 'a'; c + 1.5",
    "#{ a: 1 }.b.c",
    "let a = [1]; a.remove(\"x\")",
    "let a = []; a.nope = 1",
    "print(1, 2)",
    "type_of()",
    "throw [|x| x]",
    "throw #{ message: |x| x }",
    "let f = 5; f.call(2)",
    "defer(5)",
    "attempt(1)",
];

#[test]
fn no_error_shows_the_insides_of_the_language() {
    let inside = [
        "anon$",
        "Fn(",
        "i64",
        "ImmutableString",
        "Dynamic",
        " rhai",
        "Runtime error",
        "FnPtr",
        "ErrorRuntime",
        "(line ",
        "&str",
    ];
    for body in WRONG {
        let project = Project::new().body(&format!("    {body};"));
        let outcome = project.lexi("run t");
        let shown: String = outcome
            .err
            .lines()
            .filter(|line| !line.contains(" | ") && !line.contains("::: "))
            .collect::<Vec<_>>()
            .join("\n");
        for word in inside {
            assert!(
                !shown.contains(word),
                "`{body}` shows {word:?}:\n{}",
                outcome.err
            );
        }
    }
}

#[test]
fn what_a_script_cannot_have_is_refused_before_it_runs() {
    let cases = [
        ("exit(7)", "`exit`", "`return` ends a task"),
        ("exit()", "`exit`", "`return` ends a task"),
        ("sleep(600)", "`sleep`", "time::sleep"),
        ("[1].map(|x| sleep(600.0))", "`sleep`", "time::sleep"),
    ];
    for (body, name, instead) in cases {
        let project = Project::new().body(&format!("    print(\"ran\"); {body};"));
        let outcome = project.lexi("run t").exits(2).stdout("");
        outcome.tells(&format!("no function {name}")).tells(instead);
    }
}

#[test]
fn what_a_script_cannot_have_is_no_method_either() {
    for (body, name) in [("600.sleep()", "`sleep`"), ("7.exit()", "`exit`")] {
        let project = Project::new().body(&format!("    let a = attempt(|| {body}); {body};"));
        project
            .lexi("run t")
            .exits(1)
            .tells(&format!("no function {name}"));
    }
}

#[test]
fn a_nul_byte_is_named_for_what_it_is() {
    let cases = [
        (
            r#"process::run("echo", ["a\x00b"])"#,
            "argument 1 of `echo` holds a NUL byte",
        ),
        (
            r#"process::run("echo", [], #{ env: #{ A: "a\x00b" } })"#,
            "variable `A` holds a NUL byte",
        ),
    ];
    for (body, message) in cases {
        let project = Project::new().body(&format!("    {body};"));
        project.lexi("run t").exits(1).tells(message);
    }
}

#[test]
fn data_that_is_lost_is_no_success() {
    for words in [["list", "-q"], ["run", "t"]] {
        let project = Project::new().body("    print(\"data\");");
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let child = project.command(&words).stdout(full).spawn().unwrap();

        Outcome::wait(child, HUNG, project.root(), &words)
            .exits(1)
            .tells("not everything got to standard output: No space left");
    }
}

#[test]
fn a_project_in_a_folder_whose_name_is_no_text_is_refused() {
    let project = Project::new();
    let name = std::os::unix::ffi::OsStrExt::from_bytes(b"bad\xff");
    let folder = project.root().join::<&std::ffi::OsStr>(name);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("lexi.toml"), "").unwrap();

    let child = project
        .command(&["list"])
        .current_dir(&folder)
        .spawn()
        .unwrap();

    Outcome::wait(child, HUNG, project.root(), &["list"])
        .exits(2)
        .tells("is not UTF-8");
}

#[test]
fn a_task_file_that_cannot_be_read_leaves_the_others_alone() {
    let project = Project::new().body("    print(\"ran\");");
    std::fs::write(project.path("tasks/bad.rhai"), b"//! Bad\n\n\xff\n").unwrap();

    project.lexi("run t").succeeds().stdout("ran\n");
    for words in ["check", "check"] {
        let outcome = project.lexi(words).exits(1);
        outcome.tells("tasks/bad.rhai:3").tells("is not UTF-8");
    }
    project.lexi("list").succeeds();

    std::fs::write(
        project.path("tasks/bad.rhai"),
        "//! Good\n\ntask(\"b\", #{ about: \"B\" }, || print(\"b\"));\n",
    )
    .unwrap();
    project.lexi("run b").succeeds().stdout("b\n");
}

#[test]
fn a_device_keeps_its_name() {
    let project = Project::new().body("    fs::write(\"/dev/null\", \"x\");");

    project
        .lexi("run t")
        .exits(1)
        .tells("cannot replace `/dev/null`: it is no file");
}
