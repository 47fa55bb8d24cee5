//! A stranger's script is held by the process it runs in, whatever it tries.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use crate::harness::{Outcome, Project, psql};

/// A project with secrets in every place where a script could look for them, and this script beside it.
fn with(script: &str) -> Project {
    Project::new()
        .file(".env", "API_TOKEN=canary-in-env-file\n")
        .file(
            "tasks/lib/own.rhai",
            "fn token() { \"canary-in-library\" }\n",
        )
        .file("data/in.txt", "given")
        .file("script.rhai", script)
        .env("OUTER_SECRET", "canary-in-environment")
}

#[track_caller]
fn try_it(script: &str, flags: &[&str]) -> Outcome {
    let words = [&["run", "--untrusted", "script.rhai"][..], flags].concat();
    with(script).run(&words).hides("canary")
}

/// Each of these is refused, and the script goes on.
#[track_caller]
fn refuses(attacks: &[&str]) {
    let attack = |(at, attack): (usize, &&str)| {
        format!("let e = attempt(|| {{ {attack} }}); print(`{at} ${{e.ok}}`);\n")
    };
    let script: String = attacks.iter().enumerate().map(attack).collect();

    let tried = try_it(&script, &[]).succeeds();

    let expected: Vec<String> = (0..attacks.len())
        .map(|at| format!("{at} false\n"))
        .collect();
    assert_eq!(tried.out, expected.concat(), "{}", tried.err);
}

/// Nobody has connected to this listener.
#[track_caller]
fn is_unvisited(listener: &TcpListener) {
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "somebody connected");
}

#[test]
fn it_may_compute_and_print() {
    try_it("let x = 0; for i in 0..1000 { x += i; } print(x);", &[])
        .succeeds()
        .stdout("499500\n");
}

#[test]
fn it_reaches_no_file_no_program_no_machine_and_no_setting() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let http = format!("http::get(\"http://127.0.0.1:{port}/\")");

    refuses(&[
        "fs::read(\"/etc/passwd\")",
        "fs::read(\".env\")",
        "fs::read(\"script.rhai\")",
        "fs::read(\"/proc/self/environ\")",
        "fs::read(\"/proc/self/maps\")",
        "fs::read(\"/proc/1/environ\")",
        "fs::walk(\"/root/.ssh\", #{ hidden: true })",
        "fs::glob(\"/proc/[0-9]*/cmdline\")",
        "fs::write(\"here\", \"x\")",
        "fs::write(\"/tmp/lexi-untrusted-here\", \"x\")",
        "fs::temp_file()",
        "fs::make_dir(\"here\")",
        "fs::remove(\"data\")",
        "process::run(\"sh\", [\"-c\", \"cat .env\"])",
        "process::sh(\"id\")",
        "parallel([[\"cat\", \"/etc/passwd\"]])",
        "env::get(\"API_TOKEN\")",
        "env::get(\"OUTER_SECRET\")",
        "env::get(\"PATH\")",
        "env::all()",
        "http::get(\"http://169.254.169.254/\")",
        &http,
        "docker::ps(#{})",
        "docker::ping()",
        "stack::ps()",
        "db::query(\"select 1\")",
        "db::connect(#{ host: \"127.0.0.1\" })",
        "redis::ping()",
        "backup::list()",
        "migrate::status()",
        "task::run(\"t\")",
        "tls::make([])",
    ]);

    is_unvisited(&listener);
}

#[test]
fn its_parameters_take_no_value_from_the_settings() {
    for name in ["DB_PASSWORD", "DB_USER", "PATH"] {
        let script = format!(
            "task(\"t\", #{{ about: \"Try\", params: #{{ p: #{{ env: \"{name}\", value: \"none\" }} }} }}, |p| print(p));"
        );
        let tried = try_it(&script, &["--allow-db", "read"]);
        assert!(
            tried.out.is_empty() || tried.out == "none\n",
            "{}",
            tried.out
        );
    }
}

