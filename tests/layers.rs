//! The dependency rule: a layer uses only those below it.

use std::path::{Path, PathBuf};

const LAYERS: [&str; 5] = ["cli", "script", "host", "ops", "base"];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn no_layer_uses_one_above_it() {
    let mut found = Vec::new();
    let mut looked_at = 0;
    for (at, layer) in LAYERS.iter().enumerate() {
        for file in rust_files(&source().join(layer)) {
            let text = std::fs::read_to_string(&file).unwrap();
            looked_at += 1;
            for above in &LAYERS[..at] {
                if text.contains(&format!("crate::{above}::"))
                    || text.contains(&format!("crate::{above};"))
                {
                    found.push(format!("{} uses {above}", file.display()));
                }
            }
        }
    }
    assert!(looked_at > 20, "the layers have moved");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_layer_keeps_away_from_what_is_not_its_own() {
    let forbidden = [
        ("base", ["tokio::", "rhai::", "clap::"].as_slice()),
        (
            "ops",
            ["rhai::", "clap::", "println!", "eprintln!"].as_slice(),
        ),
        ("host", ["clap::", "println!", "eprintln!"].as_slice()),
        ("script", ["clap::", "println!", "eprintln!"].as_slice()),
    ];
    let mut found = Vec::new();
    for (layer, words) in forbidden {
        for file in rust_files(&source().join(layer)) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for (number, line) in code.enumerate() {
                for word in words.iter().filter(|word| line.contains(**word)) {
                    found.push(format!("{}:{}: {word}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// A path that a script gives is looked at before it is used: `permit::read` or `permit::write`, never the project's own.
#[test]
fn a_host_function_takes_no_path_past_the_permit() {
    let mut found = Vec::new();
    for file in rust_files(&source().join("host")) {
        if file.starts_with(source().join("host/permit")) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| line.contains("project().path(")) {
            // A path that `lexi` itself knows stands there as text; a folder of backups and a program's are looked at later.
            let is_known = line.contains(".path(\"")
                || line.contains(".path(folder)")
                || line.contains(".path(dir)")
                || line.contains("let path = Host::of(&ctx).project().path(path);");
            if !is_known {
                found.push(format!("{}: {}", file.display(), line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
