//! `lexi init`: a new project, and what a folder lacks to be one.

use std::process::Command;

use crate::harness::Project;

/// A folder without a project.
fn empty() -> Project {
    let project = Project::new();
    std::fs::remove_file(project.path("lexi.toml")).unwrap();
    project
}

/// Every file below a folder of the project with its text, but for what the tool itself keeps.
fn files(project: &Project, folder: &str) -> Vec<(String, String)> {
    let root = project.path(folder);
    let walk = walkdir::WalkDir::new(&root).sort_by_file_name();
    let entries = walk.into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    let named = files.map(|entry| {
        let name = entry.path().strip_prefix(&root).unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        (name.display().to_string(), text)
    });
    named
        .filter(|(name, _)| !name.starts_with(".lexi"))
        .collect()
}

#[test]
fn a_new_project_has_a_task_that_runs() {
    let project = empty();

    project
        .lexi("init firm")
        .succeeds()
        .tells("made lexi.toml")
        .tells("made tasks/hello.rhai")
        .tells("next: cd firm && lexi list");

    let project = project.here("firm");
    project.lexi("check").succeeds().tells("no mistakes");
    project
        .lexi("list")
        .succeeds()
        .says("hello  Greet somebody");
    project
        .lexi("hello Ann --times 2")
        .succeeds()
        .stdout("hello Ann\nhello Ann\n");
    project
        .lexi("env DB_DATABASE")
        .succeeds()
        .says("firm_dev  (lexi.toml [profile.dev])");
    for file in [".gitignore", ".env.example", ".vscode/extensions.json"] {
        assert!(project.path(&format!("firm/{file}")).is_file(), "{file}");
    }
}

#[test]
fn a_second_time_there_is_nothing_to_do() {
    let project = empty();
    let _first = project.lexi("init").succeeds();
    let before = files(&project, ".");

    project
        .lexi("init")
        .succeeds()
        .tells("nothing to do: all 7 files are there");

    assert_eq!(files(&project, "."), before);
}

#[test]
fn what_is_there_is_kept_and_named() {
    let project = Project::new()
        .file(".gitignore", "/target\n/.lexi/")
        .file(".env.example", "MINE=1\n")
        .file(".vscode/settings.json", "{}\n")
        .body("print(1);");

    project
        .lexi("init")
        .succeeds()
        .tells("kept lexi.toml, which is there")
        .tells("kept .env.example, which is there")
        .tells("kept .vscode/settings.json, which is there")
        .tells("added to .gitignore: /backups, .env, .env.*, !.env.example")
        .hides("hello.rhai");

    assert_eq!(project.read("lexi.toml"), "name = \"sample\"\n");
    assert_eq!(project.read(".env.example"), "MINE=1\n");
    assert_eq!(project.read(".vscode/settings.json"), "{}\n");
    assert_eq!(
        project.read(".gitignore"),
        "/target\n/.lexi/\n/backups\n.env\n.env.*\n!.env.example\n"
    );
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let project = empty().file(".gitignore", "/target\n");

    project
        .lexi("init --dry-run")
        .succeeds()
        .tells("would make lexi.toml")
        .tells("would add to .gitignore: /.lexi");
    let plan = project.lexi("init new --dry-run --json").succeeds().json();

    assert_eq!(plan["made"][1], "lexi.toml");
    let there = files(&project, ".");
    assert_eq!(there, [(".gitignore".to_owned(), "/target\n".to_owned())]);
    assert!(!project.path("new").exists() && !project.path(".lexi").exists());
}

#[test]
fn a_folder_in_another_project_has_to_be_named() {
    let project = Project::new().here("inner");

    project
        .lexi("init")
        .exits(2)
        .tells("this folder is in the project")
        .tells("lexi init .");
    assert!(files(&project, "inner").is_empty());

    project
        .lexi("init .")
        .succeeds()
        .tells("is a project too; commands typed in");
    project.lexi("list").succeeds().says("hello");
}

#[test]
fn what_is_in_the_way_is_found_before_anything_is_written() {
    let project = empty().file("tasks", "a file\n");
    project
        .lexi("init")
        .exits(2)
        .tells("tasks` is no folder; nothing was done");
    assert_eq!(files(&project, ".").len(), 1);

    project.lexi("init tasks").exits(2).tells("is a file");
    let project = empty();
    std::fs::create_dir(project.path(".gitignore")).unwrap();
    project.lexi("init").exits(1).tells("cannot read");
    assert!(files(&project, ".").is_empty());
}

