//! `allow` of a declaration: a task is held to it, whatever it calls.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;

use lexi::script::api::{Api, Signature};
use lexi::script::engine;

use crate::harness::Project;

/// Functions that do nothing to anything: they compute, read the clock, steer what runs or speak with the person in front.
const HARMLESS: [&str; 55] = [
    "attempt",
    "defer",
    "ensure",
    "parallel",
    "parallel_map",
    "retry",
    "timeout",
    "fs::absolute",
    "fs::extension",
    "fs::join",
    "fs::name",
    "fs::parent",
    "fs::stem",
    "env::app_dir",
    "env::!=",
    "env::+",
    "env::==",
    "env::debug",
    "env::is_empty",
    "env::print",
    "env::profile",
    "env::reveal",
    "env::secret",
    "env::to_debug",
    "env::to_string",
    "db::ident",
    "db::literal",
    "backup::rules",
    "migrate::driver",
    "tls::files",
    "task::is_dry_run",
    "task::is_rehearsal",
    "task::name",
    "time::duration",
    "time::elapsed",
    "time::format",
    "time::now",
    "time::now_ms",
    "time::parse",
    "time::show",
    "time::sleep",
    "time::stopwatch",
    "ui::add",
    "ui::ask",
    "ui::choose",
    "ui::clear",
    "ui::confirm",
    "ui::confirm_name",
    "ui::data",
    "ui::finish",
    "ui::is_json",
    "ui::label",
    "ui::progress",
    "ui::table",
    "http::json",
];

/// What only a function gives that is refused itself, so that its methods cannot be reached.
const OUT_OF_REACH: [&str; 2] = ["pipeline", "Database"];

/// A value for a parameter, as a script writes it: one that the function itself would not refuse before it does something.
fn sample(function: &str, name: &str, kind: &str) -> &'static str {
    match (kind, name) {
        ("string", "url") => "\"http://127.0.0.1:9/\"",
        ("string", "path") => "\"x.gz\"",
        ("array", "keys") if function == "redis::del" => "[\"x\"]",
        ("int", _) => "1",
        ("float", _) => "1.0",
        ("bool", _) => "true",
        ("array", _) => "[]",
        ("map", _) => "#{}",
        ("closure", _) => "|| 1",
        ("blob", _) => "blob(1)",
        ("secret", _) => "env::secret(\"abcdef\")",
        ("progress", _) => "ui::progress(\"x\")",
        ("stopwatch", _) => "time::stopwatch()",
        _ => "\"x\"",
    }
}

fn call(name: &str, form: &Signature) -> String {
    let params = form.params.iter();
    let arguments: Vec<&str> = params
        .map(|(param, kind)| sample(name, param, kind))
        .collect();
    // Operators and methods of a value are called on it.
    if name.starts_with("env::") && form.params.iter().any(|(_, kind)| kind == "secret") {
        return "1".to_owned();
    }
    format!("{name}({})", arguments.join(", "))
}

#[test]
fn no_parameter_takes_a_secret_from_the_settings() {
    let text = "//! S\ntask(\"t\", #{ about: \"x\", params: #{ pw: #{ env: \"API_TOKEN\" } } }, |pw| print(pw));\n";

    Project::new()
        .file(".env", "API_TOKEN=hunter2-hunter2\n")
        .task("t.rhai", text)
        .lexi("run t")
        .exits(2)
        .tells("read it in the body with `env::require(\"API_TOKEN\")`")
        .hides("hunter2");
}

#[test]
fn a_pattern_and_a_move_reach_no_further_than_reading_does() {
    let body = r#"
        fs::make_dir("data/\\x");
        for pattern in ["data/\\x/../../.env*", "data/\\x/../../*", "data/*/../../.env*", "../*"] {
            let outcome = attempt(|| fs::glob(pattern));
            ensure(!outcome.ok || outcome.value == [], pattern);
        }
        ensure(!attempt(|| fs::move("closed/f", "data/f")).ok, "moved to be read");
    "#;

    held("read: [\"data\"], write: [\"data\", \"closed\"]", body)
        .file(".env", "A=b\n")
        .file("data/a", "")
        .file("closed/f", "")
        .lexi("run t")
        .succeeds();
}

