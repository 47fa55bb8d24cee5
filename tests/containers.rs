//! Services in containers, through the command line.

/// Tests that need an engine.
mod services {
    use crate::harness::Project;

    /// Two services that any engine with busybox runs, and tasks for them.
    const TASKS: &str = r#"//! Sample

fn services(value) {
    #{
        db: #{
            image: "busybox", init: true, command: "sh -c 'echo hello from db; touch /tmp/ready; sleep 600'",
            volumes: [`${env::get("STACK")}-data:/data`], environment: #{ VALUE: value },
            healthcheck: #{ test: "test -e /tmp/ready", interval: "1h" },
        },
        app: #{ image: "busybox", init: true, command: "sleep 600", depends_on: #{ db: #{ condition: "service_healthy" } } },
    }
}

task("go", #{ about: "Up", params: #{ value: #{ value: "1" } } }, |value| {
    let rows = stack::up(services(value));
    print(`${rows.len()} services, driver ${stack::driver()}`);
});
task("again", #{ about: "Restart", params: #{ value: #{ value: "1" } } }, |value| { stack::restart(services(value)); });
task("end", #{ about: "Down" }, || { print(stack::down(#{ volumes: true })); });
task("look", #{ about: "Status" }, || { stack::status() });
task("say", #{ about: "Logs" }, || { stack::logs([], #{ tail: 10 }); });
task("inside", #{ about: "A failing program" }, || { stack::shell("app", ["sh", "-c", "echo out; exit 7"], #{}); });
"#;

    struct Stack(Project);

    impl Stack {
        fn new() -> Self {
            Self(Project::new().docker().task("t.rhai", TASKS))
        }
    }

    impl Drop for Stack {
        fn drop(&mut self) {
            let _ended = self.0.lexi("run end --yes");
        }
    }

    #[test]
    fn a_stack_is_planned_kept_and_changed() {
        let stack = Stack::new();

        stack
            .0
            .lexi("--dry-run run go")
            .succeeds()
            .tells("create service db: not there")
            .says("0 services");
        stack
            .0
            .lexi("run go")
            .succeeds()
            .says("2 services, driver docker")
            .tells("app is ready");
        stack
            .0
            .lexi("--dry-run run go")
            .succeeds()
            .tells("keep service db")
            .tells("keep service app");
        let changed = stack.0.lexi("--dry-run run go --value 2").succeeds();
        changed
            .tells("recreate service db: environment VALUE changed")
            .tells("keep service app");
        let rows = stack.0.lexi("run look --json").succeeds().json();
        assert_eq!(
            (&rows[1]["service"], &rows[1]["health"]),
            (&"db".into(), &"healthy".into())
        );
        stack
            .0
            .lexi("run say")
            .succeeds()
            .says("db | hello from db");
        stack.0.lexi("run inside").exits(7).says("out");
        stack.0.lexi("run end").succeeds().says("app").says("db");
    }

    #[test]
    fn a_dry_run_of_down_ends_nothing() {
        let stack = Stack::new();
        stack.0.lexi("run go").succeeds();

        let dry = stack.0.lexi("--dry-run run end").succeeds();
        let _shown = dry
            .says("[]")
            .tells("remove service db")
            .tells("remove volume");

        let rows = stack.0.lexi("run look --json").succeeds().json();
        assert_eq!(rows.as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn what_is_made_anew_is_said_and_a_restart_warns_of_it() {
        let stack = Stack::new();
        stack.0.lexi("run go").succeeds();

        let up = stack.0.lexi("run go --value 2").succeeds();
        let _said = up.tells("recreate service db: environment VALUE changed");
        let restart = stack.0.lexi("run again --value 3").succeeds();
        let _warned = restart
            .tells("warning: db has other settings now and is made anew: environment VALUE changed")
            .tells("app is ready");
    }

    #[test]
    fn the_driver_with_the_data_wins_and_two_are_refused() {
        let stack = Stack::new();
        stack.0.lexi("run go").succeeds();

        let auto = stack
            .0
            .lexi("--driver auto run look --json")
            .succeeds()
            .json();
        assert_eq!(auto.as_array().map(Vec::len), Some(2));
        stack.0.write(".lexi/native/dev/db/data/PG_VERSION", "15");
        let both = stack.0.lexi("--driver auto run look").exits(1);
        both.tells("profile `dev` has data of both drivers")
            .tells("--driver native");
    }

    #[test]
    fn a_stack_of_the_same_name_in_another_folder_is_left_alone() {
        let stack = Stack::new();
        stack.0.lexi("run go").succeeds();
        let other = Project::new().docker().task("t.rhai", TASKS);
        other.write("lexi.toml", &stack.0.read("lexi.toml"));

        let refused = other.lexi("run go").exits(1);
        refused.tells("belongs to the project in");
        other.lexi("run end").succeeds().says("[]");
        let rows = stack.0.lexi("run look --json").succeeds().json();
        assert_eq!(rows.as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn an_engine_that_is_not_there_leaves_the_native_driver() {
        let project = Project::new()
            .env("LEXI_DRIVER", "auto")
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
            .body("print(stack::driver());");

        project.lexi("run t").succeeds().says("native");
        project
            .lexi("--driver docker run t")
            .exits(1)
            .tells("no engine answers at `unix:///nowhere/docker.sock`");
    }
}
