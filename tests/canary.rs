//! Secrets from every source, and everything that could show them: none does.
//!
//! Besides this file, every project of the harness has a secret in its environment: see [`crate::harness::canary`].

use crate::harness::{Outcome, Project, canary};

/// A secret in each source, all different.
const SOURCES: [(&str, &str); 6] = [
    ("API_TOKEN", "canary-1-dotenv-Q7x%/+"),
    ("MAIL_PASSWORD", "canary-2-profile-'\"$&"),
    ("SIGNING_SECRET", "canary-3-config-<Zz>"),
    ("DB_PASSWORD", "canary-4-docker-file"),
    ("SESSION_SECRET", "canary-5-own-file"),
    ("OUTER_TOKEN", "canary-6-environment"),
];

/// That nothing of what a command wrote is a secret.
#[track_caller]
fn hides_all(words: &str, done: &Outcome) {
    for (name, value) in SOURCES {
        assert!(
            !done.out.contains(value) && !done.err.contains(value),
            "{words}: {name}\n{}\n{}",
            done.out,
            done.err
        );
    }
}

fn project(body: &str) -> Project {
    let value = |name: &str| SOURCES.iter().find(|(other, _)| *other == name).unwrap().1;
    Project::new()
        .body(body)
        .file(
            "lexi.toml",
            &format!(
                "name = \"sample\"\n[settings]\nSIGNING_SECRET = '{}'\n",
                value("SIGNING_SECRET")
            ),
        )
        .file(
            ".env",
            &format!(
                "API_TOKEN={}\nSESSION_SECRET_FILE=session\n",
                value("API_TOKEN")
            ),
        )
        .file(
            ".env.dev",
            &format!(
                "MAIL_PASSWORD=\"{}\"\n",
                value("MAIL_PASSWORD")
                    .replace('"', "\\\"")
                    .replace('$', "\\$")
            ),
        )
        .file("run/secrets/db", &format!("{}\n", value("DB_PASSWORD")))
        .file("session", value("SESSION_SECRET"))
        .env("DB_PASSWORD_FILE", "run/secrets/db")
        .env("OUTER_TOKEN", value("OUTER_TOKEN"))
}

const NAMES: &str = "[\"API_TOKEN\", \"MAIL_PASSWORD\", \"SIGNING_SECRET\", \"DB_PASSWORD\", \"SESSION_SECRET\", \"OUTER_TOKEN\"]";

#[test]
fn every_source_is_read() {
    let body = format!("for name in {NAMES} {{ print(env::get(name).reveal().len()); }}");
    let lengths: Vec<String> = SOURCES
        .iter()
        .map(|(_, value)| format!("{}\n", value.len()))
        .collect();

    project(&body)
        .lexi("run t")
        .succeeds()
        .stdout(&lengths.concat());
}

