//! Questions without anybody to ask: a flag has answered, or it is refused.

use crate::harness::Project;

#[test]
fn a_question_without_a_terminal_is_refused_with_exit_code_2() {
    let cases = [
        ("ui::confirm(\"Go on?\");", "--yes"),
        (
            "ui::confirm_name(\"All is lost.\", \"db1\");",
            "--confirm db1",
        ),
        ("ui::ask(\"Name?\");", "argument"),
        ("ui::ask(\"Name?\", \"Ann\");", "--yes"),
        ("ui::choose(\"Which?\", [\"a\", \"b\"]);", "argument"),
    ];
    for (body, hint) in cases {
        Project::new().body(body).lexi("run t").exits(2).tells(hint);
    }
}

#[test]
fn yes_answers_ordinary_questions_only() {
    let ordinary =
        Project::new().body("print(ui::confirm(\"Go on?\")); print(ui::ask(\"Name?\", \"Ann\"));");
    ordinary
        .lexi("run t --yes")
        .succeeds()
        .stdout("true\nAnn\n");

    let destructive =
        Project::new().body("ui::confirm_name(\"All is lost.\", \"db1\"); print(\"gone\");");
    destructive
        .lexi("run t --yes")
        .exits(2)
        .tells("--confirm db1");
    destructive
        .lexi("run t --confirm db2")
        .exits(2)
        .tells("`db2` is not `db1`; nothing was done");
    destructive
        .lexi("run t --confirm db1")
        .succeeds()
        .stdout("gone\n");
}

#[test]
fn a_table_is_text_or_one_json_document() {
    let project =
        Project::new().body("ui::table([#{ name: \"redis\", port: 6379 }], [\"port\", \"name\"]);");

    project
        .lexi("run t")
        .succeeds()
        .stdout("PORT  NAME\n6379  redis\n");
    let json = project.lexi("run t --json").succeeds().json();
    assert_eq!(json, serde_json::json!([{ "name": "redis", "port": 6379 }]));
}
