//! Every function documents itself, and every example of the documentation runs.

use lexi::script::api::{Api, Signature, section};
use lexi::script::engine;

use crate::harness::Project;

/// The functions that `lexi` itself provides, with their documentation.
fn own_functions() -> Vec<(String, Signature)> {
    let api = Api::of(&engine::bare());
    let own = api.iter().filter(|(name, _)| is_own(name));
    own.flat_map(|(name, forms)| forms.iter().map(|form| (name.to_owned(), form.clone())))
        .collect()
}

/// Namespaced functions, and the nameless ones that steer what runs.
fn is_own(name: &str) -> bool {
    const FLOW: [&str; 7] = [
        "timeout",
        "retry",
        "attempt",
        "parallel",
        "parallel_map",
        "defer",
        "ensure",
    ];
    name.contains("::") || FLOW.contains(&name)
}

/// The fenced block under `# Example`, with what follows the fence's backticks.
fn example(docs: &str) -> Option<(String, String)> {
    let lines: Vec<&str> = section(docs, "Example").collect();
    let start = lines.iter().position(|line| line.starts_with("```"))?;
    let end = lines[start + 1..]
        .iter()
        .position(|line| line.starts_with("```"))?;
    let tag = lines[start].trim_start_matches('`').trim().to_owned();
    Some((tag, lines[start + 1..start + 1 + end].join("\n")))
}

#[test]
fn every_function_is_documented_with_parameters_and_an_example() {
    let mut missing = Vec::new();
    let functions = own_functions();
    for (name, form) in &functions {
        if form
            .docs
            .lines()
            .next()
            .is_none_or(|line| line.trim().is_empty())
        {
            missing.push(format!("{name}{}: no summary", form.shown()));
        }
        if example(&form.docs).is_none() {
            missing.push(format!("{name}{}: no example", form.shown()));
        }
        let documented: Vec<&str> = section(&form.docs, "Parameters").collect();
        for (param, _) in &form.params {
            if !documented
                .iter()
                .any(|line| line.trim().starts_with(&format!("- `{param}`")))
            {
                missing.push(format!(
                    "{name}{}: parameter `{param}` is not explained",
                    form.shown()
                ));
            }
        }
    }
    assert!(functions.len() > 5);
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Runs the examples whose fence has this tag, each in a project of its own.
#[track_caller]
fn run_examples(wanted: &str, project: impl Fn() -> Project) {
    let (mut failed, mut count) = (Vec::new(), 0);
    for (name, form) in own_functions() {
        let Some((tag, code)) = example(&form.docs) else {
            continue;
        };
        if tag != wanted {
            continue;
        }
        count += 1;
        let outcome = project().body(&code).run(&["run", "t", "--yes"]);
        if outcome.code != Some(0) {
            failed.push(format!("{name}{}\n{code}\n{}", form.shown(), outcome.err));
        }
    }
    assert!(count > 0, "no example is tagged {wanted:?}");
    assert!(
        failed.is_empty(),
        "{} of {count} fail:\n{}",
        failed.len(),
        failed.join("\n---\n")
    );
}

#[test]
fn every_example_that_needs_no_server_runs() {
    run_examples("", Project::new);
}

/// Tests that need servers.
mod services {
    use super::*;

    #[test]
    fn every_example_that_needs_postgres_runs() {
        run_examples("postgres", || Project::new().postgres());
    }

    #[test]
    fn every_example_that_needs_an_engine_runs() {
        run_examples("docker", || Project::new().docker());
    }

    #[test]
    fn every_example_that_needs_redis_runs() {
        run_examples("redis", || Project::new().redis());
    }
}

#[test]
fn no_fence_has_an_unknown_tag() {
    let tags = ["", "postgres", "redis", "servers", "docker"];
    for (name, form) in own_functions() {
        if let Some((tag, _)) = example(&form.docs) {
            assert!(tags.contains(&tag.as_str()), "{name}: ```{tag}");
        }
    }
}