#[test]
fn no_secret_is_shown_whatever_is_done_with_it() {
    let body = format!(
        r#"
        for name in {NAMES} {{
            let secret = env::get(name);
            let text = secret.reveal();
            print(secret); print(text); print(`<${{text}}>`); log::info(text); log::warn(text); ui::data(#{{ value: text }});
            debug(secret); print([secret, text].to_json());
            ui::table([#{{ name: name, value: text }}]);
            print(process::output("printf", ["%s", "plain"], #{{ env: #{{ X: secret }} }}));
            process::run("sh", ["-c", "printf '%s' \"$X\"; printf '%s' \"$X\" >&2"], #{{ env: #{{ X: secret }}, stream: true }});
            process::run("sh", ["-c", "printf '%s' \"$X\" | base64 -w0; printf '%s' \"$X\" | od -An -tx1 | tr -d ' \n'"], #{{ env: #{{ X: secret }}, stream: true }});
            process::run("sh", ["-c", "for i in 1 2 3 4 5 6; do printf '%s' \"$X\" | cut -c1-9 | tr -d '\n'; sleep 0.01; printf '%s\n' \"$X\" | cut -c10-; done"], #{{ env: #{{ X: secret }}, stream: true }});
            print(process::run("sh", ["-c", "echo \"$X\""], #{{ env: #{{ X: secret }} }}).stdout);
            let e = attempt(|| process::run("sh", ["-c", "echo \"$X\" >&2; exit 3"], #{{ env: #{{ X: secret }} }})).error;
            print(e); log::warn(e.message);
            print(attempt(|| http::get("http://127.0.0.1:1/?key=" + text)).error);
            print(attempt(|| fs::read("/no/such/" + text)).error);
        }}
        throw "failed with " + env::get("API_TOKEN").reveal();
    "#
    );
    let project = project(&body);

    for words in [
        "run t",
        "run t --json",
        "-vv run t",
        "--log json run t",
        "run t --color always",
    ] {
        let done = project.lexi(words).exits(1);
        hides_all(words, &done);
    }
    for words in [
        "env",
        "env --json",
        "history",
        "history show last",
        "history show last --json",
        "check",
        "show t",
        "explain t",
        "audit verify",
    ] {
        let done = project.lexi(words);
        hides_all(words, &done);
    }
    for (name, value) in SOURCES {
        let found = canary::files_holding(&project.path(".lexi"), value);
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

#[test]
fn a_secret_that_colours_split_does_not_become_whole_without_them() {
    let body = r#"
        process::run("sh", ["-c", "printf 'a canary-5\\033[31m-own-file\\033[0m\\nb canary-5\\000-own-file\\n'"], #{ stream: true });
        print("c canary-5\x1b[1m-own-file");
        throw "d";
    "#;
    let project = project(body);

    for words in ["run t", "--log json run t"] {
        let done = project.lexi(words).exits(1);
        assert!(!done.out.contains("-own-file"), "{words}: {}", done.out);
        assert!(!done.err.contains("-own-file"), "{words}: {}", done.err);
    }
    project
        .lexi("history show last --html page.html")
        .succeeds();

    assert!(!project.read("page.html").contains("-own-file"));
    let found = canary::files_holding(&project.path(".lexi"), "-own-file");
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_report_for_a_browser_holds_no_secret() {
    let project = project(
        "print(env::get(\"API_TOKEN\").reveal()); throw env::get(\"DB_PASSWORD\").reveal();",
    );
    project.lexi("run t").exits(1);

    project
        .lexi("history show last --html page.html")
        .succeeds();

    let page = project.read("page.html");
    for (name, value) in SOURCES {
        assert!(!page.contains(value), "{name}");
        assert!(
            canary::files_holding(&project.path(".lexi"), value).is_empty(),
            "{name}"
        );
    }
}

#[test]
fn a_settings_file_that_is_no_file_is_refused_at_once() {
    for name in [".env", ".env.dev"] {
        let project = Project::new().body("print(1);");
        let made = std::process::Command::new("mkfifo")
            .arg(project.path(name))
            .status()
            .unwrap();
        assert!(made.success());

        project
            .lexi("run t")
            .exits(2)
            .tells(&format!("cannot read `{name}`: it is not a file"));
    }
}

#[test]
fn a_secret_of_a_file_gives_way_to_one_that_is_set_and_must_be_there() {
    let body = "print(env::get(\"DB_PASSWORD\").reveal() == \"set-by-itself\"); print(env::origin(\"DB_PASSWORD\"));";
    let named = |path: &str| {
        Project::new()
            .body(body)
            .file("db", "from-the-file\n")
            .env("DB_PASSWORD_FILE", path)
    };

    named("db").lexi("run t").succeeds().stdout("false\ndb:1\n");
    named("db")
        .env("DB_PASSWORD", "set-by-itself")
        .lexi("run t")
        .succeeds()
        .stdout("true\nenvironment\n");
    named("nowhere")
        .lexi("run t")
        .exits(2)
        .tells("there is no file `nowhere`, which `DB_PASSWORD_FILE` names");
}
