//! `lexi doctor`: what would fail here, and what would fail under cron alone.

use std::os::unix::fs::PermissionsExt;

use crate::harness::Project;

/// A project whose task `t` runs by itself in profile dev.
fn scheduled(body: &str) -> Project {
    let config = "name = \"sample\"\n[schedule.t]\ncron = \"@daily\"\nprofiles = [\"dev\"]\n";
    Project::new().body(body).file("lexi.toml", config)
}

fn make_private(project: &Project, name: &str) {
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(project.path(name), private).unwrap();
}

#[test]
fn a_program_of_the_users_own_path_is_missing_under_cron() {
    // The program stands in a library's function, which the task calls in a closure.
    let project = scheduled("[1].for_each(|_one| tools::make());")
        .file(
            "tasks/lib/tools.rhai",
            "fn make() { process::run(\"own-tool\", []); }\n",
        )
        .file("bin/own-tool", "#!/bin/sh\n");
    let text = project.read("tasks/t.rhai");
    let text = text.replace("task(\"t\"", "import \"lib/tools\" as tools;\ntask(\"t\"");
    project.write("tasks/t.rhai", &text);
    // What no schedule runs is nobody's loss.
    project.body_of("other", "process::run(\"never-there\", []);");
    let program = project.path("bin/own-tool");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let project = project.env("PATH", &path);

    let here = project.lexi("doctor").succeeds();
    here.says("bin/own-tool\n").hides("never-there");

    project
        .lexi("doctor --cron")
        .exits(1)
        .says("failed  programs   schedule `t`: program `own-tool` was not found (looked in PATH: /usr/bin:/bin; ")
        .tells("1 check would fail");
    let found = project.lexi("doctor --cron --json").exits(1).json();
    assert_eq!(found["ok"], false, "{found}");
    let checks = found["checks"].as_array().unwrap();
    let failed: Vec<_> = checks
        .iter()
        .filter(|one| one["verdict"] == "failed")
        .collect();
    assert_eq!(failed.len(), 1, "{found}");
    assert_eq!(failed[0]["check"], "programs", "{found}");
}

#[test]
fn a_setting_that_only_the_user_has_is_missing_under_cron() {
    let project = scheduled("env::require(\"REPORT_TO\");").env("REPORT_TO", "me");

    project.lexi("doctor").succeeds();

    let under_cron = project.lexi("doctor --cron").exits(1);
    under_cron.says("schedule `t`: setting `REPORT_TO` has no value for profile `dev`");
}

#[test]
fn settings_that_cannot_be_read_fail_and_open_ones_are_noted() {
    let project = scheduled("print(1);").file(".env", "A=1\n");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(project.path(".env"), open).unwrap();
    let outcome = project.lexi("doctor --cron").succeeds();
    outcome.says("note    settings   others may get at .env (mode 644) (chmod 600 ");

    std::fs::remove_file(project.path(".env")).unwrap();
    std::fs::create_dir(project.path(".env")).unwrap();

    for words in ["doctor", "doctor --cron"] {
        let outcome = project.lexi(words).exits(1);
        outcome.says("failed  settings  cannot read `.env`: it is not a file");
    }
}

#[test]
fn without_a_project_the_project_fails_and_a_wrong_line_is_told() {
    let project = scheduled("print(1);");
    let config = project.read("lexi.toml").replace("@daily", "70 * * * *");
    project.write("lexi.toml", &config);
    let outcome = project.lexi("doctor --cron").exits(1);
    outcome.says("failed  schedules");

    let project = scheduled("let = 1;");
    let outcome = project.lexi("doctor --cron").exits(1);
    outcome.says("failed  schedules  tasks/t.rhai:4:");

    let project = scheduled("no_such_function();");
    let outcome = project.lexi("doctor --cron").exits(1);
    outcome.says("failed  schedules  tasks/t.rhai:4:1: ");

    std::fs::remove_file(project.path("lexi.toml")).unwrap();

    project.lexi("doctor").exits(1).says("failed  project");
    project
        .lexi("doctor --cron")
        .exits(1)
        .says("failed  project");
    project.lexi("doctor --inside --cron").exits(2);
}

#[test]
fn a_held_lock_is_noted_with_its_holder() {
    let project = scheduled("print(1);");
    let task = "//! H\n\ntask(\"hold\", #{ about: \"Hold\", lock: \"data\" }, || {\n\
                process::foreground(\"/proc/self/exe\", [\"doctor\"]);\n});\n";
    project.write("tasks/hold.rhai", task);

    let outcome = project.lexi("run hold").succeeds();

    outcome
        .says("note    locks      lock `.lexi/locks/data.lock` is held by `hold` (pid ")
        .says("kill ");
    project
        .lexi("doctor")
        .succeeds()
        .says("ok      locks      none is held");
}

mod services {
    use super::*;
    use crate::harness::free_port;

    /// Writes what the harness gave as variables to the profile's file, where cron finds it too.
    fn keep_settings(project: &Project) {
        let names = [
            "DB_HOST",
            "DB_PORT",
            "DB_DATABASE",
            "DB_USERNAME",
            "DB_PASSWORD",
            "REDIS_HOST",
            "REDIS_PORT",
        ];
        let lines = names.map(|name| format!("{name}={}\n", project.variable(name)));
        project.write(".env.dev", &lines.concat());
        make_private(project, ".env.dev");
    }

    #[test]
    fn with_servers_and_programs_nothing_would_fail_under_cron() {
        let project =
            scheduled("db::exec(\"create table a (b int)\"); backup::create(); redis::ping();")
                .postgres()
                .redis();
        keep_settings(&project);

        let outcome = project.lexi("doctor --cron").succeeds();

        outcome
            .says("ok      settings   .env.dev is read by its owner only")
            .says("ok      schedules  t in profile dev")
            .says(" answers (PostgreSQL 15")
            .says("ok      pg_dump    /usr/lib/postgresql/15/bin/pg_dump (15")
            .says("ok      redis      127.0.0.1:")
            .says(" is writable, ")
            .hides("failed")
            .tells("nothing would fail");
        project.lexi("run t").succeeds();
    }

    #[test]
    fn servers_that_are_away_are_failed_checks() {
        let project = scheduled("backup::create();").postgres().redis();
        keep_settings(&project);
        let text = format!(
            "DB_HOST=127.0.0.1\nDB_PORT={}\nDB_DATABASE=gone\nDB_USERNAME=u\nDB_PASSWORD=p\nREDIS_PORT={}\n",
            free_port(),
            free_port()
        );
        project.write(".env.dev", &text);

        let outcome = project.lexi("doctor --cron").exits(1);

        outcome
            .says("failed  database   cannot connect to")
            .says("failed  redis      cannot connect to")
            .tells("2 checks would fail");
    }
}