#[test]
fn what_the_file_claims_counts_for_nothing() {
    let script = r#"task("t", #{ about: "Try", allow: #{ read: ["/"], run: ["cat"], env: ["*"] } }, || {
        print(attempt(|| fs::read("/etc/passwd")).ok);
        print(attempt(|| process::run("cat", ["/etc/passwd"])).ok);
        print(attempt(|| env::all()).ok);
    });"#;

    try_it(script, &[])
        .succeeds()
        .stdout("false\nfalse\nfalse\n");
}

#[test]
fn it_imports_nothing_of_the_project() {
    for module in [
        "lib/own",
        "std/services/postgres",
        "../script",
        "/etc/passwd",
    ] {
        try_it(
            &format!("import \"{module}\" as m; print(m::token());"),
            &[],
        )
        .exits(1)
        .stdout("");
    }
}

#[test]
fn it_may_do_what_flags_grant_and_no_more() {
    let script = r#"
        print(fs::read("data/in.txt"));
        fs::write("out/a.txt", fs::read("data/in.txt"));
        fs::write(fs::temp_file(), "x");
        print(process::output("echo", ["hello"]));
        for work in [
            || fs::read("data/link"), || fs::write("data/x", "x"), || fs::read("out/../.env"),
            || archive::extract("data/evil.tar", "out"), || process::run("cat", ["data/in.txt"]),
        ] { print(attempt(work).ok); }
    "#;
    let project = with(script).file("out/keep", "");
    symlink(project.path(".env"), project.path("data/link")).unwrap();
    let made = std::process::Command::new("tar")
        .args([
            "-cPf",
            "data/evil.tar",
            "--transform=s,data/in.txt,../../evil.txt,",
        ])
        .arg("data/in.txt")
        .current_dir(project.root())
        .status()
        .unwrap();
    assert!(made.success());

    project
        .lexi("run --untrusted script.rhai --allow-read data --allow-write out --allow-run echo")
        .hides("canary")
        .succeeds()
        .stdout("given\nhello\nfalse\nfalse\nfalse\nfalse\nfalse\n");

    assert_eq!(project.read("out/a.txt"), "given");
    let beside = project.root().parent().unwrap();
    assert!(!beside.join("evil.txt").exists() && !project.path("evil.txt").exists());
}

#[test]
fn a_program_that_it_may_run_is_confined_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        r#"
        for line in ["cat data/in.txt", "cat .env", "cat /etc/shadow", "cat /proc/$PPID/environ", "echo x > here",
            "env | grep SECRET", "exec 3<>/dev/tcp/127.0.0.1/{port}", "kill -0 1", "ls data/.."] {{
            print(process::run("bash", ["-c", line], #{{ check: false }}).code == 0);
        }}"#
    );
    let project = with(&script);

    project
        .lexi("run --untrusted script.rhai --allow-read data --allow-run bash")
        .hides("canary")
        .succeeds()
        .stdout(&format!("true\n{}", "false\n".repeat(8)));

    is_unvisited(&listener);
    assert!(!project.path("here").exists());
}

#[test]
fn memory_is_limited() {
    let bombs = [
        "let s = \"x\"; s.pad(100000000000, 'x');",
        "let s = \"xxxxxxxxxxxxxxxx\"; loop { s += s; }",
        "let a = [1]; loop { a += a; }",
        "let a = []; loop { a.push(\"x\" + a.len()); }",
        "let m = #{}; let i = 0; loop { m[`${i}`] = i; i += 1; }",
        "let a = [1]; loop { a = [a, a]; }",
        "let b = blob(1000000000000, 7);",
        "let all = []; loop { all.push(blob(1000000)); }",
        "fn f(n) { f(n + 1) } f(0);",
    ];
    for bomb in bombs {
        let tried = try_it(bomb, &["--memory", "64M", "--cpu", "20s"]);
        assert_eq!(tried.code, Some(1), "{bomb}\n{}", tried.err);
    }
}

