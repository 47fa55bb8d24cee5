//! What production does not let happen: weak settings, and what destroys data without the database's name. One table each.

use std::os::unix::fs::PermissionsExt;

use crate::harness::Project;

/// Settings with which production may start, apart from the certificate.
const GOOD: [(&str, &str); 7] = [
    ("DB_DATABASE", "cases"),
    ("DB_USERNAME", "keeper-of-all-cases"),
    ("DB_PASSWORD", "uB7xQ2mK9sWv4LzTDB"),
    ("REDIS_PASSWORD", "uB7xQ2mK9sWv4LzTRD"),
    ("JWT_SECRET", "uB7xQ2mK9sWv4LzTJW"),
    ("SESSION_SECRET", "uB7xQ2mK9sWv4LzTSE"),
    ("DB_SSL", "true"),
];

/// LexiFlow with these settings of production in the place of good ones, readable by its owner alone.
fn with(changed: &[(&str, &str)]) -> Project {
    let project = Project::lexiflow();
    let value = |(name, good): &(&str, &str)| {
        let found = changed.iter().find(|(other, _)| other == name);
        format!("{name}={}\n", found.map_or(*good, |(_, value)| value))
    };
    let more = changed
        .iter()
        .filter(|(name, _)| !GOOD.iter().any(|(known, _)| known == name));
    let lines: String = GOOD
        .iter()
        .map(value)
        .chain(more.map(|(name, value)| format!("{name}={value}\n")))
        .collect();
    project.write(".env.prod", &lines);
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(project.path(".env.prod"), private).unwrap();
    for name in ["server.crt", "server.key"] {
        project.write(&format!(".lexi/tls/{name}"), "");
    }
    project
}

#[test]
fn production_names_each_weak_setting_and_its_remedy() {
    let cases: [(&str, &str, &str); 26] = [
        (
            "DB_DATABASE",
            "",
            "DB_DATABASE is not set: set it in .env.prod",
        ),
        ("DB_USERNAME", "", "DB_USERNAME is not set"),
        (
            "DB_PASSWORD",
            "",
            "DB_PASSWORD is not set: set a new one: openssl rand -base64 36",
        ),
        (
            "DB_PASSWORD",
            "postgres",
            "DB_PASSWORD is one that everybody knows",
        ),
        (
            "DB_PASSWORD",
            "ChangeMe",
            "DB_PASSWORD is one that everybody knows",
        ),
        (
            "DB_PASSWORD",
            "dev_0123456789abcdef",
            "DB_PASSWORD is one that everybody knows",
        ),
        (
            "DB_PASSWORD",
            "short-password",
            "DB_PASSWORD is shorter than 16 characters",
        ),
        (
            "DB_PASSWORD",
            "abababababababababab",
            "DB_PASSWORD repeats a few characters",
        ),
        (
            "DB_PASSWORD",
            "Keeper-of-all-cases",
            "DB_PASSWORD is the same as DB_USERNAME",
        ),
        (
            "DB_PASSWORD",
            "passwordpassword",
            "DB_PASSWORD is a shorter text several times",
        ),
        (
            "REDIS_PASSWORD",
            "changemechangeme",
            "REDIS_PASSWORD is a shorter text several times",
        ),
        (
            "REDIS_PASSWORD",
            "x8Lq2-x8Lq2-x8Lq2",
            "REDIS_PASSWORD is a shorter text several times",
        ),
        (
            "JWT_SECRET",
            "1234567890123456",
            "JWT_SECRET is mostly a row of the alphabet",
        ),
        (
            "JWT_SECRET",
            "QWERTYUIOPasdfgh",
            "JWT_SECRET is mostly a row of the alphabet",
        ),
        (
            "JWT_SECRET",
            "0123456789abcdefXY",
            "JWT_SECRET is mostly a row of the alphabet",
        ),
        (
            "DB_PASSWORD",
            "LexiFlow_Password-2026!",
            "DB_PASSWORD is one that everybody knows, with little more",
        ),
        (
            "DB_PASSWORD",
            "password123456789012",
            "DB_PASSWORD is one that everybody knows, with little more",
        ),
        (
            "SESSION_SECRET",
            "uB7xQ2mK9sWv4LzTJW",
            "SESSION_SECRET is the same as JWT_SECRET: set a new one: openssl rand -base64 36",
        ),
        (
            "DB_SSL_REJECT_UNAUTHORIZED",
            "false",
            "DB_SSL_REJECT_UNAUTHORIZED is false: whoever is between could pass for the database: set it to true",
        ),
        (
            "DB_SSL_REJECT_UNAUTHORIZED",
            "0",
            "DB_SSL_REJECT_UNAUTHORIZED is false",
        ),
        ("REDIS_PASSWORD", "", "REDIS_PASSWORD is not set"),
        (
            "JWT_SECRET",
            "secret",
            "JWT_SECRET is one that everybody knows",
        ),
        (
            "SESSION_SECRET",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "SESSION_SECRET repeats a few characters",
        ),
        ("DB_SSL", "false", "DB_SSL is not true"),
        (
            "DB_SYNCHRONIZE",
            "true",
            "DB_SYNCHRONIZE lets the application change the schema",
        ),
        (
            "SMTP_PASSWORD",
            "ab1",
            "SMTP_PASSWORD is shorter than 6 characters, too short to be masked",
        ),
    ];
    for (name, value, told) in cases {
        with(&[(name, value)])
            .lexi("--profile prod run up")
            .exits(1)
            .tells(told)
            .tells("things are missing or weak");
    }
}

