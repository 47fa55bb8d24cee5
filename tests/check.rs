//! `lexi check`: finds mistakes at their place, with a hint, without running anything; and stops a run that has some.

use crate::harness::{Project, marked};

/// The only finding in a file stands at the mark `«` and says this.
#[track_caller]
fn finds(text: &str, expected: &str) {
    let (text, (line, column)) = marked(text);
    let project = Project::new().task("t.rhai", &text);

    let outcome = project.lexi("check --json").exits(1);

    assert_eq!(
        outcome.findings(),
        [format!("tasks/t.rhai:{line}:{column}: {expected}")],
        "{text}"
    );
    project.lexi("run t").exits(2).stdout("");
}

/// The same in the body of a task that would print if it ran.
#[track_caller]
fn finds_in_body(body: &str, expected: &str) {
    finds(
        &format!(
            "task(\"t\", #{{ about: \"Try\" }}, || {{\n    print(\"ran\");\n    {body}\n}});\n"
        ),
        expected,
    );
}

#[test]
fn unknown_functions_name_the_nearest() {
    finds_in_body(
        "«retyr(#{}, || 1);",
        "no function `retyr` (did you mean `retry`?)",
    );
    finds_in_body(
        "log::«inof(\"x\");",
        "no function `log::inof` (did you mean `log::info`?)",
    );
    finds_in_body(
        "«lgo::info(\"x\");",
        "no namespace `lgo` (did you mean `log`?)",
    );
    finds_in_body("«zzzzzz(1);", "no function `zzzzzz`");
    finds(
        "fn helper(x) { x }\ntask(\"t\", #{ about: \"Try\" }, || «helpr(1));\n",
        "no function `helpr` (did you mean `helper`?)",
    );
}

#[test]
fn wrong_numbers_of_arguments_show_what_a_function_takes() {
    finds_in_body(
        "log::«info(\"a\", \"b\");",
        "`log::info` takes 1 argument, 2 given (it takes (message: string))",
    );
    finds_in_body(
        "«defer();",
        "`defer` takes 1 argument, 0 given (it takes (cleanup: closure))",
    );
    finds(
        "fn add(a, b) { a + b }\ntask(\"t\", #{ about: \"Try\" }, || «add(1));\n",
        "`add` takes 2 arguments, 1 given",
    );
}

#[test]
fn misspelt_options_name_the_nearest() {
    finds_in_body(
        "retry(#{ «tmies: 2 }, || 1);",
        "`retry` has no option `tmies` (did you mean `times`?)",
    );
    finds_in_body(
        "retry(#{ times: 2, «zzz: 2 }, || 1);",
        "`retry` has no option `zzz` (options are times, wait, factor, most, kinds)",
    );
}

#[test]
fn mistakes_are_found_wherever_code_can_stand() {
    for body in [
        "if true { «nope(); }",
        "if «nope() { 1 }",
        "while «nope() { break; }",
        "for i in «nope() { }",
        "for i in 0..«nope() { }",
        "do { «nope(); } while false;",
        "switch 1 { 1 => «nope(), _ => 2 }",
        "switch 1 { 1 if «nope() => 1, _ => 2 }",
        "try { «nope(); } catch { }",
        "try { } catch (e) { «nope(); }",
        "let x = [1, «nope()];",
        "let x = #{ a: «nope() };",
        "let x = `text ${«nope()}`;",
        "let f = |a| «nope();",
        "let f = |a| |b| «nope();",
        "return «nope();",
        "throw «nope();",
        "log::info(«nope());",
        "let a = [1]; a[«nope()] = 2;",
        "let a = 1; a += «nope();",
        "let x = 1 + (2 * «nope());",
        "let x = true && «nope();",
        "let x = () ?? «nope();",
        "[1].map(|x| «nope());",
        "parallel([|| «nope()]);",
    ] {
        finds_in_body(body, "no function `nope`");
    }
    finds(
        "fn f() { «nope() }\ntask(\"t\", #{ about: \"Try\" }, || f());\n",
        "no function `nope`",
    );
    finds(
        "const X = «nope();\ntask(\"t\", #{ about: \"Try\" }, || X);\n",
        "no function `nope`",
    );
    finds(
        "task(\"t\", #{ about: \"Try\", params: #{ x: #{ choices: || «nope() } } }, |x| 1);\n",
        "no function `nope`",
    );
}