#[test]
fn time_is_limited() {
    try_it("loop { }", &["--cpu", "1s"])
        .exits(124)
        .tells("it used 1 s of processor time")
        .tells("hint: `--cpu` sets the limit");
    try_it("time::sleep(\"1h\");", &["--timeout", "300ms"])
        .exits(124)
        .tells("it took longer than 300ms");
    try_it("defer(|| { loop { } }); loop { }", &["--timeout", "300ms"]).exits(124);
}

#[test]
fn output_is_limited_and_cannot_steer_the_terminal() {
    let flood = "let line = \"x\"; line.pad(1000, 'x'); loop { print(line); }";

    try_it(flood, &["--output", "100k"])
        .exits(1)
        .tells("it printed more than");
    try_it(
        "print(\"\\x1b[31mred\\x07\"); log::info(\"\\x1b]0;title\\x07\");",
        &[],
    )
    .succeeds()
    .hides("\u{1b}")
    .hides("\u{7}");
    try_it(
        "print(\"safe\\u202egpj.exe\\u2066x\"); log::info(\"\\u202dx\");",
        &[],
    )
    .succeeds()
    .stdout("safe\u{fffd}gpj.exe\u{fffd}x\n")
    .hides("\u{202d}");
}

#[test]
fn files_are_limited() {
    let project = with("fs::write(\"out/a\", blob(2000000));").file("out/keep", "");

    project
        .lexi("run --untrusted script.rhai --allow-write out --file-size 1M")
        .exits(1);

    assert!(!project.path("out/a").exists());
}

#[test]
fn what_it_started_ends_with_it() {
    let line = "(while :; do sleep 0.1; done) > /dev/null 2>&1 & echo $! > out/pid; disown; exit 0";
    let script = format!("process::run(\"bash\", [\"-c\", \"{line}\"]);");
    let project = with(&script).file("out/keep", "");

    project.lexi("run --untrusted script.rhai --allow-write out --allow-run bash");

    is_gone(&project.read("out/pid"));
}

#[test]
fn what_it_started_ends_with_it_wherever_it_hides() {
    let hides = [
        "setsid sh -c",
        "env -i setsid sh -c",
        "sh -c 'env -i setsid \"$@\" &' sh sh -c",
    ];
    for hide in hides {
        let line = format!("{hide} 'echo $$ > out/pid; sleep 60' </dev/null >/dev/null 2>&1 &");
        let wait = "while ! test -s out/pid; do sleep 0.02; done";
        let script = format!(
            "process::run(\"sh\", [\"-c\", `{line} {wait}`]); if task_waits {{ time::sleep(\"1h\"); }}"
        );
        for (waits, code) in [("false", 0), ("true", 124)] {
            let script = script.replace("task_waits", waits);
            let project = with(&script).file("out/keep", "");

            let words = "run --untrusted script.rhai --allow-write out --allow-run sh --timeout 2s";
            let ran = project.lexi(words).exits(code);

            assert!(!ran.err.contains("could not be ended"), "{}", ran.err);
            is_gone(&project.read("out/pid"));
        }
    }
}

