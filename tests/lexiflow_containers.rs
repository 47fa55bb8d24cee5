//! LexiFlow's own stack in containers, used as its people use it.

/// Tests that need an engine and the images of tests/images.
pub(crate) mod services {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use crate::harness::{Project, free_port};

    const END: &str = r#"task("end", #{}, || { stack::down(#{ volumes: true }); });"#;

    /// Uses each tool as its page does.
    const ASK: &str = r#"
task("databases", #{}, || {
    let at = `http://127.0.0.1:${env::get("PGADMIN_PORT")}`;
    let page = http::get(`${at}/login`);
    let token = page.body.split("csrfToken\": \"")[1].split("\"")[0];
    let cookie = session(page);
    let form = `csrf_token=${token}&email=admin@lexiflow.com&password=admin&internal_button=Login`;
    let options = #{ headers: #{ cookie: cookie, "content-type": "application/x-www-form-urlencoded" }, body: form, follow: false };
    let entered = http::post(`${at}/authenticate/login`, options);
    ensure(entered.headers.location.ends_with("/browser/"), `not let in: ${entered}`);
    cookie = session(entered);
    let script = http::get(`${at}/browser/js/utils.js`, #{ headers: #{ cookie: cookie } });
    let headers = #{ cookie: cookie, "X-pgA-CSRFToken": script.body.split("csrf_token'] = '")[1].split("'")[0] };
    http::post(`${at}/browser/server/connect/1/1`, #{ headers: headers, json: #{} });
    let nodes = http::json(http::get(`${at}/browser/database/nodes/1/1/`, #{ headers: headers }));
    print(nodes.data.map(|node| node.label));
});

fn session(answer) {
    let value = answer.headers["set-cookie"].split("pga4_session=")[1].split(";")[0];
    `pga4_session=${value}`
}

task("key", #{}, || {
    redis::set("written-by-a-script", "yes");
    let at = `http://127.0.0.1:${env::get("REDIS_COMMANDER_PORT")}`;
    let refused = http::post(`${at}/signin`, #{ json: #{ username: "admin", password: "wrong" }, check: false });
    ensure(!http::json(refused).ok, "a wrong password is refused");
    let entered = http::json(http::post(`${at}/signin`, #{ json: #{ username: "admin", password: "admin" } }));
    let headers = #{ authorization: `Bearer ${entered.bearerToken}` };
    let connections = http::json(http::get(`${at}/connections`, #{ headers: headers })).connections;
    let id = connections[0].conId;
    print(http::get(`${at}/apiv1/keystree/${id}/`, #{ headers: headers }).body);
});

task("mails", #{}, || {
    let mails = http::json(http::get(`http://127.0.0.1:${env::get("MAILHOG_WEB_PORT")}/api/v2/messages`));
    for mail in mails.items { print(mail.Content.Headers.Subject[0]); }
});

task("ask-app", #{}, || {
    let at = `http://127.0.0.1:${env::get("PORT")}`;
    print(http::get(`${at}/health`).body);
    print(http::post(`${at}/graphql`, #{ json: #{ query: "{ caseCount }" } }).body);
});
"#;

    /// What production refuses to start without.
    pub(crate) const PRODUCTION: &str = "
DB_DATABASE=lexiflow_prod
DB_USERNAME=lexiflow
DB_PASSWORD=a-long-password-of-prod
REDIS_PASSWORD=another-long-password
JWT_SECRET=uB7xQ2mK9sWv4LzTghij
SESSION_SECRET=ghijuB7xQ2mK9sWv4LzT
DB_SSL=true
";

    pub(crate) struct Stack {
        pub(crate) project: Project,
        ports: Vec<(&'static str, u16)>,
    }

    impl Stack {
        /// LexiFlow with containers, volumes, networks and ports of its own.
        pub(crate) fn new(profile: &str) -> Self {
            let project = Project::lexiflow().docker();
            let name = project.read("lexi.toml").replace("name = ", "");
            let prefix = format!("{}-{profile}-", name.trim().trim_matches('"'));
            let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            let own = std::fs::read_to_string(source.join("lexi.toml")).unwrap();
            let own = own.replace("name = \"lexiflow\"", name_line(&project).as_str());
            project.write("lexi.toml", &own);
            let list = project.read("tasks/lib/stack.rhai");
            project.write(
                "tasks/lib/stack.rhai",
                &list.replace("\"lexiflow-", &format!("\"{prefix}")),
            );
            copy_app(&project);
            let names = [
                "DB_PORT",
                "REDIS_PORT",
                "PGADMIN_PORT",
                "REDIS_COMMANDER_PORT",
                "MAILHOG_SMTP_PORT",
                "MAILHOG_WEB_PORT",
                "PORT",
                "WS_PORT",
                "DEBUG_PORT",
            ];
            let ports: Vec<_> = names.into_iter().map(|name| (name, free_port())).collect();
            let settings: Vec<String> = ports
                .iter()
                .map(|(name, port)| format!("{name}={port}"))
                .collect();
            let settings = settings.join(
                "
",
            );
            project.write(&format!(".env.{profile}"), &settings);
            project.write("tasks/end.rhai", END);
            project.write("tasks/ask.rhai", ASK);
            Self { project, ports }
        }

        pub(crate) fn port(&self, name: &str) -> u16 {
            self.ports.iter().find(|(one, _)| *one == name).unwrap().1
        }
    }

    impl Drop for Stack {
        fn drop(&mut self) {
            let _ended = self.project.lexi("run end --yes");
        }
    }

    fn name_line(project: &Project) -> String {
        project.read("lexi.toml").trim().to_owned()
    }

    fn copy_app(project: &Project) {
        project.write("examples/app/.keep", "");
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/app");
        let copied = std::process::Command::new("sh")
            .args([
                "-c",
                "tar -C \"$0\" --exclude ./node_modules --exclude ./dist -c . | tar -C \"$1\" -x",
            ])
            .arg(source)
            .arg(project.path("examples/app"))
            .status()
            .unwrap();
        assert!(copied.success());
    }

    /// Sends one mail, as a mail server's client does.
    fn send_mail(port: u16, subject: &str) {
        let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mail = format!("Subject: {subject}\r\n\r\nHello.\r\n.\r\n");
        let lines = [
            "HELO test\r\n",
            "MAIL FROM:<a@example.com>\r\n",
            "RCPT TO:<b@example.com>\r\n",
            "DATA\r\n",
            &mail,
            "QUIT\r\n",
        ];
        let mut answer = [0; 512];
        for line in lines {
            let read = server.read(&mut answer).unwrap();
            assert!(
                matches!(answer[0], b'2' | b'3'),
                "{}",
                String::from_utf8_lossy(&answer[..read])
            );
            server.write_all(line.as_bytes()).unwrap();
        }
        let mut rest = String::new();
        let _read = server.read_to_string(&mut rest).unwrap();
        assert!(rest.starts_with("221"), "{rest}");
    }

    /// What the server answers to a browser that wants a websocket.
    fn websocket(port: u16) -> String {
        let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let ask = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        server.write_all(ask.as_bytes()).unwrap();
        let mut answer = [0; 64];
        let read = server.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    #[test]
    fn six_services_of_dev_do_their_work_and_no_password_is_seen() {
        let stack = Stack::new("dev");
        let run = |words: &str| stack.project.lexi(words);

        let rows = run("run up --json").succeeds().json();
        let healthy = rows
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["health"] == "healthy");
        assert_eq!(healthy.count(), 6, "{rows}");
        let _seeded = run("run db-init-seed").succeeds();

        run("run databases").succeeds().says("lexiflow_dev");
        run("run key").succeeds().says("written-by-a-script");
        send_mail(stack.port("MAILHOG_SMTP_PORT"), "to the clerk");
        run("run mails").succeeds().says("to the clerk");
        run("run ask-app")
            .succeeds()
            .says(r#""postgres":"up","redis":"up""#)
            .says(r#"{"data":{"caseCount":20}}"#);
        assert!(websocket(stack.port("WS_PORT")).contains("101 Switching Protocols"));

        let engine = |words: &[&str]| {
            let out = std::process::Command::new("docker")
                .args(words)
                .output()
                .unwrap();
            String::from_utf8(out.stdout).unwrap()
        };
        let name = stack.project.read("lexi.toml");
        let name = name.split('"').nth(1).unwrap();
        let ids = engine(&[
            "ps",
            "-q",
            "--filter",
            &format!("label=com.docker.compose.project={name}-dev"),
        ]);
        let ids: Vec<&str> = ids.split_whitespace().collect();
        assert_eq!(ids.len(), 6, "as compose labels them");
        let inspect = engine(&[&["inspect"], ids.as_slice()].concat());
        assert!(inspect.contains("/run/secrets/"));
        assert!(
            !inspect.contains("devpassword123"),
            "a password is in the containers' inspect"
        );

        run("run exec app node -- --version").succeeds().says("v20");
        let _out = run("run cp app:/app/package.json copied.json").succeeds();
        assert!(
            stack
                .project
                .read("copied.json")
                .contains("lexiflow-example")
        );
        run("run cp here there").exits(2).tells("SERVICE:/PATH");
        run("run logs-app --once").succeeds().says("app | ");
        run("run disk-use").succeeds().says("volumes");
        run("run events").succeeds().says("health_status: healthy");

        let _kept = run("run up").succeeds().hides("creating");
        let _down = run("run down").succeeds();
        let _up = run("run up --only postgres").succeeds();
        assert!(run("run seed").succeeds().err.contains(" 0 rows are new"));
    }

    #[test]
    fn the_test_profile_is_empty_at_each_start() {
        let stack = Stack::new("test");
        let run = |words: &str| stack.project.lexi(&format!("--profile test {words}"));
        let rows = run("run up --json").succeeds().json();
        assert_eq!(rows.as_array().map(Vec::len), Some(2), "{rows}");
        let _seeded = run("run db-init-seed").succeeds();

        let _down = run("run down").succeeds();
        let _up = run("run up").succeeds();
        run("run migrate-status --json").hides("\"state\": \"applied\"");
        let _end = run("run end --yes").succeeds();
    }
}
