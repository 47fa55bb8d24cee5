//! Timeouts, retries, several at once, and cleanup: what scripts do with time and failure.

use serde_json::{Value, json};

use crate::harness::Project;

/// What a task with this body returns.
#[track_caller]
fn value(body: &str) -> Value {
    Project::new()
        .body(body)
        .lexi("run t --json")
        .succeeds()
        .json()
}

#[test]
fn a_timeout_gives_the_closures_value_when_it_is_fast() {
    assert_eq!(value("timeout(\"60s\", || 1 + 1)"), 2);
}

#[test]
fn a_timeout_stops_a_busy_loop_and_can_be_caught() {
    let body = "let e = attempt(|| timeout(\"50ms\", || { loop {} })).error; [e.kind, e.message]";

    assert_eq!(value(body), json!(["timeout", "timed out after 50ms"]));
}

#[test]
fn a_timeout_stops_a_call_that_waits() {
    let body = r#"
let kind = "";
try { timeout("50ms", || retry(#{ times: 2, wait: "60s" }, || throw "no")); } catch (e) { kind = e.kind; }
kind"#;

    assert_eq!(value(body), "timeout");
}

#[test]
fn code_inside_a_timeout_cannot_catch_it() {
    let body = r#"
let caught = [];
let outer = attempt(|| timeout("50ms", || {
    loop { try { loop {} } catch { caught.push("inside"); } }
}));
[outer.error.kind, caught]"#;

    assert_eq!(value(body), json!(["timeout", []]));
}

#[test]
fn the_inner_of_two_timeouts_is_caught_between_them() {
    let body = r#"
timeout("60s", || {
    let inner = attempt(|| timeout("50ms", || { loop {} }));
    `went on after ${inner.error.message}`
})"#;

    assert_eq!(value(body), "went on after timed out after 50ms");
}

#[test]
fn the_outer_of_two_timeouts_is_not_taken_for_the_inner() {
    let body = r#"
let seen = [];
let outer = attempt(|| timeout("50ms", || {
    let inner = attempt(|| timeout("60s", || { loop {} }));
    seen.push("after the inner one");
}));
[outer.error.message, seen]"#;

    assert_eq!(value(body), json!(["timed out after 50ms", []]));
}

#[test]
fn what_a_closure_throws_passes_through_a_timeout() {
    let body =
        "attempt(|| timeout(\"60s\", || throw #{ kind: \"conflict\", message: \"x\" })).error.kind";

    assert_eq!(value(body), "conflict");
}

#[test]
fn a_timeout_must_be_a_duration() {
    for bad in ["\"soon\"", "\"\"", "-1"] {
        let body = format!("attempt(|| timeout({bad}, || 1)).error.kind");
        assert_eq!(value(&body), "invalid", "{bad}");
    }
}

#[test]
fn retry_stops_at_the_first_success() {
    let body = r#"
let tries = 0;
let value = retry(#{ times: 5, wait: "1ms" }, || { tries += 1; if tries < 3 { throw "no"; } "yes" });
[value, tries]"#;

    assert_eq!(value(body), json!(["yes", 3]));
}

#[test]
fn retry_throws_the_last_error() {
    let body = r#"
let tries = 0;
let got = attempt(|| retry(#{ times: 3, wait: "1ms" }, || { tries += 1; throw `try ${tries}`; }));
[got.error.message, tries]"#;

    assert_eq!(value(body), json!(["try 3", 3]));
}

#[test]
fn retry_tries_again_only_for_the_kinds_it_is_given() {
    let body = r#"
let tries = 0;
let got = attempt(|| retry(#{ times: 5, wait: "1ms", kinds: ["unavailable"] }, || {
    tries += 1;
    throw #{ kind: if tries < 3 { "unavailable" } else { "corrupt" }, message: "x" };
}));
[got.error.kind, tries]"#;

    assert_eq!(value(body), json!(["corrupt", 3]));
}

#[test]
fn retry_waits_longer_each_time_up_to_the_most() {
    let body = "retry(#{ times: 5, wait: \"1ms\", factor: 3.0, most: \"5ms\" }, || throw \"no\");";

    let outcome = Project::new().body(body).lexi("run t --log json").exits(1);

    let waits: Vec<u64> = outcome
        .err
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).unwrap()["wait_ms"].as_u64())
        .collect();
    assert_eq!(waits, [1, 3, 5, 5]);
}

#[test]
fn retry_refuses_options_that_make_no_sense() {
    for bad in [
        "times: 0",
        "factor: 0.5",
        "wait: \"soon\"",
        "times: -1",
        "kinds: [\"nope\"]",
    ] {
        let body = format!("attempt(|| retry(#{{ {bad} }}, || 1)).error.kind");
        assert_eq!(value(&body), "invalid", "{bad}");
    }
}

#[test]
fn attempt_gives_the_value_or_the_error() {
    let body = r#"
let good = attempt(|| 5);
let bad = attempt(|| throw "x");
let own = attempt(|| [1][4]);
[good.ok, good.value, good.error, bad.ok, bad.value, bad.error.kind, bad.error.message, own.error.message]"#;

    assert_eq!(
        value(body),
        json!([
            true,
            5,
            null,
            false,
            null,
            "script",
            "x",
            "array index 4 out of bounds: only 1 element in array"
        ])
    );
}

#[test]
fn parallel_gives_results_in_the_order_of_the_items() {
    let body = r#"
let turn = 0;
parallel([
    || { while turn == 0 {} "first" },
    || { turn = 1; "second" },
])"#;

    assert_eq!(value(body), json!(["first", "second"]));
}

#[test]
fn parallel_runs_closures_and_tasks() {
    let text = r#"
task("one", #{ about: "Give" }, || 1);
task("t", #{ about: "Try" }, || parallel(["one", || 2, "one"]));
"#;
    let project = Project::new().task("t.rhai", text);

    assert_eq!(project.lexi("run t --json").json(), json!([1, 2, 1]));
}

#[test]
fn parallel_of_nothing_is_nothing() {
    assert_eq!(value("parallel([])"), json!([]));
    assert_eq!(value("parallel_map([], 0, |x| x)"), json!([]));
}

#[test]
fn parallel_never_runs_more_than_its_limit() {
    let body = r"
let running = 0;
let most = 0;
parallel_map(range(0, 12).to_array_of(), 3, |i| {
    running += 1;
    if running > most { most = running; }
    let n = 0;
    while n < 2000 { n += 1; }
    running -= 1;
});
most <= 3"
        .replace(
            "range(0, 12).to_array_of()",
            "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]",
        );

    assert_eq!(value(&body), true);
}

#[test]
fn a_limit_of_one_runs_one_after_the_other() {
    let body = r"
let order = [];
parallel([|| order.push(1), || order.push(2), || order.push(3)], #{ limit: 1 });
order";

    assert_eq!(value(body), json!([1, 2, 3]));
}

#[test]
fn a_negative_limit_is_refused() {
    assert_eq!(
        value("attempt(|| parallel_map([1], -2, |x| x)).error.kind"),
        "invalid"
    );
    assert_eq!(
        value("attempt(|| parallel([|| 1], #{ limit: -1 })).error.kind"),
        "invalid"
    );
}

#[test]
fn the_first_failure_stops_the_others_and_is_thrown() {
    let body = r#"
let after = [];
let got = attempt(|| parallel([
    || { loop {} },
    || retry(#{ times: 2, wait: "60s" }, || throw #{ kind: "unavailable", message: "not the first" }),
    || { throw #{ kind: "conflict", message: "first" } },
]));
[got.error.kind, got.error.message, after]"#;

    assert_eq!(value(body), json!(["conflict", "first", []]));
}

#[test]
fn a_failure_keeps_those_that_have_not_started_from_starting() {
    let body = r#"
let started = [];
attempt(|| parallel([|| throw "no", || started.push(1), || started.push(2)], #{ limit: 1 }));
started"#;

    assert_eq!(value(body), json!([]));
}

#[test]
fn code_in_a_stopped_sibling_cannot_catch_it() {
    let body = r#"
let caught = [];
let got = attempt(|| parallel([
    || { loop { try { loop {} } catch { caught.push(1); } } },
    || throw "first",
]));
[got.error.message, caught]"#;

    assert_eq!(value(body), json!(["first", []]));
}

#[test]
fn keep_going_lets_the_others_finish() {
    let body = r#"
let done = [];
let got = attempt(|| parallel(
    [|| throw "one", || done.push(2), || throw "three", || done.push(4)],
    #{ keep_going: true, limit: 1 },
));
[got.error.message, got.error.others, done]"#;

    assert_eq!(value(body), json!(["one", ["`3`: three"], [2, 4]]));
}

#[test]
fn parallel_in_parallel_works() {
    let body = "parallel_map([1, 2], 0, |a| parallel_map([10, 20], 0, |b| a * b))";

    assert_eq!(value(body), json!([[10, 20], [20, 40]]));
}

#[test]
fn a_failure_deep_inside_stops_everything_outside() {
    let body = r#"
attempt(|| parallel([
    || parallel([|| { loop {} }, || { loop {} }]),
    || parallel([|| parallel([|| { throw "deep" }]), || { loop {} }]),
])).error.message"#;

    assert_eq!(value(body), "deep");
}

#[test]
fn a_timeout_stops_everything_that_runs_at_once() {
    let body =
        "attempt(|| timeout(\"50ms\", || parallel([|| { loop {} }, || { loop {} }]))).error.kind";

    assert_eq!(value(body), "timeout");
}

#[test]
fn closures_at_once_see_the_variables_around_them() {
    let body = r"
let base = 100;
let sum = 0;
parallel_map([1, 2, 3], 1, |n| { sum += n; });
[parallel([|| base + 1, || base + 2]), sum]";

    assert_eq!(value(body), json!([[101, 102], 6]));
}

#[test]
fn each_line_is_marked_with_its_source() {
    let text = r#"
task("build", #{ about: "Say" }, || print("one\ntwo"));
task("t", #{ about: "Try" }, || parallel(["build", || print("three"), || parallel(["build"])], #{ limit: 1 }));
"#;

    Project::new()
        .task("t.rhai", text)
        .lexi("run t")
        .succeeds()
        .stdout("[build] one\n[build] two\n[2] three\n[3/build] one\n[3/build] two\n");
}

#[test]
fn lines_of_several_writers_never_mix() {
    let body = r#"
parallel_map(["a", "b", "c", "d"], 0, |name| {
    for i in 0..500 { print(`${name} ${i} ${name}${name}${name}${name}${name}${name}${name}${name}`); }
});"#;

    let outcome = Project::new().body(body).lexi("run t").succeeds();

    let mut seen = std::collections::BTreeMap::<&str, usize>::new();
    for line in outcome.out.lines() {
        let (mark, rest) = line.split_once("] ").unwrap();
        let [name, number, tail] = rest.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let next = seen.entry(mark).or_default();
        assert_eq!(number, next.to_string(), "{line}");
        assert_eq!(tail, name.repeat(8), "{line}");
        *next += 1;
    }
    assert_eq!(seen.values().collect::<Vec<_>>(), [&500; 4]);
}

#[test]
fn cleanup_runs_last_first_after_success() {
    let body = "defer(|| print(\"first\")); defer(|| print(\"second\")); print(\"work\");";

    Project::new()
        .body(body)
        .lexi("run t")
        .succeeds()
        .stdout("work\nsecond\nfirst\n");
}

#[test]
fn cleanup_runs_after_an_error_and_every_one_is_tried() {
    let body = r#"
defer(|| print("first"));
defer(|| throw "cannot");
defer(|| print("third"));
throw "failed";"#;

    Project::new()
        .body(body)
        .lexi("run t")
        .exits(1)
        .stdout("third\nfirst\n")
        .tells("error: failed")
        .tells("cleanup failed too: cannot");
}

#[test]
fn cleanup_of_a_task_runs_before_its_caller_goes_on() {
    let text = r#"
task("inner", #{ about: "Try" }, || { defer(|| print("inner cleaned")); });
task("base", #{ about: "Try" }, || { defer(|| print("base cleaned")); });
task("t", #{ about: "Try", needs: ["base"] }, || {
    defer(|| print("outer cleaned"));
    task::run("inner");
    print("work");
});
"#;

    Project::new()
        .task("t.rhai", text)
        .lexi("run t")
        .succeeds()
        .stdout("base cleaned\ninner cleaned\nwork\nouter cleaned\n");
}

#[test]
fn cleanup_sees_the_variables_and_functions_around_it() {
    let text = r#"
import "lib/util" as util;
fn tidy(what) { print(`tidied ${what}`); }
task("t", #{ about: "Try" }, || {
    let name = "a";
    defer(|| { tidy(name); util::tidy(name); });
    name = "b";
});
"#;

    Project::new()
        .task("t.rhai", text)
        .task(
            "lib/util.rhai",
            "fn tidy(what) { own(what); }\nprivate fn own(what) { print(`also ${what}`); }\n",
        )
        .lexi("run t")
        .succeeds()
        .stdout("tidied b\nalso b\n");
}

#[test]
fn cleanup_deferred_by_a_library_runs_when_the_task_ends() {
    let text = "import \"lib/util\" as util;\ntask(\"t\", #{ about: \"Try\" }, || { util::later(\"x\"); print(\"work\"); });\n";
    let library = "fn later(what) { defer(|| own(what)); }\nprivate fn own(what) { print(`cleaned ${what}`); }\n";

    Project::new()
        .task("t.rhai", text)
        .task("lib/util.rhai", library)
        .lexi("run t")
        .succeeds()
        .stdout("work\ncleaned x\n");
}

#[test]
fn cleanup_may_defer_and_wait() {
    let body = r#"
defer(|| {
    defer(|| print("deferred by cleanup"));
    attempt(|| retry(#{ times: 2, wait: "20ms" }, || throw "no"));
    print("waited");
});
timeout("10ms", || { loop {} });"#;

    Project::new()
        .body(body)
        .lexi("run t")
        .exits(124)
        .stdout("waited\ndeferred by cleanup\n");
}

#[test]
fn cleanup_deferred_by_one_of_several_runs_at_the_end_of_the_task() {
    let body = r#"
attempt(|| parallel([
    || { defer(|| print("cleaned")); loop {} },
    || { throw "no" },
], #{ limit: 1 }));
parallel([|| defer(|| print("cleaned too"))]);
print("work");"#
        .replace(
            "|| { defer(|| print(\"cleaned\")); loop {} }",
            "|| { defer(|| print(\"cleaned\")); }",
        );

    Project::new()
        .body(&body)
        .lexi("run t")
        .succeeds()
        .stdout("work\ncleaned too\ncleaned\n");
}