#[test]
fn a_program_that_forks_and_ends_for_ever_ends_with_it() {
    let program = "import os\nif os.fork(): os._exit(0)\nwhile True:\n    os.setsid()\n    \
                   open('out/now', 'w').close()\n    if os.fork(): os._exit(0)\n";
    let script = "process::run(\"python3\", [\"-c\", fs::read(\"data/it.py\")]); \
                  while !fs::exists(\"out/now\") { time::sleep(\"10ms\"); }";
    let project = with(script)
        .file("data/it.py", program)
        .file("out/keep", "");

    project
        .lexi("run --untrusted script.rhai --allow-read data --allow-read out --allow-write out --allow-run python3")
        .succeeds();

    std::fs::remove_file(project.path("out/now")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(!project.path("out/now").exists(), "it goes on");
}

#[test]
fn what_ended_of_it_does_not_count_as_a_process() {
    let line = "i=0; while test $i -lt 200; do (true &); i=$((i+1)); done; echo done";
    let script = format!("print(process::output(\"sh\", [\"-c\", `{line}`]));");

    try_it(&script, &["--allow-run", "sh", "--processes", "60"])
        .succeeds()
        .stdout("done\n")
        .hides("fork");
}

/// The process of this number runs no more.
#[track_caller]
fn is_gone(pid: &str) {
    let pid = pid.trim();
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    let is_gone = state.map_or(true, |stat| stat.contains(") Z "));
    assert!(is_gone, "{pid} lives");
}

#[test]
fn the_engine_of_containers_is_out_of_reach() {
    let project = with("print(attempt(|| docker::ps(#{})).ok);");
    let socket = project.path("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("unix://{}", socket.display());

    project
        .env("DOCKER_HOST", &address)
        .lexi("run --untrusted script.rhai")
        .succeeds()
        .stdout("false\n");

    assert!(listener.accept().is_err(), "somebody connected");
}

#[test]
fn a_machine_that_is_granted_answers_and_where_it_leads_does_not() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _request = stream.read(&mut [0; 1024]);
            let answer = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _closed = stream.write_all(answer.as_bytes());
        }
    });
    let script = format!(
        "print(http::get(\"http://127.0.0.1:{port}/\").status); print(attempt(|| http::get(\"http://127.0.0.1:1/\")).error.kind);"
    );

    try_it(&script, &["--allow-net", &format!("127.0.0.1:{port}")])
        .succeeds()
        .stdout("302\nrefused\n");
}

#[test]
fn tasks_take_arguments_and_several_are_named() {
    let script = "task(\"one\", #{ about: \"Try\", params: #{ n: #{ type: \"int\" } } }, |n| print(n + 1));\ntask(\"two\", #{ about: \"Try\" }, || print(2));";

    try_it(script, &["one", "41"]).succeeds().stdout("42\n");
    try_it(script, &[])
        .exits(2)
        .tells("hint: name one: one, two");
    try_it(script, &["three"])
        .exits(2)
        .tells("declares no task `three`");
}

#[test]
fn its_failure_is_shown_with_its_place_and_wrong_flags_are_usage() {
    try_it("let x = 1;\nthrow \"no\";", &[])
        .exits(1)
        .tells("script.rhai:2:1");
    try_it("let x = ;", &[]).exits(1).tells("script.rhai:1");
    for (flag, value, part) in [
        ("--allow-read", "nowhere", "--allow-read nowhere"),
        ("--memory", "much", "--memory"),
        ("--allow-net", "example.org", "HOST:PORT"),
        ("--allow-run", "no-such-program", "no-such-program"),
        ("--allow-db", "all", "levels are read, write, admin"),
    ] {
        try_it("1", &[flag, value]).exits(2).tells(part);
    }
}

#[test]
fn no_grant_holds_the_records_and_settings_of_a_project() {
    let script = "fs::write(\".lexi/audit.jsonl\", \"\"); print(fs::read(\".env\"));";
    let project = with(script)
        .file("secrets/env", "A=canary\n")
        .file("deep/in/keep", "");
    symlink(project.path("secrets/env"), project.path(".env.prod")).unwrap();
    symlink(project.root(), project.path("deep/up")).unwrap();
    let above = project.root().parent().unwrap().display().to_string();
    project.lexi("list").succeeds();
    std::fs::create_dir_all(project.path(".lexi/backups")).unwrap();

    for flag in ["--allow-read", "--allow-write"] {
        for path in [
            ".",
            "..",
            "/",
            &above,
            "deep/up",
            ".lexi",
            ".lexi/backups",
            ".env",
            ".env.prod",
            "secrets",
            "secrets/env",
        ] {
            project
                .run(&["run", "--untrusted", "script.rhai", flag, path])
                .hides("canary")
                .exits(2)
                .tells(&format!("`{flag} {path}` would hold `"))
                .tells("a project's records and settings are never granted")
                .tells(&format!("hint: put what the script needs into a folder of its own and grant that: `{flag} FOLDER`"));
        }
    }
    // Nor those of another project than the one that it runs in.
    let other = Project::new();
    let path = other.root().display().to_string();
    project
        .run(&["run", "--untrusted", "script.rhai", "--allow-read", &path])
        .exits(2)
        .tells("would hold `");
}

