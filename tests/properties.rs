//! What reads other people's text and files holds for any text and any file: random input, the same in each run.
//!
//! `tests/soak fuzz` tries for long; `tests/soak fuzz-coverage` looks for what is not reached (tests/fuzz).

use std::fs;
use std::path::Path;

use lexi::base::dotenv;
use lexi::base::redact::Redactor;
use lexi::ops::archive::{self, Limits};
use lexi::ops::database::split;
use lexi::ops::schedule::Line;
use lexi::ops::stack;
use lexi::script::{declaration, engine};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

/// So many cases, from a fixed seed; a hundred times as many where a soak asks for them.
fn cases(short: u32) -> Config {
    let is_soak = std::env::var("LEXI_SOAK").is_ok_and(|form| form == "full");
    let seed = std::env::var("LEXI_SOAK_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    Config {
        cases: if is_soak { short * 100 } else { short },
        rng_seed: RngSeed::Fixed(seed.unwrap_or(20_260_115)),
        failure_persistence: None,
        ..Config::default()
    }
}

/// Text in which what matters to a reader is frequent.
fn text_of(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => proptest::sample::select(words).prop_map(str::to_owned),
        2 => "[a-zA-Z0-9_ ]{0,8}",
        1 => any::<String>(),
    ];
    proptest::collection::vec(word, 0..30).prop_map(|words| words.concat())
}

fn dotenv_text() -> impl Strategy<Value = String> {
    text_of(&[
        "A=", "NAME", "=", "'", "\"", "\\", "\n", "\r\n", "#", " #", "export ", "$", "\0",
        "\u{feff}", " ",
    ])
}

