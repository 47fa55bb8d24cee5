//! What the documents say holds: README's commands and its task, the function list, the settings' example.

use std::path::Path;

use crate::harness::Project;

pub(crate) fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The fenced blocks with this tag.
pub(crate) fn blocks(text: &str, tag: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.strip_prefix("```") == Some(tag) {
            found.push(
                lines
                    .by_ref()
                    .take_while(|line| *line != "```")
                    .collect::<Vec<_>>()
                    .join("\n"),
            );
        } else if line.starts_with("```") {
            lines
                .by_ref()
                .take_while(|line| *line != "```")
                .for_each(drop);
        }
    }
    found
}

#[test]
fn readme_opens_with_the_main_job_and_all_tests() {
    let shell = blocks(&document("README.md"), "sh");

    assert_eq!(shell[0], "cargo run --release -- run quick-start --yes");
    assert_eq!(shell[1], "tests/run");
    assert!(document(".ci/run").contains("\ntests/run\n"));
}

/// The commands in the documents' shell blocks and, in the quick reference, between back quotes.
fn commands() -> Vec<String> {
    let mut found = Vec::new();
    for name in ["README.md", "docs/operations.md"] {
        let lines = blocks(&document(name), "sh").join("\n");
        found.extend(lines.lines().map(str::to_owned));
    }
    let page = document("docs/quick-reference.md");
    found.extend(page.split('`').skip(1).step_by(2).map(str::to_owned));
    found
        .iter()
        .filter_map(|line| line.strip_prefix("lexi "))
        .map(|line| line.split('#').next().unwrap().trim().to_owned())
        .collect()
}

#[test]
fn every_command_and_option_that_the_documents_name_is_there() {
    let task = blocks(&document("README.md"), "rhai").remove(0);
    let project = Project::lexiflow().task("reports.rhai", &task);
    let commands = commands();
    assert!(commands.len() > 40);

    for command in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        let is_value =
            |at: usize| at > 0 && ["--profile", "--project", "--driver"].contains(&words[at - 1]);
        let is_name = |at: &usize| {
            !words[*at].starts_with('-')
                && words[*at] != "run"
                && words[*at] != "TASK"
                && !is_value(*at)
        };
        let Some(at) = (0..words.len()).find(is_name) else {
            continue;
        };
        let help = project.run(&["help", words[at]]).succeeds();
        let options = words[at..].iter().filter(|word| word.starts_with("--"));
        for option in options {
            let inner = words.get(at + 1).copied().unwrap_or_default();
            let of_inner = project.run(&[words[at], inner, "--help"]).out;
            let is_there = help.out.contains(option) || of_inner.contains(option);
            assert!(is_there, "{command}: no {option}");
        }
    }
}

#[test]
fn the_task_in_readme_passes_check_and_is_listed() {
    let task = blocks(&document("README.md"), "rhai").remove(0);
    let project = Project::lexiflow().task("reports.rhai", &task);

    project.lexi("check").succeeds();
    project.lexi("list").says("open-cases").says("Reports");
}

#[test]
fn the_list_of_functions_is_what_the_functions_say() {
    let made = lexi::script::docs::api();

    assert!(
        document("docs/api.md") == made,
        "docs/api.md is old: run `lexi docs`"
    );
}

#[test]
fn the_example_of_the_settings_is_read_as_it_is() {
    let example = document(".env.example");
    let project = Project::lexiflow().file(".env", &example);

    let settings = project.lexi("env").succeeds();

    settings
        .says("0 2 * * *")
        .says("LexiFlow <noreply@lexiflow.com>")
        .says("(.env:")
        .hides("dev_jwt");
}

#[test]
fn the_shipped_tasks_have_no_finding_and_each_says_what_it_does() {
    let project = Project::lexiflow();

    project.lexi("check").succeeds().tells("no mistakes found");
    let tasks = project.lexi("list --all --json").succeeds().json();
    for task in tasks.as_array().unwrap() {
        let has_examples = !task["examples"].as_array().unwrap().is_empty();
        assert!(has_examples || task["hidden"] == true, "{}", task["name"]);
        let about = task["about"].as_str().unwrap();
        assert!(
            !about.is_empty() && !about.ends_with('.'),
            "{}",
            task["name"]
        );
        for param in task["params"].as_array().unwrap() {
            assert_ne!(param["about"], "", "{} of {}", param["name"], task["name"]);
        }
    }
}

/// The texts of all sources and tests.
fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let walks = ["src", "tests"].map(|folder| walkdir::WalkDir::new(root.join(folder)));
    let files = walks
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().into_path());
    let scripts = files.filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    let texts: Vec<String> = scripts
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    texts.concat()
}

#[test]
fn every_test_that_the_list_of_faults_names_is_there() {
    let (list, sources) = (document("docs/design/faults.md"), sources());
    let names: Vec<&str> = list
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.matches('_').count() > 1 || *name == "memory_is_limited")
        .collect();

    assert!(names.len() > 30, "{names:?}");
    for name in names {
        assert!(sources.contains(&format!("fn {name}(")), "{name}");
    }
}