#[test]
fn a_program_makes_no_call_that_reaches_around() {
    let program = r#"
import ctypes, os, socket
def tried(name, work):
    try:
        work()
        print(name, "done")
    except OSError as error:
        print(name, error.errno)
libc = ctypes.CDLL(None, use_errno=True)
def call(*words):
    if libc.syscall(*words) == -1: raise OSError(ctypes.get_errno(), "")
near = "script.rhai"
tried("chmod", lambda: os.chmod(near, 0o777))
tried("fchmodat2", lambda: call(452, -100, near.encode(), 0o777, 0))
tried("chown", lambda: os.chown(near, os.getuid(), os.getgid()))
tried("utime", lambda: os.utime(near, (1, 1)))
tried("setxattr", lambda: os.setxattr(near, "user.a", b"x"))
tried("unix", lambda: socket.socket(socket.AF_UNIX).connect("docker.sock"))
tried("ring", lambda: call(425, 8, None))
tried("shm", lambda: call(29 if os.uname().machine == "x86_64" else 194, 0, 4096, 0o600))
made = os.open("out/made", os.O_CREAT | os.O_WRONLY)
tried("fchmod", lambda: os.fchmod(made, 0o640))
tried("futimens", lambda: os.utime(made, (1, 1)))
tried("pair", lambda: socket.socketpair())
tried("inet", lambda: socket.socket(socket.AF_INET))
"#;
    let script = r#"print(process::output("python3", ["-c", fs::read("data/it.py")]));
        fs::copy("data", "out/copied"); print(fs::read("out/copied/in.txt"));
        print(process::output("sh", ["-c", "touch out/touched && echo touched"]));"#;
    let project = with(script)
        .file("data/it.py", program)
        .file("out/keep", "");
    let listener = UnixListener::bind(project.path("docker.sock")).unwrap();
    listener.set_nonblocking(true).unwrap();

    project
        .lexi("run --untrusted script.rhai --allow-read data --allow-read out --allow-write out --allow-run python3 --allow-run sh")
        .succeeds()
        .stdout(
            "chmod 1\nfchmodat2 1\nchown 1\nutime 1\nsetxattr 1\nunix 1\nring 1\nshm 1\n\
             fchmod done\nfutimens done\npair done\ninet done\ngiven\ntouched\n",
        );

    assert!(listener.accept().is_err(), "somebody connected");
}

#[test]
fn what_others_had_open_stays_with_them() {
    let line = "cat <&11; echo taken >&12";
    let script =
        format!("print(process::run(\"sh\", [\"-c\", `{line}`], #{{ check: false }}).stdout);");
    let project = with(&script)
        .file("open", "canary-in-an-open-file")
        .file("written", "");

    let run = format!(
        "exec 11<open 12>>written; exec {} run --untrusted script.rhai --allow-run sh --allow-run cat",
        crate::harness::LEXI
    );
    let ran = std::process::Command::new("bash")
        .args(["-c", &run])
        .current_dir(project.root())
        .output()
        .unwrap();

    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(!told.contains("canary"), "{told}");
    assert_eq!(project.read("written"), "");
}

#[test]
fn a_file_that_is_granted_alone_says_which_folder_it_needs() {
    let script = "fs::append(\"out/a.txt\", \"more\"); fs::write(\"out/a.txt\", \"x\");";
    let project = with(script).file("out/a.txt", "some ");

    project
        .lexi("run --untrusted script.rhai --allow-write out/a.txt")
        .exits(1)
        .tells("a file is replaced as a whole, so its folder `")
        .tells("/out`)");

    assert_eq!(project.read("out/a.txt"), "some more");
}

/// Tests that need servers.
mod services {
    use super::*;

    #[test]
    fn the_database_is_reached_only_when_it_is_granted() {
        let script = r#"
            print(db::value("select 7"));
            print(attempt(|| db::exec("create table a (x int)")).error.sqlstate);
            print(attempt(|| env::get("DB_PASSWORD")).ok);
        "#;
        let project = as_role(script, "login");

        project
            .lexi("run --untrusted script.rhai --allow-db read")
            .succeeds()
            .stdout("7\n25006\nfalse\n");
        project
            .lexi("run --untrusted script.rhai")
            .exits(1)
            .tells("grant it: `--allow-db read`");
    }

