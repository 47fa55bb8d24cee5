//! The engine is found where its user says it is: by variable, by context, or by the sockets that there are.

/// Tests that need an engine.
mod services {
    use std::io::copy;
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::process::Command;
    use std::thread;

    use crate::harness::{Outcome, Project};

    /// The socket of the tests' own engine.
    fn socket() -> String {
        let host = std::env::var("DOCKER_HOST").unwrap_or_default();
        let own = host.strip_prefix("unix://").map(str::to_owned);
        own.unwrap_or_else(|| "/var/run/docker.sock".to_owned())
    }

    fn project() -> Project {
        Project::new().docker().body(
            "let info = docker::info(); print(`${info.source} | ${info.address} | ${info.version}`);",
        )
    }

    /// Runs the task with these variables and no `DOCKER_HOST` but one of them.
    #[track_caller]
    fn ask(project: &Project, variables: &[(&str, &str)]) -> Outcome {
        let args = ["run", "t"];
        let mut command = project.command(&args);
        command
            .env_remove("DOCKER_HOST")
            .envs(variables.iter().copied());
        let limit = std::time::Duration::from_mins(2);
        Outcome::wait(command.spawn().unwrap(), limit, project.root(), &args)
    }

    /// Hands every connection to a TCP port on to the engine's socket.
    fn by_tcp() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let engine = UnixStream::connect(socket()).unwrap();
                join(&client, &engine);
            }
        });
        port
    }

    fn join(client: &TcpStream, engine: &UnixStream) {
        let (mut from, mut to) = (client.try_clone().unwrap(), engine.try_clone().unwrap());
        thread::spawn(move || {
            let _ended = copy(&mut from, &mut to);
            let _closed = to.shutdown(Shutdown::Write);
        });
        let (mut from, mut to) = (engine.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || {
            let _ended = copy(&mut from, &mut to);
            let _closed = to.shutdown(Shutdown::Write);
        });
    }

    #[test]
    fn a_variable_names_a_socket_or_a_port() {
        let project = project();
        let unix = format!("unix://{}", socket());
        let tcp = format!("tcp://127.0.0.1:{}", by_tcp());

        for host in [unix, tcp] {
            ask(&project, &[("DOCKER_HOST", &host)])
                .succeeds()
                .says(&format!("DOCKER_HOST | {host} | "));
        }
        ask(&project, &[("DOCKER_HOST", "tcp://127.0.0.1:1")])
            .exits(1)
            .tells("no engine answers at `tcp://127.0.0.1:1`")
            .tells("correct DOCKER_HOST or unset it");
        ask(&project, &[("DOCKER_HOST", "ssh://somewhere")])
            .exits(2)
            .tells("ssh -nNT");
    }

    #[test]
    fn a_stack_comes_up_by_tcp() {
        let tcp = format!("tcp://127.0.0.1:{}", by_tcp());
        let project = Project::new().docker().env("DOCKER_HOST", &tcp).body(
            r#"defer(|| stack::down());
            stack::up(#{ box: #{ image: "busybox", init: true, command: "sleep 600" } });
            print(stack::exec("box", ["echo", "hello"], #{}).stdout);"#,
        );

        project.lexi("run t").succeeds().says("hello");
    }

    #[test]
    fn a_context_of_docker_is_followed_and_one_that_is_gone_is_told() {
        let project = project();
        let folder = project.path(".docker");
        let docker = |args: &[&str]| {
            let out = Command::new("docker")
                .args(args)
                .env("DOCKER_CONFIG", &folder)
                .env_remove("DOCKER_HOST")
                .output()
                .unwrap();
            assert!(
                out.status.success(),
                "{}",
                String::from_utf8_lossy(&out.stderr)
            );
        };
        let host = format!("host=unix://{}", socket());
        docker(&["context", "create", "here", "--docker", &host]);

        let named = format!("context `here` | unix://{} | ", socket());
        ask(&project, &[("DOCKER_CONTEXT", "here")])
            .succeeds()
            .says(&named);
        docker(&["context", "use", "here"]);
        ask(&project, &[]).succeeds().says(&named);
        ask(
            &project,
            &[("DOCKER_HOST", &format!("unix://{}", socket()))],
        )
        .succeeds()
        .says("DOCKER_HOST | ");
        ask(&project, &[("DOCKER_CONTEXT", "gone")])
            .exits(2)
            .tells("docker context `gone` does not exist");
    }

    #[test]
    fn a_socket_of_the_user_comes_before_that_of_the_machine() {
        let project = project();
        let folder = project.path("run");
        std::fs::create_dir_all(folder.join("podman")).unwrap();
        let runtime = folder.display().to_string();
        let variables = [("XDG_RUNTIME_DIR", runtime.as_str())];
        let link = |name: &str| std::os::unix::fs::symlink(socket(), folder.join(name)).unwrap();

        if Path::new("/var/run/docker.sock").exists() {
            link("podman/podman.sock");
            ask(&project, &variables)
                .succeeds()
                .says("default socket | ");
        }
        link("docker.sock");
        ask(&project, &variables)
            .succeeds()
            .says("rootless socket | ");
    }
}
