//! What befalls a stack while it comes up or afterwards: the next `up` brings it to where it is to be.

/// Tests that need an engine.
mod services {
    use std::net::TcpListener;
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    use crate::harness::{HUNG, Outcome, OwnEngine, Project, Signal, send};
    use crate::soak::{Random, rounds, seed};

    /// A database whose health waits for a file in its volume, and an application behind it.
    const TASKS: &str = r#"//! Sample

fn services(value) {
    #{
        db: #{
            image: "busybox", init: true, stop_grace_period: "1s", restart: env::get("RESTART") ?? "no",
            command: "sh -c 'echo opened; test -e /data/first || echo first >/data/first; echo $VALUE >>/data/log && sleep 600'",
            volumes: [`${env::get("DATA")}:/data`], environment: #{ VALUE: value },
            healthcheck: #{ test: "test -e /data/go", interval: "1h" },
        },
        app: #{
            image: "busybox", init: true, stop_grace_period: "1s", command: "sleep 600",
            ports: if env::has("APP_PORT") { [`${env::get("APP_PORT")}:80`] } else { [] },
            depends_on: #{ db: #{ condition: "service_healthy" } },
        },
    }
}

task("go", #{ about: "Up", params: #{ value: #{ value: "1" } } }, |value| {
    stack::up(services(value));
});
task("stop", #{ about: "Down, and the data stays" }, || { stack::down() });
task("end", #{ about: "Down" }, || { stack::down(#{ volumes: true }) });
"#;

    struct Stack {
        project: Project,
        host: String,
        name: String,
    }

    impl Stack {
        fn new(project: Project) -> Self {
            let host = std::env::var("DOCKER_HOST").unwrap_or_default();
            Self::at(project.docker(), host)
        }

        fn on(engine: &OwnEngine) -> Self {
            Self::at(Project::new().docker_of(engine), engine.host())
        }

        fn at(project: Project, host: String) -> Self {
            let name = project.read("lexi.toml");
            let name = name.split('"').nth(1).unwrap().to_owned();
            let project = project.task("t.rhai", TASKS);
            // What a test says of the volume comes later, and so wins.
            project.write(".env", &format!("DATA={name}-data\n"));
            Self {
                project,
                host,
                name,
            }
        }

        fn docker(&self, words: &[&str]) -> String {
            let mut command = Command::new("docker");
            let output = command.args(words).env("DOCKER_HOST", &self.host).output();
            String::from_utf8(output.unwrap().stdout).unwrap()
        }

        /// The name of a service's container.
        fn container(&self, service: &str) -> String {
            format!("{}-dev-{service}-1", self.name)
        }

        /// Runs a line of a shell in the database's container.
        fn in_db(&self, line: &str) -> String {
            self.docker(&["exec", &self.container("db"), "sh", "-c", line])
        }

        /// All containers of the stack, each with what the engine says of it.
        fn containers(&self) -> Vec<String> {
            let label = format!("label=com.docker.compose.project={}-dev", self.name);
            let format = "{{.Names}} {{.State}}";
            let found = self.docker(&["ps", "-a", "--filter", &label, "--format", format]);
            let mut lines: Vec<String> = found.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        }

        /// How many networks or volumes the stack has.
        fn count(&self, kind: &str) -> usize {
            let label = format!("label=com.docker.compose.project={}-dev", self.name);
            let found = self.docker(&[kind, "ls", "-q", "--filter", &label]);
            found.lines().count()
        }

        #[track_caller]
        fn wait_until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
            let deadline = Instant::now() + HUNG;
            while !holds(self) {
                assert!(Instant::now() < deadline, "waited in vain until {what}");
                std::thread::sleep(Duration::from_millis(10));
            }
        }

        /// Starts `up` and comes back when it waits for the database that it has started with this value.
        #[track_caller]
        fn up_that_waits(&self, value: &str) -> Child {
            let child = self.project.start(&["run", "go", "--value", value]);
            self.wait_until("the database has begun", |stack| {
                stack.in_db("tail -n 1 /data/log") == format!("{value}\n")
            });
            child
        }

        fn end_of(&self, child: Child) -> Outcome {
            Outcome::wait(child, HUNG, self.project.root(), &["run", "go"])
        }

        /// The database's health test passes from now on.
        fn let_it_pass(&self) {
            let _nothing = self.in_db("touch /data/go");
        }

        /// The next `up` succeeds, with one container for each service and with the data of the first.
        #[track_caller]
        fn converges(&self, value: &str) {
            let up = format!("run go --value {value}");
            let _up = self.project.lexi(&up).succeeds();

            let running =
                ["app", "db"].map(|service| format!("{} running", self.container(service)));
            assert_eq!(self.containers(), running);
            assert_eq!(self.in_db("cat /data/first"), "first\n");
            let same = self.project.lexi(&format!("--dry-run {up}")).succeeds();
            let _same = same.tells("keep service db").tells("keep service app");
        }
    }

    impl Drop for Stack {
        fn drop(&mut self) {
            let _ended = self.project.lexi("run end --yes");
        }
    }

    #[test]
    fn an_engine_that_is_killed_during_up_is_named_and_the_next_up_converges() {
        let mut engine = OwnEngine::start();
        let stack = Stack::on(&engine);
        let first = stack.up_that_waits("1");

        engine.kill();

        let cut = stack.end_of(first).exits(1);
        let _named = cut
            .tells("ended while the services came up")
            .tells("`lexi run up` goes on");
        let gone = stack.project.lexi("run go").exits(1);
        let _named = gone.tells("no engine answers at `unix://");
        engine.start_again();
        let first = stack.up_that_waits("1");
        stack.let_it_pass();
        let _up = stack.end_of(first).succeeds();
        stack.converges("2");
    }

    #[test]
    fn an_engine_that_is_killed_while_it_makes_containers_anew_leaves_one_of_each() {
        let mut engine = OwnEngine::start();
        let stack = Stack::on(&engine);
        let first = stack.up_that_waits("0");
        stack.let_it_pass();
        let _up = stack.end_of(first).succeeds();

        let mut random = Random(seed());
        for round in 1..=rounds(3, 40) {
            let value = round.to_string();
            let next = stack.project.start(&["run", "go", "--value", &value]);
            std::thread::sleep(Duration::from_millis(random.below(900)));
            engine.kill();
            let _cut = stack.end_of(next);
            engine.start_again();
            stack.converges(&value);
        }
    }

    #[test]
    fn a_run_that_is_killed_at_any_moment_is_finished_by_the_next() {
        let stack = Stack::new(Project::new());
        let first = stack.up_that_waits("0");
        stack.let_it_pass();
        let _up = stack.end_of(first).succeeds();

        let mut random = Random(seed());
        for round in 1..=rounds(4, 60) {
            let value = round.to_string();
            if random.below(4) == 0 {
                let _gone = stack.docker(&["rm", "-f", &stack.container("app")]);
            }
            let words: &[&str] = match random.below(4) {
                0 => &["run", "stop"],
                _ => &["run", "go", "--value", &value],
            };
            let mut cut = stack.project.start(words);
            std::thread::sleep(Duration::from_millis(random.below(1_200)));
            cut.kill().unwrap();
            cut.wait().unwrap();

            stack.converges(&value);
            assert_eq!(stack.count("network"), 1, "round {round}");
            assert_eq!(stack.count("volume"), 1, "round {round}");
        }
    }

    #[test]
    fn a_container_that_is_killed_during_up_is_named_with_what_it_said() {
        let stack = Stack::new(Project::new());
        let up = stack.up_that_waits("1");

        let _killed = stack.docker(&["kill", &stack.container("db")]);

        let failed = stack.end_of(up).exits(1);
        let failed = failed.tells("service `db` is not ready: it ended with code 137");
        let _said = failed.tells("db | opened");
        assert_eq!(stack.containers().len(), 2, "left to be looked at");
        let up = stack.up_that_waits("1");
        stack.let_it_pass();
        let _up = stack.end_of(up).succeeds();
        stack.converges("1");
    }

    #[test]
    fn a_program_that_is_killed_during_up_and_starts_again_is_waited_for() {
        let stack = Stack::new(Project::new().env("RESTART", "unless-stopped"));
        let up = stack.up_that_waits("1");
        let pid = stack.docker(&["inspect", "-f", "{{.State.Pid}}", &stack.container("db")]);

        assert!(send(Signal::KILL, pid.trim().parse().unwrap()));
        stack.wait_until("it has begun twice", |stack| {
            stack.in_db("cat /data/log") == "1\n1\n"
        });
        stack.let_it_pass();

        let _up = stack.end_of(up).succeeds().tells("db is ready");
        stack.converges("1");
    }

    #[test]
    fn containers_that_are_killed_afterwards_come_back_with_the_next_up() {
        let stack = Stack::new(Project::new());
        let up = stack.up_that_waits("1");
        stack.let_it_pass();
        let _up = stack.end_of(up).succeeds();

        let _killed = stack.docker(&["kill", &stack.container("db"), &stack.container("app")]);
        let plan = stack.project.lexi("--dry-run run go").succeeds();
        let _plan = plan.tells("start service db: is exited");
        stack.converges("1");

        let _gone = stack.docker(&["rm", "-f", &stack.container("db")]);
        stack.converges("1");

        let _killed = stack.docker(&["kill", &stack.container("db"), &stack.container("app")]);
        let _removed = stack.docker(&["network", "rm", &format!("{}-dev_default", stack.name)]);
        assert_eq!(stack.count("network"), 0);
        stack.converges("1");
    }

    #[test]
    fn a_port_that_is_taken_is_named_and_left_to_its_owner() {
        let owner = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = owner.local_addr().unwrap().port().to_string();
        let stack = Stack::new(Project::new().env("APP_PORT", &port));
        let up = stack.up_that_waits("1");
        stack.let_it_pass();

        let failed = stack.end_of(up).exits(1);

        let failed = failed.tells("service `app`").tells(&port);
        let _hint = failed.tells("ss -ltnp");
        drop(owner);
        stack.converges("1");
    }

    #[test]
    fn a_port_that_another_container_has_is_named_with_it() {
        let port = crate::harness::free_port().to_string();
        let (owner, other) = (
            Stack::new(Project::new().env("APP_PORT", &port)),
            Stack::new(Project::new().env("APP_PORT", &port)),
        );
        for (stack, code) in [(&owner, 0), (&other, 1)] {
            let up = stack.up_that_waits("1");
            stack.let_it_pass();
            let end = stack.end_of(up).exits(code);
            if code == 1 {
                let _holder =
                    end.tells(&format!("container `{}` has port", owner.container("app")));
            }
        }
    }

    /// A small disk of its own.
    struct Disk(std::path::PathBuf);

    impl Disk {
        #[track_caller]
        fn new(path: std::path::PathBuf, size: &str) -> Self {
            std::fs::create_dir_all(&path).unwrap();
            let mounted = Command::new("mount")
                .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
                .arg(&path)
                .status()
                .unwrap();
            assert!(mounted.success(), "mounting needs root");
            Self(path)
        }

        /// Takes all that is left of it.
        fn fill(&self) {
            use std::io::Write;
            let mut file = std::fs::File::create(self.0.join("fill")).unwrap();
            let block = vec![0; 64 * 1024];
            while file.write_all(&block).is_ok() {}
        }

        fn free(&self) {
            std::fs::remove_file(self.0.join("fill")).unwrap();
        }
    }

    impl Drop for Disk {
        fn drop(&mut self) {
            let _ended = Command::new("umount").arg("-l").arg(&self.0).status();
        }
    }

    /// PostgreSQL on the disk of the test.
    const ON_A_DISK: &str = r#"//! Sample

task("go", #{ about: "Up" }, || {
    stack::up(#{ postgres: #{
        image: "postgres:15-alpine", native: "postgres", volumes: ["./disk:/var/lib/postgresql/data"],
        command: ["postgres", "-c", "min_wal_size=32MB", "-c", "max_wal_size=32MB"],
        environment: #{ POSTGRES_USER: "u", POSTGRES_DB: "d", POSTGRES_PASSWORD: "correct horse" },
        healthcheck: #{ test: "pg_isready -q -h 127.0.0.1 -U u -d d", interval: "1h" },
    } });
});
task("sql", #{ about: "Ask", params: #{ text: #{} } }, |text| {
    print(stack::exec("postgres", ["psql", "-U", "u", "-d", "d", "-tAc", text], #{}).stdout);
});
task("stop", #{ about: "Down" }, || { stack::down() });
"#;

    #[test]
    fn a_full_data_volume_is_named_and_nothing_in_it_is_lost() {
        let project = Project::new().docker().task("t.rhai", ON_A_DISK);
        let disk = Disk::new(project.path("disk"), "120m");
        let ended = Ended(&project);
        let sql = |text: &str| project.run(&["run", "sql", text]);
        let _up = project.lexi("run go").succeeds();
        let _made = sql("create table kept as select 7 as number").succeeds();

        disk.fill();
        let full =
            sql("create table big as select repeat('x', 1000) from generate_series(1, 100000)");
        let _full = full.exits(1).tells("No space left on device");
        let _down = project.lexi("run stop").succeeds();
        // What the server gave back when it ended.
        disk.fill();
        let failed = project.lexi("run go").exits(1);
        let failed = failed.tells("service `postgres` is not ready: it ended with code 1");
        let failed = failed.tells("postgres | ").tells("No space left on device");
        let _hint = failed.tells("the disk of its data is full");

        disk.free();
        let _up = project.lexi("run go").succeeds();
        let _kept = sql("select number from kept").succeeds().says("7");
        drop(ended);
    }

    /// Ends what runs in a project before its disk goes.
    struct Ended<'a>(&'a Project);

    impl Drop for Ended<'_> {
        fn drop(&mut self) {
            let _ended = self.0.lexi("run stop");
        }
    }
}