#[test]
fn without_any_permission_every_function_with_an_effect_is_refused() {
    let api = Api::of(&engine::bare());
    let mut script = String::new();
    let mut called = Vec::new();
    for (name, forms) in api.iter() {
        let is_flow = HARMLESS.contains(&name) && !name.contains("::");
        if !name.contains("::") && !is_flow || name.starts_with("log::") {
            continue;
        }
        for form in forms {
            let kinds = || form.params.iter().map(|(_, kind)| kind.as_str());
            if kinds().any(|kind| OUT_OF_REACH.contains(&kind)) {
                continue;
            }
            let at = called.len();
            writeln!(
                script,
                "let e = attempt(|| {}).error; if e != () && e.message.contains(\" may not \") {{ print(\"refused {at}\") }}",
                call(name, form)
            )
            .unwrap();
            called.push((name, form.shown()));
        }
    }
    let text = format!("task(\"t\", #{{ about: \"Try\", allow: #{{}} }}, || {{\n{script}}});\n");

    let tried = Project::new()
        .task("t.rhai", &text)
        .task("x.rhai", "task(\"x\", #{ about: \"Try\" }, || 1);")
        .lexi("run t")
        .succeeds();

    let refused: Vec<usize> = tried
        .out
        .lines()
        .filter_map(|line| line.strip_prefix("refused ")?.parse().ok())
        .collect();
    let wrong: Vec<String> = called
        .iter()
        .enumerate()
        .filter(|(at, (name, _))| HARMLESS.contains(name) == refused.contains(at))
        .map(|(_, (name, form))| format!("{name}{form}"))
        .collect();
    assert!(called.len() > 200, "{}", called.len());
    assert!(wrong.is_empty(), "{wrong:#?}\n{}\n{}", tried.out, tried.err);
}

/// A project whose task `t` has this `allow` and this body.
fn held(allow: &str, body: &str) -> Project {
    let text = format!(
        "//! Sample\n\ntask(\"t\", #{{ about: \"Try\", allow: #{{ {allow} }} }}, || {{\n{body}\n}});\n"
    );
    Project::new().task("t.rhai", &text)
}

#[test]
fn a_refusal_names_the_task_what_it_lacks_and_the_line_to_add() {
    let tried = held("read: [\"data\"]", "fs::write(\"out.txt\", \"x\");")
        .lexi("run t")
        .exits(1);

    tried
        .tells("task `t` may not write `out.txt`")
        .tells("hint: add to its `allow` (tasks/t.rhai:3:6): `write: [\"out.txt\"]`");
}

#[test]
fn without_allow_all_is_as_ever() {
    Project::new()
        .body("fs::write(\"a\", \"x\"); print(process::output(\"cat\", [\"a\"]));")
        .lexi("run t")
        .succeeds()
        .stdout("x\n");
}

