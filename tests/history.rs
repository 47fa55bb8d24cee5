//! What a run leaves behind: its record, its output, its audit lines; and running it again.

use std::process::Stdio;

use crate::harness::Project;

const CANARY: &str = "canary-5f1e3c9d7b";

#[test]
fn a_dry_run_is_told_apart_and_does_not_stand_for_the_run_that_failed() {
    let project = Project::new().body("if !task::is_dry_run() { throw \"no luck\"; }");
    project.lexi("run t").exits(1);
    project.lexi("--dry-run run t").succeeds();

    project.lexi("history").succeeds().says("(dry run)");
    project.lexi("rerun --failed").exits(1);
}

#[test]
fn a_run_that_cannot_be_audited_is_in_the_history_as_it_ended() {
    let project = Project::new().body("print(\"kept\");");
    std::fs::create_dir_all(project.path(".lexi/audit.jsonl")).unwrap();

    project.lexi("run t").succeeds().tells("audit.jsonl");

    let listed = project.lexi("history --json").succeeds().json();
    assert_eq!(listed[0]["state"], "done");
    project.lexi("history show last").succeeds().says("kept");
}

#[test]
fn every_run_is_listed_with_how_it_ended_and_what_it_wrote() {
    let project = Project::new().task(
        "t.rhai",
        r#"//! T
task("good", #{ about: "Good" }, || { print("data"); log::info("narration"); });
task("bad", #{ about: "Bad" }, || { throw "no luck"; });"#,
    );
    project.lexi("run good -q").succeeds().hides("narration");
    project.lexi("run bad").exits(1);

    let listed = project.lexi("history --json").succeeds().json();

    let states: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["failed", "done"]);
    assert_eq!(listed[0]["error"], "no luck");
    assert_eq!(listed[0]["exit"], 1);
    let id = listed[1]["id"].as_str().unwrap();
    project
        .lexi(&format!("history show {id}"))
        .succeeds()
        .says("data")
        .says("narration")
        .says("good -q");
    project
        .lexi("history --failed")
        .succeeds()
        .says("bad")
        .hides("good");
    project
        .lexi("history --task good")
        .succeeds()
        .says("good")
        .hides("bad");
    project
        .lexi("history show 20010101-000000-0000")
        .exits(1)
        .tells("there is no run");
    project
        .lexi("audit verify")
        .succeeds()
        .says("4 lines as they were written");
}

#[test]
fn a_killed_run_is_lost_and_never_running() {
    let project = Project::new().body(r#"print("go"); time::sleep("600s");"#);
    let mut run = project
        .command(&["run", "t"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(run.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    project.lexi("history").succeeds().says("running");
    project.lexi("rerun last").exits(1).tells("still goes on");

    run.kill().unwrap();
    run.wait().unwrap();

    project
        .lexi("history")
        .succeeds()
        .says("lost")
        .hides("running");
    project.lexi("history show last").succeeds().says("go");
}

#[test]
fn a_secret_is_in_nothing_that_is_kept_of_a_run() {
    let task = r#"//! T
task("t", #{ about: "T", params: #{ word: #{} } }, |word| {
    print(word);
    log::info(`url-encoded: ${word}`);
    process::run("sh", ["-c", "printf %s \"$W\" | base64 -w0; printf %s \"$W\" >&2"], #{ env: #{ W: word } });
    throw `refused ${word}`;
});"#;
    let project = Project::new()
        .task("t.rhai", task)
        .file(".env", &format!("API_TOKEN={CANARY}\n"));

    project.lexi(&format!("run t {CANARY}")).exits(1);

    project
        .lexi("history show last")
        .succeeds()
        .says("[secret]");
    project
        .lexi("history show last --html page.html")
        .succeeds();
    project
        .lexi("rerun last")
        .exits(1)
        .tells("had a secret among its arguments");
    let found = std::process::Command::new("grep")
        .args(["-rlE", &format!("{CANARY}|Y2FuYXJ5LTVmMWUzYzlkN2")])
        .arg(project.root())
        .output()
        .unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    let files: Vec<&str> = found
        .lines()
        .filter(|file| !file.ends_with("/.env"))
        .collect();
    assert_eq!(files, Vec::<&str>::new());
}

#[test]
fn what_a_run_was_called_cannot_steer_the_terminal_that_lists_it() {
    let project = Project::new()
        .task(
            "t.rhai",
            r#"//! T
task("t", #{ about: "T", params: #{ word: #{} } }, |word| { throw "boom \x1b]0;owned\x07 \u202eback"; });"#,
        )
        .file("ev\u{1b}[31mil.rhai", "print(1)");
    project
        .run(&[
            "run",
            "t",
            "\u{1b}[2J\n20260101-000000-0000  forged\u{2066}",
        ])
        .exits(1);
    project
        .run(&["run", "--untrusted", "ev\u{1b}[31mil.rhai"])
        .succeeds();

    let listed = project.lexi("history").succeeds();
    let shown = project.lexi("history show last").succeeds();
    let first = listed.out.lines().nth(1).unwrap();
    let failed = project
        .lexi(&format!(
            "history show {}",
            first.split(' ').next().unwrap()
        ))
        .succeeds();

    assert_eq!(listed.out.lines().count(), 2);
    for said in [&listed, &shown, &failed] {
        let steers = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{2066}".contains(c);
        assert!(!said.out.contains(steers), "{:?}", said.out);
    }
    listed.says(r"ev\u{1b}[31mil.rhai").says(r"\n20260101");
    shown.says(r"ev\u{1b}[31mil.rhai");
    failed.says(r"boom \u{1b}]0;owned\u{7} \u{202e}back");
}

#[test]
fn an_audit_log_that_was_begun_anew_does_not_pass_for_whole() {
    let project = Project::new().body("print(1);");
    project.lexi("run t").succeeds();
    project.lexi("audit verify").succeeds();

    for change in [true, false] {
        std::fs::remove_file(project.path(".lexi/audit.jsonl")).unwrap();
        if change {
            project.lexi("run t").succeeds();
        }
        project
            .lexi("audit verify")
            .exits(1)
            .tells("that the history holds, the oldest is");
    }
}

#[test]
fn a_run_is_run_again_with_its_arguments_and_profile() {
    let task = r#"//! T
task("t", #{ about: "T", params: #{ name: #{} } }, |name| {
    print(`${env::profile()} ${name}`);
    if !fs::exists("fixed") { throw "not yet"; }
});"#;
    let project = Project::new().task("t.rhai", task);
    project
        .run(&["--profile", "test", "run", "t", "a b"])
        .exits(1);

    project.lexi("rerun --failed").exits(1).says("test a b");
    project.write("fixed", "");
    project.lexi("rerun --failed").succeeds().says("test a b");
    project
        .lexi("rerun --failed")
        .succeeds()
        .tells("the newest run of every task succeeded");
    project.lexi("history").succeeds().says("rerun");
}

#[test]
fn a_history_that_cannot_be_written_does_not_stop_the_run() {
    let project = Project::new()
        .body("print(\"done\");")
        .file(".lexi/history", "a file\n");

    project
        .lexi("run t")
        .succeeds()
        .says("done")
        .tells("not kept whole in the history");
}
