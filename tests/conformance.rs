//! What the scripting language must do for scripts to be right. An upgrade of it has to pass these tests as they are:
//! versions before and after the pinned one run the wrong function silently in some of these cases.

use serde_json::{Value, json};

use crate::harness::Project;

/// What the task `t` of a project returns.
#[track_caller]
fn of(project: &Project) -> Value {
    project.lexi("run t --json").succeeds().json()
}

/// A file with a task `t` of this body, after these lines.
fn with(before: &str, body: &str) -> Project {
    let text = format!("{before}\ntask(\"t\", #{{ about: \"Try\" }}, || {{\n{body}\n}});\n");
    Project::new().task("t.rhai", &text)
}

/// The value of a body without any imports.
#[track_caller]
fn value(body: &str) -> Value {
    of(&with("", body))
}

const LIBRARY: &str = r#"
const K = 42;

fn helper() { "the library's helper" }
private fn secret() { "the library's secret" }
fn run(f) { f.call() }
fn run_native(f) { attempt(f).value }
fn make() { || secret() }
fn make_constant() { || global::K }
fn make_counting(n) { || { n += 1; `${secret()} ${n}` } }
fn mapped(items) { items.map(|x| secret() + x) }
fn constant() { global::K }
"#;

fn with_library(before: &str, body: &str) -> Project {
    with(&format!("import \"lib/l\" as l;\n{before}"), body).task("lib/l.rhai", LIBRARY)
}

#[test]
fn a_closure_that_a_library_calls_uses_the_functions_of_its_own_file() {
    let before = "fn helper() { \"the task's helper\" }";

    for call in [
        "l::run(|| helper())",
        "l::run_native(|| helper())",
        "l::run(|| l::run(|| helper()))",
    ] {
        assert_eq!(
            of(&with_library(before, call)),
            "the task's helper",
            "{call}"
        );
    }
}

#[test]
fn a_closure_that_a_library_calls_uses_the_imports_of_its_own_file() {
    let project = with(
        "import \"lib/other\" as u;\nimport \"lib/l2\" as l;",
        "[l::run(|| u::who()), l::run_native(|| u::who()), l::own()]",
    )
    .task("lib/other.rhai", "fn who() { \"other\" }")
    .task("lib/util.rhai", "fn who() { \"util\" }")
    .task(
        "lib/l2.rhai",
        "import \"lib/util\" as u;\nfn run(f) { f.call() }\nfn run_native(f) { attempt(f).value }\nfn own() { u::who() }",
    );

    assert_eq!(of(&project), json!(["other", "other", "util"]));
}

#[test]
fn a_closure_made_by_a_library_works_wherever_it_is_called() {
    let body = r#"
let f = l::make();
let n = l::make_counting(5);
[
    f.call(), attempt(f).value, timeout("60s", f), retry(#{ times: 1 }, f),
    parallel([f, f]), l::run(f), l::run_native(f), [1].map(|x| f.call()),
    l::make_constant().call(), n.call(), n.call(),
]"#;
    let s = "the library's secret";

    assert_eq!(
        of(&with_library("", body)),
        json!([
            s,
            s,
            s,
            s,
            [s, s],
            s,
            s,
            [s],
            42,
            format!("{s} 6"),
            format!("{s} 7")
        ])
    );
}

#[test]
fn a_closure_made_by_a_library_uses_what_the_library_imports() {
    let project = with(
        "import \"lib/outer\" as outer;\nimport \"lib/decoy\" as inner;",
        "let f = outer::make(); [f.call(), parallel([f]), inner::who()]",
    )
    .task(
        "lib/outer.rhai",
        "import \"lib/inner\" as inner;\nfn make() { || inner::who() }",
    )
    .task("lib/inner.rhai", "fn who() { \"inner\" }")
    .task("lib/decoy.rhai", "fn who() { \"decoy\" }");

    assert_eq!(of(&project), json!(["inner", ["inner"], "decoy"]));
}

#[test]
fn a_closure_made_by_one_library_works_in_another() {
    let project = with(
        "import \"lib/a\" as a;\nimport \"lib/b\" as b;",
        "b::run(a::make())",
    )
    .task(
        "lib/a.rhai",
        "private fn own() { \"a\" }\nfn make() { || own() }",
    )
    .task(
        "lib/b.rhai",
        "private fn own() { \"b\" }\n\nfn run(f) { f.call() }",
    );

    assert_eq!(of(&project), "a");
}

#[test]
fn a_deferred_closure_of_a_library_runs_with_its_own_functions() {
    let project = with(
        "import \"lib/a\" as a;\nfn own() { \"task\" }",
        "a::later(); own()",
    )
    .task(
        "lib/a.rhai",
        "private fn own() { \"library\" }\nfn later() { defer(|| print(own())); }",
    );

    project.lexi("run t").succeeds().stdout("library\n");
}

#[test]
fn a_librarys_own_closures_constants_and_functions_work() {
    let body = "[l::mapped([\"!\"]), l::constant(), l::helper()]";

    assert_eq!(
        of(&with_library("", body)),
        json!([["the library's secret!"], 42, "the library's helper"])
    );
}

#[test]
fn the_same_closure_at_the_same_place_of_two_libraries_is_refused() {
    let library = |own: &str| {
        format!(
            "private fn own() {{ \"{own}\" }}\nfn make() {{ || own() }}\nfn run(f) {{ f.call() }}\n"
        )
    };
    let project = with(
        "import \"lib/a\" as a;\nimport \"lib/b\" as b;",
        "b::run(a::make())",
    )
    .task("lib/a.rhai", &library("a"))
    .task("lib/b.rhai", &library("b"));

    project
        .lexi("run t")
        .exits(1)
        .stdout("")
        .tells("`tasks/lib/a.rhai` and `tasks/lib/b.rhai` hold the same closure at 2:13");
    let found = project.lexi("check --json").exits(1).findings();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("tasks/lib/b.rhai:2:13: "),
        "{found:#?}"
    );
}

