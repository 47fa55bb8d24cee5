//! Which driver runs a profile when nobody has named one.

/// Tests that need an engine and servers.
mod services {
    use crate::harness::registry::{self, Image};
    use crate::harness::{Outcome, Project, free_port};

    /// A Redis that either driver runs, and a service for Docker alone.
    const TASKS: &str = r#"//! Sample

fn services(image) {
    #{
        cache: #{
            native: "redis", image: image, init: true, command: "redis-server",
            ports: [`127.0.0.1:${env::get("CACHE_PORT")}:6379`], volumes: [`${env::get("STACK")}-cache:/data`],
        },
        box: #{ image: "busybox", init: true, command: "sleep 600" },
        other: #{ image: "busybox", init: true, command: "sleep 600" },
    }
}

task("go", #{ about: "Up", params: #{ image: #{ value: "redis:7-alpine" } } }, |image| {
    stack::up(services(image));
    print(stack::driver());
});
task("boxes", #{ about: "Only Docker" }, || {
    stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } });
    print(stack::driver());
});
task("who", #{ about: "Driver" }, || { print(stack::driver()); });
task("end", #{ about: "Down" }, || { stack::down(#{ volumes: true }); });
"#;

    const NOWHERE: &str = "unix:///nowhere/docker.sock";

    struct Stack(Project);

    impl Stack {
        fn new() -> Self {
            let port = free_port().to_string();
            let project = Project::new().docker().task("t.rhai", TASKS);
            let project = project.env("CACHE_PORT", &port);
            Self(project.env("LEXI_DRIVER", "auto"))
        }

        #[track_caller]
        fn lexi(&self, words: &str) -> Outcome {
            self.0.lexi(words)
        }

        /// The same with no engine in reach.
        #[track_caller]
        fn without_engine(&self, words: &str) -> Outcome {
            let words: Vec<&str> = words.split_whitespace().collect();
            let mut command = self.0.command(&words);
            command.env("DOCKER_HOST", NOWHERE);
            let limit = std::time::Duration::from_mins(2);
            Outcome::wait(command.spawn().unwrap(), limit, self.0.root(), &words)
        }
    }

    impl Drop for Stack {
        fn drop(&mut self) {
            for driver in ["docker", "native"] {
                let _ended = self.lexi(&format!("--driver {driver} run end --yes"));
            }
        }
    }

    #[test]
    fn a_new_project_takes_docker_where_its_images_are() {
        let stack = Stack::new();

        stack
            .lexi("run go")
            .succeeds()
            .says("docker")
            .tells("driver docker: an engine answers at ");
        // Its stack is there now, so nothing need be said.
        stack
            .lexi("run go")
            .succeeds()
            .says("docker")
            .hides("driver docker:");
        stack.lexi("--driver docker run end").succeeds();
        stack.lexi("run who").succeeds().says("native");
    }

    #[test]
    fn a_new_project_without_its_images_is_native_and_says_why() {
        let stack = Stack::new();

        stack
            .lexi("run go --image 127.0.0.1:1/nowhere:1")
            .succeeds()
            .says("native")
            .tells(
                "driver native, since image `127.0.0.1:1/nowhere:1` is not here and cannot be pulled: \
                 it serves cache, not box and other\n",
            )
            .hides("skipped");
        stack
            .lexi("run go")
            .succeeds()
            .says("native")
            .hides("driver native,");
    }

    #[test]
    fn an_image_that_can_be_pulled_with_the_login_is_as_good_as_one_that_is_here() {
        let image = Image::pushed(16);
        let stack = Stack::new();
        let words = format!("--dry-run run go --image {}", image.0);

        stack
            .lexi(&words)
            .succeeds()
            .tells("is not here and cannot be pulled");
        registry::log_in(&stack.0, registry::PASSWORD);
        stack
            .lexi(&words)
            .succeeds()
            .tells("driver docker: an engine answers")
            .tells(&format!("pull image {}", image.0));
    }

    #[test]
    fn no_engine_leaves_the_native_driver_which_names_what_it_cannot_serve() {
        let stack = Stack::new();

        let up = stack.without_engine("run go").succeeds().says("native");
        up.tells(
            "driver native, since no engine answers at `unix:///nowhere/docker.sock`: \
             it serves cache, not box and other\n",
        )
        .hides("skipped");
        stack
            .without_engine("run boxes")
            .exits(1)
            .tells("no engine answers at `unix:///nowhere/docker.sock`");
        // An engine that comes later does not take over what has data.
        stack.lexi("run go").succeeds().says("native");
    }

    #[test]
    fn services_that_only_docker_runs_are_taken_there_whatever_is_said_of_images() {
        let stack = Stack::new();

        stack.lexi("run boxes").succeeds().says("docker");
    }

    #[test]
    fn both_drivers_data_are_refused_and_named() {
        let stack = Stack::new();
        stack.lexi("run go").succeeds().says("docker");
        stack
            .0
            .write(".lexi/native/dev/cache/data/PG_VERSION", "15");

        let refused = |outcome: Outcome| {
            outcome
                .exits(1)
                .tells("profile `dev` has data of both drivers: native in `.lexi/native/dev`, docker in the stack `lexi-test-")
                .tells("say which one: `--driver native` or `--driver docker`");
        };
        refused(stack.lexi("run go"));
        refused(stack.without_engine("run go"));
        std::fs::remove_dir_all(stack.0.path(".lexi/native")).unwrap();
    }

    #[test]
    fn data_that_is_out_of_reach_is_not_replaced_by_an_empty_database() {
        let stack = Stack::new();
        stack.lexi("run go").succeeds().says("docker");

        stack
            .without_engine("run go")
            .exits(1)
            .tells("profile `dev` is in Docker, in the stack `lexi-test-")
            .tells("no engine answers at `unix:///nowhere/docker.sock`")
            .tells("`--driver native` begins beside it");
        assert!(!stack.0.path(".lexi/native/dev").exists());
        stack.lexi("run end").succeeds();
        stack.without_engine("run who").succeeds().says("native");
    }
}
