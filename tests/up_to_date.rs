//! Tasks with `sources:` and `generates:` run only when something they depend on has changed.

use crate::harness::Project;

const TASK: &str = r#"import "lib/util" as util;
task("build", #{
    about: "Build",
    sources: ["src/**"],
    generates: ["out.txt"],
    env: ["MODE"],
    params: #{ name: #{ value: "a", about: "A name" } },
}, |name| {
    print("built");
    fs::write("out.txt", util::text(name));
    if fs::exists("fail") { throw "no"; }
});
"#;

fn project() -> Project {
    Project::new()
        .task("build.rhai", TASK)
        .task("lib/util.rhai", "fn text(name) { `one ${name}` }\n")
        .file("src/a.txt", "a")
}

/// It runs, for this reason, and then it does not.
#[track_caller]
fn runs_once(project: &Project, words: &str, reason: &str) {
    let task = words.trim_start_matches("run ");
    project
        .lexi(&format!("explain {task}"))
        .succeeds()
        .says("build will run")
        .says(reason);
    project.lexi(words).succeeds().stdout("built\n");
    project
        .lexi(words)
        .succeeds()
        .stdout("")
        .tells("`build` is up to date");
    project
        .lexi(&format!("explain {task}"))
        .succeeds()
        .says("build will not run")
        .says("nothing has changed since");
}

#[test]
fn a_task_runs_when_something_it_depends_on_has_changed() {
    let project = project();
    runs_once(&project, "run build", "it has not succeeded yet");
    project.write("src/a.txt", "b");
    runs_once(&project, "run build", "src/a.txt changed");
    project.write("src/b.txt", "b");
    runs_once(&project, "run build", "src/b.txt is new");
    std::fs::remove_file(project.path("src/b.txt")).unwrap();
    runs_once(&project, "run build", "src/b.txt is gone");
    project.write("tasks/lib/util.rhai", "fn text(name) { `two ${name}` }\n");
    runs_once(&project, "run build", "tasks/lib/util.rhai changed");
    project.write("tasks/build.rhai", &format!("{TASK}// more\n"));
    runs_once(&project, "run build", "tasks/build.rhai changed");
    project.write(".env", "MODE=fast\n");
    runs_once(&project, "run build", "setting MODE changed");
    runs_once(&project, "run build --name b", "its arguments are others");
    project.write("out.txt", "touched");
    runs_once(&project, "run build --name b", "out.txt changed");
    std::fs::remove_file(project.path("out.txt")).unwrap();
    runs_once(
        &project,
        "run build --name b",
        "`out.txt`, which it makes, is not there",
    );

    project
        .lexi("run build --name b --force")
        .succeeds()
        .stdout("built\n");
    project
        .lexi("explain build --json")
        .succeeds()
        .says("\"runs\": true");
}

#[test]
fn a_run_that_failed_is_never_up_to_date() {
    let project = project();
    project.lexi("run build").succeeds();
    project.write("fail", "");
    project.write("src/a.txt", "b");
    project.lexi("run build").exits(1);
    project.write("src/a.txt", "a");

    project.lexi("run build").exits(1).stdout("built\n");
    std::fs::remove_file(project.path("fail")).unwrap();
    runs_once(&project, "run build", "not since it failed");
}

#[test]
fn a_task_that_says_nothing_about_its_files_always_runs() {
    let project = Project::new().body("print(\"ran\");");

    for _ in 0..2 {
        project.lexi("run t").succeeds().stdout("ran\n");
    }
    project
        .lexi("explain t")
        .succeeds()
        .says("t will run")
        .says("always");
    project.lexi("explain nothing").exits(2);
}
