//! Deploying to production in containers: what stands in the way is named first, and a bad image is taken back.

/// Tests that need an engine and the images of tests/images.
mod services {
    use crate::harness::Outcome;
    use crate::lexiflow_containers::services::{PRODUCTION, Stack};

    const TASKS: &str = r#"
task("ask", #{}, || print(http::get(`http://127.0.0.1:${env::get("PORT")}/health`).body));
task("image", #{}, || {
    let container = docker::ps(#{ all: true }).find(|one| one.service == "app" && one.ports.some(|port| `${port.port}` == `${env::get("PORT")}`));
    print(container.image_id);
});
task("started", #{}, || {
    let order = stack::status().map(|one| {
        let inspected = parse_json(process::output("docker", ["inspect", one.id]));
        #{ service: one.service, at: inspected[0].State.StartedAt }
    });
    order.sort(|a, b| if a.at < b.at { -1 } else { 1 });
    for one in order { print(one.service); }
});
"#;

    struct Prod(Stack);

    impl Prod {
        fn lexi(&self, words: &str) -> Outcome {
            self.0.project.lexi(&format!("--profile prod {words}"))
        }

        fn image(&self) -> String {
            self.lexi("run image").succeeds().out
        }
    }

    impl Drop for Prod {
        fn drop(&mut self) {
            let _ended = self.lexi("--confirm lexiflow_prod run end");
        }
    }

    /// A project of its own that could be deployed but for what a test then breaks.
    fn prod() -> Prod {
        let stack = Stack::new("prod");
        let ports = stack.project.read(".env.prod");
        let settings = format!("{ports}{PRODUCTION}");
        stack.project.write(".env.prod", &settings);
        stack.project.write("tasks/deployed.rhai", TASKS);
        let prod = Prod(stack);
        prod.lexi("run setup").succeeds();
        prod
    }

    #[test]
    fn a_deployment_replaces_one_by_one_and_takes_a_bad_image_back() {
        let prod = prod();
        let project = &prod.0.project;

        prod.lexi("run deploy-prod --dry-run")
            .succeeds()
            .says("build ")
            .says("make the database and initialise it")
            .says("create service app")
            .says("before the next: postgres, redis, app");
        prod.lexi("run ps").hides("running");

        prod.lexi("run deploy-prod")
            .succeeds()
            .tells("applied 17 migrations")
            .tells("deployed: postgres, redis, app");
        prod.lexi("run started")
            .succeeds()
            .says("postgres\nredis\napp\n");
        prod.lexi("run ask").succeeds().says(r#""postgres":"up""#);
        let good = prod.image();

        refusals(&prod);
        assert_eq!(prod.image(), good);

        let dockerfile = project.read("examples/app/Dockerfile");
        let start = r#"CMD ["node", "--enable-source-maps", "dist/main.js"]"#;
        let broken = dockerfile.replace(start, r#"CMD ["node", "-e", "process.exit(3)"]"#);
        assert_ne!(broken, dockerfile);
        project.write("examples/app/Dockerfile", &broken);
        prod.lexi("run deploy-prod --timeout 20s")
            .exits(1)
            .tells("not deployed")
            .tells("app runs on its previous image");
        assert_eq!(prod.image(), good);
        prod.lexi("run ask").succeeds().says(r#""postgres":"up""#);

        let newer = dockerfile.replace("USER node", "LABEL version=2\nUSER node");
        project.write("examples/app/Dockerfile", &newer);
        prod.lexi("run deploy-prod")
            .succeeds()
            .tells("no migration is pending");
        assert_ne!(prod.image(), good);
        prod.lexi("run ask").succeeds().says(r#""postgres":"up""#);
    }

    /// What keeps a second deployment from being one; each is named, and nothing is touched.
    fn refusals(prod: &Prod) {
        let project = &prod.0.project;
        let settings = project.read(".env.prod");
        let weak = settings.replace("a-long-password-of-prod", "password");
        project.write(".env.prod", &weak);
        prod.lexi("run deploy-prod")
            .exits(1)
            .tells("DB_PASSWORD")
            .tells("stand in the way; nothing was changed");
        project.write(".env.prod", &settings);

        let migration = "migrations/20990101000000_lose.up.sql";
        project.write(migration, "truncate users;\n");
        prod.lexi("run deploy-prod")
            .exits(1)
            .tells("20990101000000_lose.up.sql:1: truncate")
            .tells("nothing was changed");
        std::fs::remove_file(project.path(migration)).unwrap();

        // The first deployment had nothing to back up; this one has, and cannot.
        let backups = project.path("backups");
        std::fs::remove_dir_all(&backups).unwrap();
        std::fs::write(&backups, "in the way").unwrap();
        prod.lexi("run deploy-prod")
            .exits(1)
            .tells("no verified backup is younger than 24 hours and none could be made");
        std::fs::remove_file(&backups).unwrap();
        prod.lexi("run deploy-prod --dry-run")
            .succeeds()
            .says("back up the database and verify the backup")
            .says("keep service app");
        assert!(!backups.exists(), "a dry run changes nothing");
    }
}