    #[test]
    fn a_role_that_reaches_the_machine_of_the_server_is_refused() {
        let script = "db::query(\"copy (select 1) to program 'cat > /dev/null'\");";
        let refused = |role: &str, level: &str, why: &str| {
            as_role(script, role)
                .run(&["run", "--untrusted", "script.rhai", "--allow-db", level])
                .exits(1)
                .tells(why)
                .tells("hint: let it log in as a role of its own: `CREATE ROLE guest")
                .tells("GRANT SELECT ON ALL TABLES");
        };

        for level in ["read", "write", "admin"] {
            refused("login superuser", level, "is a superuser, so a statement");
        }
        for group in [
            "pg_execute_server_program",
            "pg_read_server_files",
            "pg_write_server_files",
        ] {
            let role = format!("login noinherit in role {group}");
            refused(&role, "read", &format!("is a member of `{group}`"));
        }
        refused("login in role tester", "read", "is a member of `tester`");
        refused("login createrole", "write", "(CREATEROLE)");
    }

    /// A project with this script whose database is reached as a role with these attributes.
    fn as_role(script: &str, attributes: &str) -> Project {
        let project = Project::new().postgres().file("script.rhai", script);
        let (port, database) = project.database();
        let role = format!("{database}_role");
        let create = format!("create role {role} password 'role-password' {attributes}");
        psql(port, "postgres", &create);
        project
            .env("DB_USERNAME", &role)
            .env("DB_PASSWORD", "role-password")
    }
}

#[test]
fn its_run_is_in_the_history_and_the_audit_log_with_what_it_was_granted() {
    let project = with("print(\"it ran\"); fs::read(\"data/in.txt\"); throw \"no\";");

    let words = "run --untrusted script.rhai --allow-read data";
    project.lexi(words).exits(1).says("it ran");

    let run = &project.lexi("history --json").succeeds().json()[0];
    assert_eq!(run["task"], "untrusted script.rhai");
    assert_eq!(run["how"], "untrusted");
    assert_eq!(run["exit"], 1);
    project.lexi("history show last").succeeds().says("it ran");

    project.lexi("audit verify").succeeds();
    let log = project.read(".lexi/audit.jsonl");
    let started: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    let data = project.path("data").canonicalize().unwrap();
    assert_eq!(started["granted"]["read"][0], data.to_str().unwrap());
    let summed = std::process::Command::new("sha256sum")
        .arg(project.path("script.rhai"))
        .output()
        .unwrap();
    let hash = started["sha256"].as_str().unwrap();
    assert!(String::from_utf8_lossy(&summed.stdout).starts_with(hash));

    // What it may do is not granted again by a short word.
    project.lexi("rerun last").exits(1).tells("untrusted");
    project.lexi("rerun --failed").succeeds();
}

#[test]
fn it_starts_no_more_processes_than_it_may_and_leaves_no_group() {
    let script = "let e = attempt(|| process::output(\"sh\", [\"-c\", \
                  \"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do sleep 3 >/dev/null & done; jobs -p\"])); \
                  print(if e.ok { e.value.split(\"\\n\").len() } else { e.error.message });";
    let flags = ["--allow-run", "sh", "--allow-run", "sleep", "--processes"];

    let many = try_it(script, &[&flags[..], &["60"]].concat());
    assert_eq!(many.succeeds().out.trim(), "16");

    let few = try_it(script, &[&flags[..], &["12"]].concat());
    few.succeeds().says("annot fork");
    for folder in ["/sys/fs/cgroup", "/sys/fs/cgroup/pids"] {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let left = entries.filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name.strip_prefix("lexi-untrusted-");
            owner.is_some_and(|pid| !std::path::Path::new("/proc").join(pid).exists())
        });
        assert_eq!(left.count(), 0, "{folder}");
    }
}