#[test]
fn unknown_variables_name_the_nearest() {
    finds_in_body(
        "let count = 1; print(«cuont);",
        "no variable `cuont` here (did you mean `count`?)",
    );
    finds(
        "const LIMIT = 1;\nfn f() { «LIMIT }\ntask(\"t\", #{ about: \"Try\" }, || f());\n",
        "no variable `LIMIT` here (a `fn` sees only its parameters; inside it, write `global::LIMIT` for a top-level const)",
    );
}

#[test]
fn unknown_constants_of_namespaces_are_found() {
    finds_in_body(
        "let x = «lgo::LEVEL;",
        "no namespace `lgo` (for `lgo::LEVEL`)",
    );
    finds(
        "fn f() { «global::LIMIT }\ntask(\"t\", #{ about: \"Try\" }, || f());\n",
        "no top-level const `LIMIT` here",
    );
}

#[test]
fn syntax_errors_are_found() {
    finds_in_body("let «= 3;", "expecting name of a variable");
    finds_in_body(
        "let x = 1 «let y = 2;",
        "expecting `;` to terminate this statement",
    );
    finds_in_body(
        "let «default = 1;",
        "`default` is a reserved word (choose another name; as a key of a map it can be read with `map[\"key\"]`)",
    );
    finds_in_body(
        "«break;",
        "break statement should only be used inside a loop",
    );
    finds(
        "task(\"t\", #{ about: \"Try\" }, || 1«",
        "expecting `)` to close the arguments list of this function call `task`",
    );
}

#[test]
fn calls_that_look_functions_up_by_name_are_refused() {
    finds(
        "fn f() { 1 }\ntask(\"t\", #{ about: \"Try\" }, || «Fn(\"f\").call());\n",
        "`Fn` finds a function by name where it is called (pass a closure: `|x| name(x)`)",
    );
    finds_in_body(
        "«eval(\"1\");",
        "`eval` is not available (call a function or a closure instead)",
    );
}

#[test]
fn mistakes_about_libraries_are_found() {
    let project = |body: &str| {
        let text = format!(
            "import \"lib/util\" as util;\ntask(\"t\", #{{ about: \"Try\" }}, || {{ {body} }});\n"
        );
        Project::new().task("t.rhai", &text).task(
            "lib/util.rhai",
            "fn dump(a) { own(a) }\nprivate fn own(a) { a }\n",
        )
    };
    let found = |body: &str| project(body).lexi("check --json").exits(1).findings();

    assert_eq!(
        found("util::dmup(1)"),
        ["tasks/t.rhai:2:41: `util` has no function `dmup` (did you mean `util::dump`?)"]
    );
    assert_eq!(
        found("util::own(1)"),
        ["tasks/t.rhai:2:41: `util` has no function `own`"]
    );
    assert_eq!(
        found("util::dump()"),
        ["tasks/t.rhai:2:41: `util::dump` takes 1 argument, 0 given"]
    );
    assert_eq!(
        found("utli::dump(1)"),
        ["tasks/t.rhai:2:35: no namespace `utli` (did you mean `util`?)"]
    );
    project("util::dump(1)").lexi("check").succeeds();
}

#[test]
fn libraries_are_checked_too_also_those_that_nothing_imports() {
    let project = Project::new()
        .body("1")
        .task("lib/a.rhai", "fn f() {\n    nope()\n}\n")
        .file("stdlib/b.rhai", "fn g() { log::inof(\"x\") }\n");

    let found = project.lexi("check --json").exits(1).findings();

    assert_eq!(
        found,
        [
            "stdlib/b.rhai:1:15: no function `log::inof` (did you mean `log::info`?)",
            "tasks/lib/a.rhai:2:5: no function `nope`",
        ]
    );
}

#[test]
fn a_warning_is_shown_and_stops_nothing() {
    let project = Project::new().body("    let a = [1];\n    a.psuh(2);");

    project
        .lexi("check")
        .succeeds()
        .tells("warning: nothing has a method `psuh`")
        .tells("tasks/t.rhai:5:7")
        .tells("did you mean `push`?");
    project.lexi("run t").exits(1);
}

