//! The services of a project, from the command line.

use std::path::Path;

use lexi::script::engine;

use crate::harness::Project;

#[test]
fn every_script_of_the_project_compiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let engine = engine::bare();
    let mut count = 0;
    for folder in ["stdlib", "tasks"] {
        for entry in walkdir::WalkDir::new(root.join(folder)) {
            let path = entry.unwrap().into_path();
            if path
                .extension()
                .is_some_and(|extension| extension == "rhai")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                let compiled = engine.compile(text);
                assert!(compiled.is_ok(), "{}: {:?}", path.display(), compiled.err());
                count += 1;
            }
        }
    }
    assert!(count >= 4, "{count}");
}

#[test]
fn a_driver_without_an_engine_and_an_unknown_one_are_refused_with_what_to_do() {
    let project = Project::new()
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .body("stack::down();");

    let _docker = project
        .lexi("--driver docker run t")
        .exits(1)
        .tells("no engine answers at `unix:///nowhere/docker.sock`")
        .tells("--driver native");
    let _setting = project
        .lexi("--set LEXI_DRIVER=dokcer run t")
        .exits(2)
        .tells("unknown driver `dokcer`")
        .tells("did you mean `docker`?");
}

#[test]
fn a_misspelt_key_of_a_service_points_at_the_line_that_uses_it() {
    let project = Project::new().body("stack::up(#{ db: #{ imgae: \"x\" } });");

    let _refused = project
        .lexi("run t")
        .exits(1)
        .tells("service `db` has no key `imgae`")
        .tells("tasks/t.rhai:4:")
        .tells("did you mean `image`?");
}

#[test]
fn services_that_need_docker_are_skipped_in_one_line() {
    let project =
        Project::new().body("stack::up(#{ mail: #{ image: \"x\" }, pgadmin: #{ image: \"y\" } });");

    let _skipped = project
        .lexi("run t")
        .succeeds()
        .tells("profile dev, driver native")
        .tells("skipped, needs Docker: mail, pgadmin");
}

/// Tests that need servers.
mod services {
    use std::net::TcpListener;

    use crate::harness::{Project, free_port};

    /// A project with Redis on this port, whose server ends with it.
    struct Stack(Project);

    impl Drop for Stack {
        fn drop(&mut self) {
            let _down = self.0.lexi("run down");
        }
    }

    fn redis_on(port: u16) -> Stack {
        let text = format!(
            r#"//! Sample

fn services() {{
    #{{ redis: #{{ native: "redis", ports: ["127.0.0.1:{port}:6379"], environment: #{{ REDIS_PASSWORD: "pass word" }} }} }}
}}

task("up", #{{ about: "Start" }}, || stack::up(services()));
task("down", #{{ about: "Stop" }}, || stack::down());
task("port", #{{ about: "Say the port" }}, || print(stack::port("redis")));
task("logs", #{{ about: "Say the log" }}, || stack::logs([], #{{ tail: 2 }}));
"#
        );
        Stack(Project::new().task("sample.rhai", &text))
    }

    #[test]
    fn a_service_is_started_once_found_again_and_stopped() {
        let port = free_port();
        let stack = redis_on(port);

        let _started = stack
            .0
            .lexi("run up")
            .succeeds()
            .tells(&format!("started on 127.0.0.1:{port} (pid "));
        let _found = stack.0.lexi("run up").succeeds().tells(" runs on ");
        let _port = stack.0.lexi("run port").stdout(&format!("{port}\n"));
        let _log = stack.0.lexi("run logs").succeeds().says("redis | ");
        let _stopped = stack.0.lexi("run down").succeeds().tells("stopping");
        let _port = stack.0.lexi("run port").stdout("\n");
    }

    #[test]
    fn a_taken_port_is_said_and_the_other_one_used() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let stack = redis_on(port);

        let up = stack
            .0
            .lexi("run up")
            .succeeds()
            .tells(&format!(", since {port} was taken"));

        let other = stack.0.lexi("run port").out;
        assert_ne!(other.trim(), port.to_string());
        let _same = up.tells(&format!("127.0.0.1:{}", other.trim()));
    }
}
