//! `lexi new`: tasks from templates, each of which runs as it is written.

use crate::harness::Project;

const KINDS: [&str; 8] = [
    "plain",
    "database",
    "stack",
    "backup",
    "http",
    "files",
    "process",
    "scheduled",
];

#[test]
fn every_kind_passes_check_and_is_documented() {
    for kind in KINDS {
        let project = Project::new();

        project
            .run(&["new", "my-task", "--kind", kind])
            .succeeds()
            .tells("wrote tasks/my-task.rhai; run it: lexi run my-task");

        project.lexi("check").succeeds().tells("no mistakes found");
        project.lexi("help").succeeds();
        project
            .lexi("help my-task")
            .succeeds()
            .says("Examples:\n  lexi run my-task");
    }
}

#[test]
fn several_kinds_fit_into_one_file() {
    let project = Project::new();
    for kind in KINDS {
        let words = ["new", kind, "--kind", kind, "--file", "all"];
        let _written = project.run(&words).succeeds();
    }

    project
        .lexi("check")
        .succeeds()
        .tells("8 tasks in 1 file, no mistakes found");
}

#[test]
fn what_cannot_be_written_is_refused_and_nothing_is() {
    let project = Project::new().body("print(1);");

    project
        .lexi("new greet --kind databse")
        .exits(2)
        .tells("no kind `databse` of tasks")
        .tells("did you mean `database`? there are plain, database, stack,");
    project
        .lexi("new t")
        .exits(2)
        .tells("there is a task `t` at tasks/t.rhai:3:6")
        .tells("lexi edit t");
    project.lexi("new Greet").exits(2).tells("not a task name");
    project
        .lexi("new")
        .exits(2)
        .tells("the new task has no name");
    project
        .lexi("new greet --dry-run")
        .succeeds()
        .tells("would write tasks/greet.rhai");

    assert_eq!(std::fs::read_dir(project.path("tasks")).unwrap().count(), 1);
}

#[test]
fn on_a_terminal_what_is_missing_is_asked_for() {
    let project = Project::new();
    let mut terminal = project.terminal(&["new"], (30, 100));

    terminal.shows("What is the task called? ");
    terminal.types("sizes\n");
    terminal.shows("Kinds:");
    terminal.shows("Which kind? [plain] ");
    terminal.types("files\n");
    terminal.shows("wrote tasks/sizes.rhai");

    assert_eq!(terminal.ends(), 0);
    assert!(project.read("tasks/sizes.rhai").contains("fs::walk"));
}

#[test]
fn the_tasks_that_need_no_server_run() {
    let project = Project::new().file("box/b", "22").file("box/a", "333");
    for kind in ["plain", "files", "process", "scheduled"] {
        let _written = project.run(&["new", kind, "--kind", kind]).succeeds();
    }

    project.lexi("plain Ann").succeeds().stdout("hello Ann\n");
    let largest = project.lexi("files box --json").succeeds().json();
    assert_eq!(largest[0]["bytes"], 3);
    assert_eq!(largest[1]["bytes"], 2);
    project.lexi("process box").succeeds().tells("2 entries in");
    project.lexi("scheduled --least 1k").succeeds();
    assert!(project.read("logs/scheduled.log").ends_with("bytes free\n"));
    project
        .lexi("scheduled --least 900000g")
        .exits(1)
        .tells("bytes free, 966367641600000 wanted");
}

/// Tests that need servers.
mod services {
    use super::*;
    use crate::harness::{Endpoint, free_port};

    #[test]
    fn a_database_task_and_a_backup_task_run() {
        let project = Project::new().postgres();
        let (port, database) = project.database();
        let sql = "create table cases (id int); insert into cases values (1), (2)";
        crate::harness::psql(port, &database, sql);
        let _written = project.lexi("new rows --kind database").succeeds();
        let _written = project.lexi("new keep --kind backup").succeeds();

        let rows = project.lexi("rows --json").succeeds().json();
        assert_eq!(rows, serde_json::json!([{ "table": "cases", "rows": 2 }]));
        project
            .lexi("keep --verify restore")
            .succeeds()
            .tells("2 rows in 1 tables, restored");
    }

    #[test]
    fn an_http_task_posts_json() {
        let project = Project::new();
        let _written = project.lexi("new tell --kind http").succeeds();
        let endpoint = Endpoint::new();

        project
            .run(&["tell", &endpoint.url, "--text", "it works"])
            .succeeds()
            .tells("answered 202");
        project
            .lexi("tell --text alone")
            .exits(2)
            .tells("needs a value for URL");

        let request = endpoint.request();
        assert!(request.starts_with("POST /hook "), "{request}");
        assert!(request.ends_with(r#"{"text":"it works"}"#), "{request}");
    }

    #[test]
    fn a_stack_task_starts_and_stops_a_server() {
        let project = Project::new();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(project.root(), open).unwrap();
        let settings = format!(
            "DB_PORT={}\nDB_DATABASE=own\nDB_USERNAME=own\nDB_PASSWORD=own\n",
            free_port()
        );
        project.write(".env.dev", &settings);
        let _written = project.lexi("new services --kind stack").succeeds();
        let _written = project.lexi("new rows --kind database").succeeds();

        let up = project.lexi("services");
        let rows = project.lexi("rows");
        let down = project.lexi("services --stop");

        up.succeeds().says("healthy");
        rows.succeeds();
        down.succeeds().tells("stopped postgres");
    }

    #[test]
    fn a_stack_task_starts_and_stops_a_container() {
        let project = Project::new().docker();
        let _written = project.lexi("new services --kind stack").succeeds();
        let settings = "DB_DATABASE=own\nDB_USERNAME=own\nDB_PASSWORD=own\n";
        project.write(".env.dev", &format!("{settings}DB_PORT={}\n", free_port()));

        let up = project.lexi("services");
        let down = project.lexi("services --stop");
        project.body_of("end", "stack::down(#{ volumes: true });");
        let _gone = project.lexi("end --yes");

        up.succeeds().says("healthy");
        down.succeeds().tells("stopped postgres");
    }
}