#[test]
fn production_takes_secrets_as_programs_make_them() {
    // Of `openssl rand` as base64 and as hexadecimal, of a password manager, and of words.
    for secret in [
        "q1K5uSxYb0qTIM4nl7cWmZ2XcqH8/rvA9dGfE3oLJtPw6yBk",
        "9f2c4e81b07d3a65",
        "test-9f2c4e81b07d3a65",
        "ev5!Gk-pR_2wZ.tQ",
        "correct horse battery staple",
    ] {
        with(&[("SESSION_SECRET", secret), ("DB_DATABASE", "")])
            .lexi("--profile prod run up")
            .exits(1)
            .tells("DB_DATABASE is not set")
            .tells("1 things are missing or weak");
    }
}

#[test]
fn production_refuses_settings_that_others_can_read() {
    let project = with(&[]);
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(project.path(".env.prod"), mode).unwrap();

    project
        .lexi("--profile prod run up")
        .exits(1)
        .tells(".env.prod can be read by others than its owner: chmod 600 .env.prod");
}

#[test]
fn a_task_of_ones_own_starts_nothing_open_in_production() {
    let cases = [
        (
            "redis: #{ native: \"redis\" }",
            "service redis is Redis without a password: set REDIS_PASSWORD",
        ),
        (
            "web: #{ image: \"x\", ports: [\"0.0.0.0:80:80\"] }",
            "service web can be reached from other machines: port 80 on 0.0.0.0: publish it on 127.0.0.1",
        ),
    ];
    for (service, told) in cases {
        for verb in ["stack::up", "stack::restart"] {
            let start = |options: &str| format!("{verb}(#{{ {service} }}{options});");
            let project = Project::new().body(&start(""));

            project
                .lexi("--profile prod run t")
                .exits(1)
                .tells("profile prod must not start")
                .tells(told)
                .tells(&format!("{verb}(services, #{{ risks: \"accept\" }})"));
            assert!(!project.path(".lexi/native").exists());
            project
                .lexi("--profile test --driver native run t --dry-run")
                .succeeds();
            project.body_of("t", &start(", #{ risks: \"accept\" }"));
            project
                .lexi("--profile prod --driver native run t --dry-run")
                .succeeds();
        }
    }
}

/// Who has said what, and how a verb that destroys data takes it without anybody to ask.
const SAID: [(&str, bool); 5] = [
    ("", false),
    ("--yes", false),
    ("--confirm other", false),
    ("--yes --confirm other", false),
    ("--yes --confirm cases", true),
];

#[test]
fn no_primitive_destroys_production_without_its_name() {
    let verbs = [
        "db::drop(\"cases\", #{})",
        "db::rename(\"cases\", \"old\")",
        "db::exec(\"drop database cases\")",
        "db::batch(\"select 1; drop schema public cascade; create schema public\")",
        "stack::down(#{ volumes: true })",
        "migrate::revert(#{ steps: 1 })",
    ];
    for verb in verbs {
        let project = Project::new()
            .body(&format!("{verb};"))
            .env("DB_DATABASE", "cases")
            .env("DB_USERNAME", "keeper")
            .env("DB_PASSWORD", "uB7xQ2mK9sWv4LzTDB")
            .env("DB_PORT", "1");
        for profile in ["dev", "test", "prod"] {
            for (said, may) in SAID {
                let done = project.lexi(&format!("--profile {profile} run t {said}"));
                // What is let through fails later, since no server is here; stopping nothing succeeds.
                let is_refused = done.err.contains("--confirm cases");
                assert_eq!(
                    is_refused,
                    profile == "prod" && !may,
                    "{verb} {profile} {said}\n{}",
                    done.err
                );
            }
        }
    }
}

#[test]
fn no_declared_destroyer_runs_without_the_name_in_any_profile() {
    let task = "task(\"t\", #{ about: \"Try\", destructive: true, confirm: \"all is lost\" }, || print(\"gone\"));";
    for profile in ["dev", "test", "prod"] {
        let project = Project::new()
            .task("t.rhai", task)
            .env("DB_DATABASE", "cases");
        for (said, may) in SAID {
            let done = project.lexi(&format!("--profile {profile} run t {said}"));
            let expected = if may {
                (Some(0), "gone\n")
            } else {
                (Some(2), "")
            };
            assert_eq!(
                (done.code, done.out.as_str()),
                expected,
                "{profile} {said}\n{}",
                done.err
            );
        }
        for (typed, may) in [("yes\r", false), ("other\r", false), ("cases\r", true)] {
            let mut terminal =
                project.terminal(&["--profile", profile, "run", "t", "--yes"], (80, 24));
            terminal.shows("type `cases` to go on: ");
            terminal.types(typed);
            assert_eq!(terminal.ends(), i32::from(!may), "{profile} {typed:?}");
        }
    }
}