#[test]
fn the_same_closure_at_the_same_place_of_a_library_and_its_user_is_refused() {
    let text = "import \"lib/a\" as a;\nfn make() { || own() }\nfn own() { \"task\" }\ntask(\"t\", #{ about: \"Try\" }, || [a::make().call(), make().call()]);\n";
    let library = "private fn own() { \"a\" }\nfn make() { || own() }\n";
    let project = Project::new()
        .task("t.rhai", text)
        .task("lib/a.rhai", library);

    project
        .lexi("run t")
        .exits(1)
        .tells("`tasks/t.rhai` and `tasks/lib/a.rhai` hold the same closure at 2:13");
    project
        .lexi("check")
        .exits(1)
        .tells("hold the same closure");
}

#[test]
fn the_same_closure_in_two_task_files_is_no_trouble() {
    let file = |name: &str, needs: &str| {
        format!(
            "fn own() {{ \"{name}\" }}\nfn each(f) {{ f.call() }}\nfn all() {{ each(|| own()) }}\ntask(\"{name}\", #{{ about: \"Try\", needs: [{needs}] }}, || print(all()));\n"
        )
    };
    let project = Project::new()
        .task("a.rhai", &file("a", ""))
        .task("t.rhai", &file("t", "\"a\""));

    project.lexi("run t").succeeds().stdout("a\nt\n");
    project.lexi("check").succeeds();
}

#[test]
fn a_switch_on_a_captured_variable_takes_the_right_case() {
    let body = "let x = \"a\"; let f = || switch x { \"a\" => 1, _ => 2 }; f.call()";

    assert_eq!(value(body), 1);
}

#[test]
fn a_switch_in_a_block_sees_the_inner_variable() {
    assert_eq!(value("let a = 1; { let b = 99; switch b { _ => b } }"), 99);
    assert_eq!(
        value("switch 7 { 1 => \"one\", 5..10 => \"mid\", _ => \"other\" }"),
        "mid"
    );
}