fn sql_text() -> impl Strategy<Value = String> {
    text_of(&[
        ";",
        "'",
        "\"",
        "$$",
        "$a$",
        "--",
        "\n",
        "/*",
        "*/",
        "(",
        ")",
        "E'",
        "\\",
        "begin atomic",
        "end",
        "case",
        "select 1",
        "create function f() ",
        "\\.",
        "copy a from stdin;",
        "U&'",
        "::",
        "$1",
    ])
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn any_dotenv_is_read_or_refused_with_its_line(text in dotenv_text()) {
        let lines = text.matches('\n').count() + 1;
        match dotenv::parse(&text, ".env") {
            Ok(entries) => {
                for entry in entries {
                    prop_assert!((1..=lines).contains(&entry.line));
                    prop_assert!(!entry.name.is_empty() && !entry.value.contains('\0'));
                }
            }
            Err(error) => prop_assert!(error.message().starts_with(".env:")),
        }
    }

    #[test]
    fn a_value_that_is_quoted_comes_back(value in "[^\0\r]{0,40}", other in "[ -~&&[^'\"]]{0,20}") {
        let mut quoted = String::new();
        for c in value.chars() {
            match c {
                '\n' => quoted.push_str("\\n"),
                '"' | '\\' | '$' => quoted.extend(['\\', c]),
                c => quoted.push(c),
            }
        }
        let text = format!("A=\"{quoted}\"\nB='{other}'\n");

        let entries = dotenv::parse(&text, ".env").unwrap();

        prop_assert_eq!(&entries[0].value, &value);
        prop_assert_eq!(&entries[1].value, &other);
    }

    #[test]
    fn statements_are_in_order_and_split_no_further(text in sql_text()) {
        let Ok(statements) = split::split(&text) else {
            return Ok(());
        };
        let mut end = 0;
        for statement in &statements {
            prop_assert!(statement.range.start >= end);
            prop_assert_eq!(statement.text, &text[statement.range.clone()]);
            end = statement.range.end;
            let again = split::split(statement.text);
            prop_assert_eq!(again.unwrap().len(), 1);
        }
    }

    #[test]
    fn a_quoted_text_is_never_a_statement_of_its_own(text in sql_text(), tag in "[a-z]{1,3}") {
        prop_assume!(!text.contains(&format!("${tag}$")) && !text.contains('\0'));
        let single = text.replace('\'', "''");
        let double = text.replace('"', "\"\"");
        let sql = format!("select '{single}', 1; select ${tag}${text}${tag}$; select \"{double}\"; select 4");

        prop_assert_eq!(split::split(&sql).unwrap().len(), 4);
    }

    #[test]
    fn any_script_is_read_or_refused(text in text_of(&[
        "task(\"", "t\"", ", #{", " about: \"x\"", ", allow: #{ ", "read: [\"a\"]", "db: \"read\"", "net: [", "needs: [\"a\"]",
        "timeout: ", "params: #{", "n: #{ type: \"int\" }", "}", "}, |n| n);", ", || 1);", "[", "]", "1", "-", "\"", "//! x\n", "`${", "\n",
    ])) {
        if let Ok(ast) = engine::bare().compile(&text) {
            let found = declaration::read(&ast, "t.rhai", &text);
            for task in found.tasks {
                prop_assert!(declaration::is_task_name(&task.name));
            }
        }
    }

    #[test]
    fn any_cron_line_is_read_or_refused_and_goes_forward(
        fields in proptest::collection::vec(proptest::sample::select(vec![
            "*", "*/5", "0", "30", "2", "59", "60", "1-5", "5-1", "MON", "L", "5L", "FRI#2", "15W", "?", "JAN", "*/0", "-", ",",
            "1,2,x", "@daily", "@reboot", "31", "29", "é",
        ]), 0..8),
        zone in proptest::sample::select(vec![None, Some("Europe/Berlin"), Some("Australia/Lord_Howe"), Some("No/Where")]),
        start in 0_i64..4_000_000_000,
    ) {
        let Ok(line) = Line::parse(&fields.join(" "), zone) else {
            return Ok(());
        };
        let start = jiff::Timestamp::from_second(start).unwrap();
        if let Some(next) = line.next(start) {
            prop_assert!(next > start);
            prop_assert!(line.last(next).is_none_or(|last| last <= next), "{} {next}", line.text());
        }
    }

    #[test]
    fn no_secret_is_seen_in_any_encoding(
        secret in "[!-~]{8,32}",
        before in "[ -~]{0,40}",
        after in "[ -~]{0,40}",
    ) {
        let redactor = Redactor::default();
        redactor.add(&secret);
        for form in encodings(&secret, &before) {
            let text = format!("{before} {form} {after}");
            let masked = redactor.mask(&text);
            // What was asked about may be in the text around it too, by chance.
            prop_assert!(!masked.contains(&form), "{} in {}", form, masked);
        }
    }

    #[test]
    fn no_byte_of_secrets_that_overlap_is_seen(
        whole in "[a-c]{12,40}",
        cuts in (6_usize..12, 1_usize..6),
        before in "[x-z]{0,9}",
    ) {
        let redactor = Redactor::default();
        let (end, start) = cuts;
        redactor.add(&whole[..end]);
        redactor.add(&whole[start..]);

        let text = format!("{before}{whole}{before}");
        prop_assert_eq!(redactor.mask(&text), format!("{before}[secret]{before}"));
    }

    #[test]
    fn text_is_never_cut_inside_a_secret(
        secret in "[a-zé]{8,24}",
        before in "[x-z\n ]{1,60}",
        after in "[x-z\n ]{250,400}",
        at in 1_usize..400,
    ) {
        let redactor = Redactor::default();
        redactor.add(&secret);
        let text = format!("{before}{secret}{after}");
        let at = text.ceil_char_boundary(at.min(text.len() - 1));

        let cut = text.floor_char_boundary(redactor.cut(text.as_bytes(), at));

        prop_assert!(cut <= at.max(1));
        let shown = format!("{}{}", redactor.mask(&text[..cut]), redactor.mask(&text[cut..]));
        prop_assert!(!shown.contains(&secret));
    }
}

/// As people and programs write a secret down.
fn encodings(secret: &str, before: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let hex = |upper: bool| -> String {
        let digit = |byte: u8| {
            if upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            }
        };
        secret.bytes().map(digit).collect()
    };
    let percent: String = secret
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let json = serde_json::to_string(secret).unwrap();
    // The middle of an encoded text, which is what stands for the secret alone.
    let inner = |whole: String, skip: usize| {
        let start = (skip * 8).div_ceil(6);
        let end = ((skip + secret.len()) * 8) / 6;
        whole[start..end].to_owned()
    };
    let each = |form: &dyn Fn(char) -> String| -> String { secret.chars().map(form).collect() };
    let around = format!("{before}{secret}{before}");
    vec![
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        percent,
        hex(false),
        hex(true),
        inner(STANDARD.encode(&around), before.len()),
        inner(URL_SAFE_NO_PAD.encode(&around), before.len()),
        secret.replace('\'', "'\\''"),
        secret.replace('\'', "'\"'\"'"),
        secret.replace('"', "\"\""),
        each(&|c| format!("&#{};", u32::from(c))),
        each(&|c| format!("\\u{:04x}", u32::from(c))),
        each(&|c| format!("%{:02x}", u32::from(c))),
        each(&|c| format!("{c}\u{1b}[0m")),
    ]
}

