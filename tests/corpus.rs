//! Scripts with one mistake each: `check` finds it at the line that ends with `//~ RULE`, and nothing else.
//!
//! A folder for each rule; its files are task files, those called `lib_NAME.rhai` are libraries `lib/NAME`. All of them can
//! import what is in `lib/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::harness::Project;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/check")
}

/// The entries of a folder, sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(folder).unwrap();
    let mut found: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// The line and rule that a script says about itself; none for the other end of an import cycle, which is told once.
fn expected(text: &str) -> Option<(u64, String)> {
    let marked = (1..).zip(text.lines());
    let mut marks = marked.filter_map(|(at, line)| Some((at, line.split_once("//~ ")?.1)));
    let (at, rule) = marks.next()?;
    assert!(marks.next().is_none(), "one mark only: {text}");
    Some((at, rule.to_owned()))
}

type Findings = BTreeMap<String, Vec<(u64, String)>>;

/// What `check` finds in the scripts of one folder, and what it should find.
fn found_and_expected(folder: &Path) -> (Findings, Findings) {
    let mut project = Project::new();
    for library in entries(&corpus().join("lib")) {
        let text = std::fs::read_to_string(&library).unwrap();
        project = project.task(&format!("lib/{}", name(&library)), &text);
    }
    let mut expectations = Findings::new();
    for script in entries(folder) {
        let text = std::fs::read_to_string(&script).unwrap();
        let file = match name(&script).strip_prefix("lib_") {
            Some(library) => format!("lib/{library}"),
            None => name(&script).to_owned(),
        };
        if let Some(expected) = expected(&text) {
            expectations.insert(format!("tasks/{file}"), vec![expected]);
        }
        project = project.task(&file, &text);
    }
    let mut findings = Findings::new();
    for found in project.lexi("check --json").json().as_array().unwrap() {
        let file = found["place"]["file"].as_str().unwrap().to_owned();
        let line = found["place"]["line"].as_u64().unwrap();
        let rule = found["rule"].as_str().unwrap().to_owned();
        let source = found["source"].as_str().unwrap();
        assert_eq!(
            source,
            project
                .read(&file)
                .lines()
                .nth(usize::try_from(line).unwrap() - 1)
                .unwrap_or_default()
        );
        findings.entry(file).or_default().push((line, rule));
    }
    (findings, expectations)
}

#[test]
fn every_planted_mistake_is_found_at_its_line_and_nothing_else_is() {
    let mut count = 0;
    for folder in entries(&corpus()) {
        if name(&folder) == "lib" {
            continue;
        }
        let (found, expected) = found_and_expected(&folder);
        count += expected.len();
        assert_eq!(found, expected, "{}", folder.display());
    }
    assert!(count >= 200, "{count} scripts");
}
