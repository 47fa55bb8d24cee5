//! Who hears how runs end: webhooks, programs, pings, and what counts them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::harness::{HUNG, Project, Signal, send};
use crate::soak::wait_until;

const TASKS: &str = r#"//! Sample

task("ok", #{ about: "Well" }, || { log::info("fine"); });
task("bad", #{ about: "Not well" }, || { throw `cannot reach ${env::get("DB_PASSWORD")} of it`; });
task("turn", #{ about: "As the file says" }, || { if !fs::exists("good") { throw "not yet"; } });
task("long", #{ about: "Take a while" }, || { fs::write("began", ""); time::sleep("10m"); });
"#;

/// A request as it came.
#[derive(Debug)]
struct Request {
    line: String,
    body: String,
}

impl Request {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Somebody who answers every request with this status, and what was asked.
struct Listener {
    port: u16,
    heard: Receiver<Request>,
}

impl Listener {
    fn new(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, heard) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let mut length = 0;
                loop {
                    let mut header = String::new();
                    reader.read_line(&mut header).unwrap();
                    let header = header.trim().to_lowercase();
                    if header.is_empty() {
                        break;
                    }
                    if let Some(value) = header.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
                let request = Request {
                    line: line.trim().to_owned(),
                    body: String::from_utf8(body).unwrap(),
                };
                if sender.send(request).is_err() {
                    return;
                }
            }
        });
        Self { port, heard }
    }

    /// The next request.
    #[track_caller]
    fn next(&self) -> Request {
        self.heard.recv_timeout(HUNG).unwrap()
    }

    /// That nothing more was asked until now.
    #[track_caller]
    fn is_silent(&self) {
        let heard = self.heard.try_recv();
        assert!(heard.is_err(), "{heard:?}");
    }
}

fn project(config: &str) -> Project {
    Project::new()
        .file("lexi.toml", &format!("name = \"sample\"\n{config}"))
        .file(".env", "DB_PASSWORD=never-to-be-seen\n")
        .task("t.rhai", TASKS)
}

#[test]
fn a_webhook_hears_of_a_failure_and_of_the_recovery_and_of_no_secret() {
    let listener = Listener::new("200 OK");
    let project = project("[[tell]]\nwebhook = 'ALERTS_URL'\n");
    let url = format!(
        "http://127.0.0.1:{}/hook/token-that-is-secret",
        listener.port
    );
    project.write(
        ".env",
        &format!("DB_PASSWORD=never-to-be-seen\nALERTS_URL={url}\n"),
    );

    project.lexi("run ok").succeeds();
    listener.is_silent();
    project.lexi("run bad").exits(1);
    let heard = listener.next();
    assert_eq!(heard.line, "POST /hook/token-that-is-secret HTTP/1.1");
    assert!(!heard.body.contains("never-to-be-seen"), "{}", heard.body);
    let told = heard.json();
    assert_eq!(told["event"], "failed");
    assert_eq!(told["task"], "bad");
    assert_eq!(told["exit"], 1);
    assert_eq!(told["started_by"], "program");
    assert!(
        told["error"].as_str().unwrap().contains("cannot reach"),
        "{told}"
    );
    assert!(
        told["text"]
            .as_str()
            .unwrap()
            .starts_with("sample (dev) on "),
        "{told}"
    );
    project
        .lexi(&format!("history show {}", told["run"].as_str().unwrap()))
        .succeeds();

    project.lexi("run turn").exits(1);
    assert_eq!(listener.next().json()["event"], "failed");
    project.write("good", "");
    project.lexi("run turn").succeeds();
    assert_eq!(listener.next().json()["event"], "recovered");
    project.lexi("run turn").succeeds();
    project.lexi("run bad --dry-run");
    listener.is_silent();
}

#[test]
fn a_ping_hears_of_each_start_and_end_with_one_number() {
    let listener = Listener::new("200 OK");
    let project = project(&format!(
        "[[tell]]\ntasks = ['ok', 'b*']\nping = 'http://127.0.0.1:{}/check'\n",
        listener.port
    ));

    project.lexi("run ok").succeeds();
    let (start, end) = (listener.next(), listener.next());
    let start = start.line.strip_prefix("POST /check/start?rid=").unwrap();
    let end = end.line.strip_prefix("POST /check?rid=").unwrap();
    assert_eq!(start, end);

    project.lexi("run bad").exits(1);
    listener.next();
    let end = listener.next();
    assert!(end.line.starts_with("POST /check/1?rid="), "{end:?}");
    assert!(end.body.contains("bad failed with exit code 1"), "{end:?}");

    project.lexi("run turn").exits(1);
    listener.is_silent();
}

#[test]
fn a_program_gets_the_message_on_its_standard_input() {
    let project = project(
        "[[tell]]\non = ['started', 'succeeded', 'failed']\ncommand = ['sh', '-c', 'cat >> \"told-$LEXI_EVENT\"']\n",
    );

    project.lexi("run ok").succeeds();
    let told: Value = serde_json::from_str(&project.read("told-succeeded")).unwrap();
    assert_eq!(told["task"], "ok");
    assert!(project.path("told-started").exists());
    assert!(!project.path("told-failed").exists());
}

#[test]
fn a_run_that_ends_at_once_leaves_the_program_its_time() {
    let project = project(
        "[[tell]]\non = ['started']\ncommand = ['sh', '-c', 'sleep 0.3; echo x >> told']\n",
    );
    for _ in 0..3 {
        project.lexi("run ok").succeeds().hides("warning");
    }

    assert_eq!(project.read("told"), "x\nx\nx\n");
}

#[test]
fn whoever_hears_of_success_hears_of_the_first_one_after_a_failure() {
    let project = project(
        "[[tell]]\non = ['succeeded']\ncommand = ['sh', '-c', 'echo $LEXI_EVENT >> told']\n",
    );
    project.lexi("run bad").exits(1);
    project.write(
        "tasks/t.rhai",
        "//! S\ntask(\"bad\", #{ about: \"x\" }, || 1);\n",
    );

    project.lexi("run bad").succeeds();

    assert_eq!(project.read("told"), "recovered\n");
}

#[test]
fn what_does_not_get_through_is_a_warning_and_changes_no_exit_code() {
    let listener = Listener::new("404 Not Found");
    let project = project(&format!(
        "[[tell]]\nwebhook = 'http://127.0.0.1:{}/gone'\non = ['succeeded']\n[[tell]]\nwebhook = 'UNSET_URL'\n[[tell]]\ncommand = ['no-such-program']\non = ['succeeded']\n",
        listener.port
    ));

    project
        .lexi("run ok")
        .succeeds()
        .tells("the webhook of [[tell]] in lexi.toml did not hear of it")
        .tells("answered 404")
        .tells("no-such-program");
    project
        .lexi("run bad")
        .exits(1)
        .tells("the setting UNSET_URL, which [[tell]] in lexi.toml names, has no value");
}

#[test]
fn a_run_that_cannot_begin_is_told_too() {
    let listener = Listener::new("200 OK");
    let project = project(&format!(
        "[[tell]]\nwebhook = 'http://127.0.0.1:{}/'\n",
        listener.port
    ));
    project.write(
        "tasks/t.rhai",
        "//! S\ntask(\"ok\", #{ about: \"x\" }, || { no_such_function(); });\n",
    );

    project.lexi("run ok").exits(2);
    let told = listener.next().json();
    assert_eq!(
        (&told["event"], &told["exit"]),
        (&"failed".into(), &2.into())
    );
    assert!(
        told["error"].as_str().unwrap().contains("mistakes"),
        "{told}"
    );

    project.write("tasks/t.rhai", TASKS);
    project.lexi("run ok").succeeds();
    assert_eq!(listener.next().json()["event"], "recovered");
}

#[test]
fn a_run_that_was_killed_is_counted_and_told_by_the_next() {
    let listener = Listener::new("200 OK");
    let project = project(&format!(
        "[[tell]]\nwebhook = 'http://127.0.0.1:{}/'\n[metrics]\ntextfile = 'metrics/lexi-{{profile}}.prom'\n",
        listener.port
    ));
    std::fs::create_dir(project.path("metrics")).unwrap();
    let mut child = project.start(&["run", "long"]);
    let deadline = std::time::Instant::now() + HUNG;
    while !project.path("began").exists() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(send(Signal::KILL, child.id().try_into().unwrap()));
    child.wait().unwrap();

    project.lexi("run ok").succeeds();
    let told = listener.next().json();
    assert_eq!(
        (&told["task"], &told["event"]),
        (&"long".into(), &"failed".into())
    );
    assert!(
        told["text"].as_str().unwrap().contains("was killed"),
        "{told}"
    );
    let page = project.read("metrics/lexi-dev.prom");
    for line in [
        "lexi_task_failures_total{task=\"long\"} 1",
        "lexi_task_running{task=\"long\"} 0",
        "lexi_task_runs_total{task=\"ok\"} 1",
        "lexi_task_failing{task=\"ok\"} 0",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    assert!(page.contains("lexi_task_last_success_timestamp_seconds{task=\"ok\"}"));
    let printed = project.lexi("metrics").succeeds().out;
    assert_eq!(printed.trim(), page.trim());
    project.lexi("run ok").succeeds();
    listener.is_silent();
}

#[test]
fn runs_at_once_are_all_counted() {
    let project = project("[metrics]\ntextfile = 'lexi.prom'\n");
    let running: Vec<_> = (0..8).map(|_| project.start(&["run", "ok"])).collect();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    let page = project.read("lexi.prom");
    assert!(
        page.contains("lexi_task_runs_total{task=\"ok\"} 8"),
        "{page}"
    );
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    project("[[tell]]\nwebhook = 'alerts'\n")
        .lexi("run ok")
        .exits(2)
        .tells("lexi.toml:2")
        .tells("the name of the setting that holds it");
    project("")
        .lexi("metrics")
        .exits(2)
        .tells("add `[metrics]`");
}

/// Asks a port of this machine for a page; nothing while nobody listens.
fn asked(port: u16, path: &str) -> Option<String> {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    Some(answer)
}

#[test]
fn the_daemon_answers_prometheus() {
    let port = crate::harness::free_port();
    let project = Project::new()
        .file(
            "lexi.toml",
            &format!("name = \"sample\"\n[metrics]\nlisten = \"127.0.0.1:{port}\"\n"),
        )
        .task(
            "t.rhai",
            "//! S\ntask(\"tick\", #{ about: \"Tick\", schedule: #{ cron: \"* * * * * *\", profiles: [\"dev\"] } }, || {});\n",
        );
    let mut daemon = project.start(&["cron"]);
    let deadline = std::time::Instant::now() + HUNG;
    let page = loop {
        assert!(std::time::Instant::now() < deadline);
        match asked(port, "/metrics") {
            Some(page) if page.contains("lexi_task_runs_total{task=\"tick\"}") => break page,
            _ => std::thread::sleep(std::time::Duration::from_millis(50)),
        }
    };
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("text/plain; version=0.0.4"), "{page}");
    let elsewhere = asked(port, "/").unwrap();
    assert!(elsewhere.starts_with("HTTP/1.1 404"), "{elsewhere}");

    assert!(send(Signal::TERM, daemon.id().try_into().unwrap()));
    assert!(daemon.wait().unwrap().success());
}

#[test]
fn a_program_that_is_told_starts_in_the_project_s_folder() {
    let project = project("[[tell]]\non = ['succeeded']\ncommand = ['./hook.sh']\n")
        .file("hook.sh", "#!/bin/sh\ncat > /dev/null\npwd > told\n")
        .here("deep/inside");
    let hook = project.path("hook.sh");
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();

    project.run(&["run", "ok"]).succeeds();

    assert_eq!(
        project.read("told").trim(),
        project.path("").display().to_string().trim_end_matches('/')
    );
}

#[test]
fn a_taken_port_ends_no_daemon_and_a_changed_one_is_taken_up() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let config =
        |port: u16| format!("name = \"sample\"\n[metrics]\nlisten = \"127.0.0.1:{port}\"\n");
    let project = Project::new()
        .file("lexi.toml", &config(port))
        .task(
            "t.rhai",
            "//! S\ntask(\"tick\", #{ about: \"Tick\", schedule: #{ cron: \"* * * * * *\", profiles: [\"dev\"] } }, || { fs::write(\"ran\", \"\"); });\n",
        );
    let mut daemon = project.start(&["cron"]);
    wait_until("it runs", || project.path("ran").exists());

    let other = crate::harness::free_port();
    project.write("lexi.toml", &config(other));
    wait_until("it answers elsewhere", || {
        asked(other, "/metrics").is_some_and(|page| page.starts_with("HTTP/1.1 200 OK"))
    });

    project.write("lexi.toml", &config(port));
    drop(taken);
    wait_until("it answers at the first one", || {
        asked(port, "/metrics").is_some_and(|page| page.starts_with("HTTP/1.1 200 OK"))
    });
    assert!(send(Signal::TERM, daemon.id().try_into().unwrap()));
    let mut told = String::new();
    let mut stderr = daemon.stderr.take().unwrap();
    stderr.read_to_string(&mut told).unwrap();
    assert!(daemon.wait().unwrap().success(), "{told}");
    assert!(told.contains("cannot listen on 127.0.0.1"), "{told}");
    assert!(told.contains("schedules run on"), "{told}");
}

#[test]
fn an_address_that_does_not_answer_is_not_shown() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}/services/T000/SLACKSECRETPATH");
    let named = project("[[tell]]\nstarted_by = ['program']\nwebhook = 'ALERTS_URL'\n");
    named.write(".env", &format!("ALERTS_URL={url}\n"));
    let written = project(&format!(
        "[[tell]]\nstarted_by = ['program']\nwebhook = '{url}'\n"
    ));
    for project in [&named, &written] {
        project
            .lexi("run bad")
            .exits(1)
            .tells(&format!("nothing answers `POST http://{free}`"))
            .hides("SLACKSECRETPATH");
    }
    named.lexi("env").succeeds().hides("SLACKSECRETPATH");
    named.lexi("history show last").hides("SLACKSECRETPATH");
}
