//! Programs that scripts start: with a terminal, with secrets, in pipelines, several at once.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{HUNG, LEXI, Outcome, Project};

/// Runs `lexi` on a terminal of its own and types `keys` when it has printed `ready`.
fn on_a_terminal(project: &Project, args: &str, keys: &[u8]) -> Outcome {
    // A shell that stays would answer Ctrl-C as well, with a code of its own.
    let child = Command::new("script")
        .args(["-qefc", &format!("exec {LEXI} {args}"), "seen"])
        .current_dir(project.root())
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("apt-get install bsdutils");
    let mut keyboard = child.stdin.take().unwrap();
    let deadline = Instant::now() + HUNG;
    let is_ready =
        || std::fs::read_to_string(project.path("seen")).is_ok_and(|t| t.contains("ready\r"));
    while !is_ready() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    keyboard.write_all(keys).unwrap();
    // The keyboard stays plugged in until the end.
    let outcome = Outcome::wait(child, HUNG, project.root(), &[args]);
    drop(keyboard);
    outcome
}

#[test]
fn a_secret_goes_to_a_program_and_nowhere_else() {
    let body = r#"
        let token = env::get("MY_TOKEN");
        print(token); print(`a ${token}`); print("b " + token); print(#{ c: [token] }); print(type_of(token));
        let environment = #{ env: #{ T: token } };
        print(process::output("sh", ["-c", "echo ${#T}"], environment));
        print(process::output("sh", ["-c", "echo $T"], environment));
        ui::data(#{ token: token });
        log::info("d " + token.reveal());
        throw "e " + token.reveal();
    "#;

    Project::new()
        .body(body)
        .env("MY_TOKEN", "hunter2hunter2")
        .lexi("run t")
        .exits(1)
        .says("[secret]\na [secret]\nb [secret]\n#{\"c\": [[secret]]}\nsecret\n14\n[secret]\n")
        .tells("d [secret]")
        .hides("hunter2");
}

#[test]
fn a_secret_is_no_argument() {
    Project::new()
        .body("process::run(\"echo\", [1, env::get(\"MY_TOKEN\")]);")
        .env("MY_TOKEN", "hunter2hunter2")
        .lexi("run t")
        .exits(1)
        .tells("argument 2 of `echo` is a secret")
        .tells("#{ env: #{ NAME: secret } }")
        .hides("hunter2");
}

#[test]
fn a_secret_is_no_argument_as_text_either() {
    for argument in ["token.reveal()", "`--token=${token.reveal()}`"] {
        Project::new()
            .body(&format!(
                "let token = env::get(\"MY_TOKEN\"); process::run(\"echo\", [1, {argument}]);"
            ))
            .env("MY_TOKEN", "hunter2")
            .lexi("run t")
            .exits(1)
            .tells("argument 2 of `echo` holds a secret")
            .tells("#{ env: #{ NAME: secret } }")
            .hides("hunter2");
    }
    // What names a file where the program runs is meant as that.
    Project::new()
        .body("print(process::output(\"cat\", [\"my-hunter2.txt\"], #{ dir: \"sub\" }));")
        .file("sub/my-hunter2.txt", "hello\n")
        .env("MY_TOKEN", "hunter2")
        .lexi("run t")
        .succeeds()
        .says("hello");
    // A short password may be an ordinary word.
    Project::new()
        .body("print(process::output(\"echo\", [\"postgresql\"]));")
        .env("DB_PASSWORD", "postgres")
        .lexi("run t")
        .succeeds();
}

#[test]
fn the_code_of_a_program_in_the_foreground_is_the_runs() {
    Project::new()
        .body("process::foreground(\"sh\", [\"-c\", \"exit 42\"]);")
        .lexi("run t")
        .exits(42)
        .tells("`sh` exited with code 42");
}

#[test]
fn ctrl_c_belongs_to_the_program_in_the_foreground() {
    let script = "trap \"echo got it; exit 7\" INT; echo ready; while :; do sleep 0.05; done";
    let project = Project::new().body(&format!(
        "let code = process::foreground(\"sh\", [\"-c\", `{script}`], #{{ check: false }});\nprint(`code ${{code}}`);"
    ));

    on_a_terminal(&project, "run t", b"\x03")
        .succeeds()
        .says("got it")
        .says("code 7");
}

#[test]
fn a_program_in_the_foreground_reads_the_terminal() {
    let project = Project::new()
        .body("process::foreground(\"sh\", [\"-c\", \"echo ready; read x; echo it was $x\"]);");

    on_a_terminal(&project, "run t", b"hello\n")
        .succeeds()
        .says("it was hello");
}

#[test]
fn ctrl_c_stops_a_question() {
    let project = Project::new().body("print(\"ready\"); ui::ask(\"name?\");");

    on_a_terminal(&project, "run t", b"\x03")
        .exits(130)
        .says("stopped by SIGINT");
}

#[test]
fn programs_at_once_are_marked_and_keep_their_lines_whole() {
    let script = "i=0; while [ $i -lt 200 ]; do printf NAME; printf NAME; echo; i=$((i+1)); done";
    let program = |name: &str| format!("[\"sh\", \"-c\", \"{}\"]", script.replace("NAME", name));
    let project = Project::new().body(&format!(
        "parallel([{}, {}]);",
        program("aa"),
        program("bb")
    ));

    let outcome = project.lexi("run t").succeeds();

    let odd: Vec<&str> = outcome
        .out
        .lines()
        .filter(|line| !["[sh] aaaa", "[sh] bbbb"].contains(line))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
    assert_eq!(outcome.out.lines().count(), 400);
}

#[test]
fn a_failing_program_leaves_no_file_of_its_pipeline() {
    let project = Project::new().body(
        r#"
        let broken = process::pipe("sh", ["-c", "echo half; echo no connection >&2; exit 3"]);
        let outcome = attempt(|| broken.gzip(6).write("dump.gz"));
        print(outcome.error.kind + " " + outcome.error.exit_code + " " + outcome.error.stderr);
        let again = attempt(|| broken.text());
        print(again.error.message);
        print(fs::walk(".", #{ hidden: true, glob: "*dump*" }));
    "#,
    );

    project
        .lexi("run t")
        .succeeds()
        .stdout("process_failed 3 no connection\nthis pipeline has already run\n[]\n");
}

#[test]
fn a_time_limit_ends_a_program_and_what_it_started() {
    let project = Project::new().body(
        r#"
        let outcome = attempt(|| process::sh("sleep 4243 & echo $! > pid; wait", #{ timeout: "1s" }));
        print(outcome.error.kind);
        let outcome = attempt(|| timeout("500ms", || process::sh("sleep 4243")));
        print(outcome.error.kind);
    "#,
    );

    project
        .lexi("run t")
        .succeeds()
        .stdout("timeout\ntimeout\n");

    let pid = project.read("pid");
    let line = std::fs::read_to_string(format!("/proc/{}/cmdline", pid.trim()));
    assert!(!line.is_ok_and(|line| line.contains("4243")));
}

#[test]
fn a_missing_program_is_named_with_where_it_was_looked_for() {
    Project::new()
        .body("process::run(\"no-such-program\", []);")
        .lexi("run t")
        .exits(1)
        .tells("program `no-such-program` was not found")
        .tells("looked in PATH: /usr/local/sbin");
}

#[test]
fn temporary_files_go_with_the_run() {
    let project = Project::new().body(
        "fs::write(fs::join(fs::temp_dir(), \"a\"), \"\"); print(fs::temp_file()); throw \"x\";",
    );
    let folder = project.path("tmp");
    std::fs::create_dir(&folder).unwrap();
    let project = project.env("TMPDIR", &folder.display().to_string());

    project.lexi("run t").exits(1).says("/tmp/lexi-");

    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_program_ends_where_our_session_began_outside_the_process_namespace() {
    // The number of such a session is 0. A container that was entered from a shell is the usual case.
    let project = Project::new().body(
        r#"process::run("sh", ["-c", "sleep 300 & exec sleep 300"], #{ timeout: "100ms" });"#,
    );
    let inside = ["--pid", "--fork", "--mount-proc"];
    let is_allowed = Command::new("unshare").args(inside).arg("true").status();
    // Where no namespace may be made we are in such a container ourselves, and a plain run is the test.
    let wrapper: &[&str] = if is_allowed.is_ok_and(|status| status.success()) {
        &["unshare", "--pid", "--fork", "--mount-proc", LEXI]
    } else {
        &[LEXI]
    };
    let mut command = Command::new(wrapper[0]);
    let plain = project.command(&[]);
    command
        .args(&wrapper[1..])
        .args(["run", "t"])
        .current_dir(project.root())
        .env_clear()
        .envs(
            plain
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());

    let child = command.spawn().unwrap();

    let outcome = Outcome::wait(child, HUNG, project.root(), &["run", "t"]).exits(124);
    assert!(!outcome.err.contains("panicked"), "{}", outcome.err);
}

#[test]
fn a_run_inside_a_run_tells_what_failed_once() {
    let project =
        Project::new().body("process::foreground(\"/proc/self/exe\", [\"run\", \"inner\"]);");
    project.body_of(
        "inner",
        "throw #{ kind: \"refused\", message: \"not today\" };",
    );

    project
        .lexi("run t")
        .exits(1)
        .tells("error: not today")
        .hides("/proc/self/exe");
}

#[test]
fn a_service_that_only_has_a_container_does_not_run_natively() {
    Project::new()
        .body("stack::shell(\"app\", [\"sh\"], #{});")
        .lexi("run t")
        .exits(1)
        .tells("service `app` does not run: the native driver starts no containers")
        .tells("--driver docker");
}
