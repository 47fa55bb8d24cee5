//! Programs in containers that have the terminal of the person who started them.

/// Tests that need an engine.
mod services {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use crate::harness::{HUNG, OwnEngine, Project, Signal, Terminal, send};

    const TASKS: &str = r#"//! Sample

task("go", #{ about: "Up" }, || {
    print(stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600", stop_grace_period: "1s" } })[0].container);
});
task("shell", #{ about: "A shell" }, || { stack::shell("box", ["sh"], #{}); });
task("odd", #{ about: "Bytes" }, || {
    // What the head of a frame looks like: stdout, and a length of 255.
    stack::shell("box", ["sh", "-c", "printf '\\001\\000\\000\\000\\000\\000\\000\\377 whole'"], #{});
});
task("end", #{ about: "Down" }, || { stack::down(#{ volumes: true }) });
"#;

    struct Stack {
        project: Project,
        container: String,
    }

    impl Stack {
        fn new(project: Project) -> Self {
            let project = project.task("t.rhai", TASKS);
            let up = project.lexi("run go").succeeds();
            let container = up.out.trim().to_owned();
            Self { project, container }
        }

        /// A shell in the container, at its prompt.
        #[track_caller]
        fn shell(&self) -> Terminal {
            let mut shell = self.project.terminal(&["run", "shell"], (33, 99));
            shell.shows("# ");
            shell
        }
    }

    impl Drop for Stack {
        fn drop(&mut self) {
            let _ended = self.project.lexi("run end --yes");
        }
    }

    #[test]
    fn keys_size_and_ctrl_c_reach_the_program_inside() {
        let stack = Stack::new(Project::new().docker());
        let mut shell = stack.shell();
        assert!(shell.is_raw());

        shell.types("stty size\r");
        shell.shows("33 99");
        shell.resize((40, 120));
        let deadline = Instant::now() + HUNG;
        loop {
            shell.types("stty size\r");
            if shell.shows_within("40 120", Duration::from_millis(300)) {
                break;
            }
            assert!(Instant::now() < deadline, "{}", shell.text());
        }
        // The shell's own echo shows the quotes; only what it says is without them.
        shell.types("echo be''gun; sleep 600\r");
        shell.shows("begun");
        shell.types("\x03");
        shell.types("echo still he''re $TERM\r");
        shell.shows("still here xterm");
        shell.types("exit 7\r");

        assert_eq!(shell.ends(), 7);
        assert!(shell.is_sane(), "{}", shell.text());
    }

    #[test]
    fn the_end_of_input_ends_a_shell() {
        let stack = Stack::new(Project::new().docker());
        let mut shell = stack.shell();

        shell.types("\x04");

        assert_eq!(shell.ends(), 0);
        assert!(shell.is_sane());
    }

    #[test]
    fn bytes_that_look_like_the_head_of_a_frame_are_shown_as_they_are() {
        let stack = Stack::new(Project::new().docker());

        let mut shown = stack.project.terminal(&["run", "odd"], (24, 80));

        assert_eq!(shown.ends(), 0);
        assert!(
            shown
                .bytes()
                .windows(14)
                .any(|window| window == b"\x01\0\0\0\0\0\0\xff whole"),
            "{:?}",
            shown.text()
        );
    }

    #[test]
    fn a_container_that_dies_gives_the_terminal_back() {
        let stack = Stack::new(Project::new().docker());
        let mut shell = stack.shell();
        let host = std::env::var("DOCKER_HOST").unwrap_or_default();

        let mut kill = Command::new("docker");
        kill.args(["kill", &stack.container])
            .env("DOCKER_HOST", host);
        assert!(kill.output().unwrap().status.success());

        assert_eq!(shell.ends(), 137, "{}", shell.text());
        assert!(shell.is_sane());
    }

    #[test]
    fn an_engine_that_dies_gives_the_terminal_back() {
        let mut engine = OwnEngine::start();
        let stack = Stack::new(Project::new().docker_of(&engine));
        let mut shell = stack.shell();

        engine.kill();

        assert_eq!(shell.ends(), 1, "{}", shell.text());
        assert!(
            shell.text().contains("the engine is gone"),
            "{}",
            shell.text()
        );
        assert!(shell.is_sane());
        engine.start_again();
    }

    #[test]
    fn a_run_that_is_told_to_end_gives_the_terminal_back() {
        let stack = Stack::new(Project::new().docker());
        let mut shell = stack.shell();

        assert!(send(Signal::TERM, shell.pid()));

        assert_eq!(shell.ends(), 143, "{}", shell.text());
        assert!(shell.is_sane());
    }
}