#[test]
fn captured_variables_work_in_every_kind_of_expression() {
    for (body, expected) in [
        (
            "let x = \"a\"; let f = || x == \"a\"; f.call()",
            json!(true),
        ),
        ("let x = [1]; let f = || 1 in x; f.call()", json!(true)),
        ("let m = #{ a: 1 }; let f = || m.a; f.call()", json!(1)),
        (
            "let x = true; let f = || if x { 1 } else { 2 }; f.call()",
            json!(1),
        ),
        (
            "let x = [1, 2]; let f = || { let s = 0; for i in x { s += i; } s }; f.call()",
            json!(3),
        ),
        (
            "let n = 0; let inc = || { n += 1; }; let get = || n; inc.call(); inc.call(); get.call()",
            json!(2),
        ),
        ("let n = 1; let f = || n; n = 5; f.call()", json!(5)),
        ("const X = 5; let f = || X + 1; f.call()", json!(6)),
        (
            "let fs = []; for i in 0..3 { let j = i; fs.push(|| j); } fs.map(|f| f.call())",
            json!([0, 1, 2]),
        ),
        (
            "let f = |x| { if x { return 1; } 2 }; [f.call(true), f.call(false)]",
            json!([1, 2]),
        ),
        (
            "[1, 2, 3].filter(|x| x > 1).map(|x| x * 2).reduce(|a, b| a + b, 0)",
            json!(10),
        ),
    ] {
        assert_eq!(value(body), expected, "{body}");
    }
}

#[test]
fn a_constant_cannot_be_changed_through_a_closure() {
    let body = "const M = #{ a: 1 }; let f = || { M.a = 2; }; let got = attempt(f); [got.ok, M.a]";

    assert_eq!(value(body), json!([false, 1]));
}

#[test]
fn closures_see_top_level_constants_and_functions_do_not() {
    let before = "const X = 5;\nfn f() { global::X }";

    assert_eq!(of(&with(before, "[X, f()]")), json!([5, 5]));
    with("const X = 5;\nfn f() { X }", "f()")
        .lexi("run t")
        .exits(2)
        .tells("no variable `X` here");
}

#[test]
fn arguments_are_copies_and_this_is_not() {
    let before = "fn change(m) { m.a = 2; }\nfn change_this() { this.a = 2; }";
    let body = "let m = #{ a: 1 }; change(m); let before = m.a; m.change_this(); [before, m.a]";

    assert_eq!(of(&with(before, body)), json!([1, 2]));
}

#[test]
fn values_keep_their_kind() {
    for (body, expected) in [
        ("[1 / 2, 1.0 / 2.0, 7 % 3]", json!([0, 0.5, 1])),
        ("\"\" + 1.0", json!("1.0")),
        (
            "[\"1\" == 1, () == (), [1, 2] == [1, 2]]",
            json!([false, true, true]),
        ),
        ("let x = (); x ?? 5", json!(5)),
        ("\"héllo\".len", json!(5)),
        ("1_000_000", json!(1_000_000)),
        ("loop { break 5; }", json!(5)),
        ("let m = #{ b: 1, a: 2 }; m.keys()", json!(["a", "b"])),
        ("`a${1 + 1}b`", json!("a2b")),
    ] {
        assert_eq!(value(body), expected, "{body}");
    }
}

#[test]
fn a_thrown_map_is_caught_as_it_was() {
    let body = "let r = (); try { throw #{ kind: \"x\", code: 3 }; } catch (e) { r = [e.kind, e.code]; } r";

    assert_eq!(value(body), json!(["x", 3]));
}

#[test]
fn a_sort_whose_comparison_fails_fails() {
    let body = "let a = [3, 1, 2]; attempt(|| a.sort(|x, y| throw \"no\")).ok";

    assert_eq!(value(body), false);
    let body =
        "let a = [3, 1, 2]; a.sort(|x, y| x - y); let b = [3, 1, 2]; b.sort(|x, y| x > y); [a, b]";
    assert_eq!(value(body), json!([[1, 2, 3], [3, 2, 1]]));
    let body = "attempt(|| timeout(\"50ms\", || { let a = [2, 1]; a.sort(|x, y| { loop {} }); })).error.kind";
    assert_eq!(value(body), "timeout");
}

#[test]
fn closures_nested_twenty_deep_do_not_take_exponential_time() {
    let before = "fn down(n) { if n == 0 { 0 } else { attempt(|| down(n - 1)).value + 1 } }";

    assert_eq!(of(&with(before, "down(12)")), 12);
}

#[test]
fn a_timeout_counts_inside_closures_of_language_functions() {
    let body = "attempt(|| timeout(\"50ms\", || [1].map(|x| { loop {} }))).error.kind";

    assert_eq!(value(body), "timeout");
}

#[test]
fn a_function_pointer_by_name_is_refused() {
    with("fn f() { 1 }", "let p = Fn(\"f\"); p.call()")
        .lexi("run t")
        .exits(2)
        .tells("`Fn` finds a function by name where it is called")
        .tells("pass a closure");
}
