//! Tasks that a user takes along into every project.

use std::os::unix::fs::PermissionsExt;

use crate::harness::Project;
use crate::watch::Watching;

const OWN: &str = r#"//! Mine

task("notes", #{ about: "Show notes", aliases: ["n"] }, || { print("my notes"); });
task("t", #{ about: "My t", aliases: ["tt"] }, || { print("my t"); });
"#;

/// A project with a task `t`, of a user with tasks `notes` and `t`.
fn both() -> Project {
    private(Project::new().body("print(\"the project's t\");"))
}

/// The same with the user's files.
fn private(project: Project) -> Project {
    let project = project.file(".config/lexi/tasks/mine.rhai", OWN);
    for path in [".config/lexi", ".config/lexi/tasks"] {
        chmod(&project, path, 0o755);
    }
    chmod(&project, ".config/lexi/tasks/mine.rhai", 0o644);
    project
}

fn chmod(project: &Project, path: &str, mode: u32) {
    let mode = PermissionsExt::from_mode(mode);
    std::fs::set_permissions(project.path(path), mode).unwrap();
}

/// The same user in a folder that is no project.
fn outside() -> Project {
    let project = private(Project::new());
    std::fs::remove_file(project.path("lexi.toml")).unwrap();
    project
}

#[test]
fn they_are_there_in_a_project_whose_own_tasks_win() {
    let project = both();

    project
        .lexi("list")
        .succeeds()
        .says("notes  Show notes [n] (user-wide)")
        .says("t      Try\n")
        .hides("My t");
    project.lexi("notes").succeeds().stdout("my notes\n");
    project.lexi("n").succeeds().stdout("my notes\n");
    project.lexi("t").succeeds().stdout("the project's t\n");
    project
        .lexi("check")
        .succeeds()
        .tells("2 tasks in 2 files, no mistakes found");
    let all = project.lexi("list --json").succeeds().json();
    assert_eq!(all[0]["user_wide"], false);
    assert_eq!(all[1]["user_wide"], true);
}

#[test]
fn they_are_there_outside_of_any_project() {
    let project = outside();

    project.lexi("list").succeeds().says("My t");
    project.lexi("t").succeeds().stdout("my t\n");
    project
        .lexi("backup")
        .exits(2)
        .tells("unknown task `backup`")
        .tells("no project here, so only your own tasks are known");
    project
        .lexi("new other")
        .exits(2)
        .tells("no `lexi.toml` in");
    project.lexi("docs").exits(2).tells("no `lexi.toml` in");
}

#[test]
fn xdg_config_home_says_where_they_are() {
    let project = Project::new();
    let elsewhere = project.path("elsewhere").display().to_string();
    let project = project
        .env("XDG_CONFIG_HOME", &elsewhere)
        .file("elsewhere/lexi/tasks/mine.rhai", OWN);
    for path in ["elsewhere/lexi", "elsewhere/lexi/tasks"] {
        chmod(&project, path, 0o755);
    }
    chmod(&project, "elsewhere/lexi/tasks/mine.rhai", 0o600);

    project.lexi("notes").succeeds().stdout("my notes\n");
}

#[test]
fn a_file_that_others_may_write_is_not_run() {
    for path in ["tasks/mine.rhai", "tasks", ""] {
        for project in [both(), outside()] {
            let path = format!(".config/lexi/{path}");
            let path = path.trim_end_matches('/');
            project.lexi("notes").succeeds();

            chmod(&project, path, 0o777);
            project
                .lexi("notes")
                .exits(2)
                .tells("others may write to `")
                .tells("so its tasks are not run")
                .tells("hint: chmod go-w [DIR]/.config/lexi");
            project
                .lexi("check")
                .exits(1)
                .tells("others may write to `");
            project
                .lexi("list")
                .succeeds()
                .hides("notes")
                .tells("1 problem in the task files");

            chmod(&project, path, 0o755);
            project.lexi("notes").succeeds().stdout("my notes\n");
        }
    }
}

#[test]
fn mistakes_in_them_are_found_where_they_are() {
    let project = both();
    let text = OWN.replace("print(\"my notes\")", "prnt(1)");
    project.write(".config/lexi/tasks/mine.rhai", &text);
    let file = project.path(".config/lexi/tasks/mine.rhai");

    project
        .lexi("check")
        .exits(1)
        .tells(".config/lexi/tasks/mine.rhai:3:")
        .tells("did you mean `print`?");
    project.run(&["check", file.to_str().unwrap()]).exits(1);
    project.lexi("check tasks/t.rhai").succeeds();
    project.lexi("t").succeeds();
    project.lexi("notes").exits(2);
}

#[test]
fn a_project_s_task_must_not_need_one() {
    let project = both();
    project.write(
        "tasks/needing.rhai",
        "task(\"needing\", #{ about: \"Try\", needs: [\"notes\"] }, || {});\n",
    );

    project
        .lexi("check")
        .exits(1)
        .tells("task `notes` is user-wide: the project's other users do not have it");
}

#[test]
fn a_user_s_task_may_need_one_of_the_project() {
    let project = both();
    let text = "task(\"mine\", #{ about: \"Try\", needs: [\"t\", \"notes\"] }, || {});\n";
    project.write(".config/lexi/tasks/needing.rhai", text);
    chmod(&project, ".config/lexi/tasks/needing.rhai", 0o600);

    project.lexi("check").succeeds();
    project
        .lexi("mine")
        .succeeds()
        .stdout("the project's t\nmy notes\n");
}

#[test]
fn new_writes_one_that_runs_everywhere() {
    let project = Project::new();
    std::fs::remove_file(project.path("lexi.toml")).unwrap();

    project
        .lexi("new greet --user")
        .succeeds()
        .tells(".config/lexi/tasks/greet.rhai; run it: lexi run greet Ann");

    project.lexi("greet Ann").succeeds().stdout("hello Ann\n");
    let project = project.here("inner").file("inner/lexi.toml", "");
    project.lexi("greet Bob").succeeds().stdout("hello Bob\n");
    project
        .lexi("new greet --user")
        .exits(2)
        .tells("there is a task `greet`");
}

#[test]
fn one_that_is_saved_is_run_again_by_watch() {
    let project = both();
    let mut watching = Watching::start(&project, "watch notes");
    watching.until("my notes");
    watching.idle();

    let file = project.path(".config/lexi/tasks/mine.rhai");
    std::fs::write(file, OWN.replace("my notes", "new notes")).unwrap();

    watching.until("new notes");
}

#[test]
fn its_schedule_is_not_that_of_every_project() {
    let schedule = "task(\"own\", #{ about: \"Try\", schedule: #{ cron: \"0 7 * * *\", profiles: [\"dev\"] } }, || {});\n";
    let project = both();
    project.write(".config/lexi/tasks/own.rhai", schedule);
    chmod(&project, ".config/lexi/tasks/own.rhai", 0o600);
    project.lexi("cron --next 1").hides("own");

    let project = outside();
    project.write(".config/lexi/tasks/own.rhai", schedule);
    chmod(&project, ".config/lexi/tasks/own.rhai", 0o600);
    project
        .lexi("cron --next 1")
        .succeeds()
        .says("lexi run own");
}

#[test]
fn the_documentation_of_a_project_leaves_them_out() {
    let project = both();
    let _written = project.lexi("docs").succeeds();

    let page = project.read("docs/tasks.md");

    assert!(
        page.contains("### t\n") && !page.contains("notes"),
        "{page}"
    );
}

#[test]
fn which_tells_where_a_task_is_and_what_it_hides() {
    let project = both();
    let at = |file: &str| format!("[DIR]/{file}");
    let which = |name: &str| project.run(&["which", name, "--json"]).succeeds().json();

    let own = which("t");
    assert_eq!(own["is"], "project");
    assert_eq!(own["path"], at("tasks/t.rhai"));
    assert_eq!(own["line"], 3);
    let hidden = format!("{}:4", at(".config/lexi/tasks/mine.rhai"));
    assert_eq!(own["hides"][0], hidden);
    let alias = which("n");
    assert_eq!(
        (&alias["is"], &alias["task"]),
        (&"user-wide".into(), &"notes".into())
    );
    // The alias of a task that is hidden leads to it all the same.
    assert_eq!(which("tt")["task"], "t");
    assert_eq!(which("docs")["is"], "command");

    project
        .lexi("which t")
        .succeeds()
        .says("tasks/t.rhai:3")
        .tells("the project's task `t`")
        .tells("hides the user-wide task at");
    project
        .lexi("which n")
        .tells("an alias of the user-wide task `notes`");
    project
        .lexi("which nots")
        .exits(2)
        .tells("did you mean `notes`?");
    project.body_of("check", "print(1);");
    project
        .lexi("which check")
        .tells("`lexi check` is a command: the task runs as `lexi run check`");
    project
        .lexi("which watch")
        .succeeds()
        .stdout("built-in command `lexi watch`\n");
}