#[test]
fn paths_are_held_to_the_folders_that_are_named() {
    let body = r#"
        fs::write("out/a.txt", "x");
        fs::make_dir("out/deep/er");
        fs::copy("data/in.txt", "out/b.txt");
        archive::create("data", "out/data.tar.gz");
        archive::extract("out2.tgz", "out/deep/er");
        for path in ["lexi.toml", "data/../lexi.toml", "/etc/passwd", "data/link", "data/lost", "data/way/passwd"] {
            let error = attempt(|| fs::read(path)).error;
            ensure(error != () && error.kind == "refused", path);
        }
        for path in ["data/in.txt", "x.txt", "out/../x.txt", "out/link/x.txt", "/tmp/x.txt", "out/lost"] {
            let error = attempt(|| fs::write(path, "x")).error;
            ensure(error != () && error.kind == "refused", path);
        }
        for work in [
            || fs::move("data/in.txt", "out/c.txt"),
            || fs::remove("data/in.txt"),
            || fs::walk("data", #{ follow: true }),
            || fs::glob("/etc/*"),
            || archive::extract("out2.tgz", "data"),
            || archive::list("lexi.toml"),
            || fs::stream("lexi.toml"),
            || fs::exists("/etc/passwd"),
        ] {
            let error = attempt(work).error;
            ensure(error != () && error.kind == "refused", "refused");
        }
    "#;
    let project = held("read: [\"data\", \"out2.tgz\"], write: [\"out\"]", body)
        .file("data/in.txt", "secret")
        .file("out/keep", "");
    let tar = std::process::Command::new("tar")
        .args(["czf", "out2.tgz", "data"])
        .current_dir(project.root())
        .status()
        .unwrap();
    assert!(tar.success());
    symlink("/etc/passwd", project.path("data/link")).unwrap();
    symlink("/no/such", project.path("data/lost")).unwrap();
    symlink("/etc", project.path("data/way")).unwrap();
    symlink("/no/such", project.path("out/lost")).unwrap();
    symlink(project.path("data"), project.path("out/link")).unwrap();

    project.lexi("run t").succeeds();

    assert_eq!(project.read("data/in.txt"), "secret");
    assert!(!project.path("data/x.txt").exists());
}

#[test]
fn whoever_may_write_has_temporary_files() {
    let body = "let file = fs::temp_file(); fs::write(file, \"x\"); print(fs::read(file));";

    held("write: [\"out\"]", body)
        .lexi("run t")
        .succeeds()
        .stdout("x\n");
    held("read: [\".\"]", body)
        .lexi("run t")
        .exits(1)
        .tells("may not make temporary files");
}

#[test]
fn a_program_is_the_very_file_that_was_named() {
    let body = r#"
        print(process::output("/bin/echo", ["by path"]));
        print(process::output("echo", ["by name"]));
        for work in [
            || process::run("cat", ["/etc/passwd"]),
            || process::sh("echo x"),
            || process::pipe("cat", ["/etc/passwd"]),
            || parallel([["cat", "/etc/passwd"]]),
            || process::run("./echo", []),
            || process::run("echo", [], #{ dir: "/etc" }),
            || process::find("cat"),
        ] {
            let error = attempt(work).error;
            ensure(error != () && error.kind == "refused", "refused");
        }
        log::info(process::find("echo"));
    "#;
    let project = held("run: [\"echo\"]", body).file("echo", "#!/bin/sh\necho wrong\n");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(project.path("echo"), executable).unwrap();

    project
        .lexi("run t")
        .succeeds()
        .stdout("by path\nby name\n");
}

#[test]
fn a_program_that_a_task_may_write_is_none_that_it_may_run() {
    let project = held(
        "run: [\"bin/tool\"], write: [\"bin\"]",
        "process::run(\"bin/tool\", []);",
    )
    .file("bin/tool", "#!/bin/sh\n");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(project.path("bin/tool"), executable).unwrap();

    project
        .lexi("run t")
        .exits(1)
        .tells("bin/tool`, which it may write");
}

#[test]
fn machines_settings_and_tasks_are_named_one_by_one() {
    let body = r#"
        ensure(env::get("DB_PORT") == "5432", "granted");
        ensure(http::status("http://127.0.0.1:9/x") == 0, "granted, and nothing answers");
        ensure(task::run("other") == 7, "granted");
        for work in [
            || env::get("DB_HOST"),
            || env::get("DB_PASSWORD"),
            || env::all(),
            || env::has("REDIS_PASSWORD"),
            || http::get("http://127.0.0.1:10/"),
            || http::get("http://localhost:9/"),
            || task::run("third"),
            || parallel(["third"]),
        ] {
            let error = attempt(work).error;
            ensure(error != () && error.kind == "refused", "refused");
        }
    "#;
    let others = "task(\"other\", #{ about: \"Try\" }, || 7);\ntask(\"third\", #{ about: \"Try\" }, || 8);\n";

    held(
        "env: [\"DB_PORT\"], net: [\"127.0.0.1:9\"], tasks: [\"other\"]",
        body,
    )
    .task("others.rhai", others)
    .lexi("run t")
    .succeeds();
}

#[test]
fn a_star_does_not_stand_for_secrets() {
    let body = "print(env::all().len() > 0); print(env::get(\"DB_PASSWORD\"));";

    held("env: [\"*\"]", body)
        .env("DB_PASSWORD", "hunter2hunter2")
        .lexi("run t")
        .exits(1)
        .tells("may not read the secret `DB_PASSWORD`")
        .tells("`secrets: [\"DB_PASSWORD\"]`");
}

#[test]
fn a_need_has_its_own_permissions_and_a_helper_those_of_its_task() {
    let text = r#"import "lib/help" as help;
        task("first", #{ about: "Try", allow: #{ write: ["a"] } }, || fs::write("a", "x"));
        task("t", #{ about: "Try", needs: ["first"], allow: #{ read: ["a"] } }, || {
            print(help::look("a"));
            let error = attempt(|| help::store("a")).error;
            print(error.message);
        });
    "#;
    let help = "fn look(path) { fs::read(path) }\nfn store(path) { fs::write(path, \"y\") }\n";

    Project::new()
        .task("t.rhai", text)
        .task("lib/help.rhai", help)
        .lexi("run t")
        .succeeds()
        .stdout("x\ntask `t` may not write `a`\n");
}

#[test]
fn deferred_and_parallel_work_is_held_too() {
    let body = r#"
        defer(|| fs::write("late", "x"));
        parallel([|| attempt(|| fs::write("beside", "x")), || 1]);
        try { timeout("5s", || fs::write("timed", "x")); } catch {}
        try { retry(#{ times: 1 }, || fs::write("again", "x")); } catch {}
    "#;
    let project = held("read: [\".\"]", body);

    project.lexi("run t").exits(1).tells("may not write `late`");

    for file in ["late", "beside", "timed", "again"] {
        assert!(!project.path(file).exists(), "{file}");
    }
}

#[test]
fn show_tells_what_a_task_may_do() {
    held("read: [\"data\"], db: \"read\"", "1")
        .lexi("show t")
        .succeeds()
        .says("may only     read data, db read");
}

/// Tests that need servers.
mod services {
    use super::*;

    #[test]
    fn a_task_that_reads_the_database_cannot_change_it_however_it_tries() {
        let text = r#"
            task("make", #{ about: "Try" }, || { db::batch("create table a (x int); insert into a values (1);"); });
            task("t", #{ about: "Try", needs: ["make"], allow: #{ db: "read", write: ["."] } }, || {
                ensure(db::value("select count(*) from a") == 1, "it reads");
                ensure(db::copy_out("a", "a.csv").rows == 1, "it copies out");
                let tries = [
                    || db::exec("insert into a values (2)"),
                    || db::query("insert into a values (2) returning x"),
                    || db::exec("set transaction_read_only = off"),
                    || db::exec("set transaction read write"),
                    || db::query("select set_config('transaction_read_only', 'off', false)"),
                    || db::exec("begin read write"),
                    || db::exec("commit"),
                    || db::exec("select 1; commit; insert into a values (2)"),
                    || db::exec("do $$ begin commit; insert into a values (2); end $$"),
                    || db::exec("create temporary table b as select 1; drop table a"),
                    || db::copy_out("with b as (insert into a values (2) returning x) select * from b", "b.csv"),
                    || db::copy_out("select 1) to stdout; commit; insert into a values (2); copy (select 1", "b.csv"),
                    || db::transaction(|tx| tx.exec("insert into a values (2)")),
                    || db::transaction(|tx| { attempt(|| tx.exec("commit")); tx.exec("insert into a values (2)") }),
                    || db::transaction(|tx| tx.batch("commit; insert into a values (2)")),
                    || db::connect(#{}).exec("insert into a values (2)"),
                    || db::connect(#{}).batch("insert into a values (2)"),
                    || db::batch("insert into a values (2)"),
                    || db::copy_in("a", [[2]]),
                    || db::terminate(1),
                    || migrate::up(),
                ];
                for n in 0..tries.len() {
                    let outcome = attempt(tries[n]);
                    ensure(!outcome.ok, `try ${n} came through`);
                }
                // What is allowed alone must not open the door for what follows.
                attempt(|| db::exec("set default_transaction_read_only = off"));
                attempt(|| db::exec("set session characteristics as transaction read write"));
                attempt(|| db::query("select set_config('default_transaction_read_only', 'off', false)"));
                attempt(|| db::query("select set_config('standard_conforming_strings', 'off', false)"));
                let outcome = attempt(|| db::exec("insert into a values (3)"));
                ensure(!outcome.ok && outcome.error.sqlstate == "25006", "still read-only");
                ensure(db::transaction(|tx| tx.value("select count(*) from a")) == 1, "nothing changed");
            });
            task("after", #{ about: "Try", needs: ["t"] }, || db::exec("insert into a values (4)"));
        "#;

        Project::new()
            .postgres()
            .task("t.rhai", text)
            .lexi("run after")
            .succeeds();
    }

    #[test]
    fn a_file_to_generate_from_is_read_only_where_that_is_allowed() {
        held(
            "db: \"admin\", write: [\"migrations\"]",
            "migrate::generate(\"xx\", #{ from: \"/etc/passwd\" });",
        )
        .postgres()
        .lexi("run t")
        .exits(1)
        .tells("may not read `/etc/passwd`");
    }

    #[test]
    fn a_connection_elsewhere_needs_the_machine_too() {
        let body = "db::connect(#{ host: \"127.0.0.2\" });";

        held("db: \"read\"", body)
            .postgres()
            .lexi("run t")
            .exits(1)
            .tells("may not talk to `127.0.0.2:");
    }
}