#[test]
fn a_link_that_leads_nowhere_is_there() {
    let project = empty();
    std::os::unix::fs::symlink("elsewhere", project.path("lexi.toml")).unwrap();
    std::fs::create_dir(project.path("tasks")).unwrap();

    let _refused = project.lexi("init");

    assert!(!project.path("elsewhere").exists());
}

#[test]
fn lexiflow_comes_whole() {
    let project = empty();

    project
        .lexi("init law --with-lexiflow")
        .succeeds()
        .tells("made migrations/ (")
        .tells("made seeds/ (")
        .tells("next: cd law && lexi run quick-start");

    let own = Project::lexiflow();
    for folder in ["tasks", "migrations", "seeds", "sql"] {
        let there = files(&project, &format!("law/{folder}"));
        assert_eq!(there, files(&own, folder), "{folder}");
    }
    let project = project.here("law");
    project.lexi("check").succeeds().tells("no mistakes");
    project.lexi("init --with-lexiflow").tells("nothing to do");
}

#[test]
fn lexiflow_in_a_project_with_settings_of_its_own_says_so() {
    Project::new()
        .lexi("init --with-lexiflow")
        .succeeds()
        .tells("kept lexi.toml")
        .tells("`lexi.toml` is not LexiFlow's");
}

#[test]
fn the_problem_matcher_reads_what_check_finds() {
    let project = empty();
    let _made = project.lexi("init").succeeds();
    project.write(
        "tasks/bad.rhai",
        "task(\"bad\", #{ about: \"a \\\"b\\\"\", abuot: 1 }, || { lgo::info(\"x\"); });\n",
    );
    let tasks: serde_json::Value =
        serde_json::from_str(&project.read(".vscode/tasks.json")).unwrap();
    let matcher = &tasks["tasks"][0]["problemMatcher"]["pattern"];
    let found = project.lexi("check --json").exits(1);

    // The same syntax as a browser's, for what is used of it.
    project.write("found", &found.out);
    let matching = Command::new("grep")
        .args(["-cP", matcher["regexp"].as_str().unwrap(), "found"])
        .current_dir(project.root())
        .output()
        .unwrap();

    let count = String::from_utf8(matching.stdout).unwrap();
    let findings = found.json().as_array().unwrap().len();
    assert_eq!(count.trim(), findings.to_string(), "{}", found.out);
    assert!(findings >= 2);
}

#[test]
fn definitions_are_there_and_check_keeps_them_current() {
    let project = empty();
    let _made = project.lexi("init").succeeds();
    let current = lexi::script::definitions::files();
    let read = |name: &str| project.read(&format!(".lexi/definitions/{name}"));
    for (name, text) in &current {
        assert_eq!(&read(name), text, "{name}");
    }

    project.write(".lexi/definitions/fs.d.rhai", "module fs;\n");
    project.write(".lexi/definitions/gone.d.rhai", "module gone;\n");
    let _checked = project.lexi("check").succeeds();

    for (name, text) in &current {
        assert_eq!(&read(name), text, "{name}");
    }
    assert!(!project.path(".lexi/definitions/gone.d.rhai").exists());
}

/// Tests that need servers.
mod services {
    use super::*;
    use crate::documents::{blocks, document};
    use crate::harness::{Endpoint, free_port};

    #[test]
    fn the_main_job_and_the_task_in_readme_run_in_a_new_project() {
        let project = empty();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(project.root(), open).unwrap();
        let _made = project.lexi("init law --with-lexiflow").succeeds();
        let ports = format!("DB_PORT={}\nREDIS_PORT={}\n", free_port(), free_port());
        project.write("law/.env.dev", &ports);
        let project = project.here("law");

        let started = project.lexi("run quick-start --yes");
        let count = project.run(&[
            "run",
            "shell-db",
            "--",
            "-Atc",
            "select count(*) from users",
        ]);
        let task = blocks(&document("README.md"), "rhai").remove(0);
        project.write("law/tasks/reports.rhai", &task);
        let endpoint = Endpoint::new();
        let posted = project.run(&["run", "open-cases", &endpoint.url, "--limit", "3"]);
        let _ended = project.lexi("run down");

        started.succeeds().tells("backup");
        count.succeeds().says("50");
        posted.succeeds().tells("posted 3 cases: 202");
        assert!(endpoint.request().contains("\"count\":3"));
    }
}