/// Any JSON, with the keys of a service frequent.
fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9:/.${}-]{0,12}".prop_map(Value::from),
        proptest::sample::select(vec![
            "8080:80",
            "127.0.0.1:1-3:1-3/udp",
            "10s",
            "64m",
            "./a:/b:ro",
            "unless-stopped"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let key = prop_oneof![
            3 => proptest::sample::select(vec![
                "image", "ports", "volumes", "environment", "command", "healthcheck", "test", "interval", "depends_on",
                "secrets", "build", "networks", "deploy", "ulimits", "configs", "sysctls", "tmpfs", "labels", "user",
            ]).prop_map(str::to_owned),
            1 => "[a-z_]{1,8}",
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn any_service_is_read_or_refused_by_name(service in json(), image in any::<bool>()) {
        let mut service = service;
        if let (true, Some(map)) = (image, service.as_object_mut()) {
            map.insert("image".to_owned(), "postgres:15".into());
        }
        let all = serde_json::Map::from_iter([("web".to_owned(), service)]);

        if let Err(error) = stack::parse::parse(all) {
            prop_assert!(error.message().contains("web"), "{}", error.message());
        }
    }

    #[test]
    fn no_archive_writes_beside_its_folder(
        entries in proptest::collection::vec((entry_name(), entry_name(), 0_u8..8), 1..6),
        damage in proptest::collection::vec((0_usize..4096, any::<u8>()), 0..4),
        compressed in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a/b");
        fs::create_dir_all(&root).unwrap();
        let mut bytes = tar_of(&entries);
        for (at, byte) in damage {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        let name = if compressed { "x.tgz" } else { "x.tar" };
        fs::write(root.join(name), bytes).unwrap();

        let limits = Limits { bytes: 1 << 20, ..Limits::default() };
        let outcome = archive::unpack(&root.join(name), &root.join("out"), limits, &lexi::base::Cancel::root());

        let names = |folder: &Path| -> Vec<String> {
            let all = fs::read_dir(folder).unwrap();
            let mut names: Vec<_> = all.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        prop_assert_eq!(names(dir.path()), vec!["a"]);
        prop_assert_eq!(names(&dir.path().join("a")), vec!["b"]);
        let expected = if outcome.is_ok() { vec!["out", name] } else { vec![name] };
        prop_assert_eq!(names(&root), expected);
        if outcome.is_ok() {
            for link in links(&root.join("out")) {
                let leads = link.parent().unwrap().join(fs::read_link(&link).unwrap());
                // Where it leads to nothing, the last part that is there counts.
                let place = leads.ancestors().find_map(|part| part.canonicalize().ok()).unwrap();
                prop_assert!(place.starts_with(root.join("out").canonicalize().unwrap()), "{}", place.display());
            }
        }
    }
}

fn entry_name() -> impl Strategy<Value = String> {
    let part = proptest::sample::select(vec![
        "a", "b", "..", ".", "", "link", "/etc", "tmp", "é", "a\\b", "-x",
    ]);
    // Links that go up lead out together sooner than by chance.
    let linked = proptest::sample::select(vec!["a/b/link", "a/b/link/..", "../..", "a", "b"]);
    prop_oneof![
        proptest::collection::vec(part, 1..5).prop_map(|parts| parts.join("/")),
        linked.prop_map(str::to_owned),
    ]
}

/// An archive of these entries, written as they are.
fn tar_of(entries: &[(String, String, u8)]) -> Vec<u8> {
    const KINDS: &[u8; 8] = b"00051235";
    let mut builder = tar::Builder::new(Vec::new());
    for (name, link, kind) in entries {
        let mut header = tar::Header::new_gnu();
        let fit = |text: &str| text.as_bytes()[..text.len().min(99)].to_vec();
        let (name, link) = (fit(name), fit(link));
        header.as_mut_bytes()[..name.len()].copy_from_slice(&name);
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(&link);
        header.set_entry_type(tar::EntryType::new(KINDS[usize::from(*kind)]));
        header.set_mode(0o644);
        header.set_size(3);
        header.set_cksum();
        builder.append(&header, &b"abc"[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Every link below a folder.
fn links(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            found.push(entry.path());
        } else if kind.is_dir() {
            found.extend(links(&entry.path()));
        }
    }
    found
}