#[test]
fn right_scripts_have_no_findings() {
    let library = r"
const LIMIT = 5;
fn limit() { global::LIMIT }
fn each(items, f) { for item in items { f.call(item); } }
fn later(f) { defer(f); }
";
    let text = r#"//! All that is allowed
import "lib/util" as util;
const NAME = "x";
const FIELDS = #{ a: 1, "b c": 2 };

fn greet(who) { `hello ${who} ${global::NAME}` }
fn shout() { this.to_upper(); this }
private fn twice(x) { x * 2 }

task("t", #{ about: "Try", params: #{ n: #{ type: "int", value: 1, choices: || ["1"] } } }, |n| {
    let items = [1, 2, 3].filter(|x| x > n).map(|x| twice(x));
    items.sort(|a, b| b - a);
    util::each(items, |x| log::info(`${x} of ${util::limit()}`));
    util::later(|| log::info("later"));
    let f = |a, b| a + b;
    print(greet("you"));
    let sum = f.call(1, 2) + items.len() + items.reduce(|a, b| a + b, 0);
    switch sum { 7 if n > 5 => 2, 1..5 => 1, _ => 3 }
    try { throw #{ kind: "x" }; } catch (e) { log::warn(e.kind); }
    let word = "abc"; word.shout();
    if "a" in FIELDS && FIELDS?.a != () { print(FIELDS["b c"] ?? 3); }
    let got = attempt(|| timeout("5s", || retry(#{ times: 2, wait: "1ms" }, || task::name())));
    while sum > 0 { sum -= 1; if sum == 2 { continue; } }
    loop { break; }
    do { sum += 1; } until sum > 3;
    for (c, _i) in "abc" { let _x = type_of(c); }
    parallel(["other", || 1], #{ limit: 2 });
    got.value
});
task("other", #{ about: "Other" }, || 2);
"#;
    let project = Project::new()
        .task("t.rhai", text)
        .task("lib/util.rhai", library);

    assert_eq!(
        project.lexi("check --json").succeeds().json(),
        serde_json::json!([])
    );
    project
        .lexi("check")
        .succeeds()
        .stdout("")
        .tells("ok: 2 tasks in 1 file, no mistakes found");
    project.lexi("run t --json").succeeds().says("\"t\"");
}

#[test]
fn all_that_is_shipped_has_no_findings() {
    let project = Project::lexiflow();

    assert_eq!(
        project.lexi("check --json").succeeds().json(),
        serde_json::json!([])
    );
}

#[test]
fn each_finding_is_a_line_of_json_that_a_problem_matcher_can_read() {
    let body = "    let a = [1];\n    a.psuh(2);\n    lgo::info(\"x\");";

    let out = Project::new().body(body).lexi("check --json").exits(1).out;

    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.first(), Some(&"["));
    assert_eq!(lines.last(), Some(&"]"));
    assert_eq!(lines.len(), 4, "{out}");
    for line in &lines[1..3] {
        let found: serde_json::Value = serde_json::from_str(line.trim_end_matches(',')).unwrap();
        assert!(
            found["rule"].is_string() && found["source"].is_string(),
            "{line}"
        );
    }
}

#[test]
fn every_variable_that_does_not_exist_is_told_and_not_the_first_alone() {
    let found = Project::new()
        .body("    let count = cuont;\n    print(conut + ount);")
        .lexi("check --json")
        .exits(1)
        .findings();

    assert_eq!(
        found,
        [
            "tasks/t.rhai:4:17: no variable `cuont` here",
            "tasks/t.rhai:5:11: no variable `conut` here (did you mean `count`?)",
            "tasks/t.rhai:5:19: no variable `ount` here (did you mean `count`?)",
        ]
    );
}

#[test]
fn only_the_files_that_are_named_are_told_about() {
    let bad = |name: &str| format!("task(\"{name}\", #{{ about: \"Try\" }}, || nope());\n");
    let project = Project::new()
        .task("a.rhai", &bad("a"))
        .task("b.rhai", &bad("b"))
        .here("tasks");

    let found = project.lexi("check b.rhai --json").exits(1).findings();

    assert_eq!(found, ["tasks/b.rhai:1:33: no function `nope`"]);
    project
        .lexi("check nothing.rhai")
        .exits(2)
        .tells("nothing.rhai");
    project
        .lexi("check ./a.rhai ../tasks/b.rhai")
        .exits(1)
        .tells("tasks/a.rhai")
        .tells("tasks/b.rhai");
}

#[test]
fn findings_are_counted_and_sorted() {
    let text = "task(\"a\", #{ about: \"Try\" }, || { two(); one(); });\ntask(\"b\", #{ about: \"Try\" }, || three());\n";
    let project = Project::new().task("t.rhai", text);

    project
        .lexi("check")
        .exits(1)
        .tells("2 tasks in 1 file: 3 mistakes found");
    let found = project.lexi("check --json").findings();
    assert_eq!(
        found,
        [
            "tasks/t.rhai:1:35: no function `two`",
            "tasks/t.rhai:1:42: no function `one`",
            "tasks/t.rhai:2:33: no function `three`",
        ]
    );
}
